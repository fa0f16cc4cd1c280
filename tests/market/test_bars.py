"""Bars by example; by a model in test_bars_model.py."""

from collections.abc import Callable
from itertools import groupby

import pytest

from feed.market.bar_store import BarHistory
from feed.market.bars import MAX_STEP_NS, MAX_STRAYS, BarBuilder
from feed.market.ticks import MINUTE_NS, SECOND_NS, Bar, Kind, Status, Tick, Trade
from tests.fakes.bars import MS, NOON_NS, bar, bars_in, quote, trade, weave_in_parts


def test_a_bar_goes_out_right_before_the_tick_that_reaches_its_end() -> None:
    ticks: list[Tick] = [trade(0), quote(999.999), quote(1000), quote(1001)]
    woven = BarBuilder().weave(ticks)
    assert woven == [*ticks[:2], bar(Kind.SECOND_BAR, 0), *ticks[2:]]


@pytest.mark.parametrize(
    "tick", [trade(1000), quote(1000), Status("X", "H", "", "", "", NOON_NS + SECOND_NS)]
)
def test_any_tick_moves_the_watermark(tick: Tick) -> None:
    builder = BarBuilder()
    builder.weave([trade(0)])
    assert builder.weave([tick]) == [bar(Kind.SECOND_BAR, 0), tick]


def test_bars_of_one_moment_come_by_length_then_by_symbol() -> None:
    woven = BarBuilder().weave(
        [trade(59_000, symbol="MSFT"), trade(59_000, symbol="AAPL"), quote(60_000)]
    )
    assert [(tick.kind, tick.symbol) for tick in bars_in(woven)] == [
        (Kind.SECOND_BAR, "AAPL"),
        (Kind.SECOND_BAR, "MSFT"),
        (Kind.BAR, "AAPL"),
        (Kind.BAR, "MSFT"),
    ]


def test_open_and_close_go_by_event_time_not_by_arrival() -> None:
    builder = BarBuilder()
    builder.weave([trade(500, 10), trade(900, 13), trade(100, 12), trade(700, 11), quote(1000)])
    (second,) = builder.history("AAPL", Kind.SECOND_BAR, 10)
    assert (second.open, second.high, second.low, second.close) == (12, 13, 10, 13)


def test_trades_of_one_moment_open_with_the_first_and_close_with_the_last() -> None:
    builder = BarBuilder()
    early, late = [trade(500, 10), trade(500, 11)], [trade(900, 12), trade(900, 13)]
    builder.weave([*early, *late, trade(500, 14), quote(1000)])
    (second,) = builder.history("AAPL", Kind.SECOND_BAR, 10)
    assert (second.open, second.close) == (10, 13)


def test_vwap_is_weighted_by_size_and_the_close_where_nothing_has_size() -> None:
    builder = BarBuilder()
    builder.weave([trade(0, 10, 3), trade(1, 20, 1), trade(1000, 7, 0), trade(1001, 8, 0)])
    weighted = builder.history("AAPL", Kind.SECOND_BAR, 10)[0]
    assert (weighted.vwap, weighted.volume, weighted.trade_count) == (12.5, 4, 2)
    sizeless = builder.current("AAPL", Kind.SECOND_BAR)
    assert sizeless is not None
    assert (sizeless.vwap, sizeless.volume, sizeless.trade_count) == (8, 0, 2)


def test_a_trade_late_for_its_second_corrects_the_kept_bar_and_joins_the_minute() -> None:
    builder = BarBuilder()
    builder.weave([trade(100, 9), trade(1000, 9), trade(2000, 10), quote(3000)])
    late = trade(200, 15)
    assert builder.weave([late]) == [late]
    assert builder.late_trades == 1
    second = builder.history("AAPL", Kind.SECOND_BAR, 10)[0]
    assert (second.high, second.close, second.volume) == (15, 15, 2)
    minute = builder.current("AAPL", Kind.BAR)
    assert minute is not None
    assert (minute.high, minute.close, minute.volume) == (15, 10, 4)


