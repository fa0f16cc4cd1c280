"""What `feed watch` shows, without a terminal."""

import pytest
from rich.cells import cell_len

from feed.client.events import (
    Batch,
    Connected,
    Counters,
    Disconnected,
    Event,
    FeedState,
    Gap,
    Mark,
)
from feed.client.ticks import Tick
from feed.market.symbol_health import Health
from feed.market.symbols import MAX_SYMBOL_LENGTH
from feed.market.ticks import SECOND_NS
from feed.terminal.watch_view import WatchView
from feed.terminal.words import as_of
from feed.wire.transport import Transport
from tests.client.objects import as_tick
from tests.terminal.objects import NOW_NS, quote, status, trade
from tests.terminal.shown import lines_of

CONNECTED = Connected(Transport.WEBSOCKET, "http://a/v1/ws", None, {})


def view_of(*ticks: Tick, symbols: list[str] | None = None) -> WatchView:
    """Return a view of a live connection after these ticks."""
    view = WatchView(symbols or ["AAPL", "MSFT"], "http://a", Counters(connects=1))
    view.update(CONNECTED, NOW_NS)
    for tick in ticks:
        view.update(Batch([tick]), NOW_NS)
    return view


def shown(
    view: WatchView, width: int = 80, height: int | None = 24, wall_ns: int = NOW_NS
) -> list[str]:
    return lines_of(view.render(width, height, wall_ns), width)


MARKET = [
    trade(10.0, time_ns=NOW_NS - 2 * SECOND_NS),
    trade(11.0),
    quote(10.99, 11.02),
    trade(20.0, "MSFT", NOW_NS - 2 * SECOND_NS),
    trade(19.0, "MSFT"),
]


def test_a_screen_of_80_by_24_is_all_there_is_to_see() -> None:
    lines = shown(view_of(*MARKET), wall_ns=NOW_NS + SECOND_NS)
    assert len(lines) == 24
    assert lines[0] == "feed watch  live over websocket  – ticks/s, –/s  http://a"
    assert lines[1] == "0 reconnects, 0 gaps"
    assert (
        lines[2] == "SYMBOL          LAST   CHANGE        BID        ASK   SPREAD   AGE LAST HOUR"
    )
    assert lines[3] == (
        "AAPL         11.00 ▲  +10.00%      10.99      11.02     0.03  1.0s           ▁▁█"
    )
    assert lines[4] == (
        "MSFT         19.00 ▼   -5.00%          –          –        –  1.0s           ██▁"
    )
    assert lines[5:23] == [""] * 18
    assert lines[23] == "q quit  s sort (as given)  r reverse  space pause  ↑↓ scroll"


def test_what_it_shows_changes_with_events_and_not_with_marks() -> None:
    view = view_of(*MARKET)
    changes = view.changes
    view.update(Mark("ab-7", None), NOW_NS)
    assert view.changes == changes
    view.update(Batch([MARKET[0]], "ab-8"), NOW_NS)
    assert view.changes == changes + 1


@pytest.mark.parametrize("width", [20, 44, 60, 80, 120, 250])
@pytest.mark.parametrize("height", [3, 4, 5, 24, 60])
def test_it_fits_into_a_terminal_of_any_size(width: int, height: int) -> None:
    lines = shown(view_of(*MARKET), width, height)
    assert len(lines) == max(4, height)
    assert all(len(line) <= width for line in lines)
    assert lines[-1].startswith("q quit")


def test_a_narrow_terminal_still_has_symbol_price_change_and_age() -> None:
    head, row = shown(view_of(*MARKET), 40, wall_ns=NOW_NS + SECOND_NS)[2:4]
    assert head.split() == ["SYMBOL", "LAST", "CHANGE", "AGE"]
    assert row.split() == ["AAPL", "11.00", "▲", "+10.00%", "1.0s"]


def test_where_there_is_no_end_to_the_paper_all_rows_are_printed_and_no_keys() -> None:
    symbols = [f"S{number}" for number in range(100)]
    lines = shown(view_of(symbols=symbols), height=None)
    assert len(lines) == 3 + 100
    assert lines[-1].startswith("S99")


def test_symbols_that_are_long_are_not_cut() -> None:
    long = "A" * MAX_SYMBOL_LENGTH
    assert any(line.startswith(f"{long} ") for line in shown(view_of(symbols=[long, "B"])))


def test_wide_characters_keep_the_columns_in_line_and_the_price_in_view() -> None:
    wide = "币" * MAX_SYMBOL_LENGTH
    symbols = [wide, "贵州茅台", "AAPL  240119C00150000", "A"]
    view = view_of(*(trade(10.0, symbol) for symbol in symbols), symbols=symbols)
    rows = shown(view, 80)[3:7]
    assert len({cell_len(row[: row.index("10.00")]) for row in rows}) == 1
    assert rows[1].startswith("贵州茅台 ")
    assert rows[2].startswith("AAPL  240119C00150000 ")


