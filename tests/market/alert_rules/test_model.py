"""The index against a plain model: every firing exactly once, in order."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from feed.market.alert_rules.condition import Ailment, Condition, Field, Op
from feed.market.alert_rules.index import AlertIndex
from feed.market.ticks import SECOND_NS, Quote, Status, Tick, Trade
from tests.market.alert_rules.model import Firing, Model, PlainRule

SYMBOLS = st.sampled_from(["AAPL", "MSFT"])
WINDOWS = st.sampled_from([256 * SECOND_NS, 512 * SECOND_NS])  # slots of 1 s and 2 s
PRICES = st.integers(8, 16).map(float)
PRICE_OPS = st.sampled_from([Op.AT_LEAST, Op.AT_MOST, Op.CROSSES_ABOVE, Op.CROSSES_BELOW])
CONDITIONS = st.one_of(
    st.builds(Condition, st.just(Field.PRICE), PRICE_OPS, PRICES),
    st.builds(
        Condition,
        st.just(Field.PRICE),
        st.just(Op.MOVES_PCT),
        st.sampled_from([9.0, 25.0]),
        WINDOWS,
    ),
    st.builds(
        Condition,
        st.just(Field.VOLUME),
        st.just(Op.AT_LEAST),
        st.integers(1, 9).map(float),
        WINDOWS,
    ),
    st.builds(
        Condition, st.just(Field.SPREAD_BP), st.just(Op.AT_LEAST), st.sampled_from([900.0, 2e3])
    ),
    st.builds(Condition, st.just(Field.HEALTH), st.just(Op.IS), st.sampled_from(Ailment)),
)
TICKS = st.one_of(
    st.builds(
        Trade, SYMBOLS, st.just(1), st.just("V"), PRICES, st.integers(0, 3).map(float), st.just(1)
    ),
    st.builds(
        lambda symbol, ask: Quote(symbol, "V", 10.0, 1.0, "V", ask, 1.0, 1),
        SYMBOLS,
        st.sampled_from([10.0, 11.0, 13.0]),
    ),
    st.builds(
        lambda symbol, code: Status(symbol, code, "", "", "", 1),
        SYMBOLS,
        st.sampled_from(["H", "T", "STALE", "LIVE", "Q"]),
    ),
)
WAITS_NS = st.sampled_from([0, 20_000_000, SECOND_NS, 61 * SECOND_NS, 200 * SECOND_NS])
ADDED = st.tuples(
    SYMBOLS,
    CONDITIONS,
    st.booleans(),
    st.sampled_from([0, 60 * SECOND_NS]),
    st.sampled_from([0, 0, 300 * SECOND_NS]),
    st.sampled_from([0, 0, 50, 1000]),
)
STEPS = st.one_of(
    st.tuples(st.just("ticks"), WAITS_NS, st.lists(TICKS, max_size=12)),
    st.tuples(st.just("ticks"), WAITS_NS, st.lists(TICKS, max_size=12)),
    st.tuples(st.just("add"), st.lists(ADDED, min_size=1, max_size=6)),
    st.tuples(st.just("remove"), st.integers(0, 20)),
    st.tuples(st.just("hole"), st.integers(1, 5)),
    st.tuples(st.just("restart"), st.integers(-5, 5)),
)


class Both:
    """The model, and an index whose clock steps when it is restarted."""

    def __init__(self) -> None:
        self.model, self.index = Model(), AlertIndex()
        self.now_ns = 1_000_000 * SECOND_NS
        self.later_ns = 0
        self.added = 0
        self.firings: list[Firing] = []
        self.wanted: list[Firing] = []

    def ticks(self, wait_ns: int, ticks: list[Tick]) -> None:
        self.now_ns += wait_ns
        first = self.index.cursor + 1
        mono_ns = self.now_ns + self.later_ns
        for _ in range(2):  # what was taken before is passed over
            self.firings += [
                (hit.rule_id, hit.arming, hit.sequence, hit.after_gap)
                for hit in self.index.take(ticks, first, mono_ns, self.now_ns)
            ]
        self.wanted += self.model.take(ticks, first, self.now_ns)

    def add(self, rules: list[tuple[str, Condition, bool, int, int, int]]) -> None:
        for symbol, condition, once, cooldown_ns, lasts_ns, interval_ms in rules:
            self.added += 1
            expires_ns = self.now_ns + lasts_ns if lasts_ns else 0
            rule = PlainRule(
                f"rule_{self.added}", symbol, condition, once, cooldown_ns, expires_ns, interval_ms
            )
            self.model.add(rule)
            self._add(rule)

    def remove(self, number: int) -> None:
        self.model.remove(f"rule_{number}")
        self.index.remove(f"rule_{number}")

    def hole(self, count: int) -> None:
        self.index.note_hole(self.index.cursor + 1, self.index.cursor + count)
        self.model.note_hole()

    def restart(self, steps: int) -> None:
        state = json.loads(json.dumps(self.index.state()))
        self.index = AlertIndex()
        self.model.restart()
        for rule in self.model.rules:
            self._add(rule)
        self.index.restore(state, 2 * SECOND_NS * steps)
        self.later_ns += 2 * SECOND_NS * steps

    def _add(self, rule: PlainRule) -> None:
        self.index.add(
            rule.rule_id,
            rule.symbol,
            rule.condition,
            once=rule.once,
            cooldown_ns=rule.cooldown_ns,
            expires_ns=rule.expires_ns,
            interval_ms=rule.interval_ms,
        )


@settings(max_examples=200, deadline=None)
@given(st.lists(ADDED, min_size=1, max_size=8), st.lists(STEPS, max_size=20))
def test_every_firing_of_the_model_happens_once_and_in_order(
    rules: list[tuple[str, Condition, bool, int, int, int]], steps: list[tuple[str, object]]
) -> None:
    both = Both()
    both.add(rules)
    for name, *arguments in steps:
        getattr(both, name)(*arguments)
        # A batch's order among intervals is that of the intervals, which the model has not.
        assert sorted(both.firings) == sorted(both.wanted)
        floors = {rule.rule_id: rule.interval_ms for rule in both.model.rules}
        for interval_ms in {*floors.values()}:
            ours, theirs = (
                [firing for firing in firings if floors.get(firing[0]) == interval_ms]
                for firings in (both.firings, both.wanted)
            )
            assert ours == theirs
    assert both.index.rules.keys() == {rule.rule_id for rule in both.model.rules}
