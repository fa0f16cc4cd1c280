"""The outbox of one subscriber: what waits for its socket, before everything else that it is due.

Messages are enveloped when they are put here; they are few and short. States may be long, and what
they are made of is shared with all subscribers that get them: they are enveloped when there is room
for them. Knows no socket.
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
from feed.wire.position import Position


@dataclass(frozen=True, slots=True)
class State:
    """Fragments of a state, shared with all that get it.

    Attributes:
        fragments: which.
        is_last: whether they move their reader: it may be cut off before.
    """

    fragments: list[bytes]
    is_last: bool


class Outbox:
    """What one subscriber is to be written, in order.

    Attributes:
        lane: the lane that the subscriber belongs to; messages are enveloped as there.
        waiting: envelopes, and states to be enveloped, in order.
    """

    __slots__ = ("_ladder", "_ring", "lane", "waiting")

    def __init__(self, lane: Lane, ring: RingBuffer, ladder: Ladder) -> None:
        self.lane = lane
        self._ring = ring
        self._ladder = ladder
        # A list, since it is short: an empty deque takes 760 bytes, most of a subscriber.
        self.waiting: list[bytes | State] = []

    def append_message(self, message: Message) -> None:
        """Say a message, after what waits already."""
        self.waiting.append(self.lane.message_envelope(message))

    def append_mark(self, sequence: int, wall_ns: int) -> None:
        """Say at which sequence a subscriber begins, if it hears of positions."""
        if self.lane.says_positions:
            position = self._ring.position(sequence)
            mark = mark_message(position, wall_ns)
            self.waiting.append(self.lane.message_envelope(mark, position))

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

    def append_snapshot(self, position: Position, runs: Iterable[list[bytes]]) -> None:
        """Give the state as of a position, where its end moves its reader."""
        self.waiting.append(self.lane.message_envelope(snapshot_begin_message(position)))
        self.waiting += [State(run, is_last=False) for run in runs]
        end = snapshot_end_message(position)
        self.waiting.append(self.lane.message_envelope(end, position))
