"""Logs of the API: one JSON object per line."""

import logging
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

LONGEST_PATH: Final = 2_000
_LONGEST_TRACEBACK: Final = 16_000


class LogRow(logging.Formatter):
    """Writes a record as one line of JSON, with what it was given as `extra={"told": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; a line break in a value is written as an escape."""
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "told", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)[-_LONGEST_TRACEBACK:]
        return msgspec.json.encode(line).decode()


LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "api.logs.LogRow"}},
    "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stdout"}},
    "root": {"handlers": ["lines"], "level": "INFO"},
}
"""Configuration of `logging`: everything, the server's own messages included, goes to standard output."""
