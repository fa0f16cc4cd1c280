"""The log of a broadcast: it is told of every cut before anything of it is written to anybody.

So whatever a subscriber was told is known to the log whenever the process ends. A ring alone has
none.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from feed.market.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Deletion:
    """A message that a cut deletes, so that its text has to go from wherever it was logged.

    Attributes:
        room: of the message.
        id: of the message, within the room.
        first: the sequence of the first word of it; 0: it is not known.
        last: the sequence of the word that deletes it.
    """

    room: str
    id: str
    first: int
    last: int


@dataclass(slots=True)
class Record:
    """One cut; never changed, and not frozen, since there are hundreds a second.

    Attributes:
        first: its first sequence.
        ingested_ns: when each of its ticks was ingested, monotonic.
        given: how many ticks the source had given by then.
        wall_offset_ns: the time of day less the monotonic one.
        ticks: a JSON array of them, as subscribers get it; empty, where the log takes none.
        receipts: of the batches that producers sent, and that are in it whole.
        deletions: what it deletes; none, where it was read from a log.
    """

    first: int
    ingested_ns: "array[int]"
    given: int
    wall_offset_ns: int
    ticks: bytes
    receipts: Sequence[Receipt] = ()
    deletions: Sequence[Deletion] = ()

    @property
    def last(self) -> int:
        """Its last sequence."""
        return self.first + len(self.ingested_ns) - 1


class Log(Protocol):
    """Keeps cuts for another process.

    Attributes:
        takes_ticks: whether it is told the ticks of each; else it reads the ring itself.
    """

    takes_ticks: bool

    def note_cut(self, record: Record) -> None:
        """Note a cut, and return at once."""
