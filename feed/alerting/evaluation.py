"""Evaluation: the index of rules at the writer, shown every batch before it is cut.

What the index remembers beyond the rules, such as the prices of a window, is kept when the server
ends. After a kill it is made anew of what the ring has; of what that has lost, the next firing of a
rule tells.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from time import perf_counter_ns

import orjson

from feed.alerting.rerun import Arm, show_again
from feed.alerting.rule import StoredRule
from feed.alerting.tally import Tally
from feed.hub.hub import Hub
from feed.market.alert_rules.index import AlertIndex
from feed.market.alert_rules.rule import Hit
from feed.market.ticks import Tick, Trade

_NS_PER_S = 1_000_000_000


class Evaluation:
    """All rules that are armed, and the ticks that they are shown.

    Attributes:
        index: the rules.
    """

    def __init__(self, hub: Hub, tally: Tally, fired: Callable[[list[Hit]], None]) -> None:
        """Begin without rules; `fired` is given what a batch fires, and must be quick."""
        self.index = AlertIndex()
        self._hub = hub
        self._tally = tally
        self._fired = fired

    def arm(self, rule: StoredRule, interval_ms: int) -> None:
        """Evaluate a rule from here on, for an owner who sees values of so long an interval."""
        self._arm(rule, interval_ms, self._newest_price(rule.terms.symbol))

    def _arm(self, rule: StoredRule, interval_ms: int, price: float | None) -> None:
        asked, clock = rule.terms, self._hub.clock
        cooldown_ns = int(asked.cooldown_s * _NS_PER_S)
        cools_ns = rule.fired_ns + cooldown_ns - clock.wall_ns() if rule.fired_ns else 0
        self.index.add(
            rule.id,
            asked.symbol,
            asked.condition,
            once=asked.once,
            cooldown_ns=cooldown_ns,
            expires_ns=asked.expires_ns,
            interval_ms=interval_ms,
            armings=rule.armings,
            cools_until_ns=clock.mono_ns() + min(cools_ns, cooldown_ns) if cools_ns > 0 else 0,
            price=price,
        )

    @property
    def position(self) -> str:
        """Up to where the rules have seen everything."""
        return str(self._hub.broadcast.ring.position(self.index.cursor))

    @property
    def due_s(self) -> float | None:
        """How long it takes until conflated values are due; None: nobody sees any."""
        due_ns = self.index.due_ns
        return None if due_ns is None else max(0, due_ns - self._hub.clock.mono_ns()) / _NS_PER_S

    def flush(self) -> None:
        """Show what is due by time alone."""
        clock = self._hub.clock
        if hits := self.index.flush(clock.mono_ns(), clock.wall_ns()):
            self._fired(hits)

    def begin(self, rules: Iterable[tuple[StoredRule, int]], cursor: str, memory: bytes) -> None:
        """Show rules what the ring has behind a cursor, and every batch from now on.

        A rule that was made behind the cursor is shown what came after it was made.

        Args:
            rules: each with the interval of its owner.
            cursor: up to where an earlier server has committed what fired; "": there was none.
            memory: what `end` returned there; b"": nothing.
        """
        ring, index = self._hub.broadcast.ring, self.index
        known = self._sequence_of(cursor)
        seen = min(max(known, ring.oldest - 1), ring.newest)
        late: list[tuple[int, str, Arm]] = []
        for rule, interval_ms in rules:
            since, arm = self._sequence_of(rule.since), partial(self._arm, rule, interval_ms)
            if since > seen:
                late.append((since, rule.terms.symbol, arm))
            else:
                arm(None)
        index.cursor = 0
        if seen == known and self._remember(cursor, memory):
            index.cursor = seen
        else:
            if ring.oldest > 1 or not known:
                index.note_hole(1, max(1, ring.oldest - 1))
            index.cursor = ring.oldest - 1
        if index.rules or late:
            show_again(ring, index, seen, late, self._show)
        index.cursor = ring.newest
        self._hub.publisher.taps.append(self._take)

    def end(self) -> bytes:
        """Show nothing any more; return what the index remembers."""
        self._hub.publisher.taps.remove(self._take)
        clock = self._hub.clock
        memory = {"at": self.position, "wall": clock.wall_ns(), "mono": clock.mono_ns()}
        return orjson.dumps({**memory, "index": self.index.state()}) if self.index.rules else b""

    def _newest_price(self, symbol: str) -> float | None:
        broadcast = self._hub.broadcast
        ring, cut = broadcast.ring, broadcast.cut_sequence
        uncut = ring.read(cut, ring.newest - cut)
        for tick in (*reversed(uncut), *broadcast.snapshot.get(symbol)):
            if isinstance(tick, Trade) and tick.symbol == symbol:
                return tick.price
        return None

    def _take(self, ticks: Sequence[Tick], first: int) -> None:
        """Show a batch to the rules, before it is cut."""
        if self.index.rules:
            self._show(ticks, first, self._hub.clock.mono_ns())
        else:
            self.index.cursor = max(self.index.cursor, first + len(ticks) - 1)

    def _show(self, ticks: Sequence[Tick], first: int, mono_ns: int) -> None:
        """Evaluate ticks that were ingested at a time."""
        clock, began_ns = self._hub.clock, perf_counter_ns()
        wall_ns = clock.wall_ns() - (clock.mono_ns() - mono_ns)
        hits = self.index.take(ticks, first, mono_ns, wall_ns)
        self._tally.evaluated += len(ticks)
        self._tally.evaluation_ns += perf_counter_ns() - began_ns
        if hits:
            self._fired(hits)

    def _sequence_of(self, position: str) -> int:
        """Return the sequence of a position of the ring's epoch; 0: it is of another one."""
        epoch, _, digits = position.rpartition("-")
        return int(digits) if epoch == self._hub.broadcast.ring.epoch else 0

    def _remember(self, cursor: str, memory: bytes) -> bool:
        """Take up what an earlier server remembered at a cursor; tell whether it did."""
        kept = orjson.loads(memory) if memory else {}
        if kept.get("at") != cursor:
            return False  # of a server before that one, which was killed
        clock = self._hub.clock
        passed_ns = max(0, clock.wall_ns() - kept["wall"])
        self.index.restore(kept["index"], clock.mono_ns() - kept["mono"] - passed_ns)
        return True
