"""The sums of a day are those of its bar."""

from feed.market.bars import BarBuilder
from feed.market.day_bars import DAY_NS
from feed.market.day_sums import sums_of
from feed.market.open_bar import OpenBar
from feed.market.ticks import MINUTE_NS, SECOND_NS, Bar, Kind, Trade

MIDNIGHT_NS = 19_675 * DAY_NS


def trade(at_s: float, price: float, size: float = 1.0) -> Trade:
    return Trade("AAPL", 1, "V", price, size, MIDNIGHT_NS + int(at_s * SECOND_NS))


def test_the_sums_of_a_day_are_those_of_its_bar_whichever_parts_it_has() -> None:
    builder = BarBuilder()
    assert builder.sums("AAPL") is None
    for each in (trade(0.1, 5.0), trade(1, 6.0, 2.0), trade(100, 4.0), trade(101, 3.0, 7.0)):
        builder.weave([each])
        day, sums = builder.day("AAPL"), builder.sums("AAPL")
        assert day is not None
        assert sums is not None
        assert (sums.open, sums.close) == (day.open, day.close)
        volume, notional, trades = sums.traded
        assert (volume, trades) == (day.volume, day.trade_count)
        assert notional == day.vwap * day.volume
    builder.weave([Trade("MSFT", 1, "V", 1.0, 1.0, MIDNIGHT_NS + DAY_NS)])
    assert builder.sums("AAPL") is None, "that day is over"


def test_sums_that_overflow_are_the_largest_number() -> None:
    sums = sums_of(OpenBar(1e300, 1e10, 1), None, OpenBar(1e300, 1e308, 2))
    assert sums is not None
    assert sums.traded.notional == 1.7976931348623157e308


def test_the_day_of_recorded_bars_is_that_of_the_newest_but_for_a_broken_clock() -> None:
    builder = BarBuilder()
    builder.source_opened(frozenset({Kind.BAR}))

    def bar(symbol: str, at_ns: int) -> Bar:
        return Bar(Kind.BAR, symbol, 1.0, 2.0, 0.5, 1.5, 10.0, 3, 1.25, at_ns)

    builder.weave([bar("AAPL", MIDNIGHT_NS), bar("MSFT", MIDNIGHT_NS + MINUTE_NS)])
    assert builder.day_ns == MIDNIGHT_NS
    builder.weave([bar("GOOG", MIDNIGHT_NS + 400 * DAY_NS)])
    assert builder.day_ns == MIDNIGHT_NS
    assert builder.sums("AAPL") is not None
    builder.weave([bar("MSFT", MIDNIGHT_NS + DAY_NS)])
    assert builder.day_ns == MIDNIGHT_NS + DAY_NS
    assert builder.sums("AAPL") is None
    assert builder.previous_close("AAPL") == 1.5
    builder.restart()
    builder.weave([bar("AAPL", MIDNIGHT_NS)])
    assert builder.sums("AAPL") is not None, "a recording that begins again has its day again"
