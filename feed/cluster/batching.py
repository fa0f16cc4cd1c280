"""Batching: cuts wait while a batch is on its way, and go together in the next one.

A cut is never divided: what says where the source stood, and which batches of producers it has, is
true of a whole cut alone. Cuts with messages of rooms go by themselves, so that erasing one in the
stream takes no ticks along. All that waits or is on its way counts; when that is more than there is
room for, the buffer is full until half of it is free. Knows no connection and no clock.
"""

from array import array
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace

from feed.market.receipts import Receipt
from feed.market.ticks import Tick

BATCH_BYTES = 256_000  # beyond that a batch of several cuts does not grow
MOST_RECEIPTS = 256  # of producers in one batch: headers have 64 kB at most
BUFFER_BYTES = 64_000_000  # by default; a buffer that is full is open again at the half


@dataclass(frozen=True, slots=True)
class Part:
    """Consecutive events of one cut, or of several.

    Attributes:
        first: the sequence of the first.
        events: they.
        fragments: the same, as frames of the bus have them.
        ingested_ns: when each was ingested, monotonic.
        given: how many ticks the source had given by then, over all processes.
        receipts: of the batches of producers that it has.
        has_texts: messages of rooms are among them.
        size: of the fragments, in bytes.
    """

    first: int
    events: Sequence[Tick]
    fragments: Sequence[bytes]
    ingested_ns: "array[int]"
    given: int
    receipts: Sequence[Receipt]
    has_texts: bool
    size: int

    @property
    def last(self) -> int:
        """The sequence of its last event."""
        return self.first + len(self.events) - 1


class Batching:
    """What waits to be sent, in order.

    Attributes:
        most_bytes: that may wait.
        held_bytes: that wait, or are on their way.
        is_full: whether nothing more is to be taken from those that can be held back.
        given: how many ticks the source had given with the newest batch that has arrived.
    """

    __slots__ = ("_sent", "_waiting", "batch_bytes", "given", "held_bytes", "is_full", "most_bytes")

    def __init__(
        self, most_bytes: int = BUFFER_BYTES, batch_bytes: int = BATCH_BYTES, given: int = 0
    ) -> None:
        """Begin empty.

        Args:
            most_bytes: of all that may wait.
            batch_bytes: of a batch of several cuts.
            given: how many ticks the source has given to the processes before this one.
        """
        self.given = given
        self.most_bytes = most_bytes
        self.batch_bytes = batch_bytes
        self.held_bytes = 0
        self.is_full = False
        self._waiting: deque[Part] = deque()
        self._sent: Part | None = None

    def __bool__(self) -> bool:
        """Tell whether something waits to be sent."""
        return bool(self._waiting)

    def add(self, part: Part) -> None:
        """Let a cut wait; it is taken however full the buffer is."""
        self._waiting.append(part)
        self.held_bytes += part.size
        self.is_full = self.is_full or self.held_bytes > self.most_bytes

    def take(self) -> Part:
        """Take what goes in one batch: it is on its way from now on, and nothing else is."""
        waiting = self._waiting
        parts = [waiting.popleft()]
        size, receipts = parts[0].size, len(parts[0].receipts)
        while waiting and not (parts[0].has_texts or waiting[0].has_texts):
            size += waiting[0].size
            receipts += len(waiting[0].receipts)
            if size > self.batch_bytes or receipts > MOST_RECEIPTS:
                break
            parts.append(waiting.popleft())
        self._sent = _joined(parts)
        return self._sent

    def done(self) -> None:
        """Hear that what was on its way has arrived."""
        assert self._sent is not None, "something was on its way"
        self.given = self._sent.given
        self.held_bytes -= self._sent.size
        self._sent = None
        self.is_full = self.is_full and self.held_bytes > self.most_bytes // 2

    def halve(self) -> Part:
        """Return the first half of what was taken, and let the other wait: it is too long.

        Where that divides a cut, the first half says that the source stood as before it: after a
        takeover the cut would be given once more, since a repeat is better than a hole.
        """
        assert self._sent is not None, "something is about to be sent"
        part, middle = self._sent, len(self._sent.events) // 2
        assert middle, "one event is not too long"
        self._waiting.appendleft(_slice(part, middle, len(part.events)))
        self._sent = replace(_slice(part, 0, middle), given=self.given)
        return self._sent

    def replace(self, index: int, part: Part) -> None:
        """Put another part in the place of one that waits, with events that are erased."""
        self.held_bytes += part.size - self._waiting[index].size
        self._waiting[index] = part

    def waiting(self) -> Sequence[Part]:
        """Return what waits, in order."""
        return list(self._waiting)


def _joined(parts: Sequence[Part]) -> Part:
    first, newest = parts[0], parts[-1]
    if first is newest:
        return first
    ingested_ns = array("q")
    for part in parts:
        ingested_ns.extend(part.ingested_ns)
    return Part(
        first.first,
        [event for part in parts for event in part.events],
        [fragment for part in parts for fragment in part.fragments],
        ingested_ns,
        newest.given,
        [receipt for part in parts for receipt in part.receipts],
        has_texts=False,
        size=sum(part.size for part in parts),
    )


def _slice(part: Part, start: int, end: int) -> Part:
    """Return some of its events; the receipts go with the last event of each."""
    fragments = part.fragments[start:end]
    first, last = part.first + start, part.first + end - 1
    receipts = [receipt for receipt in part.receipts if first <= receipt.last <= last]
    return replace(
        part,
        first=first,
        events=part.events[start:end],
        fragments=fragments,
        ingested_ns=part.ingested_ns[start:end],
        receipts=receipts,
        size=sum(map(len, fragments)),
    )
