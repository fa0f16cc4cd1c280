"""A page of the archive: the events of 512 sequences, and what was encoded of them."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import attrgetter

from feed.market.asset_classes import AssetClasses
from feed.market.ticks import Tick
from feed.wire.codec import Codec, encode_events
from feed.wire.messages import GapReason
from feed.wire.selection import Selection

PAGE_SEQUENCES = 512
_MOST_REMEMBERED = 4  # selections, and encodings
_first = attrgetter("first")


def page_number(sequence: int) -> int:
    """Return the number of the page that has a sequence."""
    return sequence // PAGE_SEQUENCES


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a page has for a subscriber.

    Attributes:
        fragments: of the events that are selected.
        reached: the sequence that they reach to.
        missing: why none of those up to `reached` are coming; None: they are here.
        looked: how many events were looked at.
        ingested_ns: when each was ingested, monotonic, where every event is selected.
    """

    fragments: list[bytes]
    reached: int
    missing: GapReason | None = None
    looked: int = 0
    ingested_ns: "array[int] | None" = None


@dataclass(frozen=True, slots=True)
class Find:
    """The ticks that a page has of a selection; see `Excerpt`."""

    ticks: list[Tick]
    reached: int
    missing: GapReason | None = None
    looked: int = 0


@dataclass(slots=True)
class _Run:
    first: int
    events: list[Tick]
    ingested_ns: "array[int]"

    @property
    def last(self) -> int:
        return self.first + len(self.events) - 1


@dataclass(frozen=True, slots=True)
class _Part:
    """What comes next in a page: events of a run up to a sequence, or none, and why."""

    index: int
    reached: int
    missing: GapReason | None = None


