"""Objects of JSON become ticks, or are refused by field and value."""

from contextlib import suppress
from dataclasses import fields
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.errors import InvalidTick
from feed.market.ticks import Bar, ConflatedTrade, Kind, Quote, Status, Tick, Trade
from feed.sources.replay.object_rows import BESIDE_TICKS, ObjectReader, Row
from feed.sources.replay.record_rows import RecordReader
from feed.sources.source import Instrument
from tests.golden import TICKS, TickVector
from tests.sources.replay.recordings import TIME, TIME_NS, TRADE_RECORD, TRADES_HEADER

TRADE: dict[str, Any] = orjson.loads(
    f'{{"T":"t","S":"AAPL","i":96921,"x":"D","p":126.55,"s":1,"t":"{TIME}","c":["@","I"],"z":"C"}}'
)
PAIR_TRADE: dict[str, Any] = orjson.loads(
    f'{{"T":"t","S":"BTC/USD","i":7,"x":"CBSE","p":9682,"s":0.132,"t":"{TIME}","tks":"B"}}'
)
QUOTE: dict[str, Any] = orjson.loads(
    f'{{"T":"q","S":"BRK.B","bx":"N","bp":399.1,"bs":2,"ax":"Q","ap":399.2,"as":3,"t":"{TIME}",'
    '"c":["R"],"z":"A"}'
)
BAR: dict[str, Any] = orjson.loads(
    f'{{"T":"b","S":"AAPL","o":1,"h":4.5,"l":0.5,"c":2,"v":100,"n":3,"vw":2.25,"t":"{TIME}"}}'
)
STATUS: dict[str, Any] = orjson.loads(
    '{"T":"s","S":"AAPL","sc":"H","sm":"Trading Halt","rc":"T12","rm":"News",'
    f'"t":"{TIME}","z":"C"}}'
)
NUMBERS = (1.0, 4.5, 0.5, 2.0, 100.0, 3, 2.25, TIME_NS)


@pytest.mark.parametrize(
    ("row", "tick"),
    [
        (TRADE, Trade("AAPL", 96921, "D", 126.55, 1.0, TIME_NS, ("@", "I"), "C")),
        (PAIR_TRADE, Trade("BTC/USD", 7, "CBSE", 9682.0, 0.132, TIME_NS, taker_side="B")),
        (TRADE | {"i": "96921"}, Trade("AAPL", 96921, "D", 126.55, 1.0, TIME_NS, ("@", "I"), "C")),
        (
            {"T": "t", "S": "AAPL", "i": 0, "p": -37.63, "s": 0, "t": TIME},
            Trade("AAPL", 0, "", -37.63, 0.0, TIME_NS),
        ),
        (
            PAIR_TRADE | {"x": None, "c": None, "z": None, "tks": None},
            Trade("BTC/USD", 7, "", 9682.0, 0.132, TIME_NS),
        ),
        (
            PAIR_TRADE | {"c": "@"},
            Trade("BTC/USD", 7, "CBSE", 9682.0, 0.132, TIME_NS, ("@",), "", "B"),
        ),
        (
            # What a conflated trade carries on top, and what nobody knows.
            TRADE | {"n": 3, "h": 127, "l": 126, "v": 9, "vw": 126.4, "fi": 9, "new": {}},
            Trade("AAPL", 96921, "D", 126.55, 1.0, TIME_NS, ("@", "I"), "C"),
        ),
        (QUOTE, Quote("BRK.B", "N", 399.1, 2.0, "Q", 399.2, 3.0, TIME_NS, ("R",), "A")),
        (
            {"T": "q", "S": "BTC/USD", "bp": 0, "bs": 0, "ap": 1.5, "as": 2, "t": TIME, "c": []},
            Quote("BTC/USD", "", 0.0, 0.0, "", 1.5, 2.0, TIME_NS),
        ),
        (BAR, Bar(Kind.BAR, "AAPL", *NUMBERS)),
        (BAR | {"T": "u"}, Bar(Kind.UPDATED_BAR, "AAPL", *NUMBERS)),
        (BAR | {"T": "b1s"}, Bar(Kind.SECOND_BAR, "AAPL", *NUMBERS)),
        (STATUS, Status("AAPL", "H", "Trading Halt", "T12", "News", TIME_NS, "C")),
        ({"T": "s", "S": "A", "sc": "T", "t": TIME}, Status("A", "T", "", "", "", TIME_NS)),
    ],
)
def test_an_object_becomes_the_tick_that_it_says(row: dict[str, Any], tick: Tick) -> None:
    read = ObjectReader().read(orjson.loads(orjson.dumps(row)))
    assert read == tick
    assert read is not None
    assert read.kind is tick.kind


