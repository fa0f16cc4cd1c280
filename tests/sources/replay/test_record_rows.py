"""Records of CSV become ticks by their header, or are refused by column and value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import InvalidInput, InvalidTick
from feed.market.ticks import Quote, Tick, Trade
from feed.sources.replay.record_rows import RecordReader
from tests.sources.replay.recordings import (
    QUOTE_RECORD,
    QUOTES_HEADER,
    TIME,
    TIME_NS,
    TIME_US,
    TRADE_RECORD,
    TRADES_HEADER,
)

VENUE = "binance-futures"


@pytest.mark.parametrize(
    ("header", "record", "tick"),
    [
        (
            TRADES_HEADER,
            TRADE_RECORD,
            Trade("BTCUSDT", 42377944, VENUE, 9682.0, 0.132, TIME_NS, taker_side="B"),
        ),
        (
            TRADES_HEADER,
            TRADE_RECORD.replace("buy", "sell"),
            Trade("BTCUSDT", 42377944, VENUE, 9682.0, 0.132, TIME_NS, taker_side="S"),
        ),
        (
            TRADES_HEADER,
            TRADE_RECORD.replace("buy", "unknown"),
            Trade("BTCUSDT", 42377944, VENUE, 9682.0, 0.132, TIME_NS),
        ),
        (
            "symbol,timestamp,price,amount",
            f"A,{TIME_US},1.5,2",
            Trade("A", 1, "", 1.5, 2.0, TIME_NS),
        ),
        (
            "amount,price,timestamp,symbol",
            f"2,1.5,{TIME_US},A",
            Trade("A", 1, "", 1.5, 2.0, TIME_NS),
        ),
        (
            " Symbol,TIMESTAMP ,Price,amount,flag,flag",
            f"A,{TIME},1.5,2,x,",
            Trade("A", 1, "", 1.5, 2.0, TIME_NS),
        ),
        (
            "id,symbol,side,timestamp,price,amount",
            f",A,,{TIME_US},1.5,2",
            Trade("A", 1, "", 1.5, 2.0, TIME_NS),
        ),
        (
            QUOTES_HEADER,
            QUOTE_RECORD,
            Quote("BTCUSDT", VENUE, 9681.92, 0.67, VENUE, 9682.0, 0.84, TIME_NS),
        ),
        (
            "symbol,timestamp,bid_price,bid_amount,ask_price,ask_amount",
            f"A,{TIME_US},1,2,3,4",
            Quote("A", "", 1.0, 2.0, "", 3.0, 4.0, TIME_NS),
        ),
        (
            "symbol,timestamp,bid_price,bid_amount,ask_price,ask_amount",
            f"A,{TIME_US},,,3,4",
            Quote("A", "", 0.0, 0.0, "", 3.0, 4.0, TIME_NS),
        ),
        (
            "symbol,timestamp,bid_price,bid_amount,ask_price,ask_amount",
            f"A,{TIME_US},1,2,,",
            Quote("A", "", 1.0, 2.0, "", 0.0, 0.0, TIME_NS),
        ),
    ],
)
def test_a_record_becomes_the_tick_that_its_header_says(
    header: str, record: str, tick: Tick
) -> None:
    assert RecordReader(header.split(",")).read(record.split(",")) == tick


@given(st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 1e300), st.booleans())
def test_prices_and_amounts_equal_the_texts_of_the_file(
    price: float, amount: float, exponent: bool
) -> None:
    texts = (f"{price:.17e}", f"{amount:.17e}") if exponent else (repr(price), repr(amount))
    trade = RecordReader(["symbol", "timestamp", "price", "amount"]).read(["A", TIME_US, *texts])
    assert isinstance(trade, Trade)
    assert (trade.price, trade.size) == (float(texts[0]), float(texts[1])) == (price, amount)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",0.132", "", "7 cells where the header has 8"),
        (",0.132", ",0.132,", "9 cells where the header has 8"),
        ("BTCUSDT", "", "symbol '' is not accepted"),
        ("BTCUSDT", " BTCUSDT", "symbol ' BTCUSDT' is not accepted"),
        (TIME_US, "yesterday", "timestamp 'yesterday' is not accepted; accepted: an integer"),
        ("9682", "", "price '' is not accepted; accepted: a number"),
        *(
            ("9682", text, f"price '{text}' is not accepted")
            for text in ("nan", "inf", "-inf", "1e999", "-1e999", "9_682", "\u0669", "0x10")
        ),
        ("0.132", "-0.132", "amount '-0.132' is not accepted; accepted: a number of at least 0"),
        ("0.132", "nan", "amount 'nan' is not accepted"),
        ("42377944", "9" * 129, "trade id '9+… is not accepted; accepted: a number, a text of at"),
        ("buy", "bought", "side 'bought' is not accepted; accepted: buy, sell, unknown or nothing"),
    ],
)
def test_a_record_that_is_not_a_trade_is_refused_by_column_and_value(
    old: str, new: str, words: str
) -> None:
    with pytest.raises(InvalidTick, match=words):
        RecordReader(TRADES_HEADER.split(",")).read(TRADE_RECORD.replace(old, new).split(","))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",9681.92,0.67", ",,0.67", "bid_price '' is not accepted"),
        (",0.84,9682", ",,9682", "ask_amount '' is not accepted"),
        ("0.84", "-0.84", "ask_amount '-0.84' is not accepted"),
        ("9681.92", "n/a", "bid_price 'n/a' is not accepted"),
    ],
)
def test_a_record_that_is_not_a_quote_is_refused_by_column_and_value(
    old: str, new: str, words: str
) -> None:
    with pytest.raises(InvalidTick, match=words):
        RecordReader(QUOTES_HEADER.split(",")).read(QUOTE_RECORD.replace(old, new).split(","))


@given(
    st.sampled_from([TRADES_HEADER, QUOTES_HEADER]),
    st.lists(st.text() | st.sampled_from(["A", TIME_US, TIME, "1.5", "7", "buy"]), max_size=9),
)
def test_no_record_raises_anything_but_invalid_tick(header: str, record: list[str]) -> None:
    reader = RecordReader(header.split(","))
    try:
        tick = reader.read(record)
    except InvalidTick:
        assert reader.listings.instruments == []
        return
    assert [instrument.symbol for instrument in reader.listings.instruments] == [tick.symbol]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("", "neither trades nor quotes; accepted: a header with the columns symbol, timestamp"),
        ("symbol;timestamp;price;amount", "'symbol;timestamp;price;amount' are those of neither"),
        ("symbol,timestamp,price", "those of neither trades nor quotes"),
        ("symbol,timestamp,bid_price,bid_amount,ask_price", "those of neither"),
        (
            "symbol,timestamp,price,amount,bid_price,bid_amount,ask_price,ask_amount",
            "those of both trades and quotes",
        ),
        ("symbol,timestamp,price,amount,price", "the column 'price' comes twice"),
        ("id,symbol,timestamp,price,amount,ID", "the column 'id' comes twice"),
        (TRADE_RECORD, "those of neither"),
    ],
)
def test_a_header_without_the_columns_is_refused_with_what_is_accepted(
    header: str, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        RecordReader(header.split(","))
