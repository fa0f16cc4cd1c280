"""Texts that are good no more, though they say otherwise: used tickets, and visits that ended.

Of each only a digest is known, and when it ends; all are kept equally long. They are numbered in
the order in which they became known, so that others can be told those behind a number. Knows no
clock.
"""

from collections.abc import Iterator
from itertools import takewhile
from typing import NamedTuple

from feed.trust.shelf import MOST

_NS_PER_S = 1_000_000_000


class End(NamedTuple):
    """When a text ends.

    Attributes:
        digest: of the text.
        ends_ns: when, monotonic.
        number: one more than that of the text that became known before it.
    """

    digest: bytes
    ends_ns: int
    number: int


class Ended:
    """All of one kind.

    Attributes:
        newest: the number of the one that became known last; 0: none did.
    """

    __slots__ = ("_kept_ns", "_known", "newest")

    def __init__(self, kept_s: int) -> None:
        """Begin with none; each is kept for so long."""
        self._kept_ns = kept_s * _NS_PER_S
        self._known: dict[bytes, tuple[End, int]] = {}  # and since when
        self.newest = 0

    def add(self, digest: bytes, ends_ns: int, mono_ns: int) -> bool:
        """Note when a text ends; tell whether that is news: it was not known to end by then.

        A second does not matter, so that two who tell each other come to an end.
        """
        known = self._known
        before = known.get(digest)
        if before is not None and before[0].ends_ns <= ends_ns + _NS_PER_S:
            return False
        known.pop(digest, None)
        self.newest += 1
        known[digest] = End(digest, ends_ns, self.newest), mono_ns
        while len(known) > MOST or next(iter(known.values()))[1] + self._kept_ns < mono_ns:
            del known[next(iter(known))]
        return True

    def has(self, digest: bytes, mono_ns: int) -> bool:
        """Tell whether a text has ended."""
        known = self._known.get(digest)
        return known is not None and known[0].ends_ns <= mono_ns

    def since(self, number: int, most: int) -> list[End]:
        """Return those behind a number, the oldest first, and no more than so many."""
        newer = [*takewhile(lambda end: end.number > number, self._newest_first())]
        return newer[::-1][:most]

    def _newest_first(self) -> Iterator[End]:
        return (end for end, _ in reversed(self._known.values()))
