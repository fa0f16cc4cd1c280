"""The index: all rules, by symbol, and the ticks that they are shown."""

from collections.abc import Sequence
from heapq import heapify, heappop, heappush
from typing import Any

from feed.market.alert_rules.condition import Condition
from feed.market.alert_rules.rule import COOLDOWN_NS, Hit, Phase, Rule
from feed.market.alert_rules.series import Seen, SymbolSeries
from feed.market.conflation import Conflator
from feed.market.ticks import Kind, Quote, Status, Tick, Trade

_SPARE_EXPIRIES = 64  # of rules that are over, before they are looked for
_SEEN_KINDS = (Kind.TRADE, Kind.QUOTE, Kind.STATUS)


class _Floor:
    """What the rules of one interval see: everything (0), or what its conflation gives."""

    __slots__ = ("conflator", "sequences", "symbols")

    def __init__(self, interval_ms: int) -> None:
        self.symbols: dict[str, SymbolSeries] = {}
        self.conflator = Conflator(interval_ms) if interval_ms else None
        self.sequences: dict[tuple[Kind, str], int] = {}  # of the newest that were collected


class AlertIndex:
    """Rules on symbols, evaluated on every tick.

    Attributes:
        rules: those that are not over, by id.
        cursor: the sequence of the last tick taken; 0: none.
        expired: ids of rules that expired; whoever drops them clears it.
    """

    __slots__ = ("_expiries", "_floors", "_number", "cursor", "expired", "rules")

    def __init__(self) -> None:
        self.rules: dict[str, Rule] = {}
        self.cursor = 0
        self.expired: list[str] = []
        self._floors: dict[int, _Floor] = {}  # by interval
        self._expiries: list[tuple[int, int, Rule]] = []  # a heap
        self._number = 0

    def add(
        self,
        rule_id: str,
        symbol: str,
        condition: Condition,
        *,
        once: bool = True,
        cooldown_ns: int = COOLDOWN_NS,
        expires_ns: int = 0,
        interval_ms: int = 0,
        armings: int = 0,
        cools_until_ns: int = 0,
        price: float | None = None,
    ) -> None:
        """Add a rule, armed; it takes the place of one of the same id.

        Args:
            rule_id: names it in hits.
            symbol: whose ticks it sees.
            condition: when it fires.
            once: it is over when it has fired.
            cooldown_ns: else it does not fire again for so long.
            expires_ns: at this time of day it is over; 0: never.
            interval_ms: the floor of conflation of whoever made it; 0: none.
            armings: how often it fired before.
            cools_until_ns: it has fired, and does not fire again before, monotonic; 0: it is armed.
            price: of the symbol's newest trade, from which the next one crosses; None: unknown.
        """
        self.remove(rule_id)
        self._number += 1
        fired = Phase.COOLING if condition.crosses else Phase.RESTING
        rule = Rule(
            rule_id,
            symbol,
            condition,
            self._number,
            once,
            cooldown_ns,
            expires_ns,
            interval_ms,
            armings,
            fired if cools_until_ns else Phase.ARMED,
            cools_until_ns,
        )
        self.rules[rule_id] = rule
        series = self._series(rule)
        series.add(rule)
        if price is not None:
            series.begin(price)
        if expires_ns:
            heappush(self._expiries, (expires_ns, rule.number, rule))
            if len(self._expiries) > 2 * len(self.rules) + _SPARE_EXPIRIES:
                left = [each for each in self._expiries if each[2].phase is not Phase.OVER]
                heapify(left)
                self._expiries = left

    def remove(self, rule_id: str) -> bool:
        """Remove a rule; tell whether there was one."""
        rule = self.rules.pop(rule_id, None)
        if rule is None:
            return False
        self._series(rule).remove(rule)
        rule.phase = Phase.OVER
        self._drop_empty(rule)
        return True

    def take(
        self, ticks: Sequence[Tick], first_sequence: int, mono_ns: int, wall_ns: int
    ) -> list[Hit]:
        """Show ticks to the rules; ticks that were taken before are passed over.

        Args:
            ticks: in order, of consecutive sequences; words among them are nobody's.
            first_sequence: of the first of them.
            mono_ns: the time now, monotonic.
            wall_ns: the same moment by the time of day.

        Returns:
            the hits, in the order of ticks, and for one tick of the rules' age.
        """
        hits = self.flush(mono_ns, wall_ns)
        seen_before = max(0, self.cursor + 1 - first_sequence)
        if seen_before:
            ticks, first_sequence = ticks[seen_before:], first_sequence + seen_before
        if not ticks:
            return hits
        self.cursor = first_sequence + len(ticks) - 1
        for interval_ms, floor in [*self._floors.items()]:
            symbols = floor.symbols
            if not interval_ms:
                for sequence, tick in enumerate(ticks, first_sequence):
                    series = symbols.get(tick.symbol)
                    if series is not None:
                        self._show(series, tick, sequence, mono_ns, hits)
                continue
            for sequence, tick in enumerate(ticks, first_sequence):
                if tick.symbol in symbols and isinstance(tick, Trade | Quote | Status):
                    assert floor.conflator is not None
                    floor.conflator.add((tick,), mono_ns, wall_ns)
                    floor.sequences[tick.kind, tick.symbol] = sequence
        return hits

    def warm(self, ticks: Sequence[Tick], first_sequence: int, mono_ns: int) -> None:
        """Show ticks of before to the windows, and nothing to the rules.

        Rules of owners whose values are conflated are shown none: what they saw is not known.

        Args:
            ticks: in order, of consecutive sequences.
            first_sequence: of the first of them.
            mono_ns: when they were ingested, monotonic.
        """
        self.cursor = max(self.cursor, first_sequence + len(ticks) - 1)
        symbols = self._floors[0].symbols if 0 in self._floors else {}
        for tick in ticks:
            if (series := symbols.get(tick.symbol)) is not None:
                series.warm(tick, mono_ns)

    def flush(self, mono_ns: int, wall_ns: int) -> list[Hit]:
        """Show the rules of conflated intervals what is due to them; drop rules that expired."""
        while self._expiries and self._expiries[0][0] <= wall_ns:
            rule = heappop(self._expiries)[2]
            if rule.phase is not Phase.OVER:
                self.remove(rule.rule_id)
                self.expired.append(rule.rule_id)
        hits: list[Hit] = []
        for floor in [*self._floors.values()]:
            conflated = floor.conflator.take_due(mono_ns) if floor.conflator else ()
            for tick in conflated:
                series = floor.symbols.get(tick.symbol)
                sequence = floor.sequences.pop((tick.kind, tick.symbol))
                if series is not None:
                    self._show(series, tick, sequence, mono_ns, hits)
        return hits

    @property
    def due_ns(self) -> int | None:
        """When `flush` has hits to look for, monotonic; None: only with the next tick."""
        dues = [
            floor.conflator.due_ns
            for floor in self._floors.values()
            if floor.conflator is not None and floor.conflator.due_ns is not None
        ]
        return min(dues, default=None)

    def note_hole(self, first: int, last: int) -> None:
        """Note that ticks are missing: each symbol's next hit says so, and windows until refilled.

        Args:
            first: the first missing sequence.
            last: the last one; ticks up to it are passed over from now on.
        """
        if last < first or last <= self.cursor:
            return
        self.cursor = last
        for floor in self._floors.values():
            for series in floor.symbols.values():
                series.missed.update(_SEEN_KINDS)

    def state(self) -> dict[str, Any]:
        """Return what it remembers beyond the rules themselves, as plain data."""
        return {
            "cursor": self.cursor,
            "rules": [
                [rule.rule_id, rule.armings, int(rule.phase), rule.cools_until_ns]
                for rule in self.rules.values()
            ],
            "series": [
                [interval_ms, symbol, sorted(series.missed), series.state()]
                for interval_ms, floor in self._floors.items()
                for symbol, series in floor.symbols.items()
            ],
        }

    def restore(self, state: dict[str, Any], later_ns: int) -> None:
        """Take up what was saved by a clock, for rules that were added again before.

        Args:
            state: of `state`.
            later_ns: what our clock shows more than that one at the same moment.
        """
        self.cursor = state["cursor"]
        for rule_id, armings, phase, cools_until_ns in state["rules"]:
            rule = self.rules.get(rule_id)
            if rule is None:
                continue
            series = self._series(rule)
            series.remove(rule)
            rule.armings, rule.phase = armings, Phase(phase)
            rule.cools_until_ns = cools_until_ns + later_ns
            series.add(rule)
        for interval_ms, symbol, missed, values in state["series"]:
            floor = self._floors.get(interval_ms)
            known = floor.symbols.get(symbol) if floor else None
            if known is not None:
                known.restore(values, later_ns)
                # What an interval had collected is not in the state.
                known.missed = set(_SEEN_KINDS if interval_ms else map(Kind, missed))

    def _show(
        self, series: SymbolSeries, tick: Tick, sequence: int, mono_ns: int, hits: list[Hit]
    ) -> None:
        seen: list[Seen]
        if isinstance(tick, Trade):
            seen = series.take_trade(tick, mono_ns)
        elif isinstance(tick, Quote):
            seen = series.take_quote(tick, mono_ns)
        elif isinstance(tick, Status):
            seen = series.take_status(tick, mono_ns)
        else:
            return
        if series.missed:
            series.missed.discard(tick.kind)
        if not seen:
            return
        seen.sort(key=_age)
        for rule, value, missed in seen:
            hits.append(
                Hit(rule.rule_id, rule.armings - 1, tick, sequence, value, missed, rule.once)
            )
            if rule.once:
                del self.rules[rule.rule_id]
                series.count -= 1
                series.drop(rule)
                self._drop_empty(rule)

    def _series(self, rule: Rule) -> SymbolSeries:
        floor = self._floors.get(rule.interval_ms)
        if floor is None:
            floor = self._floors[rule.interval_ms] = _Floor(rule.interval_ms)
        series = floor.symbols.get(rule.symbol)
        if series is None:
            series = floor.symbols[rule.symbol] = SymbolSeries()
        return series

    def _drop_empty(self, rule: Rule) -> None:
        floor = self._floors[rule.interval_ms]
        if not floor.symbols[rule.symbol].count:
            del floor.symbols[rule.symbol]
            if not floor.symbols:
                del self._floors[rule.interval_ms]


def _age(seen: Seen) -> int:
    return seen[0].number
