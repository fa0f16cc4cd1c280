"""Who is in which room: over how many connections, since when, and until when. Knows no clock."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from feed.trust.identity import Identity, owner_key

ANONYMOUS_NAME = "anonymous"
LASTS_NS = 30_000_000_000  # who says by HTTP that they are there, for so long
TYPING_NS = 50_000_000  # between two times that somebody is told to be typing


@dataclass(frozen=True, slots=True)
class Who:
    """A member of a room.

    Attributes:
        room: which.
        by: the identity, as a digest.
        name: what an anonymous one calls itself.
        sender: the identity for people.
    """

    room: str
    by: str
    name: str
    sender: str = field(compare=False)


def who_is(identity: Identity, room: str, name: str) -> Who:
    """Return who somebody is in a room; what they call themselves only where nobody knows."""
    sender = identity.name or identity.id or ANONYMOUS_NAME
    return Who(room, owner_key(identity), "" if identity.id else name, sender)


@dataclass(slots=True)
class Member:
    """How somebody is there.

    Attributes:
        since_ns: since when, of the wall clock.
        ends_ns: by each connection, monotonic: until when it counts; None: until it ends.
    """

    since_ns: int
    ends_ns: dict[Hashable, int | None] = field(default_factory=dict)


class Members:
    """All who are in a room."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._members: dict[Who, Member] = {}
        self._typed_ns: dict[Who, int] = {}

    def __len__(self) -> int:
        return len(self._members)

    def enter(
        self, who: Who, connection: Hashable, wall_ns: int, ends_ns: int | None = None
    ) -> Member | None:
        """Let somebody in, over a connection; return how they are there if that is news."""
        member = self._members.get(who)
        if member is None:
            member = self._members[who] = Member(wall_ns)
        is_news = connection not in member.ends_ns
        member.ends_ns[connection] = ends_ns
        return member if is_news else None

    def leave(self, who: Who, connection: Hashable) -> Member | None:
        """Take a connection of somebody away; return how they are there still if that is news.

        A member without connections is there no more.
        """
        member = self._members.get(who)
        if member is None or connection not in member.ends_ns:
            return None
        del member.ends_ns[connection]
        if not member.ends_ns:
            del self._members[who]
            self._typed_ns.pop(who, None)
        return member

    def expire(self, mono_ns: int) -> Iterator[tuple[Who, Member]]:
        """Take away whatever has ended by now; yield whose that was."""
        for who, member in list(self._members.items()):
            ended = [
                connection
                for connection, ends_ns in member.ends_ns.items()
                if ends_ns is not None and ends_ns <= mono_ns
            ]
            for connection in ended:
                self.leave(who, connection)
            if ended:
                yield who, member

    def types(self, who: Who, mono_ns: int) -> bool:
        """Note that somebody is typing; tell whether others are told."""
        if mono_ns - self._typed_ns.get(who, mono_ns - TYPING_NS) < TYPING_NS:
            return False
        if len(self._typed_ns) > 2 * len(self._members) + 1_000:
            self._typed_ns.clear()
        self._typed_ns[who] = mono_ns
        return True
