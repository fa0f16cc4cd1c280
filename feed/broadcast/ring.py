"""The ring buffer: the newest ticks, addressed by sequence.

Theory of operation: a tick's sequence is its number since the epoch began: 1, 2, 3 …, contiguous
but for holes. The ring keeps the last `capacity` of them in a preallocated list at
`sequence & mask`. Nobody has a queue of their own: a subscriber is a sequence, and reading is
slicing. A subscriber that is too far behind is overrun, and learns both numbers.

A hole is a run of sequences that no event will ever have. Reading stops before it; whoever reads
asks for it, says so, and goes on behind it. It takes the place that its events would have had, and
is held as long as the tick behind it. Knows no clock: the caller says when a tick was ingested.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter

from feed.errors import InvalidParameter, Overrun
from feed.market.ticks import Tick
from feed.wire.messages import GapReason
from feed.wire.position import Position, new_epoch

DEFAULT_CAPACITY = 131_072  # about two minutes at 1,000 ticks/s; 50 MB of ticks when full
MAX_CAPACITY = 1 << 24
MOST_HOLES = 1_024  # each costs 150 bytes; what was before an older one is not held any more

_last = attrgetter("last")


@dataclass(frozen=True, slots=True)
class Hole:
    """A run of sequences that no event will ever have.

    Attributes:
        first, last: of the run, both inclusive.
        reason: why, as subscribers are told.
        mono_ns: when the tick before it was ingested, monotonic; when it was noted, if none was.
    """

    first: int
    last: int
    reason: GapReason
    mono_ns: int


class RingBuffer:
    """The last `capacity` ticks by sequence. Publishing is O(1) a tick, reading O(ticks read)."""

    __slots__ = (
        "_begins",
        "_holes",
        "_ingested_ns",
        "_mask",
        "_origin",
        "_slots",
        "capacity",
        "epoch",
        "is_followed",
        "newest",
        "newest_other",
    )

    def __init__(
        self,
        capacity: int = DEFAULT_CAPACITY,
        *,
        epoch: str | None = None,
        newest: int = 0,
        begins: bool = True,
    ) -> None:
        """Make an empty ring.

        Args:
            capacity: how many ticks it keeps; a power of two.
            epoch: name of this run of sequences; a new random one by default.
            newest: the sequence before the first tick, where sequences come from outside.
            begins: its first tick is the first of all that subscribers may be due.

        Raises:
            InvalidParameter: the capacity is not a power of two, or is out of range.
        """
        if capacity < 2 or capacity > MAX_CAPACITY or capacity & (capacity - 1):  # noqa: PLR2004 - one tick is not a ring
            raise InvalidParameter("ring", capacity, f"a power of two from 2 to {MAX_CAPACITY}")
        self.capacity = capacity
        self.epoch = epoch if epoch is not None else new_epoch()
        self.newest = newest  # sequence of the last published tick
        # Another server gives the sequences, and may have told its subscribers more than is here.
        self.is_followed = False
        self.newest_other = 0  # the newest sequence whose event may be no tick of a known kind
        self._origin = newest  # the ring never held this sequence or an older one
        self._begins = begins
        self._holes: list[Hole] = []  # ascending; none that lies wholly behind the oldest tick
        self._mask = capacity - 1
        self._slots: list[Tick | None] = [None] * capacity
        self._ingested_ns = array("q", bytes(8 * capacity))

    @property
    def oldest(self) -> int:
        """The oldest sequence still held; `newest + 1` while the ring is empty.

        The first of a hole, where nothing older than that is held.
        """
        oldest = max(self.newest - self.capacity, self._origin) + 1
        if self._holes and self._holes[0].first < oldest:
            return self._holes[0].first
        return oldest

    @property
    def is_whole(self) -> bool:
        """Whether it still holds the first event that it was given, which is the first of all."""
        return self._begins and self.oldest == self._origin + 1

    def __len__(self) -> int:
        """Return how many sequences it holds, those of holes among them."""
        return self.newest - self.oldest + 1

    def position(self, sequence: int) -> Position:
        """Return the position after `sequence` in this ring's epoch."""
        return Position(self.epoch, sequence)

    def publish(self, ticks: Sequence[Tick], ingested_ns: "int | array[int]") -> int:
        """Append ticks, overwriting the oldest; return the newest sequence.

        Args:
            ticks: at most `capacity` of them; the ring keeps the objects, which must not change.
            ingested_ns: when all of them were ingested, monotonic, or each: ascending, since
                look-ups by time bisect it.
        """
        count = len(ticks)
        if count > self.capacity:
            raise InvalidParameter("ticks", count, f"at most {self.capacity} in one call")
        start = (self.newest + 1) & self._mask
        head = min(count, self.capacity - start)
        stamps = ingested_ns
        if isinstance(stamps, int):
            stamps = array("q", [stamps]) * count
        self._slots[start : start + head] = ticks[:head]
        self._ingested_ns[start : start + head] = stamps[:head]
        if head < count:
            self._slots[: count - head] = ticks[head:]
            self._ingested_ns[: count - head] = stamps[head:]
        self.newest += count
        if self._holes:
            self._forget_holes()
        return self.newest

    def begin(self, before: Position, *, begins: bool) -> None:
        """Hold nothing any more, and go on behind a position of another server.

        Args:
            before: the position before the first event that comes.
            begins: that is the first of all that subscribers may be due.
        """
        self.epoch, self.newest = before.epoch, before.sequence
        self.is_followed = True
        self.newest_other = 0
        self._origin, self._begins = before.sequence, begins
        self._holes = []
        self._slots = [None] * self.capacity

    def forget(self) -> None:
        """Hold nothing any more, as if all of it had been overwritten; the sequences go on."""
        self._origin, self._begins = self.newest, False
        self._holes = []
        self._slots = [None] * self.capacity

    def skip(self, upto: int, reason: GapReason, mono_ns: int) -> None:
        """Leave a hole behind the newest sequence: no event will have the next ones up to `upto`.

        Nothing may wait for a cut, and nobody may be live.
        """
        count = upto - self.newest
        if count <= 0:
            return
        if len(self):
            mono_ns = self.ingested_ns(self.newest)
        first = self.newest + 1
        if self._holes and self._holes[-1].last == self.newest and self._holes[-1].reason is reason:
            first = self._holes.pop().first
        self._holes.append(Hole(first, upto, reason, mono_ns))
        for sequence in range(upto - min(count, self.capacity) + 1, upto + 1):
            self._slots[sequence & self._mask] = None
        self.newest = upto
        self._forget_holes()

    def hole_after(self, after: int, upto: int) -> Hole | None:
        """Return the first hole of which something lies after a sequence, and up to another."""
        holes = self._holes
        if not holes or holes[-1].last <= after or upto <= after:
            return None
        hole = holes[bisect_left(holes, after + 1, key=_last)]
        return hole if hole.first <= upto else None

    def holes(self, after: int, upto: int) -> Iterator[Hole]:
        """Yield the holes of which something lies after a sequence, and up to another."""
        while (hole := self.hole_after(after, upto)) is not None:
            yield hole
            after = hole.last

    def count(self, after: int, upto: int) -> int:
        """Return how many ticks have the sequences after one and up to another: no hole counts."""
        if not self._holes:
            return upto - after
        lost = sum(
            min(hole.last, upto) - max(hole.first, after + 1) + 1
            for hole in self.holes(after, upto)
        )
        return upto - after - lost

    def before(self, upto: int, ticks: int) -> int:
        """Return the oldest sequence behind which there are at most so many ticks up to one."""
        after = upto - ticks
        for hole in reversed(self._holes):
            if hole.last < after:
                break
            after -= max(0, min(hole.last, upto) - hole.first + 1)
        return after

    def read(self, after: int, limit: int) -> list[Tick]:
        """Return up to `limit` ticks whose sequences follow `after`, oldest first.

        It stops before a hole, and returns nothing where the next sequence lies in one.

        Raises:
            Overrun: the tick after `after` was overwritten.
        """
        if after + 1 < self.oldest:
            raise Overrun(requested=after + 1, oldest=self.oldest)
        count = min(limit, self.newest - after)
        if self._holes and (hole := self.hole_after(after, after + count)) is not None:
            count = hole.first - after - 1
        if count <= 0:
            return []
        start = (after + 1) & self._mask
        ticks = self._slots[start : start + count]
        if len(ticks) < count:
            ticks += self._slots[: count - len(ticks)]
        return ticks  # type: ignore[return-value]  # published slots are never None

    def at(self, sequence: int) -> Tick | None:
        """Return the event of a sequence; None: it is not held, or lies within a hole."""
        if not self.oldest <= sequence <= self.newest:
            return None
        if self._holes and self.hole_after(sequence - 1, sequence) is not None:
            return None
        return self._slots[sequence & self._mask]

    def replace(self, sequence: int, event: Tick) -> None:
        """Hold another event under a sequence that is held: the one way in which one changes."""
        self._slots[sequence & self._mask] = event

    def held(self) -> Iterator[tuple[int, object]]:
        """Yield every event that is held, with its sequence."""
        after = self.oldest - 1
        while after < self.newest:
            if (hole := self.hole_after(after, after + 1)) is not None:
                after = hole.last
                continue
            events = self.read(after, self.newest - after)
            yield from enumerate(events, after + 1)
            after += len(events)

    def slots(self, after: int, limit: int) -> list[Tick | None]:
        """Return up to `limit` sequences that follow `after`: a tick each, and None within holes.

        Raises:
            Overrun: the tick after `after` was overwritten.
        """
        slots: list[Tick | None] = [*self.read(after, limit)]
        upto = min(after + limit, self.newest)
        while (reached := after + len(slots)) < upto:
            hole = self.hole_after(reached, upto)
            assert hole is not None, "reading stops at holes only"
            slots += [None] * (min(hole.last, upto) - reached)
            slots += self.read(after + len(slots), upto - after - len(slots))
        return slots

    def ingested_ns(self, sequence: int) -> int:
        """Return when a tick that is still held was ingested, monotonic; of a hole, the one before.

        Sequences that are greater were not ingested earlier.
        """
        if self._holes and (hole := self.hole_after(sequence - 1, sequence)) is not None:
            return hole.mono_ns
        return self._ingested_ns[sequence & self._mask]

    def ingestion_times_ns(self, after: int, count: int) -> "array[int]":
        """Return when the `count` ticks that follow `after` were ingested, monotonic.

        All of them must still be held, and no hole among them.
        """
        start = (after + 1) & self._mask
        stamps = self._ingested_ns[start : start + count]
        return stamps + self._ingested_ns[: count - len(stamps)]

    def oldest_age_ns(self, mono_ns: int) -> int:
        """Return how long ago the oldest tick was ingested; 0 while the ring is empty."""
        return mono_ns - self.ingested_ns(self.oldest) if len(self) else 0

    def first_since(self, since_ns: int) -> int:
        """Return the first sequence held that was ingested at or after a time; O(log capacity)."""
        return (
            bisect_left(range(self.oldest, self.newest + 1), since_ns, key=self.ingested_ns)
            + self.oldest
        )

    def _forget_holes(self) -> None:
        """Let go of holes that lie behind all ticks that are held, and of too many of them."""
        holes = self._holes
        while holes and holes[0].last < self.newest - self.capacity:
            del holes[0]
        if len(holes) > MOST_HOLES:
            self._origin, self._begins = max(self._origin, holes[0].last), False
            del holes[0]
