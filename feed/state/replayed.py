"""What is replayed of a log: the ring that it fills, and what came behind a checkpoint.

Whoever reads a log gives it cut by cut, with the times by our own clock. Knows neither files nor
where a log lies.
"""

from array import array
from collections.abc import Sequence
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


@dataclass(slots=True)
class Replayed:
    """What was replayed so far.

    Attributes:
        capacity: of the ring.
        epoch: of the sequences.
        now_ns: our monotonic clock; nothing was ingested later.
        checkpointed: the sequence of the checkpoint.
        ring: with all that was replayed; None: nothing was yet.
        after: the ticks since the checkpoint.
        after_words: the words likewise, with their sequences.
        receipts: of the batches among these, with when they were applied.
        undone: what was said and deleted.
        newest_ns: when the newest tick was ingested, by our clock.
    """

    capacity: int
    epoch: str
    now_ns: int
    checkpointed: int
    ring: RingBuffer | None = None
    after: list[Tick] = field(default_factory=list)
    after_words: list[Numbered] = field(default_factory=list)
    receipts: list[tuple[Receipt, int]] = field(default_factory=list)
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
            start = max(0, self.checkpointed + 1 - first)
            for sequence, event in enumerate(events[start:], first + start):
                if is_word(event):
                    self.after_words.append((sequence, cast("Word", event)))
                else:
                    self.after.append(event)
            self.receipts += [(receipt, self.newest_ns) for receipt in receipts]

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
