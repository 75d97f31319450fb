"""Logs: lines for people or JSON for machines, each with its request's id. Source: contract D12, R3."""

from __future__ import annotations

import logging
import sys

from entrypoints.http.envelope import request_id
from entrypoints.settings import Settings

_FIELDS = "%(asctime)s %(levelname)s %(name)s %(request_id)s %(message)s"


def set_up_logs(settings: Settings) -> None:
    """Send every log record to standard error, in the form and from the level that the settings name."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(settings.log_format))
    handler.addFilter(_add_request_id)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # it would warn at every burst


def _formatter(form: str) -> logging.Formatter:
    if form == "json":
        from pythonjsonlogger.json import JsonFormatter

        return JsonFormatter(_FIELDS, rename_fields={"asctime": "time", "levelname": "level", "name": "logger"})
    return _ConsoleFormatter(_FIELDS)


class _ConsoleFormatter(logging.Formatter):
    """One line, with the reason behind the message where the record has one."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record)
        reason = getattr(record, "reason", None)
        return f"{line}: {reason}" if reason else line


def _add_request_id(record: logging.LogRecord) -> bool:
    record.request_id = request_id.get()
    return True
