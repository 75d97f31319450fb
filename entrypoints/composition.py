"""Puts the house together: the only place that names concrete adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from os import cpu_count, urandom
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from adapters.system_clock import SystemClock
from adapters.system_secrets import SystemSecrets
from domain.model.activity import Action
from domain.model.errors import StorageUnavailable, Unavailable
from domain.rules.activity import Verdict
from domain.use_cases.events.judge_events import JudgeEvents
from domain.use_cases.events.list_events import ListEvents
from domain.use_cases.events.set_risk_profiles import RiskProfiles
from domain.use_cases.identity.change_password import ChangePassword
from domain.use_cases.identity.manage_operators import Operators
from domain.use_cases.identity.manage_pin import ManagePin
from domain.use_cases.identity.profile import Profile
from domain.use_cases.identity.register import Register
from domain.use_cases.identity.sign_in import SignIn
from domain.use_cases.jobs.purge import Purge
from domain.use_cases.jobs.run_due_work import RunDueWork
from domain.use_cases.market.manage_auto_invest import ManageAutoInvest
from domain.use_cases.market.run_auto_invest import RunAutoInvest
from domain.use_cases.market.show_portfolio import ShowPortfolio
from domain.use_cases.market.trade_assets import TradeAssets
from domain.use_cases.money.audit import Audit
from domain.use_cases.money.move_money import MoveMoney, Order, move_one
from domain.use_cases.money.quote_transfer import QuoteTransfer
from domain.use_cases.money.show_history import ShowHistory
from domain.use_cases.notifying.deliver_mail import DeliverMail
from domain.use_cases.notifying.manage_alerts import ManageAlerts
from domain.use_cases.planning.manage_subscriptions import ManageSubscriptions
from domain.use_cases.planning.plan_expenses import PlanExpenses
from domain.use_cases.planning.run_subscriptions import PaySubscriptions
from domain.use_cases.spending.record_card_payment import RecordCardPayment
from entrypoints.batcher import Batcher
from entrypoints.settings import Settings, WrongSetting
from ports.clock import Clock
from ports.limits import RateLimits
from ports.mail import Mailer
from ports.prices import Prices
from ports.rates import Rates
from ports.security import KeyedHashes, Passwords, Secrets, Tokens
from ports.storage import Storage

if TYPE_CHECKING:
    from adapters.keyring import KeyRing
    from adapters.sql.database import Database


C = TypeVar("C")
R = TypeVar("R")


@attrs.frozen
class Hucha:
    """Everything that a way in may ask for."""

    settings: Settings
    storage: Storage
    judge_event: Callable[[Action], Verdict]
    """Judges one action; many threads may call it at once."""

    judge_events: JudgeEvents
    list_events: ListEvents
    risk_profiles: RiskProfiles
    operators: Operators
    register: Register
    sign_in: SignIn
    change_password: ChangePassword
    manage_pin: ManagePin
    profile: Profile
    move_money: Callable[[Order], int]
    """Carries out one order, and gives the id of its movement; many threads may call it at once."""

    record_card_payment: RecordCardPayment
    manage_alerts: ManageAlerts
    show_history: ShowHistory
    plan_expenses: PlanExpenses
    quote_transfer: QuoteTransfer
    prices: Prices
    portfolio: ShowPortfolio
    trade_assets: TradeAssets
    subscriptions: ManageSubscriptions
    auto_invest: ManageAutoInvest
    audit: Audit
    due_work: RunDueWork
    prepare_work: Callable[[], None]
    """Makes sure that the jobs exist which always must."""

    work_due: Event
    """Set when work fell due."""

    limits: RateLimits
    digests: Callable[[str, bytes], tuple[str, ...]]
    """Keyed digests of what a request asks for, newest key first."""

    def close(self) -> None:
        """Let go of the outside systems."""
        self.storage.close()


@attrs.frozen
class _Tools:
    """The adapters that the use cases reach the world through."""

    storage: Storage
    clock: Clock
    secrets: Secrets
    passwords: Passwords
    hashes: KeyedHashes
    tokens: Tokens
    limits: RateLimits
    mailer: Mailer
    prices: Prices


Together = Callable[[Callable[[Sequence[C]], Sequence[R]]], Callable[[C], R]]
"""Turns what carries out a batch into what carries out one command of it."""


def build(settings: Settings) -> Hucha:
    """The bank over its database, whose schema is brought up to date first. Raises WrongSetting."""
    from adapters.keyring import KeyRing
    from adapters.sql.unit_of_work import SqlStorage
    from adapters.vault import AesGcmVault
    from entrypoints.key_file import keys_of

    rates = read_rates()  # before the database is touched: who can't start changes nothing
    database = _database(settings)
    secret_keys, data_keys = keys_of(settings, lambda: _has_customers(database))
    _migrate(database)
    _check_keys(database, {"SECRET_KEY": secret_keys, "DATA_KEY": data_keys})
    work_due = Event()
    storage = SqlStorage(database, AesGcmVault(KeyRing(data_keys)), work_due.set)
    clock = SystemClock()
    outside = _limits(settings), _mailer(settings), _prices(settings, clock)
    tools = _tools(settings, storage, clock, KeyRing(secret_keys), *outside)
    return _assemble(settings, tools, rates, partial(Batcher, shared=Unavailable), work_due)


def migrate_only(settings: Settings) -> bool:
    """Bring the schema up to date; False where it was. Raises WrongSetting."""
    database = _database(settings)
    try:
        return _migrate(database)
    finally:
        database.close()


def build_in_memory(
    settings: Settings | None = None,
    clock: Clock | None = None,
    mailer: Mailer | None = None,
    prices: Prices | None = None,
) -> Hucha:
    """The same bank in this process's memory: nothing is kept when it ends, and no mail leaves it."""
    from adapters.keyring import KeyRing
    from adapters.memory.mailer import RecordingMailer
    from adapters.memory.storage import MemoryStorage

    settings = settings or Settings()
    keys = KeyRing(settings.secret_key or [urandom(32)])
    clock = clock or SystemClock()
    outside = _limits(settings), mailer or RecordingMailer(), prices or _prices(settings, clock)
    tools = _tools(settings, MemoryStorage(), clock, keys, *outside)
    return _assemble(settings, tools, read_rates(), _one_by_one, Event())


