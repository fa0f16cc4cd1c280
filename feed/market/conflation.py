"""Conflation: the newest value per symbol within an interval, with the range that it stands for.

One conflator per interval serves all subscribers that asked for that interval: it collects every
batch, and at each multiple of the interval since the Unix epoch it hands the collection over as a
batch of its own, which is selected, encoded and framed like any other. So the work is per interval
and lane.

The time of day is read once an interval, at its first tick, to find the multiple; from then on the
interval lasts by the monotonic clock, so that a time of day that steps shortens or lengthens one
interval, by half at most, and silences nobody.
"""

from collections.abc import Sequence

from feed.market.ticks import ConflatedTrade, Kind, Tick, Trade
from feed.market.vwap import volume_of, vwap_of

_NS_PER_MS = 1_000_000


class Conflation:
    """The newest tick per kind and symbol of a stretch, with the range of its trades."""

    __slots__ = ("_newest", "_notional", "_trades")

    def __init__(self) -> None:
        self._trades: dict[str, ConflatedTrade] = {}
        self._notional: dict[str, float] = {}  # price × size, summed, per symbol
        self._newest: dict[tuple[Kind, str], Tick] = {}

    def __bool__(self) -> bool:
        """Tell whether there is any tick in it."""
        return bool(self._trades or self._newest)

    def add(self, ticks: Sequence[Tick]) -> None:
        """Take ticks in, in their order."""
        newest = self._newest
        for tick in ticks:
            if tick.kind is Kind.TRADE:
                self._add_trade(tick)  # type: ignore[arg-type]  # its kind says so
            else:
                newest[tick.kind, tick.symbol] = tick

    def take(self) -> list[Tick]:
        """Return the newest ticks, in the order in which their symbols appeared; begin anew."""
        ticks: list[Tick] = [*self._trades.values(), *self._newest.values()]
        for trade in self._trades.values():
            notional, summed = self._notional[trade.symbol], trade.volume
            trade.volume = volume_of(summed)
            trade.vwap = vwap_of(
                notional, summed, low=trade.low, high=trade.high, close=trade.price
            )
        self._trades, self._newest, self._notional = {}, {}, {}
        return ticks

    def _add_trade(self, trade: Trade) -> None:
        price, size = trade.price, trade.size
        known = self._trades.get(trade.symbol)
        if known is None:
            self._notional[trade.symbol] = price * size
            self._trades[trade.symbol] = ConflatedTrade(
                trade.symbol,
                trade.trade_id,
                trade.exchange,
                price,
                size,
                trade.event_ns,
                trade.conditions,
                trade.tape,
                trade_count=1,
                high=price,
                low=price,
                volume=size,
                vwap=price,
                first_trade_id=trade.trade_id,
                exact_id=trade.exact_id,
                first_exact_id=trade.exact_id,
            )
            return
        known.trade_id = trade.trade_id
        known.exact_id = trade.exact_id
        known.exchange = trade.exchange
        known.price = price
        known.size = size
        known.event_ns = trade.event_ns
        known.conditions = trade.conditions
        known.tape = trade.tape
        known.trade_count += 1
        if price > known.high:  # noqa: PLR1730 - `max` takes as long as all the rest
            known.high = price
        if price < known.low:  # noqa: PLR1730
            known.low = price
        known.volume += size
        self._notional[trade.symbol] += price * size


class Conflator:
    """Collects the ticks of one interval, the newest per symbol."""

    __slots__ = ("_conflation", "_taken_ns", "_until_ns", "interval_ns")

    def __init__(self, interval_ms: int) -> None:
        self.interval_ns = interval_ms * _NS_PER_MS
        self._conflation = Conflation()
        self._until_ns = 0  # when the collection is due, monotonic
        self._taken_ns: int | None = None  # when it was taken last

    @property
    def due_ns(self) -> int | None:
        """When the collection is due, monotonic; None while it is empty."""
        return self._until_ns if self._conflation else None

    def add(self, ticks: Sequence[Tick], mono_ns: int, wall_ns: int) -> None:
        """Collect a batch.

        Args:
            ticks: in order.
            mono_ns: when the first of them was ingested, monotonic.
            wall_ns: the same moment by the time of day.
        """
        if ticks and not self._conflation:
            self._until_ns = self._end_of_interval_ns(mono_ns, wall_ns)
        self._conflation.add(ticks)

    def take_due(self, mono_ns: int) -> list[Tick]:
        """Return the collection and begin anew, if the interval has passed; else nothing."""
        if not self._conflation or mono_ns < self._until_ns:
            return []
        self._taken_ns = mono_ns
        return self._conflation.take()

    def end(self) -> None:
        """End the interval now: what it has collected is due."""
        self._until_ns = 0

    def _end_of_interval_ns(self, mono_ns: int, wall_ns: int) -> int:
        """Return when an interval ends that begins now: at the next multiple of the time of day.

        Less than half an interval after the last one ended, that is the multiple after the next:
        the time of day has stepped, or the last one was taken late.
        """
        interval_ns = self.interval_ns
        end_ns = mono_ns + interval_ns - wall_ns % interval_ns
        if self._taken_ns is not None and end_ns - self._taken_ns < interval_ns // 2:
            end_ns += interval_ns
        return end_ns
