"""A gathering: the conflated ticks of a stretch of events, looked for in turns.

The stretch may be as long as the ring, and to look at all of it takes a tenth of a second, for
which nobody else is to wait. What the ring has lost is looked for in the archive, page by page,
where there is one. Whenever it is looked at, its ticks are the same, unless some of them are lost
before their turn: then the stretch begins behind those, and what was found before them is let go
of, so that a state stands for all that is between its two ends.
"""

from feed.broadcast.interval_search import Pages
from feed.broadcast.ring import MOST_HOLES, RingBuffer
from feed.broadcast.segments import Segments
from feed.market.conflation import Conflation
from feed.market.ticks import Tick
from feed.wire.messages import GapReason
from feed.wire.selection import Selection

Missing = tuple[int, int, GapReason]  # the first and last sequence of a hole, and why


class Gathering:
    """The newest ticks of a selection in a stretch, as far as it was looked at.

    Attributes:
        upto: the last sequence of the stretch.
        lost_upto: the last sequence that was lost before its turn; None: none was.
        holes: that are in the stretch behind that, in order.
        waits: for a page of the archive, which is on its way.
    """

    __slots__ = (
        "_conflation",
        "_next",
        "_pages",
        "_ring",
        "_segments",
        "_selection",
        "holes",
        "lost_upto",
        "upto",
        "waits",
    )

    def __init__(
        self,
        ring: RingBuffer,
        segments: Segments,
        selection: Selection,
        first: int,
        upto: int,
        *,
        pages: Pages | None = None,
    ) -> None:
        """Begin with nothing looked at.

        Args:
            ring: what holds the ticks.
            segments: of the ring; they count the work.
            selection: which ticks.
            first: the first sequence of the stretch.
            upto: its last one.
            pages: of the archive; None: what the ring has lost is lost.
        """
        self._ring = ring
        self._segments = segments
        self._selection = selection
        self._pages = pages
        self._next = first
        self._conflation = Conflation()
        self.upto = upto
        self.lost_upto: int | None = None
        self.holes: list[Missing] = []
        self.waits = False

    def advance(self, most_walked: int) -> list[Tick] | None:
        """Look on until the segments have counted so many ticks.

        Args:
            most_walked: this many.

        Returns:
            The ticks once all was looked at, and once only; None before.
        """
        self.waits = False
        while self._next <= self.upto:
            if self._segments.walked_ticks >= most_walked:
                return None
            oldest = self._ring.oldest
            if self._next >= oldest:
                last = self._look_in_ring()
            elif self._pages is None:
                last = min(oldest - 1, self.upto)
                self._lose(last)
            else:
                last = self._look_in_archive(self._pages, min(oldest - 1, self.upto))
            if self.waits:
                return None
            self._next = last + 1
        return self._conflation.take()

    def _look_in_ring(self) -> int:
        """Look at the next segment of the ring; return its last sequence."""
        found, last = self._segments.find(self._selection, self._next, self.upto)
        for hole in self._ring.holes(self._next - 1, last):
            self._note_hole(max(hole.first, self._next), min(hole.last, last), hole.reason)
        if self.lost_upto is not None and self.lost_upto >= self._next:
            return self.lost_upto  # too many holes: on from there
        self._conflation.add(found)
        return last

    def _look_in_archive(self, pages: Pages, upto: int) -> int:
        """Look at what comes next in the archive; return its last sequence."""
        page = pages(self._next)
        if page is None:
            self.waits = True
            return self._next
        segments = self._segments
        found = page.find(self._selection, self._next, upto, segments.classes)
        segments.walked_ticks += 1 + found.looked
        if found.missing is GapReason.OVERRUN:
            self._lose(found.reached)
        elif found.missing is not None:
            self._note_hole(self._next, found.reached, found.missing)
        self._conflation.add(found.ticks)
        return found.reached

    def _lose(self, last: int) -> None:
        """Begin behind a sequence, up to which something is lost."""
        self.lost_upto = last
        self._conflation = Conflation()
        self.holes = []

    def _note_hole(self, first: int, last: int, reason: GapReason) -> None:
        """Note a hole; of too many none is known, as in the ring, and what is before them is lost.

        What comes behind one without anything between them belongs to it.
        """
        if self.holes and self.holes[-1][1:] == (first - 1, reason):
            first = self.holes.pop()[0]
        self.holes.append((first, last, reason))
        if len(self.holes) > MOST_HOLES:
            self._lose(last)
