"""The floor: where those who have a WebSocket say something in rooms, and are in them."""

from typing import Protocol

from feed.hub.hub import Hub
from feed.rooms.desk import Rooms
from feed.trust.identity import Identity
from feed.wire.messages import Message
from feed.wire.room_messages import published_message
from feed.wire.room_requests import ChangeList, Delete, Edit, Publish

Said = Publish | Edit | Delete | ChangeList


class Floor(Protocol):
    """Takes what is said; an edge's hands it on to the writer.

    Attributes:
        keeps_order: whether what is said at once is published in the order in which it was said.
    """

    keeps_order: bool

    async def say(self, identity: Identity, peer: str, place: str, said: Said) -> Message:
        """Publish something; return what its author is told of that.

        Args:
            identity: who says it.
            peer: whence; "": that is not known.
            place: as what that counts in limits.
            said: what.

        Raises:
            FeedError: it is not published.
        """

    def enter(self, identity: Identity, room: str, name: str, connection: int) -> None:
        """Let somebody be in a room, over a connection, until `leave`.

        Raises:
            NotGranted, LimitExceeded: they may not.
        """

    def leave(self, identity: Identity, room: str, name: str, connection: int) -> None:
        """Let somebody be in a room no more, over a connection."""

    def types(self, identity: Identity, room: str, name: str) -> None:
        """Tell that somebody is typing.

        Raises:
            NotGranted: they may not.
        """


class OwnFloor:
    """Says it here: this server gives the sequences."""

    keeps_order = True

    def __init__(self, rooms: Rooms, hub: Hub) -> None:
        """Say it in rooms, and tell positions of a hub."""
        self._rooms = rooms
        self._hub = hub
        self.enter = rooms.presence.enter
        self.leave = rooms.presence.leave
        self.types = rooms.presence.types

    async def say(self, identity: Identity, peer: str, place: str, said: Said) -> Message:  # noqa: ARG002 - of edges
        """Publish something; return what its author is told of that."""
        rooms = self._rooms
        match said:
            case Publish():
                published = await rooms.publish(identity, place, said)
            case Edit():
                published = await rooms.edit(identity, place, said)
            case Delete():
                published = await rooms.delete(identity, place, said)
            case ChangeList():
                published = await rooms.change_list(identity, place, said)
        sequence = published.sequence
        position = str(self._hub.broadcast.ring.position(sequence)) if sequence else None
        return published_message(said.room, published.id, position, durable=published.durable)
