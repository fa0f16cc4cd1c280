"""The replay source: a recording as it was, at its pace or faster, once or for ever.

Knows pace, loops, threads and the reporting of bad rows. The meaning of rows stands in
`object_rows.py` and `record_rows.py`, the reading of a file in `recording.py`.

Every tick keeps its own event time, also in later passes: then event times start over, and
`passes` grows before the first tick of each. A pass begins with the file, and wherever the market's
clock jumps back in it (see `feed.market.market_clock`). Bars of a recording are passed on and not
rebuilt.
"""

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import compress
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from feed.errors import InvalidParameter, SourceError
from feed.logger import logger_of
from feed.market.market_clock import UNTIMED_NS
from feed.market.ticks import SECOND_NS, Bar, Kind, Tick
from feed.sources.replay.bad_rows import BadRow, BadRowReports, Flaw, OnBadRow
from feed.sources.replay.lines import FILE_SHAPE
from feed.sources.replay.object_rows import BAR_KINDS
from feed.sources.replay.pace import MAX_SPEED, MIN_SPEED, Pace
from feed.sources.replay.recording import Block, RecordingReader
from feed.sources.source import Instrument

CHUNK_TICKS = 512  # the most that one list of ticks holds
PEEK_ROWS = 20_000  # read ahead at open, to know symbols and whether bars were recorded: 0.1 s
MIN_SLEEP_S = (
    0.001  # uvloop's timers are no finer, and round a shorter sleep to none: it would spin
)
MAX_SLEEP_S = 60.0  # timers of event loops have a longest time; a recorded night is slept in parts
_T = TypeVar("_T")

_log = logger_of("feed.sources.bad_rows")


def log_bad_row(row: BadRow, unreported: int) -> None:
    """Warn of a bad row, and tell how many others were not reported since the last one."""
    _log.warning(
        "row_skipped",
        file=str(row.path),
        line=row.line,
        reason=row.reason.value,
        detail=row.detail,
        unreported=unreported,
    )


