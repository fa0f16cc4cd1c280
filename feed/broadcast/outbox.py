"""The outbox of one subscriber: what waits for its socket, before everything else that it is due.

States may be long, and what they are made of is shared with all subscribers that get them: they are
enveloped when there is room for them. So is whatever tells where a subscriber stands, for it may
ask for more of the past before it is told, and what is said in words, for a grant may shrink, and
then what waits of what was revoked is not written any more. Knows no socket.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from feed.broadcast.draft import Draft
from feed.broadcast.gathering import Missing
from feed.broadcast.ladder import Ladder
from feed.broadcast.lane import Lane
from feed.broadcast.origins import Kept, OfSnapshot, Origin, Restated, Stretch
from feed.broadcast.ring import RingBuffer
from feed.wire.messages import (
    GapReason,
    Message,
    gap_message,
    mark_message,
    snapshot_begin_message,
    snapshot_end_message,
)
from feed.wire.selection import Selection


@dataclass(frozen=True, slots=True)
class State:
    """Fragments of a state, shared with all that get it.

    Attributes:
        fragments: which.
        is_last: whether they move their reader: it may be cut off before.
        origin: the whole state.
    """

    fragments: list[bytes]
    is_last: bool
    origin: Origin


@dataclass(frozen=True, slots=True)
class Drafted:
    """A state that may still be in the making: it is in fragments once it is the first in line.

    Attributes:
        drafts: its parts.
        moves: whether its last fragments move their reader.
        origin: the whole state.
    """

    drafts: Sequence[Draft]
    moves: bool
    origin: Origin


@dataclass(frozen=True, slots=True)
class Mark:
    """A word on where its reader stands."""


@dataclass(frozen=True, slots=True)
class Words:
    """A message of its own, which tells nobody where it stands."""

    message: Message


@dataclass(frozen=True, slots=True)
class Gap:
    """Events that are not coming; a position that follows it speaks for them.

    Attributes:
        message: its words.
        told_upto: the last sequence that may be told to its reader before it.
    """

    message: Message
    told_upto: int


@dataclass(frozen=True, slots=True)
class SnapshotBegin:
    """The beginning of a snapshot as of a sequence."""

    sequence: int


@dataclass(frozen=True, slots=True)
class SnapshotEnd:
    """The end of a snapshot, which moves its reader.

    Attributes:
        sequence: to which it moves its reader, at most; less far where a past was asked for
            meanwhile, or an interval has ended that owes what it had collected.
        origin: what it was of.
    """

    sequence: int
    origin: OfSnapshot


Sayable = Words | Gap | State | Mark | SnapshotBegin | SnapshotEnd  # enveloped when there is room
Waiting = Sayable | Drafted
_MARK = Mark()
NOWHERE = -1  # a sequence before all others: nothing was told, and it has not begun


class Outbox:
    """What one subscriber is to be written, in order.

    Attributes:
        lane: the lane that the subscriber belongs to; messages are enveloped as there.
        told: the sequence of the last position that the subscriber was told, before it was live,
            or where it began.
        waiting: what is to be enveloped, in order.
    """

    __slots__ = ("_ladder", "_ring", "lane", "told", "waiting")

    def __init__(self, lane: Lane, ring: RingBuffer, ladder: Ladder) -> None:
        self.lane = lane
        self._ring = ring
        self._ladder = ladder
        self.told = NOWHERE
        # A list, since it is short: an empty deque takes 760 bytes, most of a subscriber.
        self.waiting: list[Waiting] = []

    def take(self, reached: int, wall_ns: int, *, owes: bool) -> bytes:
        """Take out what is to be said first; return its envelope, b"" where that is nothing.

        Args:
            reached: the sequence up to which nothing else is due.
            wall_ns: for marks.
            owes: conflated channels are told again next, and tell a position themselves.
        """
        while self.waiting and not isinstance(waiting := self.waiting[0], Drafted):
            del self.waiting[0]
            # A gap or a state behind it is of before, and tells a position itself, or is followed.
            behind = [
                other if isinstance(other, Gap) else other.origin
                for other in self.waiting
                if isinstance(other, State | Drafted | Gap)
            ]
            owes = owes or bool(behind)
            if isinstance(waiting, Mark) and (owes or not self.lane.says_positions):
                continue  # there is one soon, or it wants none any more
            if isinstance(waiting, SnapshotEnd):  # which has to tell one
                owed = [other for other in behind if not isinstance(other, OfSnapshot)]
                # It may have been told more already; a position does not go back for that.
                reached = min([reached, *(max(self.told, other.told_upto) for other in owed)])
            if said := self._envelop(waiting, reached, wall_ns, owes):
                return said  # in shapes of others some of it has no place
        return b""

    def note_beginning(self, sequence: int) -> None:
        """Note where its subscriber begins, once: no earlier position is told to it."""
        if self.told == NOWHERE:
            self.told = sequence

    def note_live(self, told: int, *, since: int) -> None:
        """Note what its subscriber was told while it was live.

        Args:
            told: the sequence of the last position that its lane told it, or others before.
            since: the sequence from which on it was live.
        """
        if self.lane.says_positions and told > since:
            self.told = told

    def ticks_envelope(
        self, fragments: Sequence[bytes], reached: int, wall_ns: int, told: Message | None = None
    ) -> bytes:
        """Return the envelope of ticks that move the subscriber to a sequence.

        `told` is what stands at their end in place of a mark.
        """
        if self.lane.says_positions:
            self.told = reached
        return self.lane.ticks_envelope(fragments, self._ring.position(reached), wall_ns, told)

    def append_message(self, message: Message) -> None:
        """Say a message, after what waits already."""
        self.waiting.append(Words(message))

    def append_mark(self) -> None:
        """Say where a subscriber stands, if it hears of positions."""
        if self.lane.says_positions:
            self.waiting.append(_MARK)

    def append_gap(
        self,
        first: int | str,
        last: int,
        reason: GapReason,
        *,
        at_once: bool = False,
        channels: Sequence[str] = (),
    ) -> None:
        """Say, and count, a gap: events that are not coming.

        Args:
            first: the first missing sequence, or the position received if it is not of this ring.
            last: the last missing sequence.
            reason: why.
            at_once: before what waits already, and may tell a position after it.
            channels: that it concerns; (): all.
        """
        gap = self._gap(first, last, reason, channels)
        self.waiting.insert(0 if at_once else len(self.waiting), gap)

    def _gap(
        self, first: int | str, last: int, reason: GapReason, channels: Sequence[str] = ()
    ) -> Gap:
        """Count a gap, and return it."""
        self._ladder.count_gap(last - first + 1 if isinstance(first, int) else 0, last, reason)
        missing = self._ring.position(first) if isinstance(first, int) else first
        message = gap_message(missing, self._ring.position(last), reason, channels)
        return Gap(message, first - 1 if isinstance(first, int) else 0)

    def append_holes(self, after: int, upto: int) -> None:
        """Say which of the sequences after one, and up to another, no event will ever have."""
        for hole in self._ring.holes(after, upto):
            first, last = max(hole.first, after + 1), min(hole.last, upto)
            self.append_gap(first, last, hole.reason)

    def append_state(self, drafts: Sequence[Draft], origin: Origin) -> None:
        """Give a state; its last envelope moves its reader, which may be cut off before it."""
        self._append_drafted(drafts, origin, moves=True)

    def append_words(self, draft: Draft, origin: Kept, *, moves: bool) -> None:
        """Give words that are kept; where nothing else is owed they move their reader."""
        self._append_drafted([draft], origin, moves=moves)

    def append_snapshot(
        self, as_of: int, sequence: int, draft: Draft, selection: Selection
    ) -> None:
        """Give the state of a selection as of a sequence, whose end moves its reader to another."""
        origin = OfSnapshot(selection)
        self.waiting.append(SnapshotBegin(as_of))
        self._append_drafted([draft], origin, moves=False)
        self.waiting.append(SnapshotEnd(sequence, origin))

    @property
    def is_drafting(self) -> bool:
        """Whether the first in line may still be in the making."""
        return bool(self.waiting) and isinstance(self.waiting[0], Drafted)

    @property
    def waits(self) -> bool:
        """Whether the first in line is a state that a page of the archive has to come for."""
        if not self.is_drafting:
            return False
        unfinished = [draft for draft in self._first_drafted.drafts if draft.runs is None]
        return bool(unfinished) and all(draft.waits for draft in unfinished)

    def draft(self) -> bool:
        """Do a turn's work for the state that is first in line; tell whether it is whole.

        All of its parts get on, since the ring passes those that wait.
        """
        unfinished = [draft for draft in self._first_drafted.drafts if draft.runs is None]
        for draft in unfinished:
            draft.advance()
        return all(draft.runs is not None for draft in unfinished)

    @property
    def lost(self) -> tuple[int, int] | None:
        """The first and last sequence of what the ring has lost of the state that is first in line.

        None: that is nothing.
        """
        drafted = self._first_drafted
        lost_upto = [draft.lost_upto for draft in drafted.drafts if draft.lost_upto is not None]
        if not lost_upto or isinstance(drafted.origin, OfSnapshot):
            return None
        # What it has lost before its first sequence is due to others alone.
        first, last = drafted.origin.first, max(lost_upto)
        return (first, last) if first <= last else None

    def settle(self) -> None:
        """Let the state that is first in line wait in fragments; it must be whole."""
        drafted = self._first_drafted
        gaps = [self._gap(*hole) for hole in _holes_to_tell(drafted)]
        self.waiting[:1] = [*gaps, *_in_fragments(drafted)]

    def drop_drafted(self) -> Origin:
        """Take out the state that is first in line, and in the making; return where it is from."""
        origin = self._first_drafted.origin
        del self.waiting[0]
        return origin

    @property
    def _first_drafted(self) -> Drafted:
        first = self.waiting[0]
        assert isinstance(first, Drafted)
        return first

    def _append_drafted(self, drafts: Sequence[Draft], origin: Origin, *, moves: bool) -> None:
        """Let a state wait: in fragments if all of it is made, and nothing is to be told before."""
        drafted = Drafted(drafts, moves, origin)
        if any(
            draft.runs is None or draft.lost_upto is not None for draft in drafts
        ) or _holes_to_tell(drafted):
            self.waiting.append(drafted)
        else:
            self.waiting += _in_fragments(drafted)

    def withdraw(self, may_be_told: Callable[[Message], bool]) -> list[Origin]:
        """Take all states out, and the words that may not be told; say where the states are from.

        A snapshot that has begun is ended, in as far as it goes.
        """
        kept: list[Waiting] = []
        origins: dict[Origin, None] = {}
        begins = False
        for waiting in self.waiting:
            match waiting:
                case State(origin=origin) | Drafted(origin=origin):
                    origins[origin] = None
                case SnapshotBegin():
                    begins = True
                case SnapshotEnd(origin=origin):
                    origins[origin] = None
                    if not begins:
                        kept.append(waiting)
                    begins = False
                case Words(message) if not may_be_told(message):
                    pass
                case _:
                    kept.append(waiting)
        self.waiting = kept
        return list(origins)

    def _envelop(self, waiting: Sayable, reached: int, wall_ns: int, owes: bool) -> bytes:
        lane = self.lane
        match waiting:
            case Words(message) | Gap(message):
                return lane.message_envelope(message)
            case State(fragments, is_last) if owes or not is_last:
                return lane.state_envelope(fragments)
            case State(fragments):
                return self.ticks_envelope(fragments, reached, wall_ns)
            case Mark():
                self.told, position = reached, self._ring.position(reached)
                return lane.message_envelope(mark_message(position, wall_ns), position)
            case SnapshotBegin(sequence):
                begin = snapshot_begin_message(self._ring.position(sequence))
                return lane.message_envelope(begin)
            case SnapshotEnd(sequence):
                self.told = min(sequence, reached)
                position = self._ring.position(self.told)
                return lane.message_envelope(snapshot_end_message(position), position)


def _holes_to_tell(drafted: Drafted) -> list[Missing]:
    """Return the holes that are told before a state that is whole: those of its longest part."""
    origin = drafted.origin
    if not (isinstance(origin, Stretch | Restated) and origin.tells_holes):
        return []
    longest = max(drafted.drafts, key=lambda draft: draft.upto or 0, default=None)
    after = origin.told_upto
    return [
        (max(first, after + 1), last, reason)
        for first, last, reason in (() if longest is None else longest.holes)
        if last > after
    ]


def _in_fragments(drafted: Drafted) -> list[State]:
    runs = [run for draft in drafted.drafts for run in draft.runs or ()]
    return [
        State(run, drafted.moves and number == len(runs), drafted.origin)
        for number, run in enumerate(runs, 1)
    ]
