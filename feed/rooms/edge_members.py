"""Who is in rooms over edges: as each edge tells, and until it says nothing any more.

An edge tells news, and now and then that it is still there; what it has told ends with it. Whoever
does not know an edge, since it began anew or had given it up, is told everything. Knows no clock.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from feed.rooms.members import Who

EDGE_LASTS_NS = 15_000_000_000
RENEWED_WITHIN_S = 5.0  # so that one renewal may be lost

Place = tuple[Who, Hashable]  # a member, and one of their connections


@dataclass(frozen=True, slots=True)
class News:
    """What an edge tells.

    Attributes:
        number: one more than that of what it told before.
        whole: whether it is all, and not what has changed.
        entered: who is there.
        left: who is there no more.
    """

    number: int
    whole: bool
    entered: tuple[Place, ...] = ()
    left: tuple[Place, ...] = ()


@dataclass(slots=True)
class _Edge:
    number: int
    ends_ns: int
    places: set[Place] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Moves:
    """What has changed by what an edge told, or by its silence."""

    entered: tuple[Place, ...] = ()
    left: tuple[Place, ...] = ()


class EdgeMembers:
    """All edges, and who is in rooms over each."""

    def __init__(self) -> None:
        """Begin without any."""
        self._edges: dict[str, _Edge] = {}

    def __len__(self) -> int:
        return len(self._edges)

    def hear(self, edge: str, news: News, mono_ns: int) -> Moves | None:
        """Take what an edge tells; return what has changed by it.

        Returns:
            None where it has to tell everything, since something before is not known here.
        """
        known = self._edges.get(edge)
        if known is None:
            if not news.whole:
                return None
            known = self._edges[edge] = _Edge(0, 0)
        elif news.number <= known.number:
            return Moves()  # it was on its way for longer than what came after it
        elif not news.whole and news.number != known.number + 1:
            return None
        before = known.places
        after = set(news.entered) if news.whole else (before | {*news.entered}) - {*news.left}
        known.number, known.places, known.ends_ns = news.number, after, mono_ns + EDGE_LASTS_NS
        gone = before - after
        return Moves(
            tuple(place for place in news.entered if place in after and place not in before),
            tuple(gone),
        )

    def expire(self, mono_ns: int) -> Iterator[Place]:
        """Give up the edges that say nothing any more; yield who was there over them."""
        for edge, known in list(self._edges.items()):
            if known.ends_ns <= mono_ns:
                del self._edges[edge]
                yield from known.places
