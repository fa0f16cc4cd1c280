"""A gathering: the conflated ticks of a stretch of the ring, looked for in turns.

The stretch may be as long as the ring, and to look at all of it takes a tenth of a second, for
which nobody else is to wait. Whenever it is looked at, its ticks are the same, unless the ring has
overwritten some of them before their turn: then the stretch begins behind those, and what was found
before them is let go of, so that a state stands for all that is between its two ends.
"""

from feed.broadcast.ring import RingBuffer
from feed.broadcast.segments import Segments
from feed.market.conflation import Conflation
from feed.market.ticks import Tick
from feed.wire.selection import Selection


class Gathering:
    """The newest ticks of a selection in a stretch, as far as it was looked at.

    Attributes:
        lost_upto: the last sequence that the ring had lost before its turn; None: none was lost.
    """

    __slots__ = ("_conflation", "_next", "_ring", "_segments", "_selection", "_upto", "lost_upto")

    def __init__(
        self, ring: RingBuffer, segments: Segments, selection: Selection, first: int, upto: int
    ) -> None:
        """Begin with nothing looked at.

        Args:
            ring: what holds the ticks.
            segments: of the ring; they count the work.
            selection: which ticks.
            first: the first sequence of the stretch.
            upto: its last one.
        """
        self._ring = ring
        self._segments = segments
        self._selection = selection
        self._next = first
        self._upto = upto
        self._conflation = Conflation()
        self.lost_upto: int | None = None

    def advance(self, most_walked: int) -> list[Tick] | None:
        """Look on until the segments have counted so many ticks.

        Args:
            most_walked: this many.

        Returns:
            The ticks once all was looked at, and once only; None before.
        """
        while self._next <= self._upto:
            if self._segments.walked_ticks >= most_walked:
                return None
            oldest = self._ring.oldest
            if self._next < oldest:
                last = self.lost_upto = min(oldest - 1, self._upto)
                self._conflation = Conflation()
            else:
                found, last = self._segments.find(self._selection, self._next, self._upto)
                self._conflation.add(found)
            self._next = last + 1
        return self._conflation.take()
