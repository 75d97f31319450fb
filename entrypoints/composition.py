"""Puts the house together: the only place that names concrete adapters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from os import urandom
from threading import Event
from typing import Any, TypeVar

import attrs

from adapters.system_clock import SystemClock
from domain.model.activity import Action
from domain.model.errors import Unavailable
from domain.model.topics import WORK_DUE, Topic
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
from entrypoints.databases import migrate_with_keys, open_database
from entrypoints.settings import Settings
from entrypoints.tools import Tools, make_tools, read_rates
from ports.clock import Clock
from ports.limits import RateLimits
from ports.mail import Mailer
from ports.prices import Prices
from ports.storage import Listener, Storage

C = TypeVar("C")
R = TypeVar("R")


@attrs.frozen(eq=False, repr=False)
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


Batching = Callable[[Callable[[Sequence[C]], Sequence[R]]], Callable[[C], R]]
"""Makes of what carries out a batch of commands what carries out one of them, perhaps together with others."""


def build(settings: Settings) -> Hucha:
    """The bank over its database, whose schema is brought up to date first. Raises WrongSetting."""
    from adapters.keyring import KeyRing
    from adapters.sql.unit_of_work import SqlStorage
    from adapters.vault import AesGcmVault

    rates = read_rates()  # before the database is touched: who can't start changes nothing
    database = open_database(settings)
    secret_keys, data_keys = migrate_with_keys(database, settings)
    work_due = Event()
    storage = SqlStorage(database, AesGcmVault(KeyRing(data_keys)), _listener(work_due))
    tools = make_tools(settings, SystemClock(), secret_keys, rates)
    return _assemble(settings, storage, tools, partial(Batcher, shared=Unavailable), work_due)


def build_in_memory(
    settings: Settings | None = None,
    clock: Clock | None = None,
    mailer: Mailer | None = None,
    prices: Prices | None = None,
) -> Hucha:
    """The same bank in this process's memory: nothing is kept when it ends, and no mail leaves it."""
    from adapters.memory.mailer import RecordingMailer
    from adapters.memory.storage import MemoryStorage

    settings = settings or Settings()
    keys = settings.secret_key or [urandom(32)]
    mailer = mailer or RecordingMailer()
    work_due = Event()
    storage = MemoryStorage(_listener(work_due))
    tools = make_tools(settings, clock or SystemClock(), keys, read_rates(), mailer=mailer, prices=prices)
    return _assemble(settings, storage, tools, _one_by_one, work_due)


def _listener(work_due: Event) -> Listener:
    """Passes on what commits report, to whom in this process it concerns."""

    def listen(topics: frozenset[Topic]) -> None:
        if WORK_DUE in topics:
            work_due.set()

    return listen


def _assemble(
    settings: Settings, storage: Storage, tools: Tools, batching: Batching[Any, Any], work_due: Event
) -> Hucha:
    clock, secrets, passwords, hashes = tools.clock, tools.secrets, tools.passwords, tools.hashes
    limits, prices = tools.limits, tools.prices
    judge_events = JudgeEvents(storage, clock)
    token_life = timedelta(seconds=settings.access_token_seconds)
    bot_interval = timedelta(seconds=settings.auto_invest_interval_seconds)
    quotas = settings.quotas
    jobs = (DeliverMail(tools.mailer), PaySubscriptions(), RunAutoInvest(prices, bot_interval), Purge())
    return Hucha(
        settings=settings,
        storage=storage,
        judge_event=batching(judge_events),
        judge_events=judge_events,
        list_events=ListEvents(storage),
        risk_profiles=RiskProfiles(storage),
        operators=Operators(storage, clock, secrets),
        register=Register(storage, clock, secrets, passwords),
        sign_in=SignIn(storage, clock, secrets, passwords, tools.tokens, limits, token_life, quotas),
        change_password=ChangePassword(storage, clock, secrets, passwords, hashes, limits),
        manage_pin=ManagePin(storage, clock, secrets, passwords, hashes, limits),
        profile=Profile(storage, limits),
        move_money=partial(move_one, batching(MoveMoney(storage, clock, hashes))),
        record_card_payment=RecordCardPayment(storage, clock),
        manage_alerts=ManageAlerts(storage, clock, quotas),
        show_history=ShowHistory(storage),
        plan_expenses=PlanExpenses(storage, clock, quotas),
        quote_transfer=QuoteTransfer(tools.rates),
        prices=prices,
        portfolio=ShowPortfolio(storage, prices),
        trade_assets=TradeAssets(storage, clock, hashes, prices),
        subscriptions=ManageSubscriptions(storage, clock, hashes, quotas),
        auto_invest=ManageAutoInvest(storage, clock, hashes, bot_interval),
        audit=Audit(storage),
        due_work=RunDueWork(storage, clock, {handler.kind: handler for handler in jobs}),
        prepare_work=partial(Purge().ensure, storage, clock),
        work_due=work_due,
        limits=limits,
        digests=hashes.digests,
    )


def _one_by_one(run: Callable[[Sequence[C]], Sequence[R]]) -> Callable[[C], R]:
    return lambda command: run([command])[0]