@pytest.mark.parametrize("vector", TICKS, ids=lambda vector: vector.name)
def test_a_tick_that_this_server_writes_is_read_the_same(vector: TickVector) -> None:
    (row,) = orjson.loads(vector.data["json"])
    read, tick = ObjectReader().read(row), vector.tick
    if isinstance(tick, ConflatedTrade):  # a recording keeps the trade, and not what it stood for
        tick = Trade(*(getattr(tick, field.name) for field in fields(Trade)))
    assert read == tick


def test_whole_numbers_become_floats_as_ticks_have_them() -> None:
    reader = ObjectReader()
    trade, quote, bar = map(reader.read, (PAIR_TRADE, QUOTE, BAR))
    assert isinstance(trade, Trade)
    assert isinstance(quote, Quote)
    assert isinstance(bar, Bar)
    numbers = (trade.price, quote.bid_size, quote.ask_size, bar.open, bar.close, bar.volume)
    assert {type(number) for number in numbers} == {float}


@pytest.mark.parametrize("kind", sorted(BESIDE_TICKS))
def test_a_message_that_is_not_a_tick_is_not_a_fault(kind: str) -> None:
    assert ObjectReader().read({"T": kind, "pos": "abc-12", "t": TIME}) is None


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ([], r"\[\] is no tick; accepted: a JSON object with T"),
        (None, "None is no tick"),
        ("t", "'t' is no tick"),
        (
            {},
            "T None is not accepted; accepted: t, q, b, u, b1s, s, absent, acknowledged, alert",
        ),
        ({"T": ["t"]}, r"T \['t'\] is not accepted"),
        ({"T": "d"}, "T 'd' is not accepted"),
        *(
            (
                {k: v for k, v in row.items() if k != field},
                f"field '{field}' of T '{row['T']}' is missing",
            )
            for row, fields in (
                (TRADE, "Spst"),
                (QUOTE, ["S", "bp", "bs", "ap", "as", "t"]),
                (BAR, ["S", "o", "h", "l", "c", "v", "n", "vw", "t"]),
                (STATUS, ["S", "sc", "t"]),
            )
            for field in fields
        ),
        (TRADE | {"S": ""}, "symbol '' is not accepted"),
        (TRADE | {"S": "A,B"}, "symbol 'A,B' is not accepted; accepted: 1 to 64 printable"),
        (TRADE | {"S": ["AAPL"]}, r"symbol \['AAPL'\] is not accepted"),
        (TRADE | {"S": None}, "symbol None is not accepted"),
        (TRADE | {"p": "126.55"}, "p '126.55' is not accepted; accepted: a number"),
        (TRADE | {"p": None}, "p None is not accepted"),
        (TRADE | {"p": True}, "p True is not accepted"),
        (TRADE | {"s": -1}, "s -1.0 is not accepted; accepted: a number of at least 0"),
        (TRADE | {"t": -TIME_NS}, "timestamp '-1582329602111000000' is not accepted; accepted: an"),
        (TRADE | {"t": True}, "time True is not accepted; accepted: RFC 3339"),
        (TRADE | {"i": True}, "trade id True is not accepted; accepted: a number, a text of at"),
        (TRADE | {"i": [1]}, r"trade id \[1\] is not accepted"),
        (TRADE | {"i": "9" * 5_000}, "trade id '9+… is not accepted"),
        (TRADE | {"xi": "9" * 129}, "trade id '9+… is not accepted"),
        (TRADE | {"x": 4}, "x 4 is not accepted; accepted: a text or null"),
        (TRADE | {"c": 4}, "c 4 is not accepted; accepted: a list of texts"),
        (TRADE | {"c": {"@": 1}}, "c {'@': 1} is not accepted"),
        (TRADE | {"c": ["@", None]}, "c .* is not accepted"),
        (TRADE | {"tks": "bought"}, "tks 'bought' is not accepted; accepted: buy, sell, unknown"),
        (QUOTE | {"as": -0.5}, "as -0.5 is not accepted"),
        (BAR | {"n": 1.0}, "n 1.0 is not accepted; accepted: a count"),
        (BAR | {"n": -1}, "n -1 is not accepted"),
        (BAR | {"vw": None}, "vw None is not accepted"),
        (STATUS | {"sc": ""}, "sc is empty; accepted: a status code"),
        (STATUS | {"sm": 1}, "sm 1 is not accepted"),
    ],
)
def test_an_object_that_is_not_a_tick_is_refused_by_field_and_value(
    row: object, words: str
) -> None:
    with pytest.raises(InvalidTick, match=words):
        ObjectReader().read(row)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.sampled_from(
        [TRADE, PAIR_TRADE, QUOTE, BAR, STATUS, {"T": "snapshot"}, {"T": "subscription"}]
    ),
    st.dictionaries(st.sampled_from([*TRADE, *QUOTE, *BAR, *STATUS, "tks", "state"]), json_values),
)
def test_no_object_raises_anything_but_invalid_tick(
    row: dict[str, Any], changes: dict[str, Any]
) -> None:
    with suppress(InvalidTick):
        ObjectReader().read(row | changes)


