"""What ccxt tells, into rows: news among trades, tops of books, and what is neither."""

import math
from collections import deque
from typing import Any

import pytest

from feed.sources.exchanges.hearing import TRADES_LIMIT, Hearing
from feed.sources.exchanges.program import line_of
from feed.sources.exchanges.rows import DECIMAL_PLACES, TICK_SIZE, instrument_row
from feed.sources.exchanges.trade_news import REMEMBERED, TradeNews
from feed.sources.piped.reader import PipeReader

WALL_NS = 1_767_364_200_000_000_000  # 2026-01-02T14:30:00Z
NOW = "2026-01-02T14:30:00.000000000Z"


class Cache(list[Any]):
    """A list of trades as ccxt keeps it; deques stand behind its own."""


def trade(number: object, symbol: str = "BTC/USD", **fields: object) -> dict[str, Any]:
    told = {"symbol": symbol, "price": 1.5, "amount": 2, "timestamp": 1_767_364_200_000}
    return {**told, "id": number, "side": "sell", "info": {}, **fields}


def ticker(bid: object, ask: object, symbol: str = "BTC/USD", **fields: object) -> dict[str, Any]:
    return {"symbol": symbol, "bid": bid, "bidVolume": None, "ask": ask, "askVolume": 3, **fields}


def hearing(*symbols: str, told: dict[str, str] | None = None) -> Hearing:
    return Hearing("own", symbols or ("BTC/USD", "ETH/USD"), told or {}, lambda _: None)


def ids(rows: list[dict[str, Any]]) -> list[Any]:
    return [row.get("i") for row in rows]


def test_a_trade_becomes_a_row_and_the_list_is_emptied() -> None:
    cache = Cache([trade(7)])
    rows = hearing().hear(cache, "trade:BTC/USD", WALL_NS)
    assert rows == [
        {"T": "t", "S": "BTC/USD", "x": "own", "p": 1.5, "s": 2, "t": NOW, "i": "7", "tks": "S"}
    ]
    assert not cache


def test_of_the_first_trades_of_a_symbol_the_newest_is_news_and_then_each_once() -> None:
    heard = hearing()
    assert ids(heard.hear([trade(1), trade(2), trade(3)], "", WALL_NS)) == ["3"]
    assert ids(heard.hear([trade(1), trade(3), trade(4), trade(5)], "", WALL_NS)) == ["4", "5"]
    assert ids(heard.hear([trade(1, "ETH/USD")], "", WALL_NS)) == ["1"]
    assert heard.trades == 4


@pytest.mark.parametrize(
    ("told", "expected"), [("2", ["3", "4"]), ("4", []), ("0", ["1", "2", "3", "4"])]
)
def test_behind_what_an_earlier_program_told_all_trades_are_news(
    told: str, expected: list[str]
) -> None:
    heard = hearing(told={"BTC/USD": told})
    assert ids(heard.hear([trade(number) for number in range(1, 5)], "", WALL_NS)) == expected
    assert ids(heard.hear([trade(4), trade(5)], "", WALL_NS)) == ["5"]


def test_trades_without_ids_are_always_news_and_ids_are_forgotten_in_their_order() -> None:
    news = TradeNews({})
    assert len(news.of("A", [trade(None), trade("")])) == 1
    assert len(news.of("A", [trade(None), trade("")])) == 2
    numbers = [trade(number) for number in range(REMEMBERED + 1)]
    assert len(news.of("A", numbers)) == REMEMBERED + 1
    assert [each["id"] for each in news.of("A", [*numbers[1:], numbers[0]])] == [0]


def test_trades_of_which_ccxt_has_dropped_some_are_told() -> None:
    lost: list[str] = []
    heard = Hearing("own", ["BTC/USD"], {}, lost.append)
    heard.hear(Cache([trade(number) for number in range(TRADES_LIMIT)]), "", WALL_NS)
    assert lost == ["BTC/USD"]


def test_equal_tops_are_told_once_and_a_size_that_nobody_told_is_zero() -> None:
    heard = hearing()
    [row] = heard.hear(ticker(1, 2), "", WALL_NS)
    assert (row["bp"], row["bs"], row["ap"], row["as"], row["t"]) == (1, 0, 2, 3, NOW)
    assert heard.hear(ticker(1, 2, last=9), "", WALL_NS) == []
    assert len(heard.hear(ticker(1, 2, askVolume=4), "", WALL_NS)) == 1
    assert heard.hear(ticker(None, 2), "", WALL_NS) == []
    assert heard.quotes == 2


