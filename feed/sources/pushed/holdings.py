"""The bytes that producers have on their way: read, and not yet applied.

Bounded in all, and of one producer, so that memory is, however many push at once. Knows no socket.
"""

from collections import Counter
from collections.abc import Hashable

MOST_BYTES = 64 << 20
MOST_BYTES_OF_ONE = 16 << 20


class Holdings:
    """How much is held, by whose it is.

    Attributes:
        held_bytes: of all together.
    """

    __slots__ = ("_by_owner", "_most", "_most_of_one", "held_bytes")

    def __init__(self, most: int = MOST_BYTES, most_of_one: int = MOST_BYTES_OF_ONE) -> None:
        """Begin with nothing.

        Args:
            most: bytes, in all.
            most_of_one: bytes of one owner.
        """
        self._most = most
        self._most_of_one = most_of_one
        self._by_owner: Counter[Hashable] = Counter()
        self.held_bytes = 0

    def take(self, owner: Hashable, size_bytes: int) -> bool:
        """Hold more for an owner, if that may be; tell whether it may."""
        theirs = self._by_owner[owner]
        if theirs + size_bytes > self._most_of_one or self.held_bytes + size_bytes > self._most:
            if not theirs:
                del self._by_owner[owner]
            return False
        self._by_owner[owner] = theirs + size_bytes
        self.held_bytes += size_bytes
        return True

    def give_back(self, owner: Hashable, size_bytes: int) -> None:
        """Hold so much less for an owner."""
        self.held_bytes -= size_bytes
        left = self._by_owner[owner] - size_bytes
        if left:
            self._by_owner[owner] = left
        else:
            del self._by_owner[owner]
