"""The past of the simulated market: of one piece with itself, and with the ticks that follow."""

from functools import cache

import pytest

from feed.market.bar_store import MINUTE_BARS_KEPT, SECOND_BARS_KEPT
from feed.market.bars import BarBuilder
from feed.market.day_bars import DAY_BARS_KEPT, DAY_NS
from feed.market.ticks import MINUTE_NS, SECOND_NS, Bar, Kind, Trade
from feed.sources.simulated.instruments import find_instruments
from feed.sources.simulated.market import Market
from feed.sources.source import HasPast
from tests.sources.simulated.test_source import Timeline, simulated

SYMBOLS = ["AAPL", "BTC/USD", "SPY"]
MIDNIGHT_S = 19_675 * 86_400
NOON_NS = (MIDNIGHT_S + 12 * 3_600 + 25) * SECOND_NS + 500_000_000
HOURS_S = 3_600

# Where days, minutes and seconds begin or end, and where the era does.
STARTS_S = {
    "amid a minute": MIDNIGHT_S + 12 * HOURS_S + 25,
    "at a minute": MIDNIGHT_S + 12 * HOURS_S,
    "at midnight": MIDNIGHT_S,
    "right after midnight": MIDNIGHT_S + 1,
    "half an hour after midnight": MIDNIGHT_S + 1_800,
    "right before midnight": MIDNIGHT_S - 1,
    "on the second day of the era": 86_400 + 2 * HOURS_S + 7,
    "on the first day of the era": 2 * HOURS_S + 7,
    "in the first second of the era": 0,
}


def market(start_ns: int = NOON_NS, *, rate: float = 100.0, seed: int = 1) -> Market:
    return Market(find_instruments(SYMBOLS), rate=rate, seed=seed, start_ns=start_ns)


def begun(made: Market, *, rate: float = 100.0, seed: int = 1) -> BarBuilder:
    builder = BarBuilder()
    past = made.past(rate, seed)
    for _ in builder.begin_after(past, list(past.symbols())):
        pass
    return builder


@cache
def recalled(start_s: int, symbol: str, rate: float = 100.0) -> BarBuilder:
    builder = begun(market(start_s * SECOND_NS, rate=rate), rate=rate)
    for _ in builder.recollection.recall(symbol):
        pass
    return builder


def all_bars(builder: BarBuilder, symbol: str) -> tuple[list[Bar], list[Bar], list[Bar]]:
    seconds = builder.history(symbol, Kind.SECOND_BAR, 10_000)
    minutes = builder.history(symbol, Kind.BAR, 10_000)
    return seconds, minutes, builder.days(symbol, 10_000)


def check_sum(whole: Bar, parts: list[Bar]) -> None:
    """Hold a bar against those that it is made of."""
    assert parts
    assert (whole.open, whole.close) == (parts[0].open, parts[-1].close)
    assert whole.high == max(part.high for part in parts)
    assert whole.low == min(part.low for part in parts)
    assert whole.volume == pytest.approx(sum(part.volume for part in parts))
    assert whole.trade_count == sum(part.trade_count for part in parts)
    notional = sum(part.vwap * part.volume for part in parts)
    assert whole.vwap == pytest.approx(notional / whole.volume)


