"""Logs: lines for people on a terminal, JSON for machines; never more than a person would read.

Events of a connection, a source or the server are logged, with the connection's id; ticks and
frames are not. Of events of one kind the first hundred in ten seconds are told, and the number of
the others: ten thousand subscribers that come back at once are two lines more, and cost 3 µs each.
What says who did what to others (`audit=True`) is never left out.

Libraries log by way of `logging`; their lines take the same way out, and so do Python's warnings.
Nothing here waits for whoever reads: the way out is a function that returns at once.
"""

import asyncio
import logging
import traceback
from collections import Counter
from collections.abc import Callable, MutableMapping
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from feed.program.log_writer import LogWriter

MOST_REPEATS = 100  # events of one kind that are told within a window
WINDOW_S = 10.0

_STAMP: Processor = structlog.processors.TimeStamper(fmt="iso", utc=True)

log = structlog.get_logger("feed.logs")


class Repeats(logging.Filter):
    """Counts events by kind; tells which are too many.

    A processor of structlog, and a filter for lines that come by `logging`.
    """

    def __init__(self, most: int = MOST_REPEATS, window_s: float = WINDOW_S) -> None:
        super().__init__()
        self._most = most
        self._window_s = window_s
        self._counts: Counter[str] = Counter()

    def __call__(self, logger: object, method: str, event_dict: EventDict) -> EventDict:  # noqa: ARG002 - structlog's signature
        """Pass an event on.

        Raises:
            DropEvent: there were too many of its kind.
        """
        if not (event_dict.get("audit") or self._allow(str(event_dict.get("event")))):
            raise structlog.DropEvent
        return event_dict

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record may pass; structlog's have been counted."""
        return isinstance(record.msg, MutableMapping) or self._allow(str(record.msg))

    def close_window(self) -> dict[str, int]:
        """Begin a new window; return how many events of each kind were left out."""
        counts, self._counts = self._counts, Counter()
        return {kind: count - self._most for kind, count in counts.items() if count > self._most}

    async def run(self) -> None:
        """Tell at the end of every window the number of events left out, for ever."""
        while True:
            await asyncio.sleep(self._window_s)
            for kind, times in self.close_window().items():
                log.info("repeats_left_out", repeated=kind, times=times)

    def _allow(self, kind: str) -> bool:
        self._counts[kind] += 1
        return self._counts[kind] <= self._most


class LineHandler(logging.Handler):
    """Makes a line of each record and hands it on."""

    def __init__(self, write: Callable[[bytes], object]) -> None:
        super().__init__()
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        """Hand on a record's line; where none can be made, the reason."""
        try:
            text = self.format(record)
        except Exception:  # noqa: BLE001 - of any kind: an event's values are anybody's objects
            text = f"a record of {record.name} cannot be told: {traceback.format_exc()}"
        self._write(f"{text}\n".encode(errors="backslashreplace"))


def begin(fd: int, *, interactive: bool, worker: str = "") -> tuple[Repeats, LogWriter]:
    """Send all logs of this process to a file descriptor; return their limit, and their writer.

    Args:
        fd: the descriptor.
        interactive: lines for people, with colours; else JSON.
        worker: which of several processes of a server this is; "": it is the only one.
    """

    def tell_lost(records: int) -> bytes:
        event: Any = {"event": "records_lost", "records": records, "level": "warning"}
        if worker:
            event["worker"] = worker
        for render in (_STAMP, *renderers):
            event = render(None, "warning", event)
        return f"{event}\n".encode()

    renderers = _renderers(interactive=interactive)
    writer = LogWriter(fd, tell_lost)
    return configure(writer.write, interactive=interactive, worker=worker), writer


def configure(write: Callable[[bytes], object], *, interactive: bool, worker: str = "") -> Repeats:
    """Send all logs of this process to a function; return the limit of their repeats.

    Args:
        write: called with each line; it must not wait.
        interactive: lines for people, with colours; else JSON.
        worker: which of several processes of a server this is; "": it is the only one.
    """
    repeats = Repeats()
    common: list[Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        _STAMP,
        *([_naming(worker)] if worker else []),
    ]
    structlog.configure(
        processors=[repeats, *common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = LineHandler(write)
    handler.addFilter(repeats)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(interactive=interactive),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("feed").setLevel(logging.INFO)
    logging.captureWarnings(capture=True)
    return repeats


def _naming(worker: str) -> Processor:
    """Return what adds the worker to each event."""

    def add_worker(_logger: object, _method: str, event_dict: EventDict) -> EventDict:
        event_dict["worker"] = worker
        return event_dict

    return add_worker


def _renderers(*, interactive: bool) -> list[Processor]:
    """Return the makers of an event's text; tracebacks hide variables, which may be secrets."""
    if interactive:
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    tracebacks: Any = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.ExceptionRenderer(tracebacks),
        structlog.processors.JSONRenderer(),
    ]
