"""The `hucha` command. Source: contract R2, R4, R5."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from domain.use_cases.identity.manage_operators import Operators
    from entrypoints.settings import Settings
    from ports.prices import Prices

WORKER_REST_SECONDS = 0.5
"""The first requests needn't share the interpreter with the worker's first look."""

WORKER_PATIENCE_SECONDS = 1.0
"""The worker is asked to stop when the server is: so much longer than the requests may its jobs take to end."""

BACKTEST_OPTIONS = (
    ("cash", "10000", "money to begin with"),
    ("invest", "50", "percent of it that the first row's prices are paid with, as much for each symbol"),
    ("threshold", "1", "percent that a price must be away from the reference for the bot to trade"),
    ("buy-share", "5", "percent of the cash that a purchase takes"),
    ("sell-share", "20", "percent of the holding that a sale takes"),
)
"""Of `hucha backtest-bot`: name, default, what it is."""

_log = logging.getLogger("hucha.cli")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 where it was refused, or 2 where it was called wrongly."""
    parsed = _parser().parse_args(arguments)
    gc.disable()  # what is imported stays: looking through it for garbage only delays the start
    from domain.model.errors import HuchaError  # not above: `--help` needs neither
    from entrypoints.settings import Settings, WrongSetting

    gc.enable()
    try:
        return int(parsed.command(parsed, Settings.from_environment() if parsed.needs_settings else None))
    except (WrongSetting, HuchaError) as error:
        print(f"hucha: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hucha",
        description="Personal banking: an HTTP API and an event rule engine.",
        epilog="Settings come from the environment; docs/settings.md explains them.",
    )
    parser.set_defaults(needs_settings=True)
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    serve = commands.add_parser(
        "serve", help="serve the HTTP API and do due work, after bringing the database up to date"
    )
    serve.set_defaults(command=_serve)

    work = commands.add_parser("worker", help="send mail and do other due work; any number may run over one database")
    work.set_defaults(command=_work)

    migrate = commands.add_parser("migrate", help="bring the database's schema up to date")
    migrate.set_defaults(command=_migrate)

    create = commands.add_parser("create-operator", help="register an operator and print the bearer key, once")
    create.add_argument("name", metavar="NAME")
    create.set_defaults(command=_create_operator)

    revoke = commands.add_parser("revoke-operator", help="make an operator's key worthless")
    revoke.add_argument("name", metavar="NAME")
    revoke.set_defaults(command=_revoke_operator)

    audit = commands.add_parser(
        "audit", help="recompute balances and holdings by what was booked; exit 1 if one differs"
    )
    audit.set_defaults(command=_audit)

    backup = commands.add_parser("backup", help="copy the SQLite database into a new file while it is in use")
    backup.add_argument("file", metavar="FILE", type=Path)
    backup.set_defaults(command=_backup)

    backtest = commands.add_parser(
        "backtest-bot", help="tell how the auto-invest bot would have done over past prices, against buying and holding"
    )
    backtest.add_argument(
        "prices", metavar="PRICES.csv", type=Path, help="time,GOLD,BTC,... and a row for each instant"
    )
    for name, default, help in BACKTEST_OPTIONS:
        backtest.add_argument(f"--{name}", default=default, metavar="NUMBER", help=f"{help} (default: {default})")
    backtest.add_argument("--svg", metavar="FILE", type=Path, help="draw both values over time into this file")
    backtest.set_defaults(command=_backtest_bot, needs_settings=False)
    return parser


class _Version(argparse.Action):
    """Looks the version up when it is asked for, not at every start."""

    def __call__(self, parser: argparse.ArgumentParser, *asked: Any) -> None:
        from importlib.metadata import version

        print(f"hucha {version('hucha')}")
        parser.exit()


