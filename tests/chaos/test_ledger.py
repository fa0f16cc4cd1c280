"""The ledger finds what is missing, doubled or untold, and nothing else."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos.conflated import Wrong
from tests.chaos.ledger import Ledger
from tests.chaos.market import Key, Market
from tests.chaos.times import Times
from tests.fakes.messages import Message

MARKET = Market(seed=1)
BUSY: Key = max(
    (key for key in MARKET.keys if key[0] == "t"), key=lambda key: MARKET.numbers[key].count(1_000)
)
TRADES = frozenset({BUSY})
DUE = MARKET.numbers[BUSY].between(0, 1_000)


def message(number: int) -> Message:
    """Return a trade as it comes over the wire."""
    tick: Any = MARKET.tick(number, made_us=200 * number)
    return {"T": "t", "S": tick.symbol, "i": number, "p": tick.price, "s": tick.size}


def conflated(first: int, last: int) -> Message:
    """Return what trades between two numbers are conflated to."""
    numbers = MARKET.numbers[BUSY]
    count = numbers.count(last) - numbers.count(first - 1)
    return message(last) | {"fi": first, "n": count}


def begin(intervals_ms: dict[Key, int] | None = None) -> Ledger:
    ledger = Ledger(MARKET, Times())
    ledger.connect(TRADES, intervals_ms or {}, returns=False)
    ledger.reach("e", 0)
    return ledger


def test_what_is_due_is_no_finding() -> None:
    ledger = begin()
    for number in DUE:
        ledger.hear(message(number))
    ledger.reach("e", 1_000)
    assert ledger.counts["lossless ticks"] == len(DUE)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda due: due[:7] + due[8:], f"missing: [{DUE[7]}]"),
        (lambda due: due[:-1], f"missing: [{DUE[-1]}]"),
        (lambda due: [*due[:8], due[7], *due[8:]], f"again: [{DUE[7]}]"),
        (lambda due: [due[1], due[0], *due[2:]], "another order"),
        (lambda due: [*due, MARKET.numbers[BUSY].next(1_000)], "not due: ["),
    ],
)
def test_what_is_not_due_is_found(spoil: Callable[[list[int]], list[int]], words: str) -> None:
    ledger = begin()
    for number in spoil(DUE):
        ledger.hear(message(number))
    with pytest.raises(Wrong) as found:
        ledger.reach("e", 1_000)
    assert words in str(found.value)


def test_a_gap_covers_what_it_says_and_no_more() -> None:
    ledger = begin()
    ledger.gap(1, 1_000, "overrun")
    after = MARKET.numbers[BUSY].next(1_000)
    with pytest.raises(Wrong, match="missing"):
        ledger.reach("e", after)


def test_what_was_missed_before_a_cut_is_due_again() -> None:
    ledger = begin()
    ledger.hear(message(DUE[0]))
    ledger.reach("e", DUE[0])
    ledger.hear(message(DUE[1]))  # no position follows: the reader is cut off
    ledger.connect(TRADES, {}, returns=True)
    for number in DUE[1:]:
        ledger.hear(message(number))
    ledger.reach("e", 1_000)


def test_a_past_that_is_asked_for_amid_a_stream_is_due_for_its_part() -> None:
    quotes = frozenset(key for key in MARKET.keys if key[0] == "q")
    ledger = Ledger(MARKET, Times())
    ledger.connect(quotes, {}, returns=False)
    ledger.reach("e", 1_000)
    ledger.subscribe(TRADES, TRADES | quotes, {}, after=0)
    for number in DUE[:-1]:
        ledger.hear(message(number))
    with pytest.raises(Wrong, match=f"{DUE[-1]} of .* was due"):
        ledger.reach("e", 1_000)


def test_ticks_of_one_past_may_come_while_another_one_holds_the_position_back() -> None:
    quotes = frozenset(key for key in MARKET.keys if key[0] == "q")
    ledger = begin()
    ledger.subscribe(quotes, TRADES | quotes, {}, after=0)
    ledger.reach("e", 0)  # all stand at the same place, and none of the past has come
    for number in DUE[:3]:
        ledger.hear(message(number))
    ledger.reach("e", 0)
    ledger.hear(message(DUE[4]))
    with pytest.raises(Wrong, match=f"{DUE[4]} of .* came after {DUE[2]}; due: {DUE[3]}"):
        ledger.reach("e", 0)


def test_what_joins_conflated_channels_before_a_position_begins_at_the_next_one() -> None:
    ledger = Ledger(MARKET, Times())
    quotes = frozenset(key for key in MARKET.keys if key[0] == "q")
    ledger.connect(quotes, dict.fromkeys(quotes, 100), returns=False)
    ledger.subscribe(TRADES, TRADES | quotes, dict.fromkeys(quotes, 100), after=None)
    ledger.gap(1, DUE[2], "overrun")  # of what is conflated
    ledger.reach("e", DUE[6])
    ledger.hear(message(DUE[8]))
    with pytest.raises(Wrong, match=rf"missing: \[{DUE[7]}\]"):
        ledger.reach("e", DUE[8])


def test_an_interval_that_ends_before_a_position_may_tell_what_it_had_collected() -> None:
    ledger = Ledger(MARKET, Times())
    quotes = frozenset(key for key in MARKET.keys if key[0] == "q")
    ledger.connect(TRADES | quotes, dict.fromkeys(TRADES, 100), returns=False)
    ledger.subscribe(TRADES, TRADES | quotes, {}, after=None)
    ledger.hear(conflated(DUE[0], DUE[3]))
    ledger.hear(message(DUE[5]))
    with pytest.raises(Wrong, match=f"{DUE[5]} of .* was due after {DUE[3]}"):
        ledger.reach("e", DUE[5])


def test_what_an_interval_had_collected_is_due_when_it_ends() -> None:
    ledger = begin({BUSY: 100})
    ledger.hear(conflated(DUE[0], DUE[3]))
    ledger.reach("e", DUE[5])
    ledger.subscribe(TRADES, TRADES, {}, after=None)
    ledger.hear(conflated(DUE[4], DUE[6]))
    ledger.reach("e", DUE[6])
    ledger.subscribe(TRADES, TRADES, {BUSY: 100}, after=None)
    ledger.reach("e", DUE[8])
    ledger.subscribe(TRADES, TRADES, {}, after=None)
    ledger.hear(message(DUE[9]))  # and what the interval had collected was never told
    with pytest.raises(Wrong, match=f"{DUE[9]} of .* was due after {DUE[6]}"):
        ledger.reach("e", DUE[9])


def test_conflated_trades_leave_none_out() -> None:
    ledger = begin({BUSY: 100})
    ledger.hear(conflated(DUE[0], DUE[3]))
    ledger.reach("e", DUE[3])
    with pytest.raises(Wrong, match=f"begins at {DUE[5]}, and {DUE[4]} was due"):
        ledger.hear(conflated(DUE[5], DUE[7]))


def test_conflated_trades_count_what_they_stand_for() -> None:
    ledger = begin({BUSY: 100})
    with pytest.raises(Wrong, match="counts 9 trades; due: 4"):
        ledger.hear(conflated(DUE[0], DUE[3]) | {"n": 9})


def test_a_snapshot_is_the_last_known_state() -> None:
    ledger = begin()
    ledger.gap(1, 1_000, "overrun")
    ledger.begin_snapshot(1_000)
    ledger.hear(message(DUE[-2]))
    with pytest.raises(Wrong, match=f"due: {DUE[-1]}"):
        ledger.end_snapshot()


def test_a_stretch_that_is_told_conflated_holds_the_newest() -> None:
    ledger = begin()
    ledger.gap(1, 1_000, "conflated")
    with pytest.raises(Wrong, match=f"{DUE[-1]} of .* is missing"):
        ledger.reach("e", 1_000)


def test_a_stretch_that_is_told_conflated_is_not_of_what_another_gap_covers() -> None:
    quotes = frozenset(key for key in MARKET.keys if key[0] == "q")
    ledger = begin()
    ledger.subscribe(quotes, TRADES | quotes, {}, after=0)
    ledger.gap(1, 1_000, "overrun")
    ledger.gap(1, 1_000, "conflated")
    ledger.reach("e", 1_000)
    ledger.gap(1_001, 2_000, "conflated")
    with pytest.raises(Wrong, match="is missing of what is conflated"):
        ledger.reach("e", 2_000)


def test_a_stretch_that_is_told_conflated_owes_nothing_of_what_is_lost_before_it_came() -> None:
    ledger = begin()
    ledger.gap(1, 1_000, "conflated")
    ledger.gap(1, 1_000, "overrun")
    ledger.reach("e", 1_000)
    with pytest.raises(Wrong, match="missing"):
        ledger.reach("e", MARKET.numbers[BUSY].next(1_000))


def test_a_state_may_come_after_a_gap_of_the_past_of_others_and_is_whole() -> None:
    ledger = begin()
    ledger.gap(1, 1_000, "conflated")
    ledger.gap(1, 1_000, "overrun")
    ledger.hear(conflated(DUE[0], DUE[-1]))
    with pytest.raises(Wrong, match="does not stand for all from 1 to 1000"):
        ledger.hear(conflated(DUE[1], DUE[-1]))


def test_a_state_of_which_the_ring_has_lost_the_beginning_stands_for_all_behind_it() -> None:
    ledger = begin()
    ledger.gap(1, 1_000, "conflated")
    ledger.gap(1, DUE[3], "overrun")
    with pytest.raises(Wrong, match=f"does not stand for all from {DUE[3] + 1} to 1000"):
        ledger.hear(conflated(DUE[5], DUE[-1]))
    with pytest.raises(Wrong, match=f"{DUE[-1]} of .* is missing of what is conflated"):
        ledger.reach("e", 1_000)


def test_what_an_interval_has_told_beyond_a_position_is_told_again_and_nothing_is_left_out() -> (
    None
):
    ledger = begin({BUSY: 100})
    ledger.subscribe(TRADES, TRADES, {}, after=None)
    ledger.unsubscribe(frozenset(), {})
    ledger.subscribe(TRADES, TRADES, {}, after=None)
    ledger.hear(conflated(DUE[0], DUE[4]))  # of before: the interval has ended
    for number in DUE[2:4]:
        ledger.hear(message(number))
    ledger.reach("e", DUE[3])
    for number in (DUE[4], DUE[5], DUE[7]):
        ledger.hear(message(number))
    with pytest.raises(Wrong, match=f"{DUE[7]} of .* was due after {DUE[5]}"):
        ledger.reach("e", DUE[7])


def test_a_gap_of_a_past_may_cover_what_an_interval_had_collected_and_tells_it_later() -> None:
    ledger = begin({BUSY: 100})
    ledger.subscribe(TRADES, TRADES, {}, after=0)
    ledger.gap(1, DUE[5], "overrun")  # at once, before what waits already
    ledger.hear(conflated(DUE[2], DUE[4]))
    with pytest.raises(Wrong, match="the channel is not"):
        ledger.hear(conflated(DUE[5], DUE[6]))
    ledger.hear(message(DUE[7]))
    with pytest.raises(Wrong, match="due"):
        ledger.reach("e", DUE[7])


def begin_beside_a_gap() -> Ledger:
    """Return a reader of quotes, told a stretch conflated, and of trades that are conflated."""
    quotes = frozenset(key for key in MARKET.keys if key[0] == "q")
    ledger = Ledger(MARKET, Times())
    ledger.connect(TRADES | quotes, {BUSY: 100}, returns=False)
    ledger.reach("e", 0)
    ledger.gap(1, 1_000, "conflated")  # of the quotes, whose state has yet to come
    ledger.subscribe(TRADES, TRADES, {}, after=None)
    return ledger


def test_what_an_interval_had_collected_is_no_part_of_a_stretch_that_is_told_conflated() -> None:
    ledger = begin_beside_a_gap()
    ledger.hear(conflated(DUE[0], DUE[-1]))
    ledger.reach("e", 1_000)
    ledger = begin_beside_a_gap()
    ledger.hear(conflated(DUE[3], DUE[-1]))  # the others may have been told before
    ledger = begin_beside_a_gap()
    with pytest.raises(Wrong, match=f"{DUE[-1]} of .* was due after 0"):
        ledger.reach("e", 1_000)


def test_a_snapshot_may_end_at_a_position_of_before_the_end_of_a_gap_but_not_of_the_last_one() -> (
    None
):
    ledger = begin()
    ledger.hear(message(DUE[0]))
    ledger.reach("e", DUE[0])
    ledger.gap(DUE[0] + 1, 1_000, "overrun")
    ledger.reach("e", DUE[3])  # something else is owed from there on
    ledger.reach("e", DUE[5])
    with pytest.raises(Wrong, match=f"the position went back from .* to {DUE[4]}"):
        ledger.reach("e", DUE[4])


def test_what_joins_while_a_snapshot_comes_begins_at_the_position_behind_it() -> None:
    quiet = next(key for key in MARKET.keys if not MARKET.numbers[key].count(DUE[8]))
    ledger = Ledger(MARKET, Times())
    ledger.connect(frozenset({quiet}), {}, returns=False)
    ledger.reach("e", DUE[4])
    ledger.begin_snapshot(DUE[6])
    ledger.subscribe(TRADES, TRADES | {quiet}, {}, after=None)
    ledger.end_snapshot()
    ledger.reach("e", DUE[4])  # something of before is owed
    ledger.reach("e", DUE[6])
    ledger.hear(message(DUE[8]))
    with pytest.raises(Wrong, match=rf"missing: \[{DUE[7]}\]"):
        ledger.reach("e", DUE[8])