HEALTHS = [
    (status("H", "Trading Halt", "T12"), "H", "HALTED T12 Trading Halt"),
    (status("STALE", "No tick for 9 s"), "?", "STALE No tick for 9 s"),
]


@pytest.mark.parametrize(("tick", "mark", "words"), HEALTHS)
def test_a_halt_is_told_where_the_price_is(tick: Tick, mark: str, words: str) -> None:
    view = view_of(trade(10.0), tick)
    assert f"10.00 {mark} " in shown(view, 120)[3]
    assert shown(view, 120)[3].endswith(f"{words}, {as_of(NOW_NS, NOW_NS)}")
    narrow = shown(view, 40)[3]
    assert f"10.00 {mark} " in narrow
    assert words not in narrow


def test_a_symbol_that_has_not_ticked_waits_and_one_that_is_not_listed_says_so() -> None:
    view = view_of(symbols=["AAPL", "APPL"])
    view.board.list_symbols({"AAPL": None})
    aapl, appl = shown(view)[3:5]
    assert aapl.endswith("waiting")
    assert appl.endswith("not listed")


def styles(view: WatchView, text: str, wall_ns: int = NOW_NS) -> set[str]:
    """Return the styles in which a text is drawn, wherever it is."""
    from rich.console import Console  # noqa: PLC0415 - only here segments are looked at

    console = Console(width=80, height=24, force_terminal=True, color_system="standard")
    segments = console.render(view.render(80, 24, wall_ns))
    return {str(segment.style or "") for segment in segments if text in segment.text}


def test_a_price_that_just_changed_stands_out_for_a_while() -> None:
    view = view_of(trade(10.0), trade(11.0))
    assert styles(view, "11.00") == {"reverse green"}
    assert styles(view, "11.00", NOW_NS + SECOND_NS) == {"bold"}
    view.update(Batch([trade(10.5, time_ns=NOW_NS + 2 * SECOND_NS)]), NOW_NS + 2 * SECOND_NS)
    assert styles(view, "10.50", NOW_NS + 2 * SECOND_NS) == {"reverse red"}


def test_a_first_price_does_not_stand_out() -> None:
    assert styles(view_of(trade(10.0)), "10.00") == {"bold"}


def test_an_old_age_stands_out() -> None:
    view = view_of(trade(10.0, time_ns=NOW_NS - SECOND_NS))  # the head tells of a silence
    assert styles(view, "9.0s", NOW_NS + 8 * SECOND_NS) == {""}
    assert styles(view, "11s", NOW_NS + 10 * SECOND_NS) == {"yellow"}


def order(view: WatchView) -> list[str]:
    return [line.split()[0] for line in shown(view)[3:] if line and not line.startswith("q ")]


def test_keys_sort_and_reverse() -> None:
    view = view_of(*MARKET, symbols=["MSFT", "AAPL"])
    assert order(view) == ["MSFT", "AAPL"]
    orders = []
    for _ in range(5):
        assert view.press("s", NOW_NS)
        orders.append(order(view))
    assert orders == [
        ["AAPL", "MSFT"],  # symbol
        ["MSFT", "AAPL"],  # last
        ["AAPL", "MSFT"],  # change
        ["AAPL", "MSFT"],  # spread, of which MSFT's is not known
        ["MSFT", "AAPL"],  # age, equal
    ]
    assert view.press("r", NOW_NS)
    assert "sort (age, reversed)" in shown(view)[-1]


def test_everything_is_sorted_by_symbol_at_first() -> None:
    view = view_of(trade(1.0, "B"), trade(1.0, "A"), symbols=["*"])
    assert order(view) == ["A", "B"]


def test_rows_in_view_are_told_for_their_past_to_be_asked_for() -> None:
    view = view_of(symbols=[f"S{number}" for number in range(10)])
    shown(view, height=7)
    assert view.in_view == ["S0", "S1", "S2"]
    view.press("page down", NOW_NS)
    assert "4–6 of 10" in shown(view, height=7)[-1]
    assert view.in_view == ["S3", "S4", "S5"]


def test_a_pause_holds_prices_and_ages_and_says_how_much_came_since() -> None:
    view = view_of(trade(10.0))
    before = shown(view)[3:]
    assert view.press(" ", NOW_NS)
    view.update(Batch([trade(11.0), trade(12.0)]), NOW_NS)
    held = shown(view, wall_ns=NOW_NS + 7 * SECOND_NS)
    assert held[0].startswith("feed watch  PAUSED 7.0s, 2 ticks since  live over websocket")
    assert held[3:] == before
    assert styles(view, "10.00", NOW_NS + 7 * SECOND_NS) == {"bold dim"}
    assert view.press(" ", NOW_NS)
    assert "12.00 ▲" in shown(view)[3]


