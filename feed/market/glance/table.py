"""A table: all symbols of a market, as of one moment."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from feed.market.glance.row import Row


class Base(StrEnum):
    """What the changes of a table are measured from."""

    OPEN = "open"
    PREVIOUS_CLOSE = "previous close"  # or the open, where that is unknown


@dataclass(slots=True)
class Table:
    """The symbols that somebody may read; it grows until it is looked at.

    Attributes:
        rows: of those that were traded on the day.
        untraded: how many were not, by asset class.
    """

    rows: list[Row] = field(default_factory=list)
    untraded: Counter[str] = field(default_factory=Counter)
