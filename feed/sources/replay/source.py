"""The replay source: a recording as it was, at its pace or faster, once or for ever.

Knows pace, loops, threads, steering and the reporting of bad rows. What a file is, and how several
are one recording, stands in `files`; the meaning of rows in `object_rows.py` and `record_rows.py`.

Every tick keeps its own event time, also in later passes: then event times start over, and
`passes` grows before the first tick of each. A pass begins with the file, and wherever the market's
clock jumps back in it (see `feed.market.market_clock`). Bars of a recording are passed on and not
rebuilt.
"""

import asyncio
import time
from bisect import bisect_right
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from itertools import compress
from pathlib import Path
from typing import Any, TypeVar

from feed.errors import SourceError
from feed.logger import logger_of
from feed.market.market_clock import UNTIMED_NS
from feed.market.ticks import SECOND_NS, Bar, Kind, Tick
from feed.sources.replay.bad_rows import BadRow, BadRowReports, Flaw
from feed.sources.replay.files.blocks import Block, Recording
from feed.sources.replay.files.recognition import no_tick, open_place, version_of
from feed.sources.replay.object_rows import BAR_KINDS
from feed.sources.replay.pace import Pace
from feed.sources.replay.reading import Reading
from feed.sources.replay.steering import Speed, Steering, check_speed
from feed.sources.source import Instrument

CHUNK_TICKS = 512  # the most that one list of ticks holds
PEEK_ROWS = 20_000  # read ahead at open, to know symbols and whether bars were recorded: 0.1 s
MIN_SLEEP_S = (
    0.001  # uvloop's timers are no finer, and round a shorter sleep to none: it would spin
)
MAX_SLEEP_S = 60.0  # timers of event loops have a longest time; a recorded night is slept in parts
_T = TypeVar("_T")

_Report = Callable[[BadRow, int], None]
_Taken = Callable[[Path, str], None]

_log = logger_of("feed.sources.bad_rows")
_files_log = logger_of("feed.sources.replay")


def log_taken(path: Path, words: str) -> None:
    """Say what a file was taken for."""
    _files_log.info("replaying", file=str(path), taken_for=words)