def test_ticks_between_the_ends_of_a_snapshot_are_not_events() -> None:
    reader = ObjectReader()
    begin, end = ({"T": "snapshot", "state": state, "pos": "a-1"} for state in ("begin", "end"))
    read = [reader.read(row) for row in (TRADE, begin, TRADE, QUOTE, end, TRADE)]
    assert [tick is None for tick in read] == [False, True, True, True, True, False]


def test_a_snapshot_that_was_cut_off_ends_with_the_next_connection() -> None:
    reader = ObjectReader()
    reader.read({"T": "snapshot", "state": "begin"})
    assert reader.read(TRADE) is None
    reader.read({"T": "success", "msg": "connected"})
    assert reader.read(TRADE) is not None


@pytest.mark.parametrize("channel", ["bars", "updatedBars", "secondBars"])
def test_a_subscription_announces_bars(channel: str) -> None:
    reader = ObjectReader()
    empty: dict[str, list[str]] = {"trades": ["*"], "bars": [], "updatedBars": [], "secondBars": []}
    reader.read({"T": "subscription", **empty})
    assert not reader.bars_announced
    reader.read({"T": "subscription", **empty, channel: ["*"]})
    assert reader.bars_announced


def test_equal_texts_of_a_recording_are_one_object() -> None:
    reader = ObjectReader()
    one, other = (reader.read(orjson.loads(orjson.dumps(TRADE))) for _ in range(2))
    assert isinstance(one, Trade)
    assert isinstance(other, Trade)
    assert one.symbol is other.symbol
    assert one.exchange is other.exchange
    assert one.conditions[1] is other.conditions[1]


def test_trades_without_ids_are_numbered_per_symbol() -> None:
    reader = ObjectReader()
    ids = []
    for symbol, trade_id in [
        *(("A", None), ("A", None), ("B", None), ("A", 100)),
        *(("A", None), ("A", 50), ("A", None), ("B", "")),
    ]:
        trade = reader.read(TRADE | {"S": symbol, "i": trade_id})
        assert isinstance(trade, Trade)
        ids.append(trade.trade_id)
    assert ids == [1, 2, 1, 100, 101, 50, 102, 2]


UUID = "df8a4b8e-5d9b-4c43-a0e1-0c3f7b8c5e11"


@pytest.mark.parametrize(
    ("told", "trade_id", "exact_id"),
    [
        (0, 0, ""),
        (-5, -5, ""),
        ((1 << 53) - 1, (1 << 53) - 1, ""),
        ("42", 42, ""),
        (1 << 53, 1 << 53, str(1 << 53)),
        ((1 << 63) - 1, (1 << 63) - 1, str((1 << 63) - 1)),
        (str(1 << 60), 1 << 60, str(1 << 60)),
        ("0042", 42, "0042"),
        (1 << 63, 1, str(1 << 63)),
        ((1 << 64) - 1, 1, str((1 << 64) - 1)),
        (str(1 << 200), 1, str(1 << 200)),
        (UUID, 1, UUID),
        ("ETH-12345", 1, "ETH-12345"),
        ("\u0661", 1, "\u0661"),
        (1.5, 1, "1.5"),
        (None, 1, ""),
        ("", 1, ""),
    ],
)
def test_an_id_may_be_any_text_or_number(told: object, trade_id: int, exact_id: str) -> None:
    expected = (trade_id, exact_id)
    trade = ObjectReader().read(TRADE | {"i": told})
    assert isinstance(trade, Trade)
    assert (trade.trade_id, trade.exact_id) == expected
    record = TRADE_RECORD.replace("42377944", "" if told is None else str(told)).split(",")
    trade = RecordReader(TRADES_HEADER.split(",")).read(record)
    assert isinstance(trade, Trade)
    assert (trade.trade_id, trade.exact_id) == expected


