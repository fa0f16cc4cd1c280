"""The memory that subscribers cost together: compressors, what sockets hold back, and caches.

Above a soft limit nobody more is let in; above a hard one it is given back: the caches first, which
are made anew when somebody asks, then by those that hold the most, who are the slowest. Knows no
socket.
"""

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


class Memory:
    """How much there is, as it was looked at last.

    Attributes:
        soft_bytes, hard_bytes: the limits.
        compressors_bytes, buffers_bytes, caches_bytes: by kind.
    """

    __slots__ = ("buffers_bytes", "caches_bytes", "compressors_bytes", "hard_bytes", "soft_bytes")

    def __init__(self, soft_bytes: int, hard_bytes: int) -> None:
        """Begin with nothing."""
        self.soft_bytes = soft_bytes
        self.hard_bytes = hard_bytes
        self.compressors_bytes = 0
        self.buffers_bytes = 0
        self.caches_bytes = 0

    def note(self, compressors_bytes: int, buffers_bytes: int, caches_bytes: int) -> None:
        """Note what a look has found."""
        self.compressors_bytes = compressors_bytes
        self.buffers_bytes = buffers_bytes
        self.caches_bytes = caches_bytes

    @property
    def used_bytes(self) -> int:
        """All of it."""
        return self.compressors_bytes + self.buffers_bytes + self.caches_bytes

    @property
    def is_full(self) -> bool:
        """Whether nobody more is let in."""
        return self.used_bytes >= min(self.soft_bytes, self.hard_bytes)

    @property
    def excess_bytes(self) -> int:
        """How much has to be given back."""
        return max(0, self.used_bytes - self.hard_bytes)


def slowest_first(held: Iterable[tuple[int, T]], excess_bytes: int) -> list[T]:
    """Return those that hold the most bytes, as many as hold the excess together."""
    chosen: list[T] = []
    for held_bytes, who in sorted(held, key=lambda each: each[0], reverse=True):
        if excess_bytes <= 0 or not held_bytes:
            break
        chosen.append(who)
        excess_bytes -= held_bytes
    return chosen