def test_a_trade_late_for_its_minute_publishes_the_whole_corrected_bar_after_it() -> None:
    builder = BarBuilder()
    builder.weave([trade(100, 10, 1), trade(110, 14, 1), quote(60_000)])
    ticks: list[Tick] = [quote(60_001), trade(200, 16, 2), quote(60_002)]
    update = Bar(Kind.UPDATED_BAR, "AAPL", 10, 16, 10, 16, 4, 3, 14.0, NOON_NS)
    assert builder.weave(ticks) == [ticks[0], ticks[1], update, ticks[2]]
    (kept,) = builder.history("AAPL", Kind.BAR, 10)
    assert (kept.kind, kept.high, kept.volume) == (Kind.BAR, 16, 4)


def test_a_late_trade_from_amid_a_bar_changes_neither_its_open_nor_its_close() -> None:
    builder = BarBuilder()
    builder.weave([trade(100, 10), trade(900, 11), quote(60_000)])
    (_, update) = builder.weave([trade(500, 20)])
    (second,) = builder.history("AAPL", Kind.SECOND_BAR, 10)
    for corrected in (update, second):
        assert isinstance(corrected, Bar)
        assert (corrected.open, corrected.high, corrected.close) == (10, 20, 11)


def test_a_late_trade_at_the_very_start_of_the_open_minute_joins_it() -> None:
    builder = BarBuilder()
    builder.weave([trade(60_000), quote(61_000)])
    late = trade(60_000)
    assert builder.weave([late]) == [late]
    minute = builder.current("AAPL", Kind.BAR)
    assert minute is not None
    assert minute.trade_count == 2


def test_a_late_trade_of_a_minute_without_a_bar_makes_one() -> None:
    builder = BarBuilder()
    builder.weave([quote(0), quote(60_000)])
    late = trade(200)
    assert builder.weave([late]) == [late, bar(Kind.UPDATED_BAR, 0)]
    assert builder.history("AAPL", Kind.BAR, 10) == [bar(Kind.BAR, 0)]


def test_a_trade_late_for_a_bar_that_is_kept_no_longer_is_only_counted() -> None:
    builder = BarBuilder(history=BarHistory(second_bars=2, minute_bars=2))
    builder.weave([trade(minute * 60_000) for minute in range(4)])
    late: list[Tick] = [trade(1)]
    assert builder.weave(late) == late
    assert builder.uncorrected_trades == 1
    starts = [kept.event_ns for kept in builder.history("AAPL", Kind.BAR, 10)]
    assert starts == [NOON_NS + MINUTE_NS, NOON_NS + 2 * MINUTE_NS]


def test_nothing_to_put_in_gives_the_list_itself_back() -> None:
    ticks: list[Tick] = [trade(0), quote(1)]
    assert BarBuilder().weave(ticks) is ticks


def test_the_list_given_is_not_changed() -> None:
    ticks: list[Tick] = [trade(0), quote(60_000), trade(5)]
    before = list(ticks)
    assert len(BarBuilder().weave(ticks)) > len(ticks)
    assert ticks == before


def test_a_published_bar_does_not_change_when_its_second_lives_on_in_the_minute() -> None:
    builder = BarBuilder()
    published = bars_in(builder.weave([trade(0, 10), quote(1000)]))[0]
    builder.weave([trade(1000, 20), trade(100, 30), quote(2000)])
    assert published == bar(Kind.SECOND_BAR, 0, 10)


def test_current_leaves_the_open_bars_as_they_are() -> None:
    builder = BarBuilder()
    builder.weave([trade(0), trade(1000)])
    assert builder.current("AAPL", Kind.BAR) == builder.current("AAPL", Kind.BAR)
    assert builder.current("MSFT", Kind.BAR) is None
    assert builder.current("MSFT", Kind.SECOND_BAR) is None


def test_the_longest_closure_is_no_stray() -> None:
    builder = BarBuilder()
    builder.weave([trade(0)])
    woven = builder.weave([quote(MAX_STEP_NS / MS)])
    assert [tick.kind for tick in bars_in(woven)] == [Kind.SECOND_BAR, Kind.BAR]
    assert builder.stray_ticks == 0


