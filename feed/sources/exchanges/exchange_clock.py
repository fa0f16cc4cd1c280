"""What the time is at an exchange.

Some tell no time of best bids and asks. With the time of receipt they would be ahead of trades, by
what the way takes and by what our clock is wrong, and bars go by one clock of all ticks: with 3 s
between them every trade was late, and no second bar was told. So such ticks get the time that it is
there, as trades show. Knows no clock of its own.
"""

from collections import deque
from email.utils import parsedate_to_datetime

from feed.market.ticks import SECOND_NS

_REMEMBERED = 64  # trades: a few seconds of them, so that a clock which is set is followed
_COARSE_NS = 2 * SECOND_NS  # dates of HTTP are whole seconds, and their way is long
_MS_NS = 1_000_000


class ExchangeClock:
    """The clock of one exchange, as far as it shows."""

    __slots__ = ("_behind_ns", "_by_date_ns", "_least_ns")

    def __init__(self) -> None:
        self._behind_ns: deque[int] = deque(maxlen=_REMEMBERED)
        self._least_ns = 0
        self._by_date_ns = 0

    def note_date(self, date: object, wall_ns: int) -> None:
        """Take the date of an answer over HTTP, which counts until trades come."""
        try:
            told_ns = int(parsedate_to_datetime(str(date)).timestamp()) * SECOND_NS
        except (ValueError, OverflowError):  # there is none, or it is none
            return
        behind_ns = wall_ns - told_ns
        self._by_date_ns = behind_ns if abs(behind_ns) > _COARSE_NS else 0

    def note_trade(self, timestamp: object, wall_ns: int) -> None:
        """Take the time of a trade, in milliseconds, that came just now."""
        if type(timestamp) is not int:
            return
        behind_ns = wall_ns - timestamp * _MS_NS
        known = self._behind_ns
        forgotten = known[0] if len(known) == _REMEMBERED else None
        known.append(behind_ns)
        if len(known) == 1 or behind_ns < self._least_ns:
            self._least_ns = behind_ns
        elif forgotten == self._least_ns:
            self._least_ns = min(known)

    def now_ns(self, wall_ns: int) -> int:
        """Return its time, by the trade that took the shortest way of the last ones."""
        return max(0, wall_ns - (self._least_ns if self._behind_ns else self._by_date_ns))
