"""A gap that is told conflated: what stands for a stretch that a lossless reader was due.

Behind the gap the newest tick of each key comes, within the stretch, which says what it stands for.
"""

from collections.abc import Iterator
from typing import Any

from tests.chaos.conflated import Wrong, check_stretch
from tests.chaos.market import Key, Market


class ConflatedGap:
    """One gap, of which the state comes.

    Attributes:
        last: its last sequence: what is newer is not of its state.
        keys: those that were lossless when it was told; its state has no others.
    """

    def __init__(
        self, market: Market, first: int, last: int, keys: frozenset[Key], due: frozenset[Key]
    ) -> None:
        self.last = last
        self.keys = keys
        self._market = market
        self._first = first
        self._due = due  # of the keys; what another gap has covered is not told again
        self._came: set[Key] = set()

    def hear(self, key: Key, number: int, message: dict[str, Any]) -> None:
        """Take a tick of the state.

        Raises:
            Wrong: it does not stand for the stretch.
        """
        numbers = self._market.numbers[key]
        due = numbers.last(self.last)
        if number != due:
            raise Wrong(
                f"{number} of {key} stands for what is conflated from {self._first} to "
                f"{self.last}; due: {due}"
            )
        if key[0] == "t":
            begins = check_stretch(self._market, key, number, message)
            if begins != numbers.next(self._first - 1):
                raise Wrong(f"{message} does not stand for all from {self._first} to {self.last}")
        self._came.add(key)

    def lose(self, first: int, last: int) -> bool:
        """Note that a stretch is lost; False: the state had to be whole before it.

        A state that has not come whole yet owes what is behind the stretch. One that the stretch
        covers owes nothing, but may come: the past of others may be lost.
        """
        if not first <= self._first <= last:
            return False
        if last < self.last:
            self._first = last + 1
        else:
            self._due = frozenset()
        return True

    def untold(self, keys: frozenset[Key]) -> Iterator[tuple[Key, int]]:
        """Yield those of some keys that are due and did not come, with the newest of each."""
        for key in (keys & self._due) - self._came:
            newest = self._market.numbers[key].last(self.last)
            if newest >= self._first:
                yield key, newest
