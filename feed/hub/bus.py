"""The bus, as the hub of a writer knows it: nobody is told what it has not acknowledged.

Subscribers of such a server are those of its edges, and it lets none in itself.
"""

from collections.abc import Callable
from typing import Protocol


class Bus(Protocol):
    """Takes what is cut, and acknowledges it."""

    @property
    def is_full(self) -> bool:
        """Whether more waits to be acknowledged than there is room for."""

    async def room(self) -> None:
        """Wait until it is not full; at once, where it is not."""

    def note_dropped(self, source: str, ticks: int) -> None:
        """Count ticks of a source that cannot wait, which get no sequence since it is full."""

    async def settled(self, sequence: int) -> None:
        """Wait until all up to a sequence is acknowledged.

        Raises:
            NotNow: it never will be: this server writes no more.
        """

    def when_durable(self, sequence: int, call: Callable[[], None]) -> None:
        """Have somebody called, once all up to a sequence is; at once, where it is.

        Whoever waits for less than one that waits already is called after it; if it never will be,
        nobody is.
        """