class Page:
    """The events of some consecutive sequences; what lies between its runs are holes.

    Attributes:
        number: which.
        start: the first sequence that the log still had, where that is within it or behind.
        upto: the last sequence that it speaks for.
    """

    __slots__ = ("_fragments", "_others", "_runs", "_selected", "number", "start", "upto")

    def __init__(self, number: int, start: int) -> None:
        """Begin without events."""
        self.number = number
        self.start = number * PAGE_SEQUENCES
        self.upto = start - 1
        self._runs: list[_Run] = []
        self._others = False
        # By codec, of each run as many as it has events; None: not encoded.
        self._fragments: dict[tuple[Codec, int], list[bytes | None]] = {}
        self._selected: dict[tuple[Selection, int], list[int]] = {}

    def begins_at(self, sequence: int) -> None:
        """Note that the log has nothing before a sequence any more."""
        self.start = sequence

    def speaks_for(self, sequence: int) -> bool:
        """Tell whether it knows of a sequence what became of it."""
        return sequence <= max(self.upto, self.start - 1)

    def add(
        self, first: int, events: Sequence[Tick], ingested_ns: "array[int]", *, others: bool
    ) -> None:
        """Take events that come behind all others, and when each was ingested, monotonic."""
        self._others |= others
        if self._runs and self._runs[-1].last + 1 == first:
            self._runs[-1].events += events
            self._runs[-1].ingested_ns += ingested_ns
        else:
            self._runs.append(_Run(first, list(events), ingested_ns[:]))

    def copy(self) -> "Page":
        """Return it as it is now, for it may grow."""
        other = Page(self.number, self.start)
        other.start, other.upto, other._others = self.start, self.upto, self._others
        other._runs = [_Run(run.first, list(run.events), run.ingested_ns[:]) for run in self._runs]
        return other

    def ingested_ns(self, sequence: int) -> int | None:
        """Return when an event was ingested, monotonic; of a hole, the one before.

        None: it has no event up to that sequence, which it speaks for.
        """
        index = bisect_right(self._runs, sequence, key=_first) - 1
        if index < 0:
            return None
        run = self._runs[index]
        return run.ingested_ns[min(sequence, run.last) - run.first]

    def find(self, selection: Selection, first: int, upto: int, classes: AssetClasses) -> Find:
        """Return the selected ticks from a sequence on that it speaks for; see `Segments.find`.

        It stops before a hole; where that comes next, it is what is missing.
        """
        part = self._next(first, upto)
        if part.missing is not None:
            return Find([], part.reached, part.missing)
        run = self._runs[part.index]
        chosen, looked = self._choose(part.index, selection, classes)
        low = bisect_left(chosen, first - run.first)
        high = bisect_right(chosen, part.reached - run.first)
        ticks = [run.events[place] for place in chosen[low:high]]
        return Find(ticks, part.reached, looked=looked + len(ticks))

    def read(
        self,
        selection: Selection,
        codec: Codec,
        after: int,
        upto: int,
        *,
        max_bytes: int,
        classes: AssetClasses,
        max_ticks: int | None = None,
    ) -> Excerpt:
        """Return what it has behind a sequence that it speaks for; see `Fragments.read`.

        It stops before a hole; where that comes next, it is what is missing.
        """
        part = self._next(after + 1, upto)
        if part.missing is not None:
            return Excerpt([], part.reached, part.missing)
        run, last = self._runs[part.index], part.reached
        chosen, looked = self._choose(part.index, selection, classes)
        low = bisect_left(chosen, after + 1 - run.first)
        high = bisect_right(chosen, last - run.first)
        if max_ticks is not None and high - low > max_ticks:
            high = low + max_ticks
            last = run.first + chosen[high - 1]
        fragments = self._encoded(part.index, codec, chosen[low:high])
        between = codec.between_bytes
        ends = list(accumulate(len(fragment) + between for fragment in fragments))
        fitting = max(1, bisect_right(ends, max_bytes + between))
        if fitting < len(fragments):
            fragments, last = fragments[:fitting], run.first + chosen[low + fitting - 1]
        looked += len(fragments)
        stamps = None
        if selection.every:
            stamps = run.ingested_ns[after + 1 - run.first : last + 1 - run.first]
        return Excerpt(
            [each for each in fragments if each], last, looked=looked, ingested_ns=stamps
        )

    def _next(self, first: int, upto: int) -> _Part:
        """Return what comes next from a sequence on that it speaks for."""
        if first < self.start:
            return _Part(-1, min(self.start - 1, upto), GapReason.OVERRUN)
        upto = min(upto, self.upto)
        index = bisect_right(self._runs, first, key=_first) - 1
        if index >= 0 and first <= self._runs[index].last:
            return _Part(index, min(upto, self._runs[index].last))
        index += 1
        later = self._runs[index].first - 1 if index < len(self._runs) else self.upto
        return _Part(-1, min(later, upto), GapReason.LOST)

    def _choose(
        self, index: int, selection: Selection, classes: AssetClasses
    ) -> tuple[list[int], int]:
        """Return which events of a run are selected, and how many were looked at for that."""
        known = self._selected.get((selection, index))
        if known is not None:
            return known, 1
        events = self._runs[index].events
        chosen = selection.select(events, classes)
        if self._others and not selection.every:
            wanted = selection.by_kind()
            chosen = [place for place in chosen if events[place].kind in wanted]
        if len(self._selected) >= _MOST_REMEMBERED:
            self._selected.pop(next(iter(self._selected)))
        self._selected[selection, index] = chosen
        return chosen, len(events)

    def _encoded(self, index: int, codec: Codec, places: Sequence[int]) -> list[bytes]:
        """Return the fragments of some events of a run; each is encoded once."""
        events = self._runs[index].events
        known = self._fragments.get((codec, index))
        if known is None or len(known) < len(events):
            if len(self._fragments) >= _MOST_REMEMBERED:
                self._fragments.pop(next(iter(self._fragments)))
            known = self._fragments[codec, index] = [None] * len(events)
        missing = [place for place in places if known[place] is None]
        fragments = encode_events(codec, [events[place] for place in missing], opaque=self._others)
        for place, fragment in zip(missing, fragments, strict=True):
            known[place] = fragment
        return [known[place] or b"" for place in places]