def log_bad_row(row: BadRow, unreported: int) -> None:
    """Warn of a bad row, and tell how many others were not reported since the last one."""
    _log.warning(
        "row_skipped",
        file=str(row.path),
        **{row.unit: row.line},
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
        steering: its pauses, its speed, and where it goes on from.
        bars_left_out: bars that came when `recorded_kinds` had been decided without any; the
            builder of bars has built them already.
    """

    name = "replay"
    can_wait = True
    live = False

    def __init__(
        self,
        place: str | Path,
        *,
        reading: Reading = Reading(),  # noqa: B008 - frozen
        speed: Speed = 1.0,
        loop: bool = False,
        peek_rows: int = PEEK_ROWS,
        report: _Report = log_bad_row,
        taken: _Taken = log_taken,
        clock_ns: Callable[[], int] = time.monotonic_ns,
        sleep: Callable[[float], Awaitable[object]] | None = None,
    ) -> None:
        """Choose a recording, and the way of replaying it.

        Args:
            place: of the recording: a file, or several with commas between them, globs among them.
            reading: how its files are to be read.
            speed: 1 is the original pace, N is N times as fast, "max" is without a pace.
            loop: start over at the end of the file, for ever.
            peek_rows: the rows that are read ahead at open.
            report: is told of the first bad rows and of some of the later ones, each time with the
                number of rows left out since; not under "stop", where the error says it all.
            taken: is told at open what each file was taken for.
            clock_ns: a monotonic clock.
            sleep: waits for some seconds of that clock; by default as long as nobody steers.

        Raises:
            InvalidParameter: speed is none of these.
        """
        check_speed(speed)
        self.place = str(place)
        self.reading = reading
        self.loop = loop
        self.steering = Steering(speed)
        self.recorded_kinds: frozenset[Kind] = frozenset()
        self.passes = 0
        self.clocks_ns: list[int] | None = None
        self.rows_read = 0
        self.rows_beside = 0
        self.rows_skipped: dict[str, int] = {reason.value: 0 for reason in Flaw}
        self.bars_left_out = 0
        self._peek_rows = peek_rows
        self._first_bad: BadRow | None = None
        self._reports = BadRowReports(report, clock_ns)
        self._clock = clock_ns
        self._clock_ns = UNTIMED_NS  # the market's, at the last tick that was given in this pass
        self._pace: Pace | None = None
        self._seeks_back = False
        self._sleep = self.steering.doze if sleep is None else sleep
        self._taken = taken
        self._begin_ns = reading.begin_ns  # of this pass
        self._instruments: dict[str, Instrument] = {}
        self._held: deque[Block] = deque()  # the blocks that open() read ahead
        self.given_ticks = 0
        self._has_sought = False  # in this pass: it may end without a tick
        self._given = 0  # of them, and of those that were skipped, in this pass over the file
        self._skip = 0  # ticks that come before those that are given
        # All reading is done in one thread, which alone touches the recording: so it is never
        # closed while it is read, and a cancelled open leaves no file open.
        self._thread: ThreadPoolExecutor | None = None
        self._recording: Recording | None = None

    async def open(self) -> None:
        """Open the recording and read its first `peek_rows` rows ahead.

        They tell the first symbols, and whether bars were recorded. If bars of any kind were, none
        are to be built: a recording may hold fewer trades than its bars were made of, and an
        updated bar that was built would correct one that was recorded.

        Raises:
            SourceError: a file cannot be opened, is not a recording, or all are without ticks.
        """
        await self.close()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="replay")
        try:
            for path, words in await self._in_thread(self._reopen):
                self._taken(path, words)
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

    @property
    def paused(self) -> bool:
        """Whether no tick is given until somebody steers."""
        return self.steering.paused

    @property
    def speed(self) -> Speed:
        """1 is the original pace; "max" is without one."""
        return self.steering.speed

    @property
    def market_ns(self) -> int | None:
        """The market's clock at the tick that was given last; None: there was none in this pass."""
        return None if self._clock_ns == UNTIMED_NS else self._clock_ns

    def steer(
        self,
        *,
        paused: bool | None = None,
        speed: Speed | None = None,
        seek_ns: int | None = None,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Change what is not None, between two lists of ticks.

        Args:
            paused: whether it pauses from then on.
            speed: from then on.
            seek_ns: the time of the market to go on from: a new pass.
            then: called between the last tick before and the first after.

        Raises:
            InvalidParameter: the speed is none; nothing was changed.
        """
        self.steering.order(paused=paused, speed=speed, seek_ns=seek_ns, then=then)

    def state(self) -> dict[str, Any]:
        """Return the files, the pass over them, and how many ticks of that were given."""
        return {
            "file": version_of(self.place, self.reading),
            "passes": self.passes,
            "ticks": self._given + self._skip,
            "begin_ns": -1 if self._begin_ns is None else self._begin_ns,
        }

    def resume(self, state: dict[str, Any], skipped_ticks: int) -> bool:
        """Go on behind the ticks that another process gave; False where the files are other ones.

        They are read from their beginning: what a time is worth depends on all that came before it.
        """
        if state.get("file") != version_of(self.place, self.reading):
            return False
        begin_ns = state.get("begin_ns", -1)
        self._begin_ns = None if begin_ns < 0 else begin_ns
        self.passes = max(0, state["passes"] - 1)  # this pass begins once more
        self._skip = state["ticks"] + skipped_ticks
        return True

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield up to `CHUNK_TICKS` ticks at a time, when they are due, until the file ends.

        Raises:
            SourceError: the file cannot be read any further, a row is bad and `on_bad_row` is
                "stop", or a pass had no tick; the ticks before that place have been yielded.
        """
        while True:
            self._clock_ns = UNTIMED_NS
            self._seeks_back = False
            async with aclosing(self._one_pass()) as lists:
                async for ticks in lists:
                    yield ticks
            self._reports.flush()
            if not self._seeks_back:
                if self._given == 0 and not self._has_sought:
                    raise self._no_tick()
                if not self.loop:
                    return
                await self._end_pass()
                self._begin_ns, self._has_sought = self.reading.begin_ns, False
            self._held.clear()
            await self._in_thread(self._reopen)

    async def _one_pass(self) -> AsyncGenerator[list[Tick]]:
        """Yield what comes from the first row on to the last, or up to an order to go back."""
        self.passes += 1
        self._given = 0
        self._pace = self._new_pace()
        file_passes = 0
        last = False
        while not last:
            block = await self._next_block()
            begin = self._skip_in(block)
            while begin < len(block.ticks):
                if block.passes[begin] != file_passes:
                    file_passes = block.passes[begin]
                    self.passes += 1
                    self._pace = self._new_pace()
                end = await self._next_end(block, begin)
                if self.steering.ordered:
                    if self._steer(block, file_passes):
                        begin = 0
                    if self._seeks_back:
                        return
                    continue
                self.clocks_ns = block.clocks_ns[begin:end]
                yield block.ticks[begin:end]
                self._clock_ns = block.clocks_ns[end - 1]
                self._given += end - begin
                self.given_ticks += end - begin
                begin = end
            if block.fault is not None:
                raise block.fault
            last = block.last
        if self.steering.ordered:
            self._steer(block, file_passes)

    async def _end_pass(self) -> None:
        """Let a pass last as long as it took."""
        if self._pace is not None and self._given:
            self._pace.start(self._clock_ns, self._clock())  # if all of them were strays
            await self._sleep_until(self._pace.end_ns(self._clock_ns))

    async def close(self) -> None:
        """Close the file and end the thread; harmless when called twice."""
        self._held.clear()
        thread, self._thread = self._thread, None
        if thread is not None:
            if (recording := self._recording) is not None:
                recording.abandon()
            await asyncio.get_running_loop().run_in_executor(thread, self._shut)
            thread.shutdown(wait=False)

    def _new_pace(self) -> Pace | None:
        speed = self.steering.speed
        return None if isinstance(speed, str) else Pace(speed)

    def _skip_in(self, block: Block) -> int:
        """Count the ticks of a block that another process gave; return where the others begin."""
        skipped = min(self._skip, len(block.ticks))
        if skipped:
            self._skip -= skipped
            self._given += skipped
            self._clock_ns = block.clocks_ns[skipped - 1]
        return skipped

    def _steer(self, block: Block, file_passes: int) -> bool:
        """Let orders take effect; tell whether the block goes on from a later time.

        A time before is looked for from the first row on, and so is one where it is not clear
        whether it is before.
        """
        seek_ns = self.steering.take()
        self._pace = self._new_pace()
        if seek_ns is None:
            return False
        self._begin_ns, self._has_sought, self._skip = seek_ns, True, 0
        self._seeks_back = bool(file_passes) or seek_ns <= self._clock_ns
        if self._seeks_back:
            return False
        self.passes += 1
        self._given = 0
        for read in (block, *self._held):
            read.keep_within(seek_ns, None)
        return True

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
            self._instruments[instrument.symbol] = instrument
        for row in block.bad:
            self._first_bad = self._first_bad or row
            self.rows_skipped[row.reason.value] += 1
            if self.reading.on_bad_row == "skip":
                self._reports.report_or_keep(row)
        return block

    def _leave_out_bars(self, block: Block) -> None:
        keep = [type(tick) is not Bar for tick in block.ticks]
        if not all(keep):
            self.bars_left_out += keep.count(False)
            block.ticks = list(compress(block.ticks, keep))
            block.clocks_ns = list(compress(block.clocks_ns, keep))
            block.passes = list(compress(block.passes, keep))

    async def _next_end(self, block: Block, begin: int) -> int:
        """Wait until the tick at `begin` is due; return the end of the ticks that are due then.

        An order to steer ends the waiting: nothing is due then.
        """
        while self.steering.paused and not self.steering.ordered:
            await self.steering.await_order()
        most = min(begin + CHUNK_TICKS, bisect_right(block.passes, block.passes[begin], begin))
        pace = self._pace
        if pace is None:
            return most
        clock_ns = block.clocks_ns[begin]
        if clock_ns == UNTIMED_NS:  # strays before the first row that counts: due now
            return bisect_right(block.clocks_ns, UNTIMED_NS, begin, most)
        pace.start(clock_ns, self._clock())
        now_ns = await self._sleep_until(pace.due_ns(clock_ns))
        pace.forgive(clock_ns, now_ns)
        return bisect_right(block.clocks_ns, now_ns, begin, most, key=pace.due_ns)

    async def _sleep_until(self, due_ns: int) -> int:
        """Sleep until the clock shows a time, or somebody steers; return the time that it shows."""
        while (wait_ns := due_ns - (now_ns := self._clock())) > 0 and not self.steering.ordered:
            await self._sleep(min(max(wait_ns / SECOND_NS, MIN_SLEEP_S), MAX_SLEEP_S))
        return now_ns

    def _no_tick(self) -> SourceError:
        return no_tick(
            self.place,
            self.reading,
            rows=self.rows_read,
            beside=self.rows_beside,
            skipped=self.rows_skipped,
            first_bad=self._first_bad,
        )

    async def _in_thread(self, function: Callable[[], _T]) -> _T:
        if self._thread is None:
            raise SourceError(f"{self.place}: is not open")
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    # These three run in the thread.

    def _reopen(self) -> list[tuple[Path, str]]:
        """Begin with the first rows; return the files, with what each was taken for."""
        self._shut()
        self._recording, taken = open_place(self.place, self.reading)
        return taken

    def _read(self) -> Block:
        if self._recording is None:
            raise SourceError(f"{self.place}: is not open")
        block = self._recording.read_block()
        block.keep_within(self._begin_ns, self.reading.end_ns)
        return block

    def _shut(self) -> None:
        if self._recording is not None:
            self._recording.close()
            self._recording = None
