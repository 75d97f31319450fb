"""Puts the house together: the only place that names concrete adapters."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import attrs

from adapters.system_clock import SystemClock
from adapters.system_secrets import SystemSecrets
from domain.model.activity import Action
from domain.model.errors import StorageUnavailable, Unavailable
from domain.rules.activity import Verdict
from domain.use_cases.judge_events import JudgeEvents
from domain.use_cases.list_events import ListEvents
from domain.use_cases.manage_operators import Operators
from domain.use_cases.set_risk_profiles import RiskProfiles
from entrypoints.batcher import Batcher
from entrypoints.settings import Settings, WrongSetting
from ports.clock import Clock
from ports.security import Secrets
from ports.storage import Storage

if TYPE_CHECKING:
    from adapters.sql.database import Database


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

    def close(self) -> None:
        """Let go of the outside systems."""
        self.storage.close()


def build(settings: Settings) -> Hucha:
    """The bank over its database, whose schema is brought up to date first. Raises WrongSetting."""
    from adapters.sql.unit_of_work import SqlStorage

    database = _database(settings)
    _migrate(database)
    hucha = _assemble(settings, SqlStorage(database), SystemClock(), SystemSecrets())
    return attrs.evolve(hucha, judge_event=Batcher(hucha.judge_events, shared=Unavailable))


def migrate_only(settings: Settings) -> bool:
    """Bring the schema up to date; False where it was. Raises WrongSetting."""
    database = _database(settings)
    try:
        return _migrate(database)
    finally:
        database.close()


def build_in_memory(settings: Settings | None = None, clock: Clock | None = None) -> Hucha:
    """The same bank in this process's memory: nothing is kept when it ends."""
    from adapters.memory.storage import MemoryStorage

    return _assemble(settings or Settings(), MemoryStorage(), clock or SystemClock(), SystemSecrets())


def _database(settings: Settings) -> Database:
    from adapters.sql.database import open_database

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


def _migrate(database: Database) -> bool:
    from adapters.sql.schema import migrate

    try:
        return migrate(database)
    except StorageUnavailable as error:
        raise WrongSetting("DATABASE_URL", f"names a database that can't be used: {error.reason}") from error


def _assemble(settings: Settings, storage: Storage, clock: Clock, secrets: Secrets) -> Hucha:
    judge_events = JudgeEvents(storage, clock, secrets)
    return Hucha(
        settings=settings,
        storage=storage,
        judge_event=partial(_judge_one, judge_events),
        judge_events=judge_events,
        list_events=ListEvents(storage),
        risk_profiles=RiskProfiles(storage, secrets),
        operators=Operators(storage, clock, secrets),
    )


def _judge_one(judge_events: JudgeEvents, action: Action) -> Verdict:
    return judge_events([action])[0]
