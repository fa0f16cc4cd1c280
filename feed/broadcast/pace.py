"""A pace: the last known state as of the last end of an interval, for those that get no newer one.

Whoever is granted ticks at intervals only could otherwise come back, or ask again, for the newest
ones at any moment. What came since the interval's end waits here, as it does in the conflator of
the interval, which ends it. Knows no time.
"""

from collections.abc import Sequence

from feed.market.snapshot import Snapshot
from feed.market.ticks import Tick


class Pace:
    """The state at the end of an interval.

    Attributes:
        snapshot: the last known state by then.
        sequence: the newest sequence in it.
    """

    __slots__ = ("_upto", "_waiting", "sequence", "snapshot")

    def __init__(self, snapshot: Snapshot, sequence: int) -> None:
        """Begin with a snapshot, which is taken over, as of a sequence."""
        self.snapshot = snapshot
        self.sequence = self._upto = sequence
        self._waiting: list[Tick] = []

    def add(self, ticks: Sequence[Tick], upto: int) -> None:
        """Let a batch wait, which goes up to a sequence."""
        self._waiting += ticks
        self._upto = upto

    def skip(self, upto: int) -> None:
        """Note that there is nothing more up to a sequence."""
        self._upto = upto

    def end_interval(self) -> None:
        """Take in what waits."""
        self.snapshot.update(self._waiting)
        self.sequence = self._upto
        self._waiting = []
