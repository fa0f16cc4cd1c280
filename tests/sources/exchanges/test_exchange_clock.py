"""The clock of an exchange: by the date of an answer, then by trades, the fastest of the last."""

import pytest

from feed.sources.exchanges.exchange_clock import _REMEMBERED, ExchangeClock
from feed.sources.exchanges.hearing import Hearing

WALL_MS = 1_767_364_200_000  # 2026-01-02T14:30:00Z
MS_NS = 1_000_000
DAY_MS = 86_400_000


def now_ms(clock: ExchangeClock, wall_ms: int) -> int:
    return clock.now_ns(wall_ms * MS_NS) // MS_NS


@pytest.mark.parametrize(
    ("date", "expected_ms"),
    [
        ("Fri, 02 Jan 2026 14:29:59 GMT", WALL_MS),
        ("Thu, 01 Jan 2026 14:30:00 GMT", WALL_MS - DAY_MS),
        ("Fri, 02 Jan 2026 14:30:07 GMT", WALL_MS + 7_000),
        (None, WALL_MS),
        ("soon", WALL_MS),
        ("Fri, 02 Jan 99999999 14:30:07 GMT", WALL_MS),
    ],
)
def test_before_trades_a_date_counts_that_is_far_from_ours(date: object, expected_ms: int) -> None:
    clock = ExchangeClock()
    clock.note_date(date, WALL_MS * MS_NS)
    assert now_ms(clock, WALL_MS) == expected_ms


def test_the_trade_that_took_the_shortest_way_of_the_last_ones_tells_the_time() -> None:
    clock = ExchangeClock()
    clock.note_date("Thu, 01 Jan 2026 14:30:00 GMT", WALL_MS * MS_NS)
    for behind_ms in (300, 40, 5_000):
        clock.note_trade(WALL_MS - behind_ms, WALL_MS * MS_NS)
        clock.note_trade(None, WALL_MS * MS_NS)
    assert now_ms(clock, WALL_MS + 10) == WALL_MS + 10 - 40
    for _ in range(_REMEMBERED - 1):  # our clock is set, or theirs
        clock.note_trade(WALL_MS + DAY_MS, WALL_MS * MS_NS)
    assert now_ms(clock, WALL_MS) == WALL_MS + DAY_MS
    for _ in range(_REMEMBERED):
        clock.note_trade(WALL_MS - 90, WALL_MS * MS_NS)
    assert now_ms(clock, WALL_MS) == WALL_MS - 90


def test_bids_and_asks_without_a_time_are_as_old_as_trades_a_day_behind() -> None:
    hearing = Hearing("own", ["A"], {}, lambda _: None)
    trade = {"symbol": "A", "price": 1, "amount": 1, "timestamp": WALL_MS - 3 * DAY_MS}
    hearing.hear([{**trade, "id": 1}], "", WALL_MS * MS_NS)  # may be old
    hearing.hear([{**trade, "id": 2, "timestamp": WALL_MS - DAY_MS}], "", WALL_MS * MS_NS)
    ticker = {"symbol": "A", "bid": 1, "ask": 2}
    [row] = hearing.hear(ticker, "", (WALL_MS + 5) * MS_NS)
    assert row["t"] == "2026-01-01T14:30:00.005000000Z"