class ReplaySource:
    """Ticks of a recording, in the order of its rows.

    `open`, iterate `batches` once, `close`. Opened again it starts over. The iteration must have
    stopped before `close`.

    Attributes:
        passes: the number of passes that have begun.
        clocks_ns: the market's clock at each tick of the list that was yielded last.
        rows_read: rows of every kind, in all passes; reading is ahead of the ticks yielded.
        rows_beside: the rows that only accompany ticks (marks, gaps, snapshots …).
        rows_skipped: the rows that are bad, by `Flaw`.
        given_ticks: without those of the list that was yielded last.
        bars_left_out: bars that came when `recorded_kinds` had been decided without any; the
            builder of bars has built them already.
    """

    name = "replay"
    can_wait = True
    live = False

    def __init__(
        self,
        path: str | Path,
        *,
        speed: float | Literal["max"] = 1.0,
        loop: bool = False,
        on_bad_row: OnBadRow = "skip",
        peek_rows: int = PEEK_ROWS,
        report: Callable[[BadRow, int], None] = log_bad_row,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Choose a recording, and the way of replaying it.

        Args:
            path: of the recording.
            speed: 1 is the original pace, N is N times as fast, "max" is without a pace.
            loop: start over at the end of the file, for ever.
            on_bad_row: "skip" it, or "stop" with a SourceError.
            peek_rows: the rows that are read ahead at open.
            report: is told of the first bad rows and of some of the later ones, each time with the
                number of rows left out since; not under "stop", where the error says it all.
            clock_ns: a monotonic clock.
            sleep: waits for some seconds of that clock.

        Raises:
            InvalidParameter: speed or on_bad_row is none of these.
        """
        if speed != "max" and not (
            isinstance(speed, (int, float)) and MIN_SPEED <= speed <= MAX_SPEED
        ):
            accepted = f"a number from {MIN_SPEED:g} to {MAX_SPEED:,.0f}, or max"
            raise InvalidParameter("speed", speed, accepted)
        if on_bad_row not in get_args(OnBadRow):
            raise InvalidParameter("on_bad_row", on_bad_row, " or ".join(get_args(OnBadRow)))
        self.path = Path(path)
        self.speed = speed
        self.loop = loop
        self.on_bad_row: OnBadRow = on_bad_row
        self.recorded_kinds: frozenset[Kind] = frozenset()
        self.passes = 0
        self.clocks_ns: list[int] | None = None
        self.rows_read = 0
        self.rows_beside = 0
        self.rows_skipped: dict[str, int] = {reason.value: 0 for reason in Flaw}
        self.bars_left_out = 0
        self._peek_rows = peek_rows
        self._reports = BadRowReports(report, clock_ns)
        self._clock_ns = clock_ns
        self._sleep = sleep
        self._instruments: dict[str, Instrument] = {}
        self._held: deque[Block] = deque()  # the blocks that open() read ahead
        self.given_ticks = 0
        self._given = 0  # of them, and of those that were skipped, in this pass over the file
        self._skip = 0  # ticks that come before those that are given
        # All reading is done in one thread, which alone touches the recording: so it is never
        # closed while it is read, and a cancelled open leaves no file open.
        self._thread: ThreadPoolExecutor | None = None
        self._recording: RecordingReader | None = None

    async def open(self) -> None:
        """Open the recording and read its first `peek_rows` rows ahead.

        They tell the first symbols, and whether bars were recorded. If bars of any kind were, none
        are to be built: a recording may hold fewer trades than its bars were made of, and an
        updated bar that was built would correct one that was recorded.

        Raises:
            SourceError: the file cannot be opened, is not a recording, or is without ticks.
        """
        await self.close()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="replay")
        try:
            await self._in_thread(self._reopen)
            self.recorded_kinds = BAR_KINDS if await self._peek() else frozenset()
        except BaseException:
            await self.close()
            raise

    def instruments(self) -> list[Instrument]:
        """Return the instruments that came up so far, sorted by symbol."""
        return sorted(self._instruments.values(), key=lambda instrument: instrument.symbol)

    def instrument(self, symbol: str) -> Instrument | None:
        """Return an instrument that came up."""
        return self._instruments.get(symbol)

    def state(self) -> dict[str, Any]:
        """Return the file, the pass over it, and how many ticks of that were given."""
        return {
            "file": self._version(),
            "passes": self.passes,
            "ticks": self._given + self._skip,
        }

    def resume(self, state: dict[str, Any], skipped_ticks: int) -> bool:
        """Go on behind the ticks that another process gave; False where the file is another one.

        It is read from its beginning: what a time is worth depends on all that came before it.
        """
        if state.get("file") != self._version():
            return False
        self.passes = max(0, state["passes"] - 1)  # this pass begins once more
        self._skip = state["ticks"] + skipped_ticks
        return True

    def _version(self) -> list[Any]:
        """Return what tells this file from another one, and from itself after a change."""
        try:
            known = self.path.stat()
        except OSError:
            return [str(self.path.absolute()), 0, 0]
        return [str(self.path.absolute()), known.st_size, known.st_mtime_ns]

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield up to `CHUNK_TICKS` ticks at a time, when they are due, until the file ends.

        Raises:
            SourceError: the file cannot be read any further, a row is bad and `on_bad_row` is
                "stop", or a pass had no tick; the ticks before that place have been yielded.
        """
        while True:
            self.passes += 1
            self._given = 0
            pace = None if isinstance(self.speed, str) else Pace(self.speed)
            clock_ns: int | None = None
            file_passes = 0
            last = False
            while not last:
                block = await self._next_block()
                begin = min(self._skip, len(block.ticks))
                if begin:
                    self._skip -= begin
                    self._given += begin
                    clock_ns = block.clocks_ns[begin - 1]
                while begin < len(block.ticks):
                    if block.passes[begin] != file_passes:
                        file_passes = block.passes[begin]
                        self.passes += 1
                        pace = pace and Pace(pace.speed)
                    end = await self._next_end(block, begin, pace)
                    self.clocks_ns = block.clocks_ns[begin:end]
                    clock_ns = block.clocks_ns[end - 1]
                    yield block.ticks[begin:end]
                    self._given += end - begin
                    self.given_ticks += end - begin
                    begin = end
                if block.fault is not None:
                    raise block.fault
                last = block.last
            self._reports.flush()
            if clock_ns is None:
                raise self._no_tick()
            if not self.loop:
                return
            if pace is not None:
                pace.start(clock_ns, self._clock_ns())  # if all of them were strays
                await self._sleep_until(pace.end_ns(clock_ns))
            await self._in_thread(self._reopen)

    async def close(self) -> None:
        """Close the file and end the thread; harmless when called twice."""
        self._held.clear()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(thread, self._shut)
            thread.shutdown(wait=False)

    async def _peek(self) -> bool:
        """Read ahead; tell whether bars were recorded."""
        rows = 0
        has_ticks = has_bars = last = False
        while rows < self._peek_rows and not last:
            block = await self._read_block()
            self._held.append(block)
            rows += block.rows
            last = block.last
            has_ticks |= bool(block.ticks)
            has_bars |= block.bars_announced or any(type(tick) is Bar for tick in block.ticks)
        if last and not has_ticks:
            raise block.fault or self._no_tick()
        return has_bars

    async def _next_block(self) -> Block:
        if self._held:
            block = self._held.popleft()
            await asyncio.sleep(0)  # reading does not suspend here, and others want to run
        else:
            block = await self._read_block()
        if not self.recorded_kinds:
            self._leave_out_bars(block)
        return block

    async def _read_block(self) -> Block:
        block = await self._in_thread(self._read)
        self.rows_read += block.rows
        self.rows_beside += block.beside
        for instrument in block.instruments:
            self._instruments.setdefault(instrument.symbol, instrument)
        for row in block.bad:
            self.rows_skipped[row.reason.value] += 1
            if self.on_bad_row == "skip":
                self._reports.report_or_keep(row)
        return block

    def _leave_out_bars(self, block: Block) -> None:
        keep = [type(tick) is not Bar for tick in block.ticks]
        if not all(keep):
            self.bars_left_out += keep.count(False)
            block.ticks = list(compress(block.ticks, keep))
            block.clocks_ns = list(compress(block.clocks_ns, keep))
            block.passes = list(compress(block.passes, keep))

    async def _next_end(self, block: Block, begin: int, pace: "Pace | None") -> int:
        """Wait until the tick at `begin` is due; return the end of the ticks that are due then."""
        most = min(begin + CHUNK_TICKS, bisect_right(block.passes, block.passes[begin], begin))
        if pace is None:
            return most
        clock_ns = block.clocks_ns[begin]
        if clock_ns == UNTIMED_NS:  # strays before the first row that counts: due now
            return bisect_right(block.clocks_ns, UNTIMED_NS, begin, most)
        pace.start(clock_ns, self._clock_ns())
        now_ns = await self._sleep_until(pace.due_ns(clock_ns))
        pace.forgive(clock_ns, now_ns)
        return bisect_right(block.clocks_ns, now_ns, begin, most, key=pace.due_ns)

    async def _sleep_until(self, due_ns: int) -> int:
        """Sleep until the clock shows a time; return the time that it shows then."""
        while (wait_ns := due_ns - (now_ns := self._clock_ns())) > 0:
            await self._sleep(min(max(wait_ns / SECOND_NS, MIN_SLEEP_S), MAX_SLEEP_S))
        return now_ns

    def _no_tick(self) -> SourceError:
        if self.rows_read == 0:
            return SourceError(f"{self.path}: is empty; accepted: {FILE_SHAPE}")
        bad = ", ".join(f"{count} {reason}" for reason, count in self.rows_skipped.items())
        return SourceError(
            f"{self.path}: holds no tick; of {self.rows_read} rows {self.rows_beside} only "
            f"accompany ticks, and bad are: {bad}"
        )

    async def _in_thread(self, function: Callable[[], _T]) -> _T:
        if self._thread is None:
            raise SourceError(f"{self.path}: is not open")
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    # These three run in the thread.

    def _reopen(self) -> None:
        self._shut()
        self._recording = RecordingReader(self.path, self.on_bad_row)

    def _read(self) -> Block:
        if self._recording is None:
            raise SourceError(f"{self.path}: is not open")
        return self._recording.read_block()

    def _shut(self) -> None:
        if self._recording is not None:
            self._recording.close()
            self._recording = None
