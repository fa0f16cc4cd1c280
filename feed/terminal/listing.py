"""A listing: a table that is sorted and scrolled by keys, as wide and as high as there is room.

Columns are dropped, the least important first, where the terminal is narrow. Knows neither what it
lists nor a terminal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rich.table import Table
from rich.text import Text

from feed.terminal.lines import line

Item = TypeVar("Item")

MIN_FLEXIBLE_WIDTH = 9
_GAP = 1  # blank characters between columns
_ASCENDING, _DESCENDING = "▲", "▼"


@dataclass(frozen=True, slots=True)
class Column(Generic[Item]):
    """One column.

    Attributes:
        title: its head, shorter than `width` by one, for the arrow of a sorted column.
        width: characters; 0: all that are left, `MIN_FLEXIBLE_WIDTH` at least.
        cell: makes the text of an item at a time, in a number of characters.
        rank: columns with the highest are dropped first; 0 is never dropped.
        key: makes the value that items are sorted by, None where it is not known; a column without
            it is not sorted.
        text: left-aligned, and sorted from A; numbers are right-aligned, and the largest are first.
    """

    title: str
    width: int
    cell: Callable[[Item, int, int], Text]
    rank: int
    key: Callable[[Item, int], float | str | None] | None = None
    text: bool = False


class Listing(Generic[Item]):
    """The order of a table, and the place to which it is scrolled.

    Attributes:
        sorted_by: title of a column; None: in the order in which the items are given.
        reverse: the other way round.
    """

    __slots__ = ("_offset", "_page", "_titles", "reverse", "sorted_by")

    def __init__(self, sortable: Sequence[str], sorted_by: str | None = None) -> None:
        self.sorted_by = sorted_by
        self.reverse = False
        self._titles = [None, *sortable]
        self._offset = 0  # items above the first that is shown
        self._page = 1  # items that were shown last

    def press(self, key: str) -> bool:
        """Take a key; return whether it means something here."""
        moves = {
            "up": -1,
            "k": -1,
            "down": 1,
            "j": 1,
            "page up": -self._page,
            "page down": self._page,
        }
        if key == "s":
            at = self._titles.index(self.sorted_by) + 1
            self.sorted_by = self._titles[at % len(self._titles)]
            self.reverse = False
        elif key == "r":
            self.reverse = not self.reverse
        elif key == "home":
            self._offset = 0
        elif key == "end":
            self._offset = -1  # as far as there is something, found out when it is shown
        elif key in moves:
            self._offset = max(0, self._offset + moves[key])
        else:
            return False
        return True

    def sort(
        self, items: Sequence[Item], columns: Sequence[Column[Item]], wall_ns: int
    ) -> list[Item]:
        """Return the items in order; those of which the key is not known come last."""
        column = next((each for each in columns if each.title == self.sorted_by), None)
        if column is None or column.key is None:
            return list(reversed(items) if self.reverse else items)
        keyed = [(column.key(item, wall_ns), item) for item in items]
        known: list[tuple[Any, Item]] = [pair for pair in keyed if pair[0] is not None]
        known.sort(key=lambda pair: pair[0], reverse=self.reverse is column.text)
        return [item for _, item in known] + [item for key, item in keyed if key is None]

    def page(self, items: Sequence[Item], height: int | None) -> list[Item]:
        """Return the items that are in view, at most `height` of them."""
        if height is None:
            return list(items)
        self._page = max(1, height)
        most = max(0, len(items) - height)
        self._offset = most if self._offset < 0 else min(self._offset, most)
        return list(items[self._offset : self._offset + height])

    def table(
        self,
        items: Sequence[Item],
        columns: Sequence[Column[Item]],
        width: int,
        wall_ns: int,
        style: Callable[[Item], str] = lambda _item: "",
    ) -> Table:
        """Return the table of these items: one line each in its style, and the head."""
        fitting = fit(columns, width)
        table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
        for column, characters in fitting:
            table.add_column(
                self._head(column),
                width=characters,
                justify="left" if column.text else "right",
                no_wrap=True,
                overflow="ellipsis",
            )
        for item in items:
            cells = (column.cell(item, wall_ns, chars) for column, chars in fitting)
            table.add_row(*cells, style=style(item))
        return table

    def keys(self, shown: int, total: int) -> Text:
        """Return the line on the keys, and on the part in view where it is not everything."""
        order = (self.sorted_by or "as given").lower()
        meanings = {
            "q": "quit",
            "s": f"sort ({order}{', reversed' if self.reverse else ''})",
            "r": "reverse",
            "space": "pause",
            "↑↓": "scroll",
        }
        parts = [
            (text, style)
            for key, what in meanings.items()
            for text, style in ((key, "bold"), (f" {what}  ", ""))
        ]
        if shown < total:
            parts.append((f"{self._offset + 1}–{self._offset + shown} of {total}", ""))
        return line(*parts)

    def _head(self, column: Column[Item]) -> Text:
        if column.title != self.sorted_by:
            return Text(column.title)
        ascending = column.text is not self.reverse
        return Text(f"{column.title}{_ASCENDING if ascending else _DESCENDING}")


def fit(columns: Sequence[Column[Item]], width: int) -> list[tuple[Column[Item], int]]:
    """Return the columns for which there is room, with the characters of each."""
    left = width
    chosen: list[Column[Item]] = []
    for column in sorted(columns, key=lambda column: column.rank):
        needed = (column.width or MIN_FLEXIBLE_WIDTH) + (_GAP if chosen else 0)
        if column.rank and needed > left:
            break
        left -= needed
        chosen.append(column)
    rest = MIN_FLEXIBLE_WIDTH + max(0, left)
    return [(column, column.width or rest) for column in columns if column in chosen]
