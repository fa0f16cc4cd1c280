import math

from hypothesis import given
from hypothesis import strategies as st

from feed.market.conflation import Conflator
from feed.market.ticks import ConflatedTrade, Kind, Quote, Tick, Trade
from tests.fakes.conflation import conflate

MS = 1_000_000


def trade(symbol: str, trade_id: int, price: float, size: float = 1.0) -> Trade:
    return Trade(symbol, trade_id, "V", price, size, trade_id, ("@",), "C", "B")


def quote(symbol: str, bid: float, event_ns: int = 0) -> Quote:
    return Quote(symbol, "V", bid, 1.0, "Q", bid + 1, 2.0, event_ns)


def test_a_conflated_trade_tells_what_it_stands_for() -> None:
    trades = [trade("A", 7, 10.0, 2.0), trade("A", 8, 14.0, 1.0), trade("A", 9, 12.0, 1.0)]
    (one,) = conflate(trades)
    assert isinstance(one, ConflatedTrade)
    assert (one.trade_id, one.first_trade_id, one.price, one.size) == (9, 7, 12.0, 1.0)
    assert (one.trade_count, one.high, one.low, one.volume) == (3, 14.0, 10.0, 4.0)
    assert one.vwap == (20.0 + 14.0 + 12.0) / 4.0


def test_what_was_published_is_not_changed() -> None:
    first = trade("A", 1, 10.0)
    conflate([first, trade("A", 2, 20.0)])
    assert first == trade("A", 1, 10.0)


def test_the_newest_of_each_kind_and_symbol_is_left() -> None:
    ticks: list[Tick] = [quote("A", 1.0), quote("B", 5.0), quote("A", 2.0), trade("A", 1, 1.5)]
    left = conflate(ticks)
    assert [(tick.kind, tick.symbol) for tick in left] == [
        (Kind.TRADE, "A"),
        (Kind.QUOTE, "A"),
        (Kind.QUOTE, "B"),
    ]
    assert left[1] == quote("A", 2.0)


def test_conflated_ticks_are_due_at_multiples_of_the_interval() -> None:
    conflator = Conflator(250)
    due_ns = [conflator.due_ns]
    conflator.add([trade("A", 1, 10.0)], 1_100 * MS, 1_100 * MS)
    due_ns.append(conflator.due_ns)
    assert conflator.take_due(1_249 * MS) == []
    assert len(conflator.take_due(1_250 * MS)) == 1
    due_ns.append(conflator.due_ns)
    conflator.add([trade("A", 2, 10.0)], 1_250 * MS, 1_250 * MS)
    due_ns.append(conflator.due_ns)
    assert due_ns == [None, 1_250 * MS, None, 1_500 * MS]


def test_a_tick_after_silence_is_due_at_the_end_of_its_own_interval() -> None:
    conflator = Conflator(100)
    conflator.add([trade("A", 1, 10.0)], 10 * MS, 10 * MS)
    conflator.take_due(100 * MS)
    conflator.add([], 700 * MS, 700 * MS)
    assert conflator.due_ns is None
    conflator.add([trade("A", 2, 10.0)], 710 * MS, 710 * MS)
    conflator.add([trade("A", 3, 10.0)], 790 * MS, 790 * MS)
    assert conflator.due_ns == 800 * MS


def test_equal_intervals_are_aligned_whenever_they_began() -> None:
    early, late = Conflator(100), Conflator(100)
    early.add([quote("A", 1.0)], 1 * MS, 1 * MS)
    late.add([quote("A", 1.0)], 99 * MS, 99 * MS)
    assert early.due_ns == late.due_ns == 100 * MS


def test_one_interval_does_not_reach_into_the_next() -> None:
    conflator = Conflator(100)
    conflator.add([trade("A", 1, 10.0), trade("A", 2, 30.0)], 0, 0)
    conflator.take_due(100 * MS)
    conflator.add([trade("A", 3, 20.0)], 100 * MS, 100 * MS)
    (one,) = conflator.take_due(200 * MS)
    assert isinstance(one, ConflatedTrade)
    assert (one.trade_count, one.high, one.low, one.first_trade_id) == (1, 20.0, 20.0, 3)


_trades = st.lists(
    st.tuples(st.sampled_from("ABC"), st.floats(0.01, 1e6), st.floats(0, 1e6)), max_size=60
)


@given(_trades, st.data())
def test_nothing_disappears_unaccounted(
    rows: list[tuple[str, float, float]], data: st.DataObject
) -> None:
    trades = [trade(symbol, index, price, size) for index, (symbol, price, size) in enumerate(rows)]
    conflator = Conflator(50)
    conflated: list[ConflatedTrade] = []
    at = now_ms = 0
    while at < len(trades):
        step = data.draw(st.integers(1, 20))
        conflator.add(trades[at : at + step], now_ms * MS, now_ms * MS)
        at += step
        now_ms += data.draw(st.integers(0, 80))
        conflated += conflator.take_due(now_ms * MS)  # type: ignore[arg-type]  # only trades went in
    conflated += conflator.take_due((now_ms + 100) * MS)  # type: ignore[arg-type]
    for symbol in "ABC":
        mine = [one for one in trades if one.symbol == symbol]
        told = [one for one in conflated if one.symbol == symbol]
        assert sum(one.trade_count for one in told) == len(mine)
        assert math.isclose(sum(one.volume for one in told), sum(one.size for one in mine))
        assert [one.first_trade_id for one in told[1:]] == [
            _next_id(mine, one.trade_id) for one in told[:-1]
        ]
        if mine:
            assert max(one.high for one in told) == max(one.price for one in mine)
            assert min(one.low for one in told) == min(one.price for one in mine)
            assert told[-1].trade_id == mine[-1].trade_id


def _next_id(trades: list[Trade], trade_id: int) -> int:
    return min(one.trade_id for one in trades if one.trade_id > trade_id)
