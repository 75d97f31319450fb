"""What the use cases reach the world through, as the settings choose it."""

from __future__ import annotations

from collections.abc import Sequence
from os import cpu_count
from pathlib import Path

import attrs

from adapters.system_secrets import SystemSecrets
from entrypoints.settings import Settings, WrongSetting
from ports.clock import Clock
from ports.limits import RateLimits
from ports.mail import Mailer
from ports.prices import Prices
from ports.rates import Rates
from ports.security import KeyedHashes, Passwords, Secrets, Tokens


@attrs.frozen(eq=False, repr=False)
class Tools:
    """The adapters of all ports but the storage."""

    clock: Clock
    secrets: Secrets
    passwords: Passwords
    hashes: KeyedHashes
    tokens: Tokens
    limits: RateLimits
    mailer: Mailer
    prices: Prices
    rates: Rates


def make_tools(
    settings: Settings,
    clock: Clock,
    secret_keys: Sequence[bytes],
    rates: Rates,
    *,
    mailer: Mailer | None = None,
    prices: Prices | None = None,
) -> Tools:
    """The settings' tools, but for those that are given."""
    from adapters.identity.bcrypt_passwords import BcryptPasswords
    from adapters.identity.jwt_tokens import JwtTokens
    from adapters.keyed_hashes import HmacHashes
    from adapters.keyring import KeyRing

    keys = KeyRing(secret_keys)
    slots = max(1, min(len(settings.cpus or ()) or cpu_count() or 1, settings.threads - 1))
    waiting = max(0, settings.threads // 2 - slots)
    return Tools(
        clock=clock,
        secrets=SystemSecrets(),
        passwords=BcryptPasswords(keys, settings.bcrypt_rounds, slots, waiting),
        hashes=HmacHashes(keys),
        tokens=JwtTokens(keys),
        limits=_limits(settings),
        mailer=mailer or _mailer(settings),
        prices=prices or _prices(settings, clock),
        rates=rates,
    )


def read_rates(folder: Path | None = None) -> Rates:
    """The exchange rates and fees in a folder, or those that come with the package. Raises WrongSetting."""
    from adapters.money.csv_rates import SHIPPED, BadRates, CsvRates

    try:
        return CsvRates(folder or SHIPPED)
    except BadRates as problem:
        raise WrongSetting(problem.file, f"can't be used: {problem.reason}") from None


def _limits(settings: Settings) -> RateLimits:
    from adapters.identity.rate_limits import LimitsRateLimits, NoRateLimits

    if not settings.rate_limits:
        return NoRateLimits()
    rates = {
        "login": settings.login_rate,
        "otp": settings.otp_rate,
        "reset": settings.reset_rate,
        "register": settings.register_rate,
    }
    return LimitsRateLimits(rates, settings.redis_url)


def _mailer(settings: Settings) -> Mailer:
    if settings.smtp_url is None:
        from adapters.notifying.file_mail import FileMailer

        return FileMailer(settings.mail_dir, settings.mail_from)
    from adapters.notifying.smtp_mail import SmtpMailer

    return SmtpMailer(settings.smtp_url, settings.mail_from)


def _prices(settings: Settings, clock: Clock) -> Prices:
    if settings.market_prices_url is None:
        from adapters.market.simulated_prices import SimulatedPrices

        return SimulatedPrices(settings.market_seed, clock)
    from adapters.market.http_prices import HttpPrices

    return HttpPrices(settings.market_prices_url, most_waiting=max(1, settings.threads // 4))
