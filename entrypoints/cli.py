"""The `hucha` command. Source: contract R2, R4, R5."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Sequence

from domain.model.errors import HuchaError
from entrypoints.settings import Settings, WrongSetting


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is 0, 1 where it was refused, or 2 where it was called wrongly."""
    parsed = _parser().parse_args(arguments)
    try:
        return int(parsed.command(parsed, Settings.from_environment()))
    except (WrongSetting, HuchaError) as error:
        print(f"hucha: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="hucha",
        description="Personal banking: an HTTP API and an event rule engine.",
        epilog="Settings come from the environment; the README lists them.",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    serve = commands.add_parser("serve", help="serve the HTTP API, after bringing the database's schema up to date")
    serve.set_defaults(command=_serve)

    migrate = commands.add_parser("migrate", help="bring the database's schema up to date")
    migrate.set_defaults(command=_migrate)

    create = commands.add_parser("create-operator", help="register an operator and print the bearer key, once")
    create.add_argument("name", metavar="NAME")
    create.set_defaults(command=_create_operator)

    revoke = commands.add_parser("revoke-operator", help="make an operator's key worthless")
    revoke.add_argument("name", metavar="NAME")
    revoke.set_defaults(command=_revoke_operator)
    return parser


def _serve(parsed: argparse.Namespace, settings: Settings) -> int:
    gc.disable()  # what is imported now stays: looking through it for garbage only delays the start
    from entrypoints.composition import build
    from entrypoints.http.app import create_app
    from entrypoints.logs import set_up_logs
    from entrypoints.server import make_server, serve

    set_up_logs(settings)
    if settings.cpus is not None:
        os.sched_setaffinity(0, settings.cpus)
    server = make_server(None, settings)  # before the database is touched: who can't serve changes nothing
    hucha = build(settings)
    try:
        server.application = create_app(hucha)
        serve(server)
    finally:
        hucha.close()
    return 0


def _migrate(parsed: argparse.Namespace, settings: Settings) -> int:
    from entrypoints.composition import migrate_only

    print("The schema is up to date now." if migrate_only(settings) else "The schema was up to date.")
    return 0


def _create_operator(parsed: argparse.Namespace, settings: Settings) -> int:
    from entrypoints.composition import build

    hucha = build(settings)
    try:
        print(hucha.operators.create(parsed.name))
    finally:
        hucha.close()
    return 0


def _revoke_operator(parsed: argparse.Namespace, settings: Settings) -> int:
    from entrypoints.composition import build

    hucha = build(settings)
    try:
        hucha.operators.revoke(parsed.name)
    finally:
        hucha.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
