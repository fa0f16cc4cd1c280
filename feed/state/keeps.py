"""What keeps the state of a server for another process: a directory, or the bus of a cluster."""

from collections.abc import Callable
from typing import Protocol

from feed.broadcast.log import Record
from feed.broadcast.ring import RingBuffer
from feed.ingest.runner import Ingest


class Keeps(Protocol):
    """Keeps it.

    Attributes:
        ring: with all that was taken up of the process before.
        takes_ticks: as a log; see `feed.broadcast.log`.
    """

    ring: RingBuffer
    takes_ticks: bool

    def note_cut(self, record: Record) -> None:
        """Note a cut, and return at once; see `feed.broadcast.log`."""

    def durable(self) -> int | None:
        """Return the newest sequence that the end of this process leaves; None: nothing is left."""

    def when_durable(self, sequence: int, call: Callable[[], None]) -> None:
        """Have somebody called once the end of this process would leave all up to a sequence."""

    def give_back(self, ingest: Ingest) -> None:
        """Give every room what it knew, before anything begins."""

    async def run(self, ingest: Ingest) -> None:
        """Do what is to be done now and then, for as long as the server runs."""

    async def close(self, ingest: Ingest) -> None:
        """Leave all that there is; nothing is published any more. Harmless when called twice."""
