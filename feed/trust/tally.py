"""A tally: how many of something each owner has now, with a limit for each.

Only those that have some are kept, so that it is as large as what it counts.
"""

from collections.abc import Hashable

from feed.errors import LimitExceeded


class Tally:
    """Counts, by owner."""

    __slots__ = ("_counts", "_name")

    def __init__(self, name: str) -> None:
        """Count what a limit is of; `name` is the limit's."""
        self._counts: dict[Hashable, int] = {}
        self._name = name

    def __len__(self) -> int:
        return len(self._counts)

    def of(self, owner: Hashable) -> int:
        """Return how many somebody has."""
        return self._counts.get(owner, 0)

    def check(self, owner: Hashable, most: int, elsewhere: int = 0) -> None:
        """Refuse one more than somebody may have; `elsewhere`: what they have that counts too.

        Raises:
            LimitExceeded: they have as many already.
        """
        there = self.of(owner) + elsewhere
        if there >= most:
            raise LimitExceeded(self._name, there + 1, most)

    def add(self, owner: Hashable) -> None:
        """Count one more."""
        self._counts[owner] = self.of(owner) + 1

    def take(self, owner: Hashable) -> None:
        """Count one less."""
        left = self.of(owner) - 1
        if left > 0:
            self._counts[owner] = left
        else:
            self._counts.pop(owner, None)
