"""The reckoning of a follower: where it stands in the sequences of the server that it follows.

Whatever that server says of sequences goes through here before anything is done with it. A cut must
begin right behind the last one, and have as many events as its sequences say; only a `gap` may
leave some out, or lead to another epoch. Whatever does not add up is an error, and moves nobody:
the follower asks again from where it stands. Knows neither ring nor socket.
"""

from dataclasses import dataclass

from feed.errors import FeedError, InvalidMessage
from feed.wire.follow_frames import VERSION, Cut, Word
from feed.wire.position import Position


class OutOfSequence(FeedError):
    """The sequences of a followed server do not add up.

    Attributes:
        expected: the sequence, or the number of events, that was due.
        found: what came instead.
    """

    def __init__(self, what: str, expected: object, found: object) -> None:
        self.expected = expected
        self.found = found
        super().__init__(f"{what}: {found} came where {expected} was due")


@dataclass(frozen=True, slots=True)
class Begin:
    """A new run of sequences: the first that is followed, or another epoch.

    Attributes:
        position: before its first event.
        whole: nothing of that epoch came before.
    """

    position: Position
    whole: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """Sequences up to one whose events are not coming.

    Attributes:
        upto: the last of them.
        count: how many they are.
        erased: they were deleted where they were kept; what deletes them is an event too.
    """

    upto: int
    count: int
    erased: bool = False


Move = Begin | Missing


class Reckoning:
    """Where a follower stands.

    Attributes:
        position: the last event that it has; None: it has followed nobody yet.
        newest: the newest sequence that the other server was known to have.
    """

    __slots__ = ("_greeted", "_oldest_whole", "newest", "position")

    def __init__(self, position: Position | None = None) -> None:
        """Begin behind a position."""
        self.position = position
        self.newest = 0 if position is None else position.sequence
        self._greeted: Position | None = None
        self._oldest_whole: int | None = None  # of that epoch: nothing came before

    @property
    def lag(self) -> int:
        """How many events the other server is known to be ahead."""
        return 0 if self.position is None else max(0, self.newest - self.position.sequence)

    def greet(self, word: Word) -> None:
        """Take the first message of a connection.

        Raises:
            InvalidMessage: it is of a version that is not understood here, or no such message.
        """
        message = word.message
        if word.kind != "follow" or message.get("v") != VERSION:
            words = f"{word.kind} {message.get('v', '')}".strip()
            raise InvalidMessage(f"{words} came first; accepted: follow, version {VERSION}")
        try:
            oldest, self._greeted = int(message["oldest"]), Position.parse(message["pos"])
        except (LookupError, TypeError, ValueError, FeedError) as error:
            raise InvalidMessage(f"follow: {error!r}") from None
        if self.position is not None and self.position.epoch == self._greeted.epoch:
            self.newest = self._greeted.sequence
        self._oldest_whole = oldest if message.get("whole") is True else None

    def take(self, cut: Cut) -> Begin | None:
        """Move behind a cut; return what begins before it, if anything does.

        Raises:
            OutOfSequence: it does not follow, or has not the events that it says.
        """
        position, first = cut.position, cut.first
        due = position.sequence - first + 1
        if due < 1 or cut.count != due:
            raise OutOfSequence(f"events of {first} to {position}", due, cut.count)
        if len(cut.events) != due:
            raise OutOfSequence(f"events of {first} to {position}", due, len(cut.events))
        if len(cut.ingested_ns) != due:
            raise OutOfSequence(f"times of {first} to {position}", due, len(cut.ingested_ns))
        begin = self._begin(Position(position.epoch, first - 1))
        assert self.position is not None
        if position.epoch != self.position.epoch:
            raise OutOfSequence("a cut", f"epoch {self.position.epoch}", position)
        if first != self.position.sequence + 1:
            raise OutOfSequence("a cut", self.position.sequence + 1, first)
        self.position = position
        self.newest = max(cut.newest, position.sequence)
        return begin

    def stand(self, position: Position) -> Begin | None:
        """Hear where the other server says that we stand: a mark, or a state as of there.

        Raises:
            OutOfSequence: we stand elsewhere.
        """
        begin = self._begin(position)
        if position != self.position:
            raise OutOfSequence("a mark", self.position, position)
        self.newest = max(self.newest, position.sequence)
        return begin

    def miss(self, last: Position) -> Move | None:
        """Move behind a gap; return what that means: sequences that are missing, or a new epoch.

        Raises:
            OutOfSequence: we are further than that already.
        """
        if self.position is not None and self.position.epoch != last.epoch:
            self.position = None
        begin = self._begin(last)
        if begin is not None:
            return begin
        assert self.position is not None
        count = last.sequence - self.position.sequence
        if count < 0:
            raise OutOfSequence("the end of a gap", f"{self.position} or later", last)
        self.position = last
        self.newest = max(self.newest, last.sequence)
        return Missing(last.sequence, count) if count else None

    def _begin(self, position: Position) -> Begin | None:
        """Begin behind a position, where we stand nowhere."""
        if self.position is not None:
            return None
        self.position = position
        greeted = self._greeted
        is_of_it = greeted is not None and greeted.epoch == position.epoch
        self.newest = max(position.sequence, greeted.sequence if greeted and is_of_it else 0)
        return Begin(position, is_of_it and position.sequence + 1 == self._oldest_whole)