def test_a_pause_can_be_sorted_and_scrolled() -> None:
    view = view_of(symbols=["B", "A"])
    view.press(" ", NOW_NS)
    view.press("s", NOW_NS)
    assert order(view) == ["A", "B"]


def test_q_ends_it_and_other_keys_do_not() -> None:
    view = view_of()
    assert not view.press("q", NOW_NS)
    assert all(view.press(key, NOW_NS) for key in "xsrj ")


def test_a_loss_and_a_gap_are_told_at_the_top() -> None:
    view = view_of()
    urgent = view.urgent
    view.update(Disconnected("the connection was cut", 3.0), NOW_NS)
    assert view.urgent == urgent + 1
    lost = shown(view, wall_ns=NOW_NS + SECOND_NS)
    assert lost[0].startswith("feed watch  LOST 1.0s ago, trying again in 2.0s")
    assert lost[1] == "0 reconnects, 0 gaps; the connection was cut"
    view.update(Gap("a-1", "a-9", "overrun"), NOW_NS)
    assert view.urgent == urgent + 1, "it waits for its table"
    view.update(CONNECTED, NOW_NS)
    assert view.urgent == urgent + 2
    assert "live over websocket" in shown(view)[0]


def test_a_silence_is_told_before_it_is_a_loss() -> None:
    counters = Counters(connects=1)
    view = WatchView(["AAPL"], "http://a", counters)
    view.update(CONNECTED, NOW_NS)

    def head(after_s: float) -> str:
        return shown(view, 120, wall_ns=NOW_NS + int(after_s * SECOND_NS))[0]

    assert "silent" not in head(1.9)
    assert "live over websocket, silent for 2.0s" in head(2)
    counters.received_bytes += 1  # a mark, for one
    assert "silent" not in head(3)
    assert "silent" not in head(4.9)
    assert "silent for 2.5s" in head(5.5)
    view.update(Disconnected("nothing came for 15 s", 1.0), NOW_NS + 15 * SECOND_NS)
    assert "silent" not in head(16)


LATER_NS = NOW_NS + 7 * SECOND_NS


@pytest.mark.parametrize(
    ("event", "state"),
    [
        (Disconnected("cut", 3.0), "LOST 7.0s ago, trying again"),
        (FeedState(Health.SOURCE_DOWN, "replay", "finished"), "SOURCE DOWN (replay: finished)"),
        (FeedState(Health.SOURCE_DOWN, "sim", "silent"), "SOURCE DOWN (sim: silent)"),
    ],
)
def test_prices_that_are_not_current_are_dimmed_and_dated(event: Event, state: str) -> None:
    view = view_of(trade(10.0))
    assert styles(view, "10.00", LATER_NS) == {"bold"}
    view.update(event, NOW_NS)
    assert state in shown(view, 120, wall_ns=LATER_NS)[0]
    assert f", {as_of(NOW_NS, LATER_NS)}" in shown(view, 120, wall_ns=LATER_NS)[0]
    assert styles(view, "10.00", LATER_NS) == {"bold dim"}
    view.update(CONNECTED, LATER_NS)
    view.update(FeedState(Health.LIVE, "sim", ""), LATER_NS)
    assert "as of" not in shown(view, 120, wall_ns=LATER_NS)[0]
    assert styles(view, "10.00", LATER_NS) == {"bold"}


def test_a_reader_that_is_behind_says_so_until_it_is_not() -> None:
    view = view_of(trade(10.0))
    for _ in range(3):
        view.update(Batch([trade(10.0)]), LATER_NS)
    assert f"7.0s behind, {as_of(NOW_NS, LATER_NS)}" in shown(view, 120, wall_ns=LATER_NS)[0]
    assert styles(view, "10.00", LATER_NS) == {"bold dim"}
    view.update(Batch([trade(10.0, time_ns=LATER_NS)]), LATER_NS)
    assert "behind" not in shown(view, 120, wall_ns=LATER_NS)[0]


def test_one_trade_that_is_told_late_is_not_a_reader_behind() -> None:
    view = view_of(trade(10.0), trade(10.0))
    view.update(Batch([trade(10.0)]), LATER_NS)
    assert "behind" not in shown(view, 120, wall_ns=LATER_NS)[0]


def test_a_halted_symbol_is_dimmed_and_others_are_not() -> None:
    view = view_of(trade(10.0), trade(20.0, "MSFT"), status("H"))
    assert styles(view, "10.00") == {"bold dim"}
    assert styles(view, "20.00") == {"bold"}


def test_ticks_that_cannot_be_read_are_counted_where_it_is_seen() -> None:
    assert "unreadable" not in shown(view_of(trade(1.0)))[1]
    assert shown(view_of(as_tick({**trade(1.0), "p": "x"})))[1].startswith("1 ticks unreadable, ")