@pytest.mark.parametrize("start_s", STARTS_S.values(), ids=STARTS_S)
def test_every_level_is_the_sum_of_the_finer_one(start_s: int) -> None:
    symbol = "AAPL"
    builder = recalled(start_s, symbol)
    seconds, minutes, days = all_bars(builder, symbol)
    of_minute: dict[int, list[Bar]] = {}
    for second in seconds:
        of_minute.setdefault(second.event_ns // MINUTE_NS, []).append(second)
    current = builder.current(symbol, Kind.BAR)
    whole = {minute.event_ns // MINUTE_NS: minute for minute in minutes}
    if current is not None:
        whole[current.event_ns // MINUTE_NS] = current
    full = [number for number in of_minute if number * 60 >= start_s - SECOND_BARS_KEPT]
    assert len(full) == (min(SECOND_BARS_KEPT, start_s) + 59) // 60
    for number in full:
        check_sum(whole[number], of_minute[number])
    of_day: dict[int, list[Bar]] = {}
    for number, minute in whole.items():
        of_day.setdefault(number * MINUTE_NS // DAY_NS, []).append(minute)
    today = builder.day(symbol)
    if today is not None:
        check_sum(today, of_day[start_s * SECOND_NS // DAY_NS])
    if days and (part := of_day.get(days[-1].event_ns // DAY_NS)):
        yesterday = days[-1]
        assert yesterday.close == part[-1].close
        assert yesterday.high >= max(minute.high for minute in part)
        assert yesterday.low <= min(minute.low for minute in part)
        if len(part) == MINUTE_BARS_KEPT:
            check_sum(yesterday, part)
        else:
            assert yesterday.volume > sum(minute.volume for minute in part)
    assert builder.previous_close(symbol) == (days[-1].close if days else None)
    assert begun(market(start_s * SECOND_NS)).previous_close(symbol) == (
        days[-1].close if days else None
    ), "asked for before anything else is told"
    opened = market(start_s * SECOND_NS).past(100.0, 1).opened(symbol)
    assert opened == (None if today is None else today.open)
    if today is not None and days:
        assert today.open == days[-1].close, "it trades round the clock"


@pytest.mark.parametrize("start_s", STARTS_S.values(), ids=STARTS_S)
def test_the_past_is_whole_and_ends_where_the_market_begins(start_s: int) -> None:
    seconds, minutes, days = all_bars(recalled(start_s, "AAPL"), "AAPL")
    started = [
        (seconds, SECOND_NS, min(SECOND_BARS_KEPT, start_s)),
        (minutes, MINUTE_NS, min(MINUTE_BARS_KEPT, start_s // 60)),
        (days, DAY_NS, min(DAY_BARS_KEPT, start_s // 86_400)),
    ]
    for bars, length_ns, count in started:
        end_ns = start_s * SECOND_NS // length_ns * length_ns
        wanted = [end_ns - number * length_ns for number in range(count, 0, -1)]
        assert [bar.event_ns for bar in bars] == wanted, "at 37 trades a second none is empty"


@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("rate", [0.5, 100.0])
def test_bars_are_such_as_trades_make(symbol: str, rate: float) -> None:
    start_s = STARTS_S["amid a minute"]
    priced = next(each for each in find_instruments(SYMBOLS) if each.instrument.symbol == symbol)
    for bars in all_bars(recalled(start_s, symbol, rate), symbol):
        assert bars
        for before, bar in zip([None, *bars], bars, strict=False):
            prices = (bar.open, bar.high, bar.low, bar.close)
            assert all(round(price * priced.steps) / priced.steps == price for price in prices)
            assert 0 < bar.low <= min(bar.open, bar.close)
            assert max(bar.open, bar.close) <= bar.high
            assert bar.low <= bar.vwap <= bar.high
            assert bar.trade_count >= 1
            assert bar.volume > 0
            if bar.trade_count == 1:
                assert bar.open == bar.high == bar.low == bar.close == bar.vwap
            if before is not None:
                assert before.event_ns < bar.event_ns
                assert bar.open == pytest.approx(before.close, rel=0.02), "no jumps in between"


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_first_live_price_is_near_the_last_of_the_past(symbol: str) -> None:
    made = market()
    builder = begun(made)
    last = builder.current(symbol, Kind.BAR)
    assert last is not None
    ticks = made.ticks(500)
    first = next(tick for tick in ticks if isinstance(tick, Trade) and tick.symbol == symbol)
    assert first.price == pytest.approx(last.close, rel=0.002)
    traded = sum(isinstance(tick, Trade) for tick in ticks)
    assert builder.weave(ticks)
    for _ in builder.recollection.recall(symbol):
        pass
    day = builder.day(symbol)
    assert day is not None
    assert day.low <= first.price <= day.high
    assert day.trade_count > traded


def test_a_past_is_the_same_for_the_same_options_and_changes_no_tick() -> None:
    one, other, plain = market(), market(), market()
    told = all_bars(recalled_of(one, "AAPL"), "AAPL")
    assert one.ticks(1_000) == plain.ticks(1_000)
    assert all_bars(recalled_of(other, "AAPL"), "AAPL") == told
    assert other.ticks(1_000) == market().ticks(1_000)
    late = market()
    late.ticks(1_000)
    assert all_bars(recalled_of(late, "AAPL"), "AAPL") == told, "whenever it is asked for"
    assert all_bars(recalled_of(market(seed=2), "AAPL", seed=2), "AAPL") != told


def recalled_of(made: Market, symbol: str, seed: int = 1) -> BarBuilder:
    builder = begun(made, seed=seed)
    for _ in builder.recollection.recall(symbol):
        pass
    return builder


def test_as_much_is_traded_as_in_the_live_market() -> None:
    ticks = market().ticks(60_000)[20_000:]  # after the heat of the opening
    live = sum(isinstance(tick, Trade) and tick.symbol == "SPY" for tick in ticks)
    elapsed_s = (ticks[-1].event_ns - ticks[0].event_ns) / SECOND_NS
    (_, minutes, _) = all_bars(recalled(STARTS_S["at a minute"], "SPY"), "SPY")
    past = sum(bar.trade_count for bar in minutes) / (60 * len(minutes))
    assert past == pytest.approx(live / elapsed_s, rel=0.3), "news draws trades to a few"


async def test_a_source_that_is_taken_up_has_the_past_of_its_first_start() -> None:
    timeline = Timeline()
    source = simulated(timeline, symbols=SYMBOLS, start_ns=None, now_ns=lambda: NOON_NS)
    await source.open()
    assert isinstance(source, HasPast)
    later_ns = NOON_NS + 3_600 * SECOND_NS
    other = simulated(timeline, symbols=SYMBOLS, start_ns=None, now_ns=lambda: later_ns)
    assert other.resume(source.state(), 0)
    await other.open()
    assert other.past().until_ns == source.past().until_ns == NOON_NS // SECOND_NS * SECOND_NS
    assert other.past().previous_close("SPY") == source.past().previous_close("SPY")
