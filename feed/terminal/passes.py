"""New passes: a recording that is played again begins anew, and its times go back.

One trade may be late, and several may be, in any market; a few in a row that are older than the
newest one mean that time itself went back. The dashboard judges the same way. Knows no clock.
"""

from feed.market.ticks import SECOND_NS

BACK_NS = 2 * SECOND_NS  # trades that are not late at all are not older than the newest by more
IN_A_ROW = 3


class Passes:
    """Judges the times of trades, in the order in which they come."""

    __slots__ = ("_in_row", "_newest_ns")

    def __init__(self) -> None:
        self._newest_ns: int | None = None
        self._in_row = 0  # of older ones

    def note(self, time_ns: int) -> bool:
        """Note the time of a trade; return whether a new pass has begun."""
        if self._newest_ns is None or time_ns >= self._newest_ns - BACK_NS:
            self._newest_ns = max(self._newest_ns or time_ns, time_ns)
            self._in_row = 0
            return False
        self._in_row += 1
        if self._in_row < IN_A_ROW:
            return False
        self._newest_ns = time_ns
        self._in_row = 0
        return True