def test_our_own_numbers_grow_and_stay_within_63_bits() -> None:
    reader = ObjectReader()
    ids = []
    for told in (UUID, "x", 7, "y", (1 << 63) - 1, "z", None):
        trade = reader.read(TRADE | {"i": told})
        assert isinstance(trade, Trade)
        ids.append(trade.trade_id)
    assert ids == [1, 2, 7, 8, *[(1 << 63) - 1] * 3]


@pytest.mark.parametrize(
    ("text", "side"),
    [
        *((text, "B") for text in ("buy", "BUY", "Buy", "b", "B", "bid")),
        *((text, "S") for text in ("sell", "SELL", "s", "S", "a", "A", "ask")),
        *((text, "") for text in ("", "unknown", "Unknown", "n", "N", "none")),
    ],
)
def test_a_side_is_read_in_any_case_and_as_one_letter(text: str, side: str) -> None:
    record = TRADE_RECORD.replace("buy", text).split(",")
    for trade in (
        ObjectReader().read(TRADE | {"tks": text}),
        RecordReader(TRADES_HEADER.split(",")).read(record),
    ):
        assert isinstance(trade, Trade)
        assert trade.taker_side == side


@pytest.mark.parametrize(
    "empty", [{}, {"c": None, "z": None, "x": None}, {"c": [], "z": "", "x": ""}]
)
def test_conditions_tapes_and_exchanges_may_be_absent_or_empty(empty: Row) -> None:
    bare = {key: value for key, value in TRADE.items() if key not in "czx"}
    trade = ObjectReader().read(bare | empty)
    assert isinstance(trade, Trade)
    assert (trade.conditions, trade.tape, trade.exchange) == ((), "", "")


def test_a_snapshot_that_was_cut_off_ends_with_a_mark_a_gap_or_news() -> None:
    later = TRADE | {"t": TIME.replace("2020", "2021")}
    quiet = [{"T": "feed", "state": "live"}, TRADE, {"T": "warning"}, TRADE | {"S": "B"}]
    for rows in (
        [{"T": "mark"}, TRADE],
        [{"T": "gap"}, TRADE],
        [{"T": "bye"}, TRADE],
        [later],
    ):
        reader = ObjectReader()
        read = [reader.read(row) for row in [{"T": "snapshot", "state": "begin"}, *quiet, *rows]]
        assert [tick is not None for tick in read] == [False] * (4 + len(rows)) + [True]


def test_ticks_of_a_line_with_a_mark_are_no_snapshots() -> None:
    reader = ObjectReader()
    reader.read({"T": "snapshot", "state": "begin"})
    reader.begin_line([TRADE])
    assert reader.read(TRADE) is None
    reader.begin_line([QUOTE, {"T": "mark"}])
    assert reader.read(QUOTE) is not None


def test_a_refused_trade_uses_up_no_number_and_lists_no_symbol() -> None:
    reader = ObjectReader()
    for broken in ({"p": None}, {"t": "now"}, {"s": -1}, {"z": 1}, {"tks": "?"}, {"c": 1}):
        with pytest.raises(InvalidTick):
            reader.read(TRADE | {"i": None} | broken)
    assert reader.listings.instruments == []
    trade = reader.read(TRADE | {"i": None})
    assert isinstance(trade, Trade)
    assert trade.trade_id == 1


@pytest.mark.parametrize(
    ("row", "instrument"),
    [
        (TRADE, Instrument("AAPL", "AAPL", "us_equity")),
        (PAIR_TRADE, Instrument("BTC/USD", "BTC/USD", "crypto", exchange="CBSE")),
        (PAIR_TRADE | {"x": ""}, Instrument("BTC/USD", "BTC/USD", "crypto")),
        (
            TRADE | {"S": "BTCUSDT", "x": "binance-futures"},
            Instrument("BTCUSDT", "BTCUSDT", "crypto", exchange="binance-futures"),
        ),
        (
            QUOTE | {"S": "XBTUSD", "bx": "BitMEX"},
            Instrument("XBTUSD", "XBTUSD", "crypto", exchange="BitMEX"),
        ),
        (TRADE | {"x": "NYSE"}, Instrument("AAPL", "AAPL", "us_equity", exchange="NYSE")),
        (STATUS, Instrument("AAPL", "AAPL", "us_equity")),
    ],
)
def test_the_first_row_of_a_symbol_lists_its_instrument(
    row: dict[str, Any], instrument: Instrument
) -> None:
    reader = ObjectReader()
    reader.read(row)
    reader.read(row)
    assert reader.listings.instruments == [instrument]
