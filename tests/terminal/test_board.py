"""What is known of each symbol."""

from typing import Any

import msgpack
import pytest

from feed.client.events import Batch
from feed.client.ticks import Tick
from feed.market.symbol_health import Health
from feed.market.ticks import SECOND_NS
from feed.terminal.board import RECORDING_NS, Board, Row
from tests.client.objects import as_tick
from tests.terminal.objects import NOW_NS, quote, status, trade


def row_after(*ticks: Tick, wall_ns: int = NOW_NS) -> Row:
    """Return AAPL's row after these ticks, one a batch."""
    board = Board(["AAPL"])
    for tick in ticks:
        board.update(Batch([tick]), wall_ns)
    (row,) = board.rows
    assert not board.unreadable
    return row


def test_symbols_that_were_named_are_there_before_they_tick_in_their_order() -> None:
    board = Board(["MSFT", "AAPL"])
    assert [row.symbol for row in board.rows] == ["MSFT", "AAPL"]
    assert all(row.last is row.bid is row.as_of_ns is row.change is None for row in board.rows)


def test_with_a_star_symbols_are_added_as_they_come() -> None:
    board = Board(["*"])
    board.update(Batch([trade(1.0, "B"), trade(1.0, "A"), trade(2.0, "B")]), NOW_NS)
    assert [(row.symbol, row.last) for row in board.rows] == [("B", 2.0), ("A", 1.0)]
    assert board.ticks == 3


def test_a_price_goes_up_and_down_and_stays() -> None:
    assert row_after(trade(10.0)).direction == 0
    assert row_after(trade(10.0), trade(11.0)).direction == 1
    assert row_after(trade(10.0), trade(11.0), trade(10.5)).direction == -1
    assert row_after(trade(10.0), trade(11.0), trade(11.0)).direction == 1


def test_when_a_price_changed_is_when_it_came() -> None:
    board = Board(["AAPL"])
    board.update(Batch([trade(10.0)]), NOW_NS)
    board.update(Batch([trade(11.0)]), NOW_NS + 5)
    board.update(Batch([trade(11.0)]), NOW_NS + 9)
    assert board.rows[0].changed_ns == NOW_NS + 5


def test_change_is_from_the_first_price_that_is_known() -> None:
    board = Board(["AAPL"])
    board.update(Batch([trade(11.0)]), NOW_NS)
    assert board.rows[0].change == 0
    board.seed("AAPL", [(NOW_NS - 60 * SECOND_NS, 10.0)])
    assert board.rows[0].change == pytest.approx(0.1)


def test_a_quote_has_two_sides_and_a_spread() -> None:
    row = row_after(quote(99.5, 100.25))
    assert (row.bid, row.ask, row.spread) == (99.5, 100.25, 0.75)


def test_a_side_that_is_empty_has_no_price_and_no_spread() -> None:
    row = row_after(quote(0, 100.25, sizes=(0, 1)))
    assert (row.bid, row.ask, row.spread) == (None, 100.25, None)


def test_a_price_of_zero_at_which_something_is_bid_is_a_price() -> None:
    row = row_after(quote(0, 0.25))
    assert (row.bid, row.ask, row.spread) == (0, 0.25, 0.25)


def test_a_rise_of_a_negative_price_is_a_rise() -> None:
    row = row_after(trade(-37.5), trade(-36.73, time_ns=NOW_NS + 2 * SECOND_NS))
    assert row.change == pytest.approx(0.77 / 37.5)
    assert row.direction_of_hour == row.direction == 1


@pytest.mark.parametrize(("last", "direction"), [(-1.0, -1), (0.0, 0), (2.0, 1)])
def test_from_zero_on_there_is_a_direction_and_no_share(last: float, direction: int) -> None:
    row = row_after(trade(0.0), trade(last, time_ns=NOW_NS + 2 * SECOND_NS))
    assert (row.change, row.direction_of_hour) == (None, direction)


def test_a_recording_that_begins_anew_begins_courses_anew() -> None:
    board = Board(["AAPL"])
    for second, price in [(0, 1.0), (30, 9.0), (0, 1.0), (1, 1.5), (2, 2.0), (3, 3.0)]:
        board.update(Batch([trade(price, time_ns=NOW_NS + second * SECOND_NS)]), NOW_NS)
    (row,) = board.rows
    assert row.course.prices == [2.0, 3.0]
    assert board.newest_ns == NOW_NS + 3 * SECOND_NS


def test_trades_that_are_late_do_not_begin_anew() -> None:
    board = Board(["AAPL"])
    for second in (10, 3, 11, 2, 3, 12, 11, 11, 11, 11):
        board.update(Batch([trade(1.0, time_ns=NOW_NS + second * SECOND_NS)]), NOW_NS)
    assert board.newest_ns == NOW_NS + 12 * SECOND_NS


def test_a_change_too_large_for_a_number_is_not_known() -> None:
    row = row_after(trade(1e-300), trade(1e300, time_ns=NOW_NS + 2 * SECOND_NS))
    assert (row.change, row.direction_of_hour) == (None, 1)


@pytest.mark.parametrize(
    ("price", "decimals"),
    [(187.0, 2), (187.25, 2), (2.41098, 5), (0.223217, 6), (1e-9, 8), (96337.8, 2), (0.1 + 0.2, 2)],
)
def test_prices_are_shown_with_as_many_decimals_as_they_come_with(
    price: float, decimals: int
) -> None:
    assert row_after(trade(price)).decimals == decimals