def test_of_books_the_top_counts_and_of_tickers_nothing_where_books_are_asked_for() -> None:
    heard = hearing()
    book = {"symbol": "BTC/USD", "bids": [[5, 1, 9], [4, 1, 9]], "asks": [[6, 2, 9]]}
    assert heard.hear(book, "", WALL_NS) == []
    heard.books = True
    [row] = heard.hear({**book, "timestamp": 0}, "", WALL_NS)
    assert (row["bp"], row["bs"], row["ap"], row["as"]) == (5, 1, 6, 2)
    assert row["t"] == "1970-01-01T00:00:00.000000000Z", "passed on, and a stray where it is read"
    deeper = {**book, "bids": [[5, 1, 9], [3, 1, 9]]}
    for silent in (deeper, {**book, "asks": []}, ticker(1, 2)):
        assert heard.hear(silent, "", WALL_NS) == []


@pytest.mark.parametrize("many", [list, lambda all_: {each["symbol"]: each for each in all_}])
def test_lists_and_maps_of_tickers_are_heard_one_by_one(many: Any) -> None:
    told = many([ticker(1, 2), ticker(1, 2, "ETH/USD"), ticker(1, 2, "OTHER/USD")])
    assert [row["S"] for row in hearing().hear(told, "tickers", WALL_NS)] == ["BTC/USD", "ETH/USD"]


def test_another_name_of_a_symbol_is_known_by_what_was_waited_for() -> None:
    heard = hearing("BTC/USDC")
    cache = Cache([trade(1, "BTC/USD")])
    assert heard.hear(cache, "market_trades::BTC/USD", WALL_NS) == []
    [row] = heard.hear(cache, "market_trades::BTC/USDC", WALL_NS)
    assert row["S"] == "BTC/USDC"
    assert hearing("BTC/USD").hear([trade(1, "XBTC/USD")], "trade:XBTC/USD", WALL_NS) == []


@pytest.mark.parametrize("told", [True, None, "ok", b"", [], {}, [1], {"a": 1}, deque([[1, 2]])])
def test_what_is_neither_is_left_out(told: object) -> None:
    assert hearing().hear(told, "BTC/USD", WALL_NS) == []


BAD: list[tuple[dict[str, Any], str]] = [
    (trade(1, price=math.nan), "p None is not accepted"),
    (trade(1, price=math.inf), "p None is not accepted"),
    (trade(1, price=None), "p None is not accepted"),
    (trade(1, price="1.5"), "p '1.5' is not accepted"),
    (trade(1, amount=-1.0), "s -1.0 is not accepted"),
    (trade(1, price=1 << 70), "is not accepted"),
    (trade(1, timestamp=-5), "'-5 ms' is not accepted"),
    (trade(1, timestamp=1 << 62), "is not accepted"),
    (trade(1, timestamp="soon"), "'soon ms' is not accepted"),
    (trade("x" * 10_000_000), "trade id"),
    (trade("\ud800"), "is not accepted"),
]


@pytest.mark.parametrize(("told", "words"), BAD, ids=range(len(BAD)))
def test_what_is_no_tick_is_refused_by_whoever_reads_the_pipe(
    told: dict[str, Any], words: str
) -> None:
    rows = hearing().hear([told], "", WALL_NS)
    lines = b"".join(map(line_of, rows))
    assert len(lines) < 1_000, "and costs the pipe nothing"
    piece = PipeReader().read(lines)
    assert piece.ticks == []
    [bad] = piece.bad
    assert words in bad.detail


def test_a_clock_that_is_a_day_behind_is_told_as_it_is() -> None:
    day_ms = 86_400_000
    rows = hearing().hear([trade(1, timestamp=WALL_NS // 1_000_000 - day_ms)], "", WALL_NS)
    [tick] = PipeReader().read(b"".join(map(line_of, rows))).ticks
    assert tick.event_ns == WALL_NS - day_ms * 1_000_000


@pytest.mark.parametrize(
    ("mode", "precision", "step", "lot"),
    [
        (TICK_SIZE, {"price": 0.25, "amount": 1e-8}, 0.25, 1e-8),
        (DECIMAL_PLACES, {"price": 2, "amount": 0}, 0.01, 1.0),
        (3, {"price": 5, "amount": 5}, None, None),
        (TICK_SIZE, {"price": None, "amount": math.nan}, None, None),
        (TICK_SIZE, {"price": -1, "amount": "x"}, None, None),
        (DECIMAL_PLACES, {"price": 10**9, "amount": True}, None, 0.1),
        (TICK_SIZE, None, None, None),
    ],
)
def test_precision_is_a_step_where_it_means_one(
    mode: int, precision: Any, step: float | None, lot: float | None
) -> None:
    market = {"symbol": "BTC/USD", "base": "BTC", "quote": "USD", "precision": precision}
    row = instrument_row(market, {"BTC": {"name": "Bitcoin\n"}, "USD": None}, "own", mode)
    assert (row["price_step"], row["lot"]) == (step, lot)
    [known] = PipeReader().read(line_of(row)).instruments
    assert (known.name, known.asset_class, known.currency) == ("Bitcoin / USD", "crypto", "USD")
    swap = {**market, "type": "swap", "limits": {"amount": {"min": 5}}}
    row = instrument_row(swap, {}, "own", mode)
    assert (row["name"], row["lot"]) == ("BTC / USD swap", 5)
