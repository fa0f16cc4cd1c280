"""What a server has that follows another one, and knows where that is."""

from collections.abc import Iterable
from dataclasses import dataclass

from feed.http.edge.endings import EndingsLink
from feed.http.edge.floor import EdgeFloor
from feed.http.edge.link import Link
from feed.http.edge.newest import newest_of
from feed.http.edge.presence import PresenceLink
from feed.http.edge.shared import SharedAnswers
from feed.http.rooms.floor import Floor, OwnFloor
from feed.hub.hub import Hub
from feed.rooms.desk import Rooms
from feed.sources.source import Source
from feed.sources.writer_place import Introduced, Led
from feed.trust.assertion import Assertions
from feed.trust.sealed_tickets import SealedTickets
from feed.trust.tickets import Tickets
from feed.wire.position import Position


@dataclass(frozen=True, slots=True)
class EdgeParts:
    """The parts of an edge; a server that gives sequences has but a floor.

    Attributes:
        floor: where those who have a WebSocket say something in rooms.
        link: to the writer.
        presence: tells the writer who is in rooms over this edge.
        endings: tells it of tickets that were used and visits that ended; None: those of others are
            worth nothing here.
        shared: answers of the writer that many ask for.
    """

    floor: Floor
    link: Link | None = None
    presence: PresenceLink | None = None
    endings: EndingsLink | None = None
    shared: SharedAnswers | None = None

    async def newest(self) -> Position | None:
        """Return the newest position that the writer has told; None: it cannot be asked."""
        return None if self.link is None else await newest_of(self.link)


def edge_parts(
    hub: Hub,
    rooms: Rooms,
    sources: Iterable[Source],
    assertions: Assertions | None,
    tickets: Tickets,
) -> EdgeParts:
    """Return them, for a server with some sources and perhaps a cluster key."""
    led = next((source for source in sources if isinstance(source, Led)), None)
    if led is None or not hub.follows:
        return EdgeParts(OwnFloor(rooms, hub))
    clock, knows_callers = hub.clock, hub.identities.required
    link = Link(led.writer, assertions, clock, hub.handed_on, knows_callers=knows_callers)
    if assertions is not None and isinstance(led, Introduced):
        led.introduce(link.own_word)
    presence = PresenceLink(link, clock)
    endings = None
    if knows_callers and assertions is not None and isinstance(tickets, SealedTickets):
        endings = EndingsLink(link, tickets, clock)
    shared = SharedAnswers(link, clock)
    return EdgeParts(EdgeFloor(link, presence), link, presence, endings, shared)