@pytest.mark.parametrize("step_ns", [-2 * MAX_STEP_NS, 2 * MAX_STEP_NS, -NOON_NS, 10**22])
@pytest.mark.parametrize("make", [trade, quote])
def test_a_stray_is_passed_on_and_moves_nothing(
    step_ns: int, make: Callable[[float], Tick]
) -> None:
    builder = BarBuilder()
    stray = make(step_ns / MS)
    ticks: list[Tick] = [trade(0, 10), stray, trade(1, 11), quote(1000)]
    woven = builder.weave(ticks)
    assert woven == [*ticks[:3], *bars_in(woven), ticks[3]]
    (second,) = bars_in(woven)
    assert (second.trade_count, second.close, second.event_ns) == (2, 11, NOON_NS)
    assert builder.stray_ticks == 1


def test_many_strays_among_others_never_move_the_watermark() -> None:
    builder = BarBuilder()
    for n in range(2 * MAX_STRAYS):
        builder.weave([quote(n), trade(2 * MAX_STEP_NS / MS + n, symbol="BAD")])
    assert builder.stray_ticks == 2 * MAX_STRAYS
    assert builder.current("BAD", Kind.SECOND_BAR) is None


@pytest.mark.parametrize("step_ms", [-2 * MAX_STEP_NS // MS, 2 * MAX_STEP_NS // MS])
@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_strays_in_a_row_restart_time_there(step_ms: int, chunk: int) -> None:
    builder = BarBuilder()
    strays = [trade(step_ms + n, 20) for n in range(MAX_STRAYS)]
    ticks: list[Tick] = [quote(0), trade(0), *strays, quote(step_ms + 1000)]
    woven = weave_in_parts(builder, ticks, range(0, len(ticks), chunk))
    assert woven == [
        *ticks[: MAX_STRAYS + 1],  # the last of the row is the one that is believed
        bar(Kind.SECOND_BAR, 0),
        bar(Kind.BAR, 0),
        ticks[MAX_STRAYS + 1],
        bar(Kind.SECOND_BAR, step_ms, 20),
        ticks[-1],
    ]
    assert builder.history("AAPL", Kind.BAR, 10) == []
    assert builder.weave([trade(0)]) == [trade(0)]  # now this is the stray
    assert builder.stray_ticks == MAX_STRAYS + 1


@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_the_first_tick_is_the_stray_where_two_are_far_from_it(chunk: int) -> None:
    builder = BarBuilder()
    there_ms = 2 * MAX_STEP_NS // MS
    ticks: list[Tick] = [
        quote(0),
        trade(there_ms),
        trade(there_ms + 1),
        trade(there_ms + 2),
        quote(0),
    ]
    assert weave_in_parts(builder, ticks, range(0, len(ticks), chunk)) == ticks
    second = builder.current("AAPL", Kind.SECOND_BAR)
    assert second is not None
    assert (second.trade_count, second.event_ns) == (2, NOON_NS + there_ms * MS)


def test_after_time_has_moved_a_lone_stray_is_one_again() -> None:
    builder = BarBuilder()
    there_ms = 2 * MAX_STEP_NS // MS
    builder.weave([quote(0), *[quote(there_ms)] * MAX_STRAYS])
    ticks: list[Tick] = [trade(0), trade(there_ms), trade(there_ms + 1)]
    assert builder.weave(ticks) == ticks
    second = builder.current("AAPL", Kind.SECOND_BAR)
    assert second is not None
    assert (second.trade_count, second.event_ns) == (2, NOON_NS + there_ms * MS)


def test_restart_publishes_what_is_open_and_forgets_the_rest() -> None:
    builder = BarBuilder()
    first: list[Tick] = [trade(0), trade(60_000), trade(61_000)]
    passes = []
    for _ in range(2):
        passes.append(builder.weave(first) + builder.restart())
        assert builder.history("AAPL", Kind.BAR, 10) == []
        assert builder.current("AAPL", Kind.BAR) is None
    assert passes[0] == passes[1]
    assert len(bars_in(passes[0], Kind.SECOND_BAR)) == 3
    assert len(bars_in(passes[0], Kind.BAR)) == 2
    assert builder.late_trades == 0


def test_finish_publishes_what_is_open_once_and_keeps_the_history() -> None:
    builder = BarBuilder()
    assert builder.finish() == []
    builder.weave([trade(0), trade(1000)])
    assert [(tick.kind, tick.event_ns) for tick in builder.finish()] == [
        (Kind.SECOND_BAR, NOON_NS + SECOND_NS),
        (Kind.BAR, NOON_NS),
    ]
    assert builder.finish() == []
    assert len(builder.history("AAPL", Kind.SECOND_BAR, 10)) == 2
    late = trade(2000, 20)
    assert [tick.kind for tick in builder.weave([late])] == [Kind.TRADE, Kind.UPDATED_BAR]


def test_recorded_bars_are_kept_and_none_is_built() -> None:
    builder = BarBuilder()
    builder.source_opened(frozenset({Kind.BAR}))
    ticks: list[Tick] = [
        trade(0),
        bar(Kind.SECOND_BAR, 0, 11),
        trade(60_000),
        bar(Kind.BAR, 0, 12),
        bar(Kind.UPDATED_BAR, 0, 13),
    ]
    assert builder.weave(ticks) is ticks
    assert builder.finish() == []
    assert builder.current("AAPL", Kind.BAR) is None
    assert builder.history("AAPL", Kind.SECOND_BAR, 10) == [ticks[1]]
    assert builder.history("AAPL", Kind.BAR, 10) == [bar(Kind.BAR, 0, 13)]


def test_bars_that_come_by_while_bars_are_built_are_passed_on_and_not_kept() -> None:
    builder = BarBuilder()
    ticks: list[Tick] = [bar(Kind.BAR, 0, 12), bar(Kind.SECOND_BAR, 0, 12)]
    assert builder.weave(ticks) is ticks
    assert builder.history("AAPL", Kind.BAR, 10) == []
    assert builder.history("AAPL", Kind.SECOND_BAR, 10) == []


def test_second_bars_add_up_to_their_minute() -> None:
    ticks: list[Tick] = [trade(n * 37, 10 + n % 7, n % 5) for n in range(5000)]
    builder = BarBuilder()
    bars = bars_in(builder.weave(ticks) + builder.finish())
    seconds = [tick for tick in bars if tick.kind is Kind.SECOND_BAR]
    minutes = [tick for tick in bars if tick.kind is Kind.BAR]
    assert len(minutes) == 4
    for minute, (_, group) in zip(
        minutes, groupby(seconds, key=lambda second: second.event_ns // MINUTE_NS), strict=True
    ):
        parts = list(group)
        assert minute.open == parts[0].open
        assert minute.close == parts[-1].close
        assert minute.high == max(part.high for part in parts)
        assert minute.low == min(part.low for part in parts)
        assert minute.volume == sum(part.volume for part in parts)
        assert minute.trade_count == sum(part.trade_count for part in parts)


def test_a_stray_of_a_recording_moves_no_bar_and_a_late_trade_corrects_one() -> None:
    """The market's clock decides, also about an hour and about a year."""
    start_ns = 1_700_000_040 * SECOND_NS  # a full minute
    year_ns = 365 * 86_400 * SECOND_NS
    rows = [(0, 0), (3_600, 0), (1, 1), (-7_200, 1), (61, 61), (2, 61)]
    ticks: list[Tick] = [
        Trade("A", number, "V", 10.0 + number, 1.0, start_ns + second * SECOND_NS)
        for number, (second, _) in enumerate(rows)
    ]
    clocks_ns = [start_ns + clock_s * SECOND_NS for _, clock_s in rows]
    ticks.append(Trade("A", 6, "V", 20.0, 1.0, start_ns + year_ns))
    builder = BarBuilder()
    woven = builder.weave(ticks, [*clocks_ns, start_ns + year_ns])
    minutes = [
        (tick.kind, (tick.event_ns - start_ns) // SECOND_NS, tick.trade_count)
        for tick in woven
        if isinstance(tick, Bar) and tick.kind is not Kind.SECOND_BAR
    ]
    # The late trade of two hours ago is of a minute that had none; the stray is in no bar.
    assert minutes == [
        (Kind.UPDATED_BAR, -7_200, 1),
        (Kind.BAR, 0, 2),
        (Kind.UPDATED_BAR, 0, 3),
        (Kind.BAR, 60, 1),
    ]
    assert builder.stray_ticks == 1
    assert builder.late_trades == 2
    assert [tick for tick in woven if isinstance(tick, Trade)] == ticks
