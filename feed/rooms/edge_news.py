"""What an edge has to tell its writer: who is in rooms over it, and who is typing. Knows no clock.

What is told last of a connection in a room is all that counts, and what failed is told again whole.
"""

from collections.abc import Hashable
from dataclasses import dataclass

from feed.rooms.edge_members import News, Place
from feed.rooms.members import Who


@dataclass(frozen=True, slots=True)
class Report:
    """What is told at once.

    Attributes:
        news: who came and left.
        typing: who is typing.
    """

    news: News
    typing: tuple[Who, ...]


class EdgeNews:
    """The news of one edge."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._here: dict[Place, None] = {}
        self._changed: dict[Place, None] = {}
        self._typing: dict[Who, None] = {}
        self._number = 0
        self._whole = True  # the writer has to be told everything

    def __len__(self) -> int:
        return len(self._here)

    @property
    def is_due(self) -> bool:
        """Whether there is something to tell."""
        return bool(self._changed or self._typing)

    def enter(self, who: Who, connection: Hashable) -> None:
        """Let somebody be in a room, over a connection."""
        place = who, connection
        self._here[place] = self._changed[place] = None

    def leave(self, who: Who, connection: Hashable) -> None:
        """Let somebody be in a room no more, over a connection."""
        place = who, connection
        if place in self._here:
            del self._here[place]
            self._changed[place] = None

    def types(self, who: Who) -> None:
        """Let somebody be typing."""
        self._typing[who] = None

    def take(self) -> Report:
        """Return what is to be told, as if it will be."""
        self._number += 1
        here, changed, typing = self._here, self._changed, tuple(self._typing)
        if self._whole:
            news = News(self._number, True, tuple(here))
        else:
            entered = tuple(place for place in changed if place in here)
            left = tuple(place for place in changed if place not in here)
            news = News(self._number, False, entered, left)
        self._changed, self._typing, self._whole = {}, {}, False
        return Report(news, typing)

    def tell_all(self) -> None:
        """Tell everything next: the writer does not know, or nobody knows whether it does."""
        self._whole = True
