"""What is replayed of a log: the ring that it fills, and what came behind a checkpoint.

Whoever reads a log gives it cut by cut, with the times by our own clock. Knows neither files nor
where a log lies.
"""

from array import array
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import cast

from feed.broadcast.ring import RingBuffer
from feed.market.receipts import Receipt
from feed.market.ticks import Tick
from feed.market.words import Word, is_word
from feed.state.cell import Unreadable
from feed.state.erasing.undone import Undone
from feed.state.words import Numbered
from feed.wire.messages import GapReason

Kept = tuple[int, list[Tick], Sequence[Receipt], int]  # a tuple, since there are thousands


@dataclass(slots=True)
class Replayed:
    """What was replayed so far.

    Attributes:
        capacity: of the ring.
        epoch: of the sequences.
        now_ns: our monotonic clock; nothing was ingested later.
        checkpointed: the sequence of the checkpoint.
        ring: with all that was replayed; None: nothing was yet.
        kept: cuts that have something behind the checkpoint: the first sequence of each, its
            events, its receipts, and when it was ingested.
        undone: what was said and deleted.
        newest_ns: when the newest tick was ingested, by our clock.
    """

    capacity: int
    epoch: str
    now_ns: int
    checkpointed: int
    ring: RingBuffer | None = None
    kept: deque[Kept] = field(default_factory=deque)
    undone: Undone = field(default_factory=Undone)
    newest_ns: int = 0

    def take(
        self,
        first: int,
        events: list[Tick],
        ingested_ns: "array[int]",
        later_ns: int,
        receipts: Sequence[Receipt] = (),
    ) -> None:
        """Take a cut, or several together.

        Args:
            first: the sequence of its first event.
            events: in order.
            ingested_ns: when each was ingested, by the clock of whoever did.
            later_ns: our monotonic clock less that one, at the same moment.
            receipts: of the batches of producers in it.

        Raises:
            Unreadable: it does not fit, or is not behind what was taken before.
        """
        if len(events) != len(ingested_ns):
            raise Unreadable(f"has {len(events)} ticks for {len(ingested_ns)} times")
        ring = self._ring_for(first)
        if first <= ring.newest:
            raise Unreadable(f"has sequence {first} once more")
        ring.skip(first - 1, GapReason.LOST, self.newest_ns)
        at = 0
        for stamp_ns, run in groupby(ingested_ns):
            count = len(list(run))
            self._publish(ring, events[at : at + count], stamp_ns + later_ns)
            at += count
        if any(map(is_word, events)):
            ring.newest_other = ring.newest
            self.undone.note_logged(events, first)
        if ring.newest > self.checkpointed:
            self.kept.append((first, events, receipts, self.newest_ns))

    @property
    def after(self) -> list[Tick]:
        """The ticks since the checkpoint."""
        return [event for _, event in self._since() if not is_word(event)]

    @property
    def after_words(self) -> list[Numbered]:
        """The words since then, with their sequences."""
        return [(at, cast("Word", event)) for at, event in self._since() if is_word(event)]

    @property
    def receipts(self) -> list[tuple[Receipt, int]]:
        """The batches of producers since then, with when they were applied."""
        return [(receipt, at_ns) for _, _, told, at_ns in self.kept for receipt in told]

    def forget(self, checkpointed: int) -> None:
        """Hear that there is a later checkpoint."""
        self.checkpointed = max(self.checkpointed, checkpointed)
        kept = self.kept
        while kept and kept[0][0] + len(kept[0][1]) - 1 <= checkpointed:
            kept.popleft()
        self.undone.forget(checkpointed)

    def _since(self) -> Iterator[tuple[int, Tick]]:
        for first, events, _, _ in self.kept:
            start = max(0, self.checkpointed + 1 - first)
            yield from enumerate(events[start:], first + start)

    def _ring_for(self, first: int) -> RingBuffer:
        if self.ring is None:
            self.ring = RingBuffer(
                self.capacity, epoch=self.epoch, newest=first - 1, begins=first == 1
            )
        return self.ring

    def _publish(self, ring: RingBuffer, ticks: list[Tick], ingested_ns: int) -> None:
        """Publish ticks that were ingested together, at that moment by our own clock."""
        mono_ns = min(ingested_ns, self.now_ns)
        self.newest_ns = max(self.newest_ns, mono_ns) if len(ring) else mono_ns
        for start in range(0, len(ticks), ring.capacity):
            ring.publish(ticks[start : start + ring.capacity], self.newest_ns)