HEALTHS = [
    ([], Health.LIVE, ""),
    ([status("H", "Trading Halt", "T12")], Health.HALTED, "T12 Trading Halt"),
    ([status("2", "Trading Halt")], Health.HALTED, "Trading Halt"),
    ([status("P", "Pause", "LUDP")], Health.HALTED, "LUDP Pause"),
    ([status("H"), status("T", "Trading Resumption", "T3")], Health.LIVE, ""),
    ([status("2"), status("3")], Health.LIVE, ""),
    ([status("STALE", "No tick for 9 s")], Health.STALE, "No tick for 9 s"),
    ([status("STALE", "x"), status("LIVE", "Ticks again")], Health.LIVE, ""),
    ([status("STALE", "x"), status("H", "h", "T1")], Health.HALTED, "T1 h"),
    ([status("H", "h", "T1"), status("STALE", "x")], Health.HALTED, "T1 h"),
    ([status("H", "h", "T1"), status("LIVE")], Health.HALTED, "T1 h"),
    ([status("H", "h", "T1"), status("O", "Order Imbalance")], Health.HALTED, "T1 h"),
    ([status("H", "a\x1b[2Jb")], Health.HALTED, "a�[2Jb"),
]


@pytest.mark.parametrize(("statuses", "health", "words"), HEALTHS)
def test_statuses_say_how_a_symbol_is(statuses: list[Tick], health: Health, words: str) -> None:
    row = row_after(*statuses)
    assert (row.health, row.words) == (health, words)


def test_age_is_since_the_event_so_that_a_late_source_shows() -> None:
    row = row_after(trade(1.0, time_ns=NOW_NS - 30 * SECOND_NS))
    assert row.age_ns(NOW_NS + SECOND_NS) == 31 * SECOND_NS


def test_a_clock_ahead_of_ours_makes_nothing_younger_than_it_came() -> None:
    row = row_after(quote(1.0, 2.0, time_ns=NOW_NS + 3600 * SECOND_NS))
    assert row.age_ns(NOW_NS) == 0
    assert row.age_ns(NOW_NS + 7 * SECOND_NS) == 7 * SECOND_NS


def test_a_status_does_not_make_a_price_young() -> None:
    row = row_after(trade(1.0, time_ns=NOW_NS - SECOND_NS), status("H"))
    assert row.age_ns(NOW_NS) == SECOND_NS


def test_in_a_recording_age_is_since_a_tick_came() -> None:
    board = Board(["AAPL", "MSFT"])
    old_ns = NOW_NS - 2 * RECORDING_NS
    snapshot = [trade(1.0, "AAPL", old_ns - 5 * SECOND_NS), trade(1.0, "MSFT", old_ns)]
    board.update(Batch(snapshot, snapshot=True), NOW_NS)
    board.update(Batch([trade(1.0, "MSFT", old_ns)]), NOW_NS + SECOND_NS)
    aapl, msft = board.rows
    assert aapl.age_ns(NOW_NS + 3 * SECOND_NS) == 2 * SECOND_NS
    assert msft.age_ns(NOW_NS + 3 * SECOND_NS) == 2 * SECOND_NS


def test_a_snapshot_of_yesterday_is_no_recording() -> None:
    board = Board(["AAPL"])
    board.update(Batch([trade(1.0, time_ns=NOW_NS - 2 * RECORDING_NS)], snapshot=True), NOW_NS)
    assert board.rows[0].age_ns(NOW_NS) == 2 * RECORDING_NS


def test_times_of_message_pack_are_read_too() -> None:
    stamp = msgpack.Timestamp.from_unix_nano(NOW_NS - SECOND_NS)
    assert row_after(trade(1.0) | {"t": stamp}).age_ns(NOW_NS) == SECOND_NS


@pytest.mark.parametrize(
    "wrong",
    [
        {"p": "ten"},
        {"p": None},
        {"t": "yesterday"},
        {"t": None},
        {"S": None},
        {"S": "\x1b[2J"},
        {"T": "q"},
        {"T": "s"},
    ],
)
def test_a_tick_that_is_none_is_counted_and_the_others_are_taken(wrong: dict[str, Any]) -> None:
    board = Board(["AAPL"])
    board.update(Batch([trade(10.0), as_tick({**trade(11.0), **wrong}), trade(12.0)]), NOW_NS)
    (row,) = board.rows
    assert (row.last, row.bid, board.ticks, board.unreadable) == (12.0, None, 2, 1)


def test_symbols_that_the_server_does_not_list_are_marked() -> None:
    board = Board(["AAPL", "APPL"])
    board.list_symbols({"AAPL": None, "MSFT": None})
    assert [row.listed for row in board.rows] == [True, False]


def test_the_step_that_the_server_tells_says_with_how_many_digits_prices_are_shown() -> None:
    board = Board(["*"])
    board.update(Batch([trade(10.0)]), NOW_NS)
    board.list_symbols({"AAPL": 0.0001, "WHOLE": 5.0})
    board.update(Batch([as_tick({**trade(10.0), "S": "WHOLE"})]), NOW_NS)
    assert {row.symbol: row.decimals for row in board.rows} == {"AAPL": 4, "WHOLE": 0}
    board.update(Batch([as_tick({**trade(10.5), "S": "WHOLE"})]), NOW_NS)
    assert [row.decimals for row in board.rows] == [4, 1], "a price shows what it is"


def test_a_copy_of_a_row_does_not_change_with_it() -> None:
    row = row_after(trade(10.0))
    copy = row.copy()
    row.update(trade(11.0), NOW_NS + 5 * SECOND_NS, NOW_NS)
    assert (copy.last, copy.change) == (10.0, 0)


def test_a_tick_from_before_makes_nothing_older() -> None:
    row = row_after(trade(1.0), quote(1.0, 2.0, time_ns=NOW_NS - 9 * SECOND_NS))
    assert row.age_ns(NOW_NS) == 0
