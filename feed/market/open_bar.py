"""A bar in the making: the numbers that have to be known of trades to make a bar of them.

`open` and `close` go by event time, and by arrival where that is equal, so that a trade may come
in any order. Sums are plain floats, added in the order of the calls. Knows neither its symbol nor
its interval.
"""

from feed.market.bar_store import Span
from feed.market.ticks import Bar, Kind
from feed.market.vwap import volume_of, vwap_of


class OpenBar:
    """The trades of one symbol in one interval so far."""

    __slots__ = (
        "close",
        "first_ns",
        "high",
        "last_ns",
        "low",
        "notional",
        "open",
        "trade_count",
        "volume",
    )

    def __init__(self, price: float, size: float, event_ns: int) -> None:
        self.open = self.high = self.low = self.close = price
        self.volume = size
        self.notional = price * size
        self.trade_count = 1
        self.first_ns = self.last_ns = event_ns  # event times that open and close belong to

    @classmethod
    def reopen(cls, bar: Bar, span: Span) -> "OpenBar":
        """Take a finished bar up again, to correct it."""
        again = cls(bar.open, bar.volume, span[0])
        again.high, again.low, again.close = bar.high, bar.low, bar.close
        again.notional = bar.vwap * bar.volume
        again.trade_count = bar.trade_count
        again.last_ns = span[1]
        return again

    def state(self, start_ns: int) -> list[float]:
        """Return all of it, as plain data; times since the start of something."""
        return [
            *(self.open, self.high, self.low, self.close, self.volume, self.notional),
            *(self.trade_count, self.first_ns - start_ns, self.last_ns - start_ns),
        ]

    @classmethod
    def restored(cls, state: list[float], start_ns: int) -> "OpenBar":
        """Return the bar of a state, with times since the same start."""
        bar = cls(state[0], 0.0, start_ns)
        bar.open, bar.high, bar.low, bar.close, bar.volume, bar.notional = state[:6]
        bar.trade_count = int(state[6])
        bar.first_ns, bar.last_ns = start_ns + int(state[7]), start_ns + int(state[8])
        return bar

    def add(self, price: float, size: float, event_ns: int) -> None:
        """Add a trade of the interval, in any order."""
        if price > self.high:
            self.high = price
        elif price < self.low:
            self.low = price
        self.volume += size
        self.notional += price * size
        self.trade_count += 1
        if event_ns >= self.last_ns:
            self.close = price
            self.last_ns = event_ns
        elif event_ns < self.first_ns:
            self.open = price
            self.first_ns = event_ns

    def extend(self, part: "OpenBar") -> None:
        """Add trades that are all later than those in here."""
        self.high = max(self.high, part.high)
        self.low = min(self.low, part.low)
        self.close = part.close
        self.volume += part.volume
        self.notional += part.notional
        self.trade_count += part.trade_count
        self.last_ns = part.last_ns

    def merge(self, part: "OpenBar") -> None:
        """Add trades that may be of any time."""
        self.high = max(self.high, part.high)
        self.low = min(self.low, part.low)
        self.volume += part.volume
        self.notional += part.notional
        self.trade_count += part.trade_count
        if part.last_ns >= self.last_ns:
            self.close = part.close
            self.last_ns = part.last_ns
        if part.first_ns < self.first_ns:
            self.open = part.open
            self.first_ns = part.first_ns

    def amend(self, before: Bar, after: Bar) -> None:
        """Put right a part of it that was added, and has other numbers now."""
        self.high = max(self.high, after.high)
        self.low = min(self.low, after.low)
        self.volume += after.volume - before.volume
        self.notional += after.vwap * after.volume - before.vwap * before.volume
        self.trade_count += after.trade_count - before.trade_count
        if before.event_ns == self.last_ns:
            self.close = after.close
        if before.event_ns == self.first_ns:
            self.open = after.open

    def bar(self, kind: Kind, symbol: str, start_ns: int) -> Bar:
        """Return it as a tick, whose numbers are finite whatever the sums are."""
        return Bar(
            kind,
            symbol,
            self.open,
            self.high,
            self.low,
            self.close,
            volume_of(self.volume),
            self.trade_count,
            vwap_of(self.notional, self.volume, low=self.low, high=self.high, close=self.close),
            start_ns,
        )
