"""What is read column by column is what is read row by row, and all else is left to the rows."""

import math
from typing import Any

import msgpack
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feed.market.ticks import MAX_EVENT_NS, Trade
from feed.sources.pushed.batch import Batch
from feed.sources.pushed.columns import ColumnReader
from feed.sources.pushed.decoding import Coding, runs_of
from feed.sources.pushed.flaws import BatchRefused
from feed.sources.pushed.rows import RowReader
from feed.sources.pushed.runs import columns_of
from feed.sources.pushed.source import PushedSource
from feed.sources.pushed.values import Values

WALL_NS = 1_767_623_400_123_456_789
TRADE = {"T": "t", "S": "OWN", "p": 1.5, "s": 2, "i": 7}
QUOTE = {"T": "q", "S": "OWN", "bp": 1, "ap": 2.5}
# Per letter what is plain, what is accepted, and what is not.
FIELDS: dict[str, list[object]] = {
    "S": ["OWN", "BTC/USD", "", "a,b", 7, None, ["OWN"]],
    "p": [1.5, 2, -1.0, 1e308, math.nan, math.inf, True, "1", None],
    "s": [2, 0.5, -0.0, 1e308, -1, -math.inf, math.nan, False],
    "bp": [1, 2.5, math.inf, None],
    "bs": [3, 0.0, -1, None],
    "i": [7, 0, 9, (1 << 53), "a-1", "12", None, -1, True, 1.0, "9" * 200],
    "xi": [None, "x", "", 5],
    "t": [
        "2026-01-05T14:30:00.123456789Z",
        "2026-01-05T14:30:01.000000001Z",
        "2026-01-05 14:30:01,000000001Z",
        "2026-01-05T14:30:00.12345678 Z",
        "2026-01-05T14:30:00.1234_6789Z",
        "2026-01-05T14:30:00Z",
        "2262-04-11T23:47:16.999999999Z",
        "2026-13-05T14:30:00.123456789Z",
        *(WALL_NS, MAX_EVENT_NS, MAX_EVENT_NS + 1, 5, None, 1.5e9, True),
    ],
    "c": [["@", "I"], ["@"], [], None, "@", [1], ["@"] * 17, [["@"]], 1],
    "x": ["V", "", None, 1, "\n", ["V"]],
    "tks": ["B", "", None, "buy", 0],
    "other": [1, "z"],
}


def state(reader: RowReader | ColumnReader, rows: list[dict[str, Any]]) -> object:
    """Return the ticks that are made of rows, with their ids; or why they are refused."""
    batch = Batch([])
    try:
        if isinstance(reader, RowReader):
            reader._read_rows(rows, batch, WALL_NS)
        else:
            columns = columns_of(rows)
            if columns is None or not reader.read(columns, batch, WALL_NS):
                assert batch == Batch([]), "nothing is done"
                return None
    except BatchRefused as refused:
        return str(refused)
    source = PushedSource()
    source._enlist(batch)
    largest = [listing.largest_trade_id for listing in source._listings._by_symbol.values()]
    return batch.ticks, batch.firsts, largest


def rows_of_one_layout(draw: st.DrawFn) -> list[dict[str, Any]]:
    base = draw(st.sampled_from([TRADE, QUOTE]))
    varied = draw(st.lists(st.sampled_from(list(FIELDS)), max_size=3, unique=True))
    chosen = {
        letter: st.sampled_from(FIELDS[letter][: draw(st.integers(1, 15))]) for letter in varied
    }
    return [
        {**base, **{letter: draw(values) for letter, values in chosen.items()}}
        for _ in range(draw(st.integers(1, 4)))
    ]


@settings(max_examples=150, deadline=None)
@given(st.composite(rows_of_one_layout)())
def test_columns_give_the_ticks_of_rows_or_none(rows: list[dict[str, Any]]) -> None:
    found = state(ColumnReader(Values()), rows)
    if found is not None:
        assert found == state(RowReader(), rows)


@pytest.mark.parametrize("row", [TRADE, QUOTE])
def test_plain_rows_are_read_by_columns(row: dict[str, Any]) -> None:
    plain = {letter: values[0] for letter, values in FIELDS.items() if letter != "bp"}
    for rows in ([row], [{**row, **plain}] * 2, [{**plain, **row, "t": WALL_NS, "c": None}]):
        assert state(ColumnReader(Values()), rows) == state(RowReader(), rows)


def test_trades_without_ids_are_numbered_behind_those_that_have_some() -> None:
    batch, source = Batch([]), PushedSource()
    unnumbered = {letter: value for letter, value in TRADE.items() if letter != "i"}
    runs = [[TRADE, {**TRADE, "i": 3}], [unnumbered] * 2, [{**TRADE, "i": 20}], [unnumbered]]
    for _ in source.reader.read(runs, batch, WALL_NS):
        pass
    source._enlist(batch)
    assert [tick.trade_id for tick in batch.ticks if isinstance(tick, Trade)] == [
        7,
        3,
        8,
        9,
        20,
        21,
    ]


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"T":"t","S":"A","p":1,"s":1},{"T":"t"', b'"S":"A","p":1,"s":1}'],
        [b'{"a":[{}', b"{}]}"],
        [b'{"T":"t","S":"A', b'B","p":1,"s":1}'],
        [b'{"T":"t"}{"S":"A"}', b""],
        [b"[" + orjson.dumps(TRADE) + b"," + orjson.dumps(TRADE), orjson.dumps(TRADE) + b"]"],
    ],
)
def test_objects_that_go_over_the_ends_of_lines_are_refused(lines: list[bytes]) -> None:
    with pytest.raises(BatchRefused, match="row 1: not JSON"):
        list(runs_of(Coding.NDJSON, b"\n".join(lines)))


def test_what_stands_before_a_line_that_is_broken_is_told_first() -> None:
    line = orjson.dumps(TRADE)
    for coding, data in (
        (Coding.NDJSON, b"\n".join([line, b'{"T":"?"}', b"{"])),
        (Coding.MSGPACK, b"\x93" + msgpack.packb(TRADE) + msgpack.packb({"T": "?"}) + b"\xc1"),
    ):
        with pytest.raises(BatchRefused, match=r"row 2: T '\?' is not accepted"):
            for _ in RowReader().read(runs_of(coding, data), Batch([]), WALL_NS):
                pass
