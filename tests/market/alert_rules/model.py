"""A plain model of alerts: every rule is evaluated on every tick, from all that ever was."""

from dataclasses import dataclass, field

from feed.market.alert_rules.condition import Ailment, Condition, Field, Op
from feed.market.ticks import Quote, Status, Tick, Trade

Firing = tuple[str, int, int, bool]  # rule, arming, sequence, after a gap


@dataclass(slots=True)
class PlainRule:
    rule_id: str
    symbol: str
    condition: Condition
    once: bool
    cooldown_ns: int
    expires_ns: int
    interval_ms: int
    armings: int = 0
    armed: bool = True
    was_false: bool = True
    fired_ns: int = 0
    missed: set[type] = field(default_factory=set)


@dataclass(slots=True)
class Symbol:
    price: float | None = None
    missed: set[type] = field(default_factory=set)


class Model:
    def __init__(self) -> None:
        self.rules: list[PlainRule] = []
        self.symbols: dict[tuple[int, str], Symbol] = {}
        # Of each window: (time, price, size, ticks were missing before it).
        self.trades: dict[tuple[int, str, Field, int], list[tuple[int, float, float, bool]]] = {}
        self.pending: dict[int, list[tuple[int, Tick]]] = {}
        self.due: dict[int, int] = {}
        self.taken: dict[int, int] = {}

    def add(self, rule: PlainRule) -> None:
        self.rules.append(rule)
        self.symbols.setdefault((rule.interval_ms, rule.symbol), Symbol())
        if rule.condition.window_ns:
            self.trades.setdefault(self.window_key(rule), [])

    def window_key(self, rule: PlainRule) -> tuple[int, str, Field, int]:
        condition = rule.condition
        return rule.interval_ms, rule.symbol, condition.field, condition.window_ns

    def forget(self) -> None:
        looked_at = {(rule.interval_ms, rule.symbol) for rule in self.rules}
        self.symbols = {key: kept for key, kept in self.symbols.items() if key in looked_at}
        windows = {self.window_key(rule) for rule in self.rules}
        self.trades = {key: kept for key, kept in self.trades.items() if key in windows}
        floors = {interval_ms for interval_ms, _ in looked_at}
        for of_floor in (self.pending, self.due, self.taken):
            for interval_ms in of_floor.keys() - floors:
                del of_floor[interval_ms]

    def remove(self, rule_id: str) -> None:
        self.rules = [rule for rule in self.rules if rule.rule_id != rule_id]
        self.forget()

    def note_hole(self) -> None:
        for symbol in self.symbols.values():
            symbol.missed = {Trade, Quote, Status}

    def restart(self) -> None:
        self.pending, self.due, self.taken = {}, {}, {}
        for (interval_ms, _), symbol in self.symbols.items():
            if interval_ms:
                symbol.missed = {Trade, Quote, Status}

    def flush(self, now_ns: int) -> list[Firing]:
        for rule in [*self.rules]:
            if rule.expires_ns and rule.expires_ns <= now_ns:
                self.remove(rule.rule_id)
        firings: list[Firing] = []
        floors = list(dict.fromkeys(rule.interval_ms for rule in self.rules))
        for interval_ms in floors:
            if not self.pending.get(interval_ms) or now_ns < self.due[interval_ms]:
                continue
            newest: dict[tuple[type, str], tuple[int, Tick]] = {}
            volumes: dict[str, float] = {}
            for sequence, tick in self.pending.pop(interval_ms):
                newest[type(tick), tick.symbol] = sequence, tick
                if isinstance(tick, Trade):
                    volumes[tick.symbol] = volumes.get(tick.symbol, 0.0) + tick.size
            self.taken[interval_ms] = now_ns
            # Trades come first.
            shown = sorted(newest.items(), key=lambda item: item[0][0] is not Trade)
            for (_, symbol), (sequence, tick) in shown:
                firings += self.show(interval_ms, tick, sequence, now_ns, volumes.get(symbol, 0.0))
        return firings

    def take(self, ticks: list[Tick], first: int, now_ns: int) -> list[Firing]:
        firings = self.flush(now_ns)
        for sequence, tick in enumerate(ticks, first):
            size = tick.size if isinstance(tick, Trade) else 0.0
            firings += self.show(0, tick, sequence, now_ns, size)
            for interval_ms in {rule.interval_ms for rule in self.rules} - {0}:
                if (interval_ms, tick.symbol) in self.symbols:
                    self.collect(interval_ms, tick, sequence, now_ns)
        return firings

    def collect(self, interval_ms: int, tick: Tick, sequence: int, now_ns: int) -> None:
        interval_ns = interval_ms * 1_000_000
        if not self.pending.get(interval_ms):
            due = now_ns + interval_ns - now_ns % interval_ns
            taken = self.taken.get(interval_ms)
            if taken is not None and due - taken < interval_ns // 2:
                due += interval_ns
            self.due[interval_ms] = due
        self.pending.setdefault(interval_ms, []).append((sequence, tick))

    def show(  # noqa: C901 - all of a rule's life in one place, to be compared with words
        self, interval_ms: int, tick: Tick, sequence: int, now_ns: int, size: float
    ) -> list[Firing]:
        known = self.symbols.get((interval_ms, tick.symbol))
        if known is None:
            return []
        missed, before = type(tick) in known.missed, known.price
        known.missed.discard(type(tick))
        if isinstance(tick, Trade):
            known.price = tick.price
            for (floor, symbol, _, _), trades in self.trades.items():
                if floor == interval_ms and symbol == tick.symbol:
                    trades.append((now_ns, tick.price, size, missed))
        firings = []
        for rule in [*self.rules]:
            if rule.interval_ms != interval_ms or rule.symbol != tick.symbol:
                continue
            is_true, is_gapped = self.judge(rule, tick, before, now_ns, missed)
            if is_true is None:
                continue
            is_edge = rule.condition.op in {Op.CROSSES_ABOVE, Op.CROSSES_BELOW}
            is_cool = now_ns >= rule.fired_ns + rule.cooldown_ns
            if not rule.armed and is_cool and (is_edge or rule.was_false):
                rule.armed = True
            if not is_true:
                rule.was_false = True
                rule.armed = rule.armed or is_cool
            elif rule.armed:
                firings.append((rule.rule_id, rule.armings, sequence, is_gapped))
                rule.armings += 1
                rule.armed, rule.was_false, rule.fired_ns = False, False, now_ns
                if rule.once:
                    self.rules.remove(rule)
        self.forget()
        return firings

    def judge(  # noqa: PLR0911 - a case for each condition
        self, rule: PlainRule, tick: Tick, before: float | None, now_ns: int, missed: bool
    ) -> tuple[bool | None, bool]:
        condition = rule.condition
        value, op = condition.threshold, condition.op
        if condition.window_ns:
            return self.judge_window(rule, now_ns) if isinstance(tick, Trade) else (None, False)
        if condition.field is Field.PRICE and isinstance(tick, Trade):
            price = tick.price
            if op is Op.AT_LEAST:
                return price >= value, missed
            if op is Op.AT_MOST:
                return price <= value, missed
            if op is Op.CROSSES_ABOVE:
                return before is not None and before < value <= price, missed
            return before is not None and before > value >= price, missed
        if condition.field is Field.SPREAD_BP and isinstance(tick, Quote):
            middle = (tick.ask_price + tick.bid_price) / 2
            return (tick.ask_price - tick.bid_price) / middle * 10_000 >= value, missed
        if condition.field is Field.HEALTH and isinstance(tick, Status):
            codes = {Ailment.STALE: {"STALE": True, "LIVE": False}, Ailment.HALTED: {"H": True}}
            codes[Ailment.HALTED]["T"] = False
            assert isinstance(condition.value, Ailment)
            return codes[condition.value].get(tick.status_code), missed
        return None, False

    def judge_window(self, rule: PlainRule, now_ns: int) -> tuple[bool, bool]:
        window_ns = rule.condition.window_ns
        slot_ns = window_ns // 256
        trades = self.trades[self.window_key(rule)]
        inside = [trade for trade in trades if trade[0] // slot_ns > now_ns // slot_ns - 256]
        is_gapped = any(trade[3] and now_ns < trade[0] + window_ns for trade in trades)
        if rule.condition.field is Field.VOLUME:
            return sum(trade[2] for trade in inside) >= rule.condition.threshold, is_gapped
        price, prices = inside[-1][1], [trade[1] for trade in inside]
        low, high = min(prices), max(prices)
        move = max((price - low) / low * 100, (high - price) / high * 100)
        return move >= rule.condition.threshold, is_gapped
