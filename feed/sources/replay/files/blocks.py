"""Blocks: the yield of some rows of a recording, with the market's clock beside each tick.

Knows the order of rows, which is that of the ticks, whatever their times; keeps the few ticks whose
time is not judged yet. Knows no file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from feed.errors import SourceError
from feed.market.market_clock import UNTIMED_NS, MarketClock
from feed.market.ticks import MINUTE_NS, SECOND_NS, Bar, Kind, Tick
from feed.sources.replay.bad_rows import BadRow
from feed.sources.source import Instrument

BLOCK_ROWS = 512  # 2 ms of parsing: a block holds up the event loop for no longer
MOST_UNJUDGED = 64  # ticks; more are corrections, which say nothing of the time


@dataclass(slots=True)
class Block:
    """The yield of some rows of a recording.

    Attributes:
        ticks: in the order of the file.
        clocks_ns: per tick, the market's clock at that moment; never falls within a pass.
        passes: per tick, how often the market's clock has jumped back in the file (`MarketClock`).
        rows: the number of rows that were read, of any kind.
        beside: the number of those that only accompany ticks.
        bad: the rows that are not ticks.
        instruments: the ones that came up for the first time in this pass.
        bars_announced: a subscription that came so far names a channel of bars.
        fault: the reason why nothing can be read after these ticks; None where more can.
        last: nothing comes after this block.
    """

    ticks: list[Tick] = field(default_factory=list)
    clocks_ns: list[int] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)
    rows: int = 0
    beside: int = 0
    bad: list[BadRow] = field(default_factory=list)
    instruments: list[Instrument] = field(default_factory=list)
    bars_announced: bool = False
    fault: SourceError | None = None
    last: bool = False

    def keep_within(self, begin_ns: int | None, end_ns: int | None) -> None:
        """Leave out the ticks before a time of the market's clock, and all from another one on.

        Nothing comes after a tick of that one, so the block is the last.
        """
        begin, end = 0, len(self.ticks)
        if end_ns is not None:
            end = next((at for at, ns in enumerate(self.clocks_ns) if ns >= end_ns), end)
            if end < len(self.ticks):
                self.last, self.fault = True, None
        if begin_ns is None or (begin < end and min(self.clocks_ns[:end]) >= begin_ns):
            kept = range(end)
            if end == len(self.ticks):
                return
        else:
            kept = [at for at in range(end) if self.clocks_ns[at] >= begin_ns]  # type: ignore[assignment]
        self.ticks = [self.ticks[at] for at in kept]
        self.clocks_ns = [self.clocks_ns[at] for at in kept]
        self.passes = [self.passes[at] for at in kept]


class Recording(Protocol):
    """One pass over a recording: blocks, forward. Reading blocks its thread.

    Attributes:
        words: what it was taken for: "trades of Tardis, CSV in gzip".
        by_symbol: its rows are in the order of their symbols, and only then of their times.
    """

    words: str
    by_symbol: bool

    @property
    def columns(self) -> Mapping[str, str]:
        """The columns of a table, by the field that each gives; empty for all else."""

    @property
    def share(self) -> float:
        """How much of it was read, from 0 to 1, about; 0: nothing, or nobody knows."""

    def read_block(self) -> Block:
        """Read about `BLOCK_ROWS` rows.

        Ticks after a jump in time come with a later block, where rows that tell whether it counts
        are not read yet. A row that cannot be read is told in the block, after the ticks before it:
        nothing is raised.
        """

    def abandon(self) -> None:
        """Let a read that goes on in its thread end soon; called from another one."""

    def close(self) -> None:
        """Close the file; harmless when called twice."""


class Judge:
    """Ticks in the order of their rows, until it is known what their times are worth.

    A bar carries the start of its interval and comes after its end, which is its time here; the
    correction of one comes whenever it comes, and has none.
    """

    __slots__ = ("_clock", "_passes", "_ticks", "_times_ns")

    def __init__(self) -> None:
        self._clock = MarketClock()
        self._passes = 0
        self._ticks: list[Tick] = []  # that are in no block yet
        self._times_ns: list[int] = []  # theirs, as the clock wants them

    def add(self, tick: Tick) -> None:
        """Add the next tick."""
        self._ticks.append(tick)
        self._times_ns.append(tick.event_ns if type(tick) is not Bar else _bar_time_ns(tick))

    def move_into(self, block: Block) -> None:
        """Move ticks into a block with the market's clock, up to one that needs more rows."""
        clock, ticks, times_ns = self._clock, self._ticks, self._times_ns
        judged = 0
        while judged < len(ticks):
            passed = clock.pass_steps(times_ns, judged, block.clocks_ns)
            block.passes += [self._passes] * (passed - judged)
            judged = passed
            if judged == len(ticks):
                break
            last = block.last or len(ticks) - judged > MOST_UNJUDGED
            begins_pass = clock.pass_row(times_ns, judged, last=last)
            if begins_pass is None:
                break
            self._passes += begins_pass
            block.passes.append(self._passes)
            block.clocks_ns.append(clock.now_ns)
            judged += 1
        block.ticks = ticks[:judged]
        del ticks[:judged], times_ns[:judged]


def _bar_time_ns(bar: Bar) -> int:
    """Return the time by which a bar moves the market's clock."""
    if bar.kind is Kind.UPDATED_BAR:
        return UNTIMED_NS
    return bar.event_ns + (SECOND_NS if bar.kind is Kind.SECOND_BAR else MINUTE_NS)
