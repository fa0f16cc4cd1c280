"""The outbox of one subscriber: what waits for its socket, before everything else that it is due.

Messages are enveloped when they are put here; they are few and short. States may be long, and what
they are made of is shared with all subscribers that get them: they are enveloped when there is room
for them. So is whatever tells where a subscriber stands, for it may ask for more of the past before
it is told. Knows no socket.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from feed.broadcast.ladder import Ladder
from feed.broadcast.lane import Lane
from feed.broadcast.ring import RingBuffer
from feed.wire.messages import (
    GapReason,
    Message,
    gap_message,
    mark_message,
    snapshot_begin_message,
    snapshot_end_message,
)


@dataclass(frozen=True, slots=True)
class State:
    """Fragments of a state, shared with all that get it.

    Attributes:
        fragments: which.
        is_last: whether they move their reader: it may be cut off before.
    """

    fragments: list[bytes]
    is_last: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """A word on where its reader stands."""


@dataclass(frozen=True, slots=True)
class SnapshotEnd:
    """The end of a snapshot, which moves its reader.

    Attributes:
        sequence: as of which the snapshot was.
    """

    sequence: int


Waiting = State | Mark | SnapshotEnd  # enveloped when there is room
_MARK = Mark()


class Outbox:
    """What one subscriber is to be written, in order.

    Attributes:
        lane: the lane that the subscriber belongs to; messages are enveloped as there.
        waiting: envelopes, and what is to be enveloped, in order.
    """

    __slots__ = ("_ladder", "_ring", "lane", "waiting")

    def __init__(self, lane: Lane, ring: RingBuffer, ladder: Ladder) -> None:
        self.lane = lane
        self._ring = ring
        self._ladder = ladder
        # A list, since it is short: an empty deque takes 760 bytes, most of a subscriber.
        self.waiting: list[bytes | Waiting] = []

    def take(self, reached: int, wall_ns: int, *, owes: bool) -> bytes:
        """Take out what is to be said first; return its envelope, b"" where that is nothing.

        Args:
            reached: the sequence up to which nothing else is due.
            wall_ns: for marks.
            owes: conflated channels are told again next, and tell a position themselves.
        """
        while self.waiting:
            waiting = self.waiting.pop(0)
            if isinstance(waiting, bytes):
                return waiting
            # A state behind it is of before, and tells a position itself.
            owes = owes or any(isinstance(behind, State) for behind in self.waiting)
            if isinstance(waiting, Mark) and (owes or not self.lane.says_positions):
                continue  # there is one soon, or it wants none any more
            return self._envelop(waiting, reached, wall_ns, owes)
        return b""

    def append_message(self, message: Message) -> None:
        """Say a message, after what waits already."""
        self.waiting.append(self.lane.message_envelope(message))

    def append_mark(self) -> None:
        """Say where a subscriber stands, if it hears of positions."""
        if self.lane.says_positions:
            self.waiting.append(_MARK)

    def append_gap(
        self, first: int | str, last: int, reason: GapReason, *, at_once: bool = False
    ) -> None:
        """Say, and count, a gap: events that are not coming.

        Args:
            first: the first missing sequence, or the position received if it is not of this ring.
            last: the last missing sequence.
            reason: why.
            at_once: before what waits already, and may tell a position after it.
        """
        if reason is GapReason.CONFLATED:
            self._ladder.count_conflated()
        else:
            self._ladder.count_gap(last - first + 1 if isinstance(first, int) else 0)
        missing = self._ring.position(first) if isinstance(first, int) else first
        gap = gap_message(missing, self._ring.position(last), reason)
        envelope = self.lane.message_envelope(gap)
        self.waiting.insert(0 if at_once else len(self.waiting), envelope)

    def append_states(self, runs: Iterable[list[bytes]]) -> None:
        """Give a state; its last envelope moves its reader, which may be cut off before it."""
        states = list(runs)
        self.waiting += [State(run, is_last=False) for run in states[:-1]]
        self.waiting += [State(run, is_last=True) for run in states[-1:]]

    def append_snapshot(self, sequence: int, runs: Iterable[list[bytes]]) -> None:
        """Give the state as of a sequence, where its end moves its reader."""
        begin = snapshot_begin_message(self._ring.position(sequence))
        self.waiting.append(self.lane.message_envelope(begin))
        self.waiting += [State(run, is_last=False) for run in runs]
        self.waiting.append(SnapshotEnd(sequence))

    def _envelop(self, waiting: Waiting, reached: int, wall_ns: int, owes: bool) -> bytes:
        lane, position = self.lane, self._ring.position(reached)
        match waiting:
            case State(fragments, is_last) if owes or not is_last:
                return lane.state_envelope(fragments)
            case State(fragments):
                return lane.ticks_envelope(fragments, position, wall_ns)
            case Mark():
                return lane.message_envelope(mark_message(position, wall_ns), position)
            case SnapshotEnd(sequence):
                position = self._ring.position(min(sequence, reached))
                return lane.message_envelope(snapshot_end_message(position), position)
