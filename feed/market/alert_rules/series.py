"""Series: what the rules of one symbol look at, as far as they look."""

from collections.abc import Iterator
from typing import Any

from feed.market.alert_rules.condition import Ailment, Condition, Field, Op
from feed.market.alert_rules.ladder import Ladder
from feed.market.alert_rules.rule import Rule
from feed.market.alert_rules.windows import MoveWindow, VolumeWindow
from feed.market.symbol_health import HALTED_CODES, RESUMED_CODES, Health
from feed.market.ticks import ConflatedTrade, Kind, Quote, Status, Tick, Trade

_BP = 10_000
Seen = tuple[Rule, float, bool]  # a rule that was reached, by what, and whether ticks were missing


class Window:
    """One window of a symbol, and the ladder of what it comes to."""

    __slots__ = ("gap_until_ns", "ladder", "rolling")

    def __init__(self, rolling: MoveWindow | VolumeWindow) -> None:
        self.rolling = rolling
        self.ladder = Ladder()
        self.gap_until_ns = 0  # before this ticks are missing in it, monotonic


class SymbolSeries:
    """All series of one symbol, at one floor of conflation.

    Attributes:
        count: its rules.
        missed: the kinds of which ticks may be missing before its next one.
    """

    __slots__ = ("_health", "_ladders", "_price", "_spreads", "_windows", "count", "missed")

    def __init__(self) -> None:
        self.count = 0
        self.missed: set[Kind] = set()
        self._price: float | None = None
        self._ladders: dict[Op, Ladder] = {}  # of the price
        self._spreads = Ladder()
        self._health = {ailment: Ladder() for ailment in Ailment}
        self._windows: dict[tuple[Field, int], Window] = {}

    def add(self, rule: Rule) -> None:
        """Put a rule on the ladder of its condition."""
        self.count += 1
        self._ladder(rule.condition).put(rule)

    def begin(self, price: float) -> None:
        """Note the price before its next trade, where it has seen none itself."""
        if self._price is None:
            self._price = price

    def remove(self, rule: Rule) -> None:
        """Take a rule off, and drop what nobody else looks at."""
        self.count -= 1
        self._ladder(rule.condition).remove(rule)
        self.drop(rule)

    def drop(self, rule: Rule) -> None:
        """Drop what nobody looks at once a rule is over."""
        condition = rule.condition
        if condition.window_ns:
            key = (condition.field, condition.window_ns)
            window = self._windows.get(key)
            if window is not None and not window.ladder:
                del self._windows[key]
        elif condition.field is Field.PRICE:
            ladder = self._ladders.get(condition.op)
            if ladder is not None and not ladder:
                del self._ladders[condition.op]

    def take_trade(self, trade: Trade, mono_ns: int) -> list[Seen]:
        """Take a trade in; return the rules that it reaches."""
        price, before, missed = trade.price, self._price, Kind.TRADE in self.missed
        self._price = price
        seen: list[Seen] = []
        for ladder in self._ladders.values():
            seen.extend((rule, price, missed) for rule in ladder.reach(price, before, mono_ns))
        for window, value in self._roll(trade, mono_ns) if self._windows else ():
            reached = window.ladder.reach(abs(value), None, mono_ns)
            is_gapped = mono_ns < window.gap_until_ns
            seen.extend((rule, value, is_gapped) for rule in reached)
        return seen

    def warm(self, tick: Tick, mono_ns: int) -> None:
        """Take a tick in that was seen by an earlier server: it reaches no rule."""
        if isinstance(tick, Trade):
            self._price = tick.price
            for _ in self._roll(tick, mono_ns):
                pass
        self.missed.discard(tick.kind)

    def take_quote(self, quote: Quote, mono_ns: int) -> list[Seen]:
        """Take a quote in; one without a bid or an ask has no spread."""
        bid, ask = quote.bid_price, quote.ask_price
        if not self._spreads or bid <= 0 or ask <= 0:
            return []
        spread_bp = (ask - bid) / ((ask + bid) / 2) * _BP
        reached = self._spreads.reach(spread_bp, None, mono_ns)
        return [(rule, spread_bp, Kind.QUOTE in self.missed) for rule in reached]

    def take_status(self, status: Status, mono_ns: int) -> list[Seen]:
        """Take a status in; most say nothing of stale or halted."""
        code = status.status_code
        if code in HALTED_CODES or code in RESUMED_CODES:
            ailment, value = Ailment.HALTED, float(code in HALTED_CODES)
        elif code in {Health.STALE.value.upper(), Health.LIVE.value.upper()}:
            ailment, value = Ailment.STALE, float(code == Health.STALE.value.upper())
        else:
            return []
        reached = self._health[ailment].reach(value, None, mono_ns)
        return [(rule, value, Kind.STATUS in self.missed) for rule in reached]

    def state(self) -> dict[str, Any]:
        """Return the values that it remembers, as plain data."""
        return {
            "price": self._price,
            "windows": [
                [field.value, window_ns, window.gap_until_ns, window.rolling.state()]
                for (field, window_ns), window in self._windows.items()
            ],
        }

    def restore(self, state: dict[str, Any], later_ns: int) -> None:
        """Take up values for the series that its rules look at."""
        self._price = state["price"]
        for field, window_ns, gap_until_ns, rolling in state["windows"]:
            window = self._windows.get((Field(field), window_ns))
            if window is not None:
                window.rolling.restore(rolling, later_ns)
                window.gap_until_ns = gap_until_ns + later_ns if gap_until_ns else 0

    def _roll(self, trade: Trade, mono_ns: int) -> Iterator[tuple[Window, float]]:
        """Move all windows on to a trade; yield each with what it comes to then."""
        size = trade.volume if isinstance(trade, ConflatedTrade) else trade.size
        missed = Kind.TRADE in self.missed
        for (_, window_ns), window in self._windows.items():
            if missed:
                window.gap_until_ns = mono_ns + window_ns
            yield window, window.rolling.take(trade.price, size, mono_ns)

    def _ladder(self, condition: Condition) -> Ladder:
        if isinstance(condition.value, Ailment):
            return self._health[condition.value]
        if condition.field is Field.SPREAD_BP:
            return self._spreads
        if condition.window_ns:
            key = (condition.field, condition.window_ns)
            if key not in self._windows:
                rolls_prices = condition.field is Field.PRICE
                kind = MoveWindow if rolls_prices else VolumeWindow
                self._windows[key] = Window(kind(condition.window_ns))
            return self._windows[key].ladder
        if condition.op not in self._ladders:
            self._ladders[condition.op] = Ladder(
                falls=condition.op in {Op.AT_MOST, Op.CROSSES_BELOW},
                crosses=condition.crosses,
            )
        return self._ladders[condition.op]