def _serve(parsed: argparse.Namespace, settings: Settings) -> int:
    _stop_at_once_while_starting()
    gc.disable()  # until the server serves
    from entrypoints.composition import build
    from entrypoints.databases import shown_database
    from entrypoints.http.app import create_app
    from entrypoints.logs import set_up_logs
    from entrypoints.server import make_server, serve
    from entrypoints.worker import Worker

    set_up_logs(settings)
    if settings.cpus is not None:
        os.sched_setaffinity(0, settings.cpus)
    server = make_server(None, settings)  # before the database is touched: who can't serve changes nothing
    try:
        hucha = build(settings)
    except BaseException:
        server.close()
        raise
    try:
        _log.info("the database is %s", shown_database(settings))
        _tell_of_prices(hucha.prices)
        server.application = create_app(hucha)
        worker = Worker(hucha.due_work, hucha.work_due, prepare=hucha.prepare_work, rest_seconds=WORKER_REST_SECONDS)
        worker.start()
        try:
            serve(server, worker.ask_to_stop)
        finally:
            worker.stop(WORKER_PATIENCE_SECONDS)
    finally:
        hucha.close()
    return 0


def _tell_of_prices(prices: Prices) -> None:
    state = prices.state()
    _log.info("prices: %s, %s", state.source, state.detail)


def _stop_at_once_while_starting() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_the_start)


def _work(parsed: argparse.Namespace, settings: Settings) -> int:
    _stop_at_once_while_starting()
    from entrypoints.composition import build
    from entrypoints.databases import shown_database
    from entrypoints.logs import set_up_logs
    from entrypoints.worker import Worker, run_worker

    set_up_logs(settings)
    hucha = build(settings)
    try:
        _log.info("the database is %s", shown_database(settings))
        _tell_of_prices(hucha.prices)
        run_worker(Worker(hucha.due_work, hucha.work_due, prepare=hucha.prepare_work))
    finally:
        hucha.close()
    return 0


def _end_the_start(number: int, frame: FrameType | None) -> None:
    """What a signal does until the server has its own handlers: nothing runs yet that would have to finish."""
    raise SystemExit(0)


def _migrate(parsed: argparse.Namespace, settings: Settings) -> int:
    from entrypoints.databases import migrate_only

    print("The schema is up to date now." if migrate_only(settings) else "The schema was up to date.")
    return 0


def _create_operator(parsed: argparse.Namespace, settings: Settings) -> int:
    with _operators(settings) as operators:
        print(operators.create(parsed.name))
        _log.info("created the operator %s", parsed.name)
    return 0


def _revoke_operator(parsed: argparse.Namespace, settings: Settings) -> int:
    with _operators(settings) as operators:
        operators.revoke(parsed.name)
        _log.info("revoked the operator %s", parsed.name)
    return 0


def _audit(parsed: argparse.Namespace, settings: Settings) -> int:
    from tqdm import tqdm

    from entrypoints.composition import build
    from entrypoints.databases import require_database

    require_database(settings)
    hucha = build(settings)
    try:
        with tqdm(unit=" accounts", disable=None) as bar:  # None: shown on a terminal only
            count, differences = hucha.audit(lambda total: bar.reset(total), bar.update)
    finally:
        hucha.close()
    for one in differences:
        print(f"user {one.user_id}: the {one.what} is {one.kept}, what was booked adds up to {one.booked}")
    print(f"{count} accounts, {len(differences)} differences")
    return 1 if differences else 0


def _backup(parsed: argparse.Namespace, settings: Settings) -> int:
    from entrypoints.databases import back_up

    try:
        back_up(settings, parsed.file)
    except OSError as error:
        print(f"hucha: {parsed.file}: {error.strerror or 'is there already'}", file=sys.stderr)
        return 1
    print(f"The database is copied to {parsed.file}. Keep a copy of its keys too, in another place.")
    return 0


def _backtest_bot(parsed: argparse.Namespace, settings: None) -> int:
    from entrypoints.backtest_bot import CannotBacktest, run

    try:
        print(run(parsed))
    except CannotBacktest as error:
        print(f"hucha: {error}", file=sys.stderr)
        return 1
    return 0


@contextmanager
def _operators(settings: Settings) -> Iterator[Operators]:
    """The operators in the settings' database, which the log names."""
    from entrypoints.composition import build
    from entrypoints.databases import shown_database
    from entrypoints.logs import set_up_logs

    set_up_logs(settings)
    hucha = build(settings)
    try:
        _log.info("the database is %s", shown_database(settings))
        yield hucha.operators
    finally:
        hucha.close()


if __name__ == "__main__":
    sys.exit(main())
