"""The index at its edges: the very moment, the very price, the last slot of a window."""

import json

import pytest

from feed.errors import InvalidParameter
from feed.market.alert_rules.condition import Condition, Field, Op, parse_condition
from feed.market.alert_rules.index import AlertIndex
from feed.market.alert_rules.windows import SLOTS
from feed.market.ticks import SECOND_NS, Trade

WINDOW_NS = SLOTS * SECOND_NS  # in slots of a second
BEGIN_NS = 1_000_000 * SECOND_NS


class Watched:
    """An index with one rule, shown trades."""

    def __init__(self, op: Op, value: float, window_ns: int = 0, **more: int) -> None:
        field = Field.VOLUME if window_ns and op is Op.AT_LEAST else Field.PRICE
        self.condition, self.more = Condition(field, op, value, window_ns), more
        self.index = AlertIndex()
        self.add()

    def add(self) -> None:
        self.index.add("rule", "AAPL", self.condition, once=False, **self.more)

    def trade(self, at_s: float, price: float, size: float = 1.0) -> list[tuple[float, bool]]:
        """Return what was seen by each hit, and whether ticks were missing."""
        now_ns = BEGIN_NS + int(at_s * SECOND_NS)
        trade = Trade("AAPL", 1, "V", price, size, 1)
        hits = self.index.take([trade], self.index.cursor + 1, now_ns, now_ns)
        return [(hit.seen, hit.after_gap) for hit in hits]

    def restart(self) -> None:
        state = json.loads(json.dumps(self.index.state()))
        self.index = AlertIndex()
        self.add()
        self.index.restore(state, 0)


@pytest.mark.parametrize(("op", "far"), [(Op.AT_LEAST, 9.0), (Op.AT_MOST, 11.0)])
@pytest.mark.parametrize(("over_s", "is_armed"), [(59.999_999_999, False), (60.0, True)])
def test_a_rule_whose_condition_was_false_is_armed_when_its_cooldown_is_over(
    op: Op, far: float, over_s: float, is_armed: bool
) -> None:
    rule = Watched(op, 10.0, cooldown_ns=60 * SECOND_NS)
    assert rule.trade(0, 10.0) == [(10.0, False)]
    assert rule.trade(1, far) == []
    assert bool(rule.trade(over_s, 10.0)) is is_armed


@pytest.mark.parametrize(("false_s", "is_armed"), [(59.999_999_999, False), (60.0, True)])
def test_a_condition_that_is_false_when_the_cooldown_ends_arms_at_once(
    false_s: float, is_armed: bool
) -> None:
    rule = Watched(Op.AT_LEAST, 10.0, cooldown_ns=60 * SECOND_NS)
    rule.trade(0, 10.0)
    rule.trade(false_s, 9.0)
    assert bool(rule.trade(false_s, 10.0)) is is_armed


def test_a_condition_that_stays_true_fires_once() -> None:
    rule = Watched(Op.AT_LEAST, 10.0, cooldown_ns=SECOND_NS)
    assert [bool(rule.trade(at_s, 10.0)) for at_s in (0, 5, 10)] == [True, False, False]


@pytest.mark.parametrize(("over_s", "is_armed"), [(59.999_999_999, False), (60.0, True)])
def test_a_crossing_is_seen_again_when_the_cooldown_is_over(over_s: float, is_armed: bool) -> None:
    rule = Watched(Op.CROSSES_BELOW, 10.0, cooldown_ns=60 * SECOND_NS)
    rule.trade(0, 11.0)
    assert rule.trade(0, 10.0) == [(10.0, False)]
    rule.trade(1, 11.0)
    assert bool(rule.trade(over_s, 10.0)) is is_armed


