"""A search: the last ticks of a selection, looked for backward through the ring, in turns.

What hardly ticks may be anywhere in the ring, and nobody else is to wait until all of it is looked
at. Segments without a tick that is selected are passed over.
"""

from feed.broadcast.ring import RingBuffer
from feed.broadcast.segments import Segments
from feed.wire.messages import Message, rewind_warning
from feed.wire.rfc3339 import rfc3339
from feed.wire.selection import Selection


class Search:
    """Looks for the place behind which there are so many ticks of a selection.

    Attributes:
        selection: which ticks; it may become narrower meanwhile.
        wanted: how many.
        missing: how many of them were not found so far.
        reached: the sequence before which all is still to be looked at; where reading begins, once
            it is over.
        since_ns: the time of the oldest of those found; None: none was.
    """

    __slots__ = (
        "_ring",
        "_segments",
        "missing",
        "reached",
        "selection",
        "since_ns",
        "wanted",
    )

    def __init__(
        self,
        ring: RingBuffer,
        segments: Segments,
        selection: Selection,
        wanted: int,
        upto: int,
    ) -> None:
        """Begin with nothing looked at.

        Args:
            ring: what holds the ticks.
            segments: of the ring; they count the work.
            selection: which ticks.
            wanted: how many.
            upto: the newest sequence that may be one of them.
        """
        self._ring = ring
        self._segments = segments
        self.selection = selection
        self.wanted = self.missing = wanted
        self.reached = upto
        self.since_ns: int | None = None

    def advance(self, oldest: int, turn_ticks: int) -> bool:
        """Look on for a turn; tell whether it is over.

        Args:
            oldest: the first sequence that may be read, at least the ring's own.
            turn_ticks: how many ticks are looked at.
        """
        segments, ring = self._segments, self._ring
        most_walked = segments.walked_ticks + turn_ticks
        wanted = self.selection.by_kind()
        while self.missing and self.reached >= oldest:
            if segments.walked_ticks >= most_walked:
                return False
            hole = ring.hole_after(self.reached - 1, self.reached)
            if hole is not None:
                self.reached = hole.first - 1
                continue
            number = segments.number(self.reached)
            first = max(number * segments.ticks, oldest)
            if segments.may_hold(wanted, number):
                self._look(first)
            else:
                self.reached = first - 1
        # What it had found may have been overwritten since.
        self.reached = max(self.reached, oldest - 1)
        return True

    def warning(self) -> Message:
        """Return what whoever gets less than that many is told."""
        found = self.wanted - self.missing
        held = "none" if self.since_ns is None else f"{found:,}, from {rfc3339(self.since_ns)} on"
        words = f"fewer than the last {self.wanted:,} ticks are held: {held}"
        return rewind_warning(words, self.since_ns, found)

    def _look(self, first: int) -> None:
        """Look at what is left of a segment that begins with a sequence."""
        found = self._segments.select(self.selection, first, self.reached + 1)
        taken = found[-self.missing :]
        if taken:
            [oldest] = self._ring.read(first + taken[0] - 1, 1)
            self.since_ns = oldest.event_ns
            self.missing -= len(taken)
        self.reached = first + taken[0] - 1 if not self.missing else first - 1
