"""The search for what intervals had collected at a position, where the ring has lost that.

A ring bisects its times (`States.untold_from`); an archive has them page by page, and each page may
have to be read first. So it goes back from the position in steps that double, until it is before
the interval, and bisects between. Knows no clock.
"""

from collections.abc import Callable

from feed.broadcast.archive_page import PAGE_SEQUENCES, Page
from feed.broadcast.ring import RingBuffer

Pages = Callable[[int], Page | None]  # return the page that speaks for a sequence, once it is read

_LONG_AGO = -(1 << 62)  # when that was ingested which nobody has any more
_MOST_PAGES_OF_HOLE = 64  # that are looked through for the event before a hole


class IntervalSearch:
    """Looks for the first event that was ingested at most so long before a position.

    Attributes:
        after: the sequence of the position.
        back_ns: how long.
    """

    __slots__ = (
        "_high",
        "_low",
        "_oldest",
        "_pages",
        "_ring",
        "_since_ns",
        "_step",
        "after",
        "back_ns",
    )

    def __init__(self, ring: RingBuffer, pages: Pages, after: int, back_ns: int) -> None:
        """Begin at a position.

        Args:
            ring: what holds the newest events.
            pages: of the archive, which has those before.
            after: the sequence of the position.
            back_ns: how long before it.
        """
        self.after = after
        self.back_ns = back_ns
        self._ring = ring
        self._pages = pages
        self._since_ns: int | None = None  # the time that is looked for
        self._oldest = 0  # the first sequence that the archive has, as far as that is known
        self._low: int | None = None  # it was ingested before
        self._high = after  # it was not
        self._step = PAGE_SEQUENCES

    def advance(self) -> int | None:
        """Look on; return the first sequence; None: a page is on its way.

        Where the archive has lost something of that time, the last sequence before all that it has
        is returned, as `States.untold_from` does.
        """
        if self._since_ns is None:
            at_ns = self._ingested_ns(self.after)
            if at_ns is None:
                return None
            if at_ns == _LONG_AGO:
                first = self.after + 1
                return first if self._oldest <= 1 else min(first, self._oldest - 1)
            self._since_ns = at_ns - self.back_ns
        if not (self._go_back(self._since_ns) and self._bisect(self._since_ns)):
            return None
        is_lost = 1 < self._oldest == self._high
        if is_lost and (self._ingested_ns(self._high) or 0) > self._since_ns:
            return self._high - 1
        return self._high

    def _go_back(self, since_ns: int) -> bool:
        """Find something before a time; tell whether it is found."""
        while self._low is None:
            at = max(self.after - self._step, 0)
            at_ns = self._ingested_ns(at)
            if at_ns is None:
                return False
            if at_ns < since_ns:
                self._low = at
            else:
                self._high = at
                self._step *= 2
        return True

    def _bisect(self, since_ns: int) -> bool:
        """Find the first at or after a time; tell whether it is found."""
        assert self._low is not None, "something before it was found"
        while self._high - self._low > 1:
            middle = (self._high + self._low) // 2
            at_ns = self._ingested_ns(middle)
            if at_ns is None:
                return False
            if at_ns < since_ns:
                self._low = middle
            else:
                self._high = middle
        return True

    def _ingested_ns(self, sequence: int) -> int | None:
        """Return when an event was ingested, or that before a hole; None: it waits for a page."""
        for _ in range(_MOST_PAGES_OF_HOLE):
            if sequence < 1:
                return _LONG_AGO
            if sequence >= self._ring.oldest:
                return self._ring.ingested_ns(min(sequence, self._ring.newest))
            page = self._pages(sequence)
            if page is None:
                return None
            if sequence < page.start:
                self._oldest = max(self._oldest, page.start)
                return _LONG_AGO
            at_ns = page.ingested_ns(sequence)
            if at_ns is not None:
                return at_ns
            sequence = page.number * PAGE_SEQUENCES - 1
        self._oldest = max(self._oldest, sequence + 1)  # as if all before the hole were lost
        return _LONG_AGO
