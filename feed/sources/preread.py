"""A source that is read ahead: it is open already, and what it gave just now is kept.

A writer that stands by reads its live sources, so that a takeover loses none of their ticks. What
it has read of the last ten seconds is given once it leads, but for what the leader before has told:
equal ticks are counted, as those of two sides are (`feed.market.twin_window`). So equal quotes of
ten seconds may be told once where they came twice, and a tick that the other one told later than
that comes again.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence

from feed.logger import logger_of
from feed.market.renames import Renames
from feed.market.ticks import Bar, Quote, Status, Tick, Trade
from feed.market.twin_window import TwinWindow
from feed.sources.source import NumbersTrades, Source

WINDOW_NS = 10_000_000_000
_TOLD_WINDOWS = 2  # of the other's ticks, since it may have been earlier than we were
_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0
_COMPARED = (Trade, Quote, Bar, Status)
_OTHER, _OURS = 0, 1  # sides of the window

log = logger_of("feed.ingest")


class Preread:
    """Reads one source, until somebody takes it over.

    Attributes:
        repeats: ticks that are not given, since they were told before.
    """

    __slots__ = (
        "_clock_ns", "_error", "_is_over", "_kept", "_lead_ns", "_moved", "_renames", "_source",
        "_task", "_window", "repeats",
    )  # fmt: skip

    def __init__(
        self,
        source: Source,
        renames: Renames,
        clock_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """Begin without having read.

        Args:
            source: live, and not open.
            renames: under which its symbols are told.
            clock_ns: what the time is, monotonic.
        """
        self.repeats = 0
        self._source = source
        self._renames = renames
        self._clock_ns = clock_ns
        self._kept: deque[tuple[int, list[Tick]]] = deque()
        self._moved = asyncio.Condition()
        self._lead_ns: int | None = None  # when it was taken over
        self._is_over = False
        self._error: Exception | None = None
        self._window = TwinWindow(_TOLD_WINDOWS * WINDOW_NS)
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Read, in a task of its own."""
        self._task = asyncio.create_task(self._run(), name=f"read ahead {self._source.name}")

    def take_over(self, told: Sequence[object]) -> None:
        """Learn what the leader before has told in the last windows; from now on nothing is let go.

        Args:
            told: in order, whatever their source.
        """
        now_ns = self._clock_ns()
        self._let_go(now_ns)
        ticks = [tick for tick in told if isinstance(tick, _COMPARED)]
        self._window.news(_OTHER, ticks, now_ns, numbered=self._numbered)
        self._lead_ns = now_ns

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield what was read and not told before, and then what comes.

        Raises:
            SourceError: it cannot be read any further.
        """
        try:
            while True:
                async with self._moved:
                    while not (self._kept or self._is_over):
                        await self._moved.wait()
                    if not self._kept and self._error is not None:
                        raise self._error
                    if not self._kept:
                        return
                    _, ticks = self._kept.popleft()
                    self._moved.notify_all()
                if news := self._news(ticks):
                    yield news
        finally:
            await self.close()

    async def close(self) -> None:
        """Read no more; the source is closed by whoever has it."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    @property
    def _numbered(self) -> bool:
        return isinstance(self._source, NumbersTrades) and self._source.numbers_trades

    def _news(self, ticks: list[Tick]) -> list[Tick]:
        """Return those of a list that nobody has told."""
        now_ns = self._clock_ns()
        assert self._lead_ns is not None, "it was taken over"
        if now_ns - self._lead_ns > WINDOW_NS:
            return ticks
        compared = self._renames.renamed(ticks) if self._renames.changes else ticks
        known = [tick for tick in compared if isinstance(tick, _COMPARED)]
        news = iter(self._window.news(_OURS, known, now_ns, numbered=self._numbered))
        kept = [
            tick
            for tick, told in zip(ticks, compared, strict=True)
            if not isinstance(told, _COMPARED) or next(news)
        ]
        self.repeats += len(ticks) - len(kept)
        return kept

    def _let_go(self, now_ns: int) -> None:
        kept, since_ns = self._kept, now_ns - WINDOW_NS
        while kept and kept[0][0] < since_ns:
            kept.popleft()

    async def _run(self) -> None:
        """Read; what fails while nobody needs it is opened again."""
        backoff_s = _FIRST_BACKOFF_S
        while True:
            error: Exception | None = None
            try:
                await self._read()
            except Exception as failed:  # noqa: BLE001 - of any kind: whoever takes over is told
                error = failed
            if error is None or self._lead_ns is not None:
                await self._end(error)
                return
            log.warning("read_ahead_failed", source=self._source.name, error=str(error))
            await self._source.close()
            await asyncio.sleep(backoff_s)
            backoff_s = min(2 * backoff_s, _LONGEST_BACKOFF_S)

    async def _read(self) -> None:
        await self._source.open()
        async for ticks in self._source.batches():
            now_ns = self._clock_ns()
            async with self._moved:
                if self._lead_ns is None:
                    self._let_go(now_ns)
                self._kept.append((now_ns, ticks))
                self._moved.notify_all()
                while self._lead_ns is not None and self._kept:
                    await self._moved.wait()  # one at a time, as whoever takes them wants it

    async def _end(self, error: Exception | None) -> None:
        async with self._moved:
            self._is_over, self._error = True, error
            self._moved.notify_all()