def _database(settings: Settings) -> Database:
    from adapters.sql.opening import open_database

    try:
        return open_database(settings.database_url, settings.threads)
    except ValueError as problem:
        raise WrongSetting("DATABASE_URL", str(problem)) from None


def shown_database(settings: Settings) -> str:
    """The URL of the database as people may see it: without the password, and a file's path from the root on."""
    from sqlalchemy.engine import make_url

    url = make_url(settings.database_url).set(query={})
    if url.drivername == "sqlite" and url.database:
        url = url.set(database=str(Path(url.database).absolute()))
    return url.render_as_string(hide_password=True)


def require_database(settings: Settings) -> None:
    """Raises WrongSetting where the settings name a file that isn't there: what only looks makes no database."""
    from sqlalchemy.engine import make_url

    _database(settings).close()  # is it one of ours?
    url = make_url(settings.database_url)
    if url.drivername == "sqlite" and not Path(str(url.database)).exists():
        raise WrongSetting("DATABASE_URL", "names a file that isn't there")


def back_up(settings: Settings, target: Path) -> None:
    """Copy the database, which must be an SQLite file, into a new file. Raises WrongSetting, OSError."""
    from sqlalchemy.engine import make_url

    from adapters.sql.backup import back_up

    require_database(settings)
    url = make_url(settings.database_url)
    if url.drivername != "sqlite" or not url.database:
        raise WrongSetting("DATABASE_URL", "names a server, which has its own tools for backups")
    back_up(Path(url.database), target)


def _migrate(database: Database) -> bool:
    from adapters.sql.schema import migrate

    try:
        return migrate(database)
    except StorageUnavailable as error:
        raise WrongSetting("DATABASE_URL", f"names a database that can't be used: {error.reason}") from error


def _check_keys(database: Database, keys: Mapping[str, Sequence[bytes]]) -> None:
    from adapters.sql.key_proofs import wrong_keys

    for name in wrong_keys(database, keys):
        raise WrongSetting(name, "doesn't hold the key that the data in this database was made with")


def _has_customers(database: Database) -> bool:
    from sqlalchemy import select

    from adapters.sql.identity.users import users

    _migrate(database)
    with database.reading() as connection:
        return connection.execute(select(users.c.id).limit(1)).first() is not None


