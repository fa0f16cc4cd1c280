"""The log of a broadcast: it is told of every cut before anything of it is written to anybody.

So whatever a subscriber was told is known to the log, at least by number, whenever the process
ends. A ring alone has none.
"""

from array import array
from typing import Protocol


class Log(Protocol):
    """Keeps cuts for another process."""

    def note_cut(
        self, first: int, ingested_ns: "array[int]", ticks: bytes, given: int, wall_offset_ns: int
    ) -> None:
        """Note a cut, and return at once.

        Args:
            first: its first sequence.
            ingested_ns: when each of its ticks was ingested, monotonic.
            ticks: a JSON array of them, as subscribers get it.
            given: how many ticks the source has given by now.
            wall_offset_ns: the time of day less the monotonic one.
        """
