"""Who is in which room, over this server and over its edges: told when it changes."""

from collections.abc import Hashable, Iterable

from feed.errors import LimitExceeded, NotGranted
from feed.hub.hub import Hub
from feed.market.presence_words import PresenceType, PresenceWord
from feed.market.word_channels import WordChannel
from feed.rooms.edge_members import EdgeMembers, News, Place
from feed.rooms.members import LASTS_NS, Member, Members, Who, who_is
from feed.rooms.tally import Refusal, Tally
from feed.trust.identity import Identity

MOST_MEMBERS = 10_000  # of all rooms together


class Presence:
    """Who is where.

    Attributes:
        members: those that are there.
        edges: over which some of them are.
    """

    def __init__(self, hub: Hub, tally: Tally) -> None:
        """Begin with nobody.

        Args:
            hub: whose ring all goes through, and whose clock is meant.
            tally: counts who is not let in.
        """
        self.members = Members()
        self.edges = EdgeMembers()
        self._hub = hub
        self._tally = tally

    def enter(
        self, identity: Identity, room: str, name: str, connection: Hashable, *, lasts: bool = True
    ) -> None:
        """Let somebody be in a room, over a connection, until `leave`.

        Args:
            identity: who.
            room: which.
            name: what an anonymous one calls itself.
            connection: tells it from others.
            lasts: until then; else for 30 seconds, unless it is said again.

        Raises:
            NotGranted: they may not.
            LimitExceeded: as many are in rooms as may be.
        """
        check_grant(identity, room)
        check_number(len(self.members))
        clock = self._hub.clock
        ends_ns = None if lasts else clock.mono_ns() + LASTS_NS
        who = who_is(identity, room, name)
        self._tell_of(who, self.members.enter(who, connection, clock.wall_ns(), ends_ns))

    def leave(self, identity: Identity, room: str, name: str, connection: Hashable) -> None:
        """Let somebody be in a room no more, over a connection."""
        who = who_is(identity, room, name)
        self._tell_of(who, self.members.leave(who, connection))

    def types(self, identity: Identity, room: str, name: str) -> None:
        """Tell that somebody is typing, every 50 ms at most.

        Raises:
            NotGranted: they may not.
        """
        check_grant(identity, room)
        self._tell_typing([who_is(identity, room, name)])

    def hear_edge(self, edge: str, news: News, typing: Iterable[Who]) -> bool:
        """Take what an edge tells of who is in rooms over it; False: it has to tell everything."""
        clock = self._hub.clock
        moves = self.edges.hear(edge, news, clock.mono_ns())
        if moves is None:
            return False
        self._leave(moves.left)
        for who, connection in moves.entered:
            if len(self.members) >= MOST_MEMBERS:
                self._tally.refused[Refusal.LIMIT] += 1
            else:
                self._tell_of(who, self.members.enter(who, connection, clock.wall_ns()))
        self._tell_typing(typing)
        return True

    def restore(self) -> None:
        """Tell that whoever was in a room when another process ended is there no more."""
        keyed = self._hub.broadcast.keyed
        for room in keyed.keys_of(WordChannel.PRESENCE):
            for word in list(keyed.parts(WordChannel.PRESENCE, room)):
                if isinstance(word, PresenceWord) and not word.is_gone:
                    who = Who(room, word.by, word.name, word.sender)
                    self._tell_of(who, Member(word.since_ns))

    def look(self, mono_ns: int) -> None:
        """Let those be there no more whose time is over, or whose edge says nothing any more."""
        for who, member in self.members.expire(mono_ns):
            self._tell_of(who, member)
        self._leave(self.edges.expire(mono_ns))

    # Inside.

    def _leave(self, places: Iterable[Place]) -> None:
        for who, connection in places:
            self._tell_of(who, self.members.leave(who, connection))

    def _tell_of(self, who: Who, member: Member | None) -> None:
        """Tell how somebody is in a room now, where that is news."""
        if member is None or self._hub.follows:
            return
        there = PresenceType.PRESENT if member.ends_ns else PresenceType.ABSENT
        word = self._word(who, there)
        word.since_ns, word.connections = member.since_ns, len(member.ends_ns)
        self._hub.publisher.say([word])

    def _tell_typing(self, typing: Iterable[Who]) -> None:
        if self._hub.follows:
            return
        mono_ns = self._hub.clock.mono_ns()
        typed = [who for who in typing if self.members.types(who, mono_ns)]
        if typed:
            self._hub.publisher.say([self._word(who, PresenceType.TYPING) for who in typed])

    def _word(self, who: Who, kind: PresenceType) -> PresenceWord:
        wall_ns = self._hub.clock.wall_ns()
        return PresenceWord(who.room, kind, wall_ns, who.sender, who.by, who.name)


def check_grant(identity: Identity, room: str) -> None:
    """Refuse whoever may not publish in a room.

    Raises:
        NotGranted: they may not.
    """
    if not identity.grants.may_publish(WordChannel.ROOMS, room):
        raise NotGranted(f"publishing in the room {room}", identity.grants.words())


def check_number(members: int) -> None:
    """Refuse one member more than there may be.

    Raises:
        LimitExceeded: there are as many.
    """
    if members >= MOST_MEMBERS:
        raise LimitExceeded("members of all rooms", members + 1, MOST_MEMBERS)
