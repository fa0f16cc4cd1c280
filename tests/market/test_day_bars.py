"""Daily bars are the sums of the minutes of a day, whatever comes late."""

from hypothesis import given, settings
from hypothesis import strategies as st

from feed.market.bars import BarBuilder
from feed.market.day_bars import DAY_NS, DayBars
from feed.market.open_bar import OpenBar
from feed.market.ticks import MINUTE_NS, SECOND_NS, Bar, Kind, Tick, Trade
from tests.fakes.strategies import examples

DAY_OF_START = 19_675
START_NS = DAY_OF_START * DAY_NS + 23 * 3_600 * SECOND_NS  # an hour before midnight


def trade(at_s: float, price: float = 1.0, size: float = 1.0, symbol: str = "AAPL") -> Trade:
    return Trade(symbol, 1, "V", price, size, START_NS + int(at_s * SECOND_NS))


def days_of(builder: BarBuilder, symbol: str = "AAPL") -> list[Bar]:
    current = builder.day(symbol)
    return builder.days(symbol, 100) + ([] if current is None else [current])


def test_a_day_goes_on_from_its_minutes_and_ends_at_midnight() -> None:
    builder = BarBuilder()
    builder.weave([trade(0, 5.0), trade(1, 7.0), trade(100, 4.0, 3.0)])
    assert builder.days("AAPL", 9) == []
    day_ns = DAY_OF_START * DAY_NS
    assert builder.day("AAPL") == Bar(
        Kind.BAR, "AAPL", 5.0, 7.0, 4.0, 4.0, 5.0, 3, 24 / 5, day_ns
    ), "what is open of it counts, minute and second"
    assert builder.previous_close("AAPL") is None
    builder.weave([trade(3_600, 9.0)])
    assert [(day.event_ns // DAY_NS, day.close) for day in builder.days("AAPL", 9)] == [
        (DAY_OF_START, 4.0)
    ]
    current = builder.day("AAPL")
    assert current is not None
    assert (current.event_ns, current.open, current.trade_count) == (day_ns + DAY_NS, 9.0, 1)
    assert builder.previous_close("AAPL") == 4.0
    assert builder.days("MSFT", 9) == []
    assert builder.day("MSFT") is None
    assert builder.previous_close("MSFT") is None


def test_a_symbol_that_is_quiet_has_its_day_ended_by_others() -> None:
    builder = BarBuilder()
    builder.weave([trade(0, 5.0), trade(4_000, 1.0, symbol="MSFT")])
    assert builder.day("AAPL") is None
    assert [day.close for day in builder.days("AAPL", 9)] == [5.0]
    assert builder.previous_close("AAPL") == 5.0


_STEPS = st.lists(
    st.tuples(
        st.sampled_from(["AAPL", "MSFT"]),
        st.integers(-90, 1_800),
        st.integers(1, 50),
        st.integers(1, 9),
    ),
    max_size=60,
)


@settings(max_examples=examples(100))
@given(_STEPS)
def test_days_are_the_trades_of_the_day_late_ones_among_them(
    steps: list[tuple[str, int, int, int]],
) -> None:
    now_s, trades = 0, list[Trade]()
    for symbol, step_s, price, size in steps:
        trades.append(trade(max(0, now_s + step_s), price, size, symbol))
        now_s = max(now_s, now_s + step_s)
    builder = BarBuilder()
    ticks: list[Tick] = [*trades]
    builder.weave(ticks)
    for symbol in ("AAPL", "MSFT"):
        model: dict[int, OpenBar] = {}
        for each in trades:
            if each.symbol == symbol:
                start_ns = each.event_ns - each.event_ns % DAY_NS
                if start_ns in model:
                    model[start_ns].add(each.price, each.size, each.event_ns)
                else:
                    model[start_ns] = OpenBar(each.price, each.size, each.event_ns)
        told = {day.event_ns: day for day in days_of(builder, symbol)}
        assert told.keys() == model.keys()
        for start_ns, day in model.items():
            bar = day.bar(Kind.BAR, symbol, start_ns)
            kept = told[start_ns]
            assert (kept.open, kept.high, kept.low, kept.close) == (
                bar.open,
                bar.high,
                bar.low,
                bar.close,
            )
            assert (kept.volume, kept.trade_count) == (bar.volume, bar.trade_count)


def recorded(kind: Kind, minute: int, close: float, volume: float) -> Bar:
    start_ns = START_NS + minute * MINUTE_NS
    return Bar(kind, "AAPL", 2.0, max(3.0, close), 1.0, close, volume, 2, 2.0, start_ns)


def test_recorded_minutes_make_days_and_corrections_are_counted_once() -> None:
    builder = BarBuilder()
    builder.source_opened(frozenset({Kind.BAR, Kind.UPDATED_BAR}))
    builder.weave(
        [
            recorded(Kind.BAR, 0, 2.0, 10.0),
            recorded(Kind.BAR, 1, 2.5, 20.0),
            recorded(Kind.UPDATED_BAR, 1, 4.0, 25.0),
        ]
    )
    current = builder.day("AAPL")
    assert current is not None
    assert (current.high, current.close, current.volume, current.trade_count) == (4.0, 4.0, 35.0, 4)
    builder.weave([recorded(Kind.BAR, 61, 2.0, 1.0), recorded(Kind.BAR, 2, 2.0, 5.0)])
    assert [day.volume for day in builder.days("AAPL", 9)] == [40.0], "a row that comes late"
    builder.restart()
    assert days_of(builder) == []


def test_a_year_of_days_is_kept() -> None:
    days = DayBars(kept=3)
    for number in range(5):
        days.add("AAPL", OpenBar(number, 1.0, number * DAY_NS), number * DAY_NS)
    assert [bar.open for bar in days.history("AAPL", 9, 4 * DAY_NS)] == [1, 2, 3]
    assert [bar.open for bar in days.history("AAPL", 2, 5 * DAY_NS)] == [3, 4]
