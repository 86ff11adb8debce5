"""Log lines: one line each, for people (`text`) or machines (`json`), with the request's id in both."""

from __future__ import annotations

import json
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str] = ContextVar("request_id", default="")
# Addresses that end in a secret: whoever reads the logs must not be able to open them.
SECRET_ADDRESS = re.compile(r"(/(?:calendar/feeds|receipts|join|new-password|notices/off)/)[^\s\"'?]+")


class OneLine(logging.Formatter):
    """`2026-07-01T12:00:00Z INFO automation.tasks run 7 booked`; a traceback follows on its own lines."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_moment(record)} {record.levelname} {record.name} {_message(record)}"
        if asked := request_id.get():
            line = f"{line} [{asked}]"
        if (trouble := record.exc_info) and _is_ours(record):
            line = f"{line}\n{self.formatException(trouble)}"
        return line


class JsonLine(logging.Formatter):
    """One JSON object a line: at, level, logger, message, request_id, and traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": _moment(record),
            "level": record.levelname,
            "logger": record.name,
            "message": _message(record),
            "process": record.process,
        }
        if asked := request_id.get():
            line["request_id"] = asked
        if (trouble := record.exc_info) and _is_ours(record):
            line["traceback"] = self.formatException(trouble)
        return json.dumps(line, ensure_ascii=False, default=str)


def logging_config(*, level: str, form: str) -> dict[str, Any]:
    """Django's LOGGING: everything to standard error at `level`, in `form` text or json.

    The queue's and the event stream's daily bread (a line for every doorbell) is told at DEBUG alone.
    """
    chatter = "WARNING" if level == "INFO" else level
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": JsonLine if form == "json" else OneLine}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": level},
            "django-q": {"level": chatter},
            "django_eventstream": {"level": chatter},
            # Their debug lines carry request headers, which hold keys.
            "urllib3": {"level": "INFO"},
            "asyncio": {"level": "INFO"},
        },
    }


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a traceback says something: a refusal (4xx) is no fault, and anybody can cause thousands."""
    return int(getattr(record, "status_code", 500)) >= 500


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    return moment.replace("+00:00", "Z")


def _message(record: logging.LogRecord) -> str:
    """The message on one line, without secrets: a stranger's line break must not forge a second log line."""
    line = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
    return SECRET_ADDRESS.sub(r"\1…", line)