@pytest.mark.parametrize(
    ("op", "prices", "fires"),
    [
        (Op.AT_LEAST, (9.999, 10.0), (False, True)),
        (Op.AT_MOST, (10.001, 10.0), (False, True)),
        (Op.CROSSES_ABOVE, (9.0, 10.0), (False, True)),
        (Op.CROSSES_ABOVE, (10.0, 11.0), (False, False)),  # it was not below
        (Op.CROSSES_BELOW, (11.0, 10.0), (False, True)),
        (Op.CROSSES_BELOW, (10.0, 9.0), (False, False)),
        (Op.CROSSES_BELOW, (9.0, 11.0), (False, False)),
    ],
)
def test_a_price_that_equals_the_threshold_reaches_it(
    op: Op, prices: tuple[float, ...], fires: tuple[bool, ...]
) -> None:
    rule = Watched(op, 10.0)
    assert tuple(bool(rule.trade(0, price)) for price in prices) == fires


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("price", [110.0, 90.0])
@pytest.mark.parametrize(("at_s", "is_within"), [(SLOTS - 1, True), (SLOTS, False)])
def test_a_move_is_from_prices_of_the_last_256_slots(
    price: float, at_s: int, is_within: bool, is_restarted: bool
) -> None:
    rule = Watched(Op.MOVES_PCT, 10.0, WINDOW_NS)
    rule.trade(0, 100.0)
    if is_restarted:
        rule.restart()
    assert rule.trade(at_s, price) == ([(price - 100.0, False)] if is_within else [])


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize(("at_s", "is_within"), [(SLOTS - 1, True), (SLOTS, False)])
def test_a_volume_is_of_the_last_256_slots(at_s: int, is_within: bool, is_restarted: bool) -> None:
    rule = Watched(Op.AT_LEAST, 5.0, WINDOW_NS)
    rule.trade(0, 1.0, 3.0)
    rule.trade(1, 1.0, 0.5)
    if is_restarted:
        rule.restart()
    assert rule.trade(at_s, 1.0, 1.5) == ([(5.0, False)] if is_within else [])


@pytest.mark.parametrize(("at_s", "is_gapped"), [(SLOTS - 0.001, True), (SLOTS, False)])
def test_a_window_says_that_ticks_were_missing_until_it_is_refilled(
    at_s: float, is_gapped: bool
) -> None:
    rule = Watched(Op.AT_LEAST, 5.0, WINDOW_NS)
    rule.index.note_hole(1, 9)
    assert rule.trade(0, 1.0) == []
    assert rule.trade(at_s, 1.0, 9.0) == [(9.0 if not is_gapped else 10.0, is_gapped)]


def test_the_first_hit_after_a_hole_says_so_and_the_next_does_not() -> None:
    rule = Watched(Op.AT_LEAST, 10.0, cooldown_ns=0)
    rule.index.note_hole(1, 9)
    assert rule.trade(0, 10.0) == [(10.0, True)]
    rule.trade(1, 9.0)
    assert rule.trade(2, 10.0) == [(10.0, False)]


def test_a_value_of_minus_zero_is_zero() -> None:
    rule = Watched(Op.AT_LEAST, -0.0)
    assert rule.trade(0, 0.0) == [(0.0, False)]


def test_rules_that_are_over_are_not_remembered_for_their_ends() -> None:
    index, condition = AlertIndex(), parse_condition("price", ">=", 1e6)
    for number in range(10_000):
        index.add(f"rule_{number}", "AAPL", condition, expires_ns=1 << 62)
        index.remove(f"rule_{number}")
    index.add("stays", "AAPL", condition, expires_ns=BEGIN_NS)
    assert len(index._expiries) < 200
    index.flush(0, BEGIN_NS)
    assert (index.expired, index.rules) == (["stays"], {})


@pytest.mark.parametrize("value", [-1e15, 1e15, -0.0, 5e-324])
def test_a_value_at_its_limit_is_accepted(value: float) -> None:
    assert parse_condition("price", ">=", value).value == value


@pytest.mark.parametrize(
    "value", [1.0000000000000002e15, -1.1e15, float("nan"), float("inf"), 10**400, True, "1", None]
)
def test_a_value_beyond_its_limit_is_refused(value: object) -> None:
    with pytest.raises(InvalidParameter, match="a finite number"):
        parse_condition("price", ">=", value)


@pytest.mark.parametrize("window", ["1s", "86400s", "1440m", "24h"])
def test_a_window_at_its_limit_is_accepted(window: str) -> None:
    assert parse_condition("volume", ">=", 1, window).window_ns in {SECOND_NS, 86_400 * SECOND_NS}


@pytest.mark.parametrize(
    "window", ["0s", "86401s", "25h", "1d", "1.5h", "-1s", "1s ", "1\u06f1s", 60]
)
def test_a_window_beyond_its_limit_is_refused(window: object) -> None:
    with pytest.raises(InvalidParameter, match="from 1s to 24h"):
        parse_condition("volume", ">=", 1, window)
