"""The metrics of edges: what they hand on, and for what they wait. Zeros where a server is none."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from feed.hub.handed_on import HandedOn
from feed.hub.hub import Hub
from feed.metrics.family import counter, gauge
from feed.rooms.desk import Rooms


def edge_families(hub: Hub, rooms: Rooms) -> Iterator[Metric]:
    """Yield every metric of edges."""
    yield counter(
        "feed_edge_requests",
        "Requests of clients, and of this server itself, that were handed on to the writer, by "
        "outcome: answered, away (there was none), cut (it went away before it had answered).",
    ).of({(each,): hub.handed_on[each] for each in HandedOn}, "outcome")
    yield gauge(
        "feed_subscribers_ahead",
        "Subscribers that came with a position which has not arrived here yet.",
    ).of(len(hub.ahead))
    yield counter(
        "feed_edge_disowned_positions",
        "Positions that were waited for, and that the writer had never told anybody.",
    ).of(hub.ahead.disowned)
    yield gauge(
        "feed_edges", "Edges that tell this server who is in rooms over them, as a writer."
    ).of(len(rooms.presence.edges))
