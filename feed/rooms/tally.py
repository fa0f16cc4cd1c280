"""What is counted of rooms, for metrics."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from feed.errors import Clash, FeedError, Missing, NotGranted, NotNow
from feed.market.room_words import RoomType


class Refusal(StrEnum):
    """Why something is not published."""

    CLASH = "clash"  # it does not fit what there is: another text, an older version
    GONE = "gone"  # there is no such message or entry, or not any more
    NOT_GRANTED = "not_granted"
    LIMIT = "limit"  # of messages a second, or of rooms, entries and members
    UNAVAILABLE = "unavailable"  # this server publishes nothing, or has no room for more

    @classmethod
    def of(cls, error: FeedError) -> Self:
        """Return the reason of an error."""
        for kind, why in _REFUSALS:
            if isinstance(error, kind):
                return cls(why)
        return cls(cls.LIMIT)


_REFUSALS = (
    (Clash, Refusal.CLASH),
    (Missing, Refusal.GONE),
    (NotGranted, Refusal.NOT_GRANTED),
    (NotNow, Refusal.UNAVAILABLE),
)


@dataclass(slots=True)
class Tally:
    """Counts since the server began.

    Attributes:
        said: words, by their type.
        repeated: what was said before, and not published again.
        refused: what was not published, by reason.
    """

    said: Counter[RoomType] = field(default_factory=Counter)
    refused: Counter[Refusal] = field(default_factory=Counter)
    repeated: int = 0