def _tools(
    settings: Settings,
    storage: Storage,
    clock: Clock,
    keys: KeyRing,
    limits: RateLimits,
    mailer: Mailer,
    prices: Prices,
) -> _Tools:
    from adapters.bcrypt_passwords import BcryptPasswords
    from adapters.jwt_tokens import JwtTokens
    from adapters.keyed_hashes import HmacHashes

    slots = max(1, min(len(settings.cpus or ()) or cpu_count() or 1, settings.threads - 1))
    waiting = max(0, settings.threads // 2 - slots)
    return _Tools(
        storage=storage,
        clock=clock,
        secrets=SystemSecrets(),
        passwords=BcryptPasswords(keys, settings.bcrypt_rounds, slots, waiting),
        hashes=HmacHashes(keys),
        tokens=JwtTokens(keys),
        limits=limits,
        mailer=mailer,
        prices=prices,
    )


def _limits(settings: Settings) -> RateLimits:
    from adapters.rate_limits import LimitsRateLimits, NoRateLimits

    if not settings.rate_limits:
        return NoRateLimits()
    rates = {
        "login": settings.login_rate,
        "otp": settings.otp_rate,
        "reset": settings.reset_rate,
        "register": settings.register_rate,
    }
    return LimitsRateLimits(rates, settings.redis_url)


def read_rates(folder: Path | None = None) -> Rates:
    """The exchange rates and fees in a folder, or those that come with the package. Raises WrongSetting."""
    from adapters.csv_rates import SHIPPED, BadRates, CsvRates

    try:
        return CsvRates(folder or SHIPPED)
    except BadRates as problem:
        raise WrongSetting(problem.file, f"can't be used: {problem.reason}") from None


def _mailer(settings: Settings) -> Mailer:
    if settings.smtp_url is None:
        from adapters.file_mail import FileMailer

        return FileMailer(settings.mail_dir, settings.mail_from)
    from adapters.smtp_mail import SmtpMailer

    return SmtpMailer(settings.smtp_url, settings.mail_from)


def _prices(settings: Settings, clock: Clock) -> Prices:
    if settings.market_prices_url is None:
        from adapters.simulated_prices import SimulatedPrices

        return SimulatedPrices(settings.market_seed, clock)
    from adapters.http_prices import HttpPrices

    return HttpPrices(settings.market_prices_url, most_waiting=max(1, settings.threads // 4))


def _assemble(settings: Settings, tools: _Tools, rates: Rates, together: Together[Any, Any], work_due: Event) -> Hucha:
    storage, clock, secrets = tools.storage, tools.clock, tools.secrets
    passwords, hashes, limits = tools.passwords, tools.hashes, tools.limits
    judge_events = JudgeEvents(storage, clock)
    token_life = timedelta(seconds=settings.access_token_seconds)
    bot_interval = timedelta(seconds=settings.auto_invest_interval_seconds)
    return Hucha(
        settings=settings,
        storage=storage,
        judge_event=together(judge_events),
        judge_events=judge_events,
        list_events=ListEvents(storage),
        risk_profiles=RiskProfiles(storage),
        operators=Operators(storage, clock, secrets),
        register=Register(storage, clock, secrets, passwords),
        sign_in=SignIn(storage, clock, secrets, passwords, tools.tokens, limits, token_life),
        change_password=ChangePassword(storage, clock, secrets, passwords, hashes, limits),
        manage_pin=ManagePin(storage, clock, secrets, passwords, hashes, limits),
        profile=Profile(storage, limits),
        move_money=partial(move_one, together(MoveMoney(storage, clock, hashes))),
        record_card_payment=RecordCardPayment(storage, clock),
        manage_alerts=ManageAlerts(storage, clock),
        show_history=ShowHistory(storage),
        plan_expenses=PlanExpenses(storage, clock),
        quote_transfer=QuoteTransfer(rates),
        prices=tools.prices,
        portfolio=ShowPortfolio(storage, tools.prices),
        trade_assets=TradeAssets(storage, clock, hashes, tools.prices),
        subscriptions=ManageSubscriptions(storage, clock, hashes),
        auto_invest=ManageAutoInvest(storage, clock, hashes, bot_interval),
        audit=Audit(storage),
        due_work=_due_work(tools, bot_interval),
        prepare_work=partial(Purge().ensure, storage, clock),
        work_due=work_due,
        limits=limits,
        digests=hashes.digests,
    )


def _due_work(tools: _Tools, bot_interval: timedelta) -> RunDueWork:
    handlers = (DeliverMail(tools.mailer), PaySubscriptions(), RunAutoInvest(tools.prices, bot_interval), Purge())
    return RunDueWork(tools.storage, tools.clock, {handler.kind: handler for handler in handlers})


def _one_by_one(run: Callable[[Sequence[C]], Sequence[R]]) -> Callable[[C], R]:
    return lambda command: run([command])[0]
