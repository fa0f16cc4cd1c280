"""Loggers: events of the rooms that have a loop, told to whoever has asked for them.

The programs of this package send events through structlog (`feed.program.logs`). Inside somebody
else's program nobody may have configured that, and structlog alone would print to standard output,
which is not ours. So there events go to `logging`, as `feed.*`, and the host decides.
"""

import logging
from typing import Any

import structlog


def logger_of(name: str) -> "Logger":
    """Return the logger of a name such as "feed.connections"."""
    return Logger(name)


class Logger:
    """Tells events: a word, and fields beside it."""

    __slots__ = ("_name", "_plain", "_structured")

    def __init__(self, name: str) -> None:
        self._name = name
        self._plain = logging.getLogger(name)
        self._structured: Any = structlog.get_logger(name)

    def debug(self, event: str, **fields: object) -> None:
        """Tell what only whoever looks for it wants to know."""
        self._tell(logging.DEBUG, "debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Tell what happened as it should."""
        self._tell(logging.INFO, "info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Tell what somebody might have to look at."""
        self._tell(logging.WARNING, "warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Tell what failed; `exc_info` is its exception."""
        self._tell(logging.ERROR, "error", event, fields)

    def exception(self, event: str, **fields: object) -> None:
        """Tell what failed, with the exception that is handled now."""
        self._tell(logging.ERROR, "error", event, {"exc_info": True, **fields})

    def _tell(self, level: int, method: str, event: str, fields: dict[str, Any]) -> None:
        if structlog.is_configured():
            getattr(self._structured, method)(event, **fields)
        elif self._plain.isEnabledFor(level):
            exception = fields.pop("exc_info", None)
            words = " ".join([event, *(f"{name}={value!r}" for name, value in fields.items())])
            self._plain.log(level, "%s", words, exc_info=exception, stacklevel=3)
