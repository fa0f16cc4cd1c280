"""The ring buffer: the newest ticks, addressed by sequence.

Theory of operation: a tick's sequence is its number since the epoch began: 1, 2, 3 … with no holes.
The ring keeps the last `capacity` of them in a preallocated list at `sequence & mask`. Nobody has a
queue of their own: a subscriber is a sequence, and reading is slicing. A subscriber that is too far
behind is overrun, and learns both numbers. Knows no clock: the caller says when a tick was
ingested.
"""

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from feed.errors import InvalidParameter, Overrun
from feed.market.ticks import Tick
from feed.wire.position import Position, new_epoch

DEFAULT_CAPACITY = 131_072  # about two minutes at 1,000 ticks/s; 50 MB of ticks when full
MAX_CAPACITY = 1 << 24


class RingBuffer:
    """The last `capacity` ticks by sequence. Publishing is O(1) a tick, reading O(ticks read)."""

    __slots__ = ("_ingested_ns", "_mask", "_origin", "_slots", "capacity", "epoch", "newest")

    def __init__(
        self, capacity: int = DEFAULT_CAPACITY, *, epoch: str | None = None, newest: int = 0
    ) -> None:
        """Make an empty ring.

        Args:
            capacity: how many ticks it keeps; a power of two.
            epoch: name of this run of sequences; a new random one by default.
            newest: the sequence before the first tick, where sequences come from outside.

        Raises:
            InvalidParameter: the capacity is not a power of two, or is out of range.
        """
        if capacity < 2 or capacity > MAX_CAPACITY or capacity & (capacity - 1):  # noqa: PLR2004 - one tick is not a ring
            raise InvalidParameter("ring", capacity, f"a power of two from 2 to {MAX_CAPACITY}")
        self.capacity = capacity
        self.epoch = epoch if epoch is not None else new_epoch()
        self.newest = newest  # sequence of the last published tick
        self._origin = newest  # the ring never held this sequence or an older one
        self._mask = capacity - 1
        self._slots: list[Tick | None] = [None] * capacity
        self._ingested_ns = array("q", bytes(8 * capacity))

    @property
    def oldest(self) -> int:
        """The oldest sequence still held; `newest + 1` while the ring is empty."""
        return max(self.newest - self.capacity, self._origin) + 1

    @property
    def is_whole(self) -> bool:
        """Whether it still holds the first event that it was given."""
        return self.oldest == self._origin + 1

    def __len__(self) -> int:
        return self.newest - self.oldest + 1

    def position(self, sequence: int) -> Position:
        """Return the position after `sequence` in this ring's epoch."""
        return Position(self.epoch, sequence)

    def publish(self, ticks: Sequence[Tick], mono_ns: int) -> int:
        """Append ticks, overwriting the oldest; return the newest sequence.

        Args:
            ticks: at most `capacity` of them; the ring keeps the objects, which must not change.
            mono_ns: when they were ingested, monotonic: look-ups by time bisect it.
        """
        count = len(ticks)
        if count > self.capacity:
            raise InvalidParameter("ticks", count, f"at most {self.capacity} in one call")
        start = (self.newest + 1) & self._mask
        head = min(count, self.capacity - start)
        stamps = array("q", [mono_ns]) * count
        self._slots[start : start + head] = ticks[:head]
        self._ingested_ns[start : start + head] = stamps[:head]
        if head < count:
            self._slots[: count - head] = ticks[head:]
            self._ingested_ns[: count - head] = stamps[head:]
        self.newest += count
        return self.newest

    def read(self, after: int, limit: int) -> list[Tick]:
        """Return up to `limit` ticks whose sequences follow `after`, oldest first.

        Raises:
            Overrun: the tick after `after` was overwritten.
        """
        if after + 1 < self.oldest:
            raise Overrun(requested=after + 1, oldest=self.oldest)
        count = min(limit, self.newest - after)
        if count <= 0:
            return []
        start = (after + 1) & self._mask
        ticks = self._slots[start : start + count]
        if len(ticks) < count:
            ticks += self._slots[: count - len(ticks)]
        return ticks  # type: ignore[return-value]  # published slots are never None

    def ingested_ns(self, sequence: int) -> int:
        """Return when a tick that is still held was ingested, monotonic."""
        return self._ingested_ns[sequence & self._mask]

    def ingestion_times_ns(self, after: int, count: int) -> "array[int]":
        """Return when the `count` ticks that follow `after` were ingested, monotonic.

        All of them must still be held.
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
