"""The batches of one producer that were applied: their numbers as ranges, and where they went.

Theory of operation: a producer numbers its batches, mostly 1, 2, 3 …, so that all it ever sent is
one range. What was refused, or comes out of order, leaves a gap, in which a number may still be
applied. Beyond 64 ranges the lowest one goes, and its end is the floor: of what is not above that
nobody can tell any more whether it was applied, so it never is. Of the newest 1,024 batches it is
remembered where they went, in two arrays that are written round and round. Knows no clock.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

MOST_RANGES = 64
MOST_PLACES = 1_024  # of 16 bytes each
MAX_BATCH = (1 << 63) - 1  # the greatest number of a batch; the least is 1


class Applied:
    """The batches of one producer that were applied.

    Attributes:
        floor: of it, and of what is below, it is not known whether it was applied; 0: of nothing.
    """

    __slots__ = ("_batches", "_firsts", "_lasts", "_most_ranges", "_next", "_places", "floor")

    def __init__(self, most_ranges: int = MOST_RANGES) -> None:
        self.floor = 0
        self._most_ranges = most_ranges
        self._firsts: list[int] = []  # of each range, ascending
        self._lasts: list[int] = []  # of the same ranges, inclusive
        # Of the batches that were noted last: their numbers, and the sequences of their last ticks.
        self._batches = array("q")
        self._places = array("q")
        self._next = 0  # where the next one is written, once there are as many as are kept

    def __contains__(self, batch: int) -> bool:
        """Tell whether a batch above the floor was applied."""
        index = bisect_left(self._lasts, batch)
        return index < len(self._lasts) and self._firsts[index] <= batch

    @property
    def newest(self) -> int:
        """The greatest number that was applied; 0: none."""
        return self._lasts[-1] if self._lasts else self.floor

    def missing(self) -> Iterator[tuple[int, int]]:
        """Yield the runs between floor and newest that were not applied, both ends inclusive."""
        upto = self.floor
        for first, last in zip(self._firsts, self._lasts, strict=True):
            if first > upto + 1:
                yield upto + 1, first - 1
            upto = last

    def place(self, batch: int) -> int | None:
        """Return the sequence of a batch's last tick; None: it is not remembered."""
        try:
            return self._places[self._batches.index(batch)]
        except ValueError:
            return None

    def note(self, batch: int, place: int) -> bool:
        """Note that a batch was applied; tell whether that is news.

        Args:
            batch: its number.
            place: the sequence of its last tick.
        """
        firsts, lasts = self._firsts, self._lasts
        if batch <= self.floor or batch in self:
            return False
        index = bisect_left(lasts, batch)  # of the range behind it
        extends = index > 0 and lasts[index - 1] == batch - 1
        meets = index < len(firsts) and firsts[index] == batch + 1
        if extends and meets:
            lasts[index - 1] = lasts.pop(index)
            del firsts[index]
        elif extends:
            lasts[index - 1] = batch
        elif meets:
            firsts[index] = batch
        else:
            firsts.insert(index, batch)
            lasts.insert(index, batch)
        if len(firsts) > self._most_ranges:
            del firsts[0]
            self.floor = lasts.pop(0)
        self._note_place(batch, place)
        return True

    def _note_place(self, batch: int, place: int) -> None:
        if len(self._batches) < MOST_PLACES:
            self._batches.append(batch)
            self._places.append(place)
            return
        self._batches[self._next] = batch
        self._places[self._next] = place
        self._next = (self._next + 1) % MOST_PLACES

    def state(self) -> list[Any]:
        """Return all of it, as plain data: floor, ends of ranges, and the places, oldest first."""
        return [
            self.floor,
            list(chain.from_iterable(zip(self._firsts, self._lasts, strict=True))),
            self._from_oldest(self._batches).tobytes(),
            self._from_oldest(self._places).tobytes(),
        ]

    @classmethod
    def restore(cls, state: Sequence[Any], most_ranges: int = MOST_RANGES) -> "Applied":
        """Return what another process knew.

        Raises:
            ValueError: it is not a state of this.
        """
        floor, ends, batches, places = state
        restored = cls(most_ranges)
        restored.floor = floor
        restored._firsts, restored._lasts = list(ends[::2]), list(ends[1::2])
        restored._batches.frombytes(batches)
        restored._places.frombytes(places)
        bounds = [floor, *ends]
        if sorted(bounds) != bounds or len(ends) % 2 or len(batches) != len(places):
            raise ValueError("the batches of a producer are not in order")
        return restored

    def _from_oldest(self, cells: "array[int]") -> "array[int]":
        return cells[self._next :] + cells[: self._next]
