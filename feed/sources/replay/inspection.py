"""The inspection of a recording: what it is, what is in it, and what a replay would leave out.

Reads it to the end, block by block; keeps counts, and the first of everything.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from feed.errors import SourceError
from feed.market.ticks import Kind, Tick
from feed.sources.replay.bad_rows import BadRow
from feed.sources.replay.files.blocks import Block
from feed.sources.replay.files.recognition import no_tick, open_place
from feed.sources.replay.reading import Reading

MOST_BAD = 5  # rows that are kept to be shown


class Inspection:
    """The findings so far.

    Attributes:
        taken: the files, with what each was taken for.
        columns: of a table, by the field that each gives; none where there are several files.
        rows: the rows that were read, of any kind.
        beside: those that only accompany ticks.
        kinds: ticks by kind.
        symbols: ticks by symbol.
        first: the first ticks.
        first_ns, last_ns: the earliest and the latest event time; None: there was no tick.
        late: ticks whose time is before the largest so far.
        passes: how often the times began anew.
        skipped: bad rows by flaw.
        bad: the first of them.
    """

    def __init__(self, most_first: int) -> None:
        self.taken: list[tuple[Path, str]] = []
        self.columns: Mapping[str, str] = {}
        self.rows = 0
        self.beside = 0
        self.kinds: Counter[Kind] = Counter()
        self.symbols: Counter[str] = Counter()
        self.first: list[Tick] = []
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.late = 0
        self.passes = 0
        self.skipped: Counter[str] = Counter()
        self.bad: list[BadRow] = []
        self._most_first = most_first

    def add(self, block: Block) -> None:
        """Note what a block holds."""
        self.rows += block.rows
        self.beside += block.beside
        self.bad += block.bad[: MOST_BAD - len(self.bad)]
        self.skipped.update(row.reason.value for row in block.bad)
        if not block.ticks:
            return
        self.first += block.ticks[: self._most_first - len(self.first)]
        self.kinds.update(tick.kind for tick in block.ticks)
        self.symbols.update(tick.symbol for tick in block.ticks)
        times_ns = [tick.event_ns for tick in block.ticks]
        self.late += sum(map(int.__lt__, times_ns, block.clocks_ns))
        self.passes = block.passes[-1]
        earliest_ns, latest_ns = min(times_ns), max(times_ns)
        self.first_ns = earliest_ns if self.first_ns is None else min(self.first_ns, earliest_ns)
        self.last_ns = latest_ns if self.last_ns is None else max(self.last_ns, latest_ns)


def inspect(place: str, reading: Reading, most_first: int) -> Iterator[Inspection]:
    """Read a recording to its end; yield the same findings after each block, and last at the end.

    Raises:
        SourceError: it is no recording, cannot be read to its end, or holds no tick.
    """
    found = Inspection(most_first)
    recording, found.taken = open_place(place, reading)
    found.columns = recording.columns
    try:
        last = False
        while not last:
            block = recording.read_block()
            block.keep_within(reading.begin_ns, reading.end_ns)
            found.add(block)
            if block.fault is not None:
                before = f"; before that: {found.rows:,} rows of {recording.words}"
                raise SourceError(f"{block.fault}{before if found.rows else ''}") from block.fault
            last = block.last
            if last and found.first_ns is None:
                first_bad = found.bad[0] if found.bad else None
                rows, beside, skipped = found.rows, found.beside, found.skipped
                raise no_tick(
                    place, reading, rows=rows, beside=beside, skipped=skipped, first_bad=first_bad
                )
            yield found
    finally:
        recording.close()
