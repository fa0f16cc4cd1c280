"""Rows become ticks with the defaults of submissions; each kind of bad row is named and placed."""

import math
from itertools import islice
from typing import Any

import msgpack
import orjson
import pytest

from feed.market.ticks import Quote, Status, Trade
from feed.sources.pushed.batch import Batch
from feed.sources.pushed.decoding import Coding, runs_of
from feed.sources.pushed.flaws import BatchRefused, Flaw
from feed.sources.pushed.rows import RowReader
from feed.wire.protobuf_codec import load_messages

WALL_NS = 1_767_623_400_123_456_789
GOOD = {"T": "t", "S": "OWN", "p": 1.5, "s": 2}


def batch_in(coding: Coding, data: bytes) -> Batch:
    batch = Batch([])
    for _ in RowReader().read(runs_of(coding, data), batch, WALL_NS):
        pass
    return batch


def batch_of(rows: Any, *, most_ticks: int = 10, bars: bool = False) -> Batch:
    batch = Batch([])
    for _ in RowReader(bars=bars).read([rows], batch, WALL_NS, most_ticks):
        pass
    return batch


def refused(rows: Any, **options: Any) -> BatchRefused:
    with pytest.raises(BatchRefused) as caught:
        batch_of(rows, **options)
    return caught.value


def test_defaults_are_those_of_submissions() -> None:
    rows = [GOOD, {"T": "q", "S": "OWN", "bp": 1, "ap": 2}, {"T": "s", "S": "OWN", "sc": "H"}]
    trade, quote, status = batch_of(rows).ticks
    assert trade == Trade("OWN", 0, "", 1.5, 2.0, WALL_NS)
    assert quote == Quote("OWN", "", 1.0, 0.0, "", 2.0, 0.0, WALL_NS)
    assert status == Status("OWN", "H", "", "", "", WALL_NS)


def test_what_is_told_is_kept() -> None:
    row = {**GOOD, "i": "a-1", "x": "V", "c": ["@"], "z": "C", "tks": "B", "xi": "b"}
    batch = batch_of([{**row, "t": "2026-01-05T14:30:00.123456789Z"}])
    trade = Trade("OWN", 0, "V", 1.5, 2.0, WALL_NS, ("@",), "C", "B")
    assert batch.ticks == [trade]
    assert batch.numbering == [(trade, "a-1", "b")]
    assert batch.firsts["t"] == {"OWN": 0}  # type: ignore[index]  # a kind is its text


def without(letter: str) -> dict[str, Any]:
    return {key: value for key, value in GOOD.items() if key != letter}


BAD = (
    (without("S"), Flaw.MISSING, "S of T 't' is missing"),
    (without("T"), Flaw.MISSING, "T is missing"),
    (without("p"), Flaw.MISSING, "p of T 't' is missing"),
    ({**GOOD, "S": ""}, Flaw.SYMBOL, "S: symbol ''"),
    ({**GOOD, "S": 7}, Flaw.SYMBOL, "S: symbol 7"),
    ({**GOOD, "S": ["OWN"]}, Flaw.SYMBOL, "S: symbol ['OWN']"),
    ({**GOOD, "p": math.nan}, Flaw.NUMBER, "p nan"),
    ({**GOOD, "p": -math.inf}, Flaw.NUMBER, "p -inf"),
    ({**GOOD, "p": "1.5"}, Flaw.NUMBER, "p '1.5'"),
    ({**GOOD, "p": True}, Flaw.NUMBER, "p True"),
    ({**GOOD, "p": None}, Flaw.NUMBER, "p None"),
    ({**GOOD, "s": -1}, Flaw.NUMBER, "s -1"),
    ({**GOOD, "s": math.inf}, Flaw.NUMBER, "s inf"),
    ({**GOOD, "t": "yesterday"}, Flaw.TIME, "t: timestamp 'yesterday'"),
    ({**GOOD, "t": "2026-01-05T25:30:00Z"}, Flaw.TIME, "t: time '2026"),
    ({**GOOD, "t": -1}, Flaw.TIME, "t: timestamp '-1'"),
    ({**GOOD, "t": 1 << 64}, Flaw.TIME, "t 18446744073709551616"),
    ({**GOOD, "x": "V" * 257}, Flaw.TEXT, "x 'VVV"),
    ({**GOOD, "x": "\n"}, Flaw.TEXT, "x '\\n'"),
    ({**GOOD, "c": ["@"] * 17}, Flaw.TEXT, "c ['@'"),
    ({**GOOD, "c": [1]}, Flaw.TEXT, "c 1"),
    ({**GOOD, "tks": "buy"}, Flaw.TEXT, "tks 'buy'"),
    ({**GOOD, "i": -1}, Flaw.TEXT, "i -1"),
    ({**GOOD, "i": "9" * 129}, Flaw.TEXT, "i '999"),
    ({**GOOD, "T": "o"}, Flaw.KIND, "T 'o' is not accepted; accepted: t, q, s"),
    ({**GOOD, "T": "b"}, Flaw.KIND, "T 'b'"),
    ({**GOOD, "T": ["t"]}, Flaw.KIND, "T ['t']"),
    ({"T": "mark", "pos": "a-1"}, Flaw.KIND, "T 'mark'"),
    ({"T": "s", "S": "OWN", "sc": ""}, Flaw.TEXT, "sc is empty"),
    ([GOOD], Flaw.SHAPE, "[{'T': 't'"),
    ("t", Flaw.SHAPE, "'t' is no tick"),
    (None, Flaw.SHAPE, "None is no tick"),
)


@pytest.mark.parametrize("number", range(len(BAD)))
def test_a_bad_row_is_named_and_placed(number: int) -> None:
    row, flaw, words = BAD[number]
    error = refused([GOOD, row, GOOD])
    assert (error.flaw, error.row) == (flaw, 2)
    assert str(error).startswith(f"row 2: {words}")


def test_batches_have_ticks_and_not_too_many() -> None:
    assert refused([]).flaw is Flaw.SHAPE
    assert refused([GOOD] * 3, most_ticks=2).flaw is Flaw.TOO_MANY
    assert len(batch_of([GOOD] * 2, most_ticks=2).ticks) == 2


def test_a_time_of_1970_is_a_tick() -> None:
    [tick] = batch_of([{**GOOD, "t": "1970-01-01T00:00:01Z"}]).ticks
    assert tick.event_ns == 1_000_000_000


def test_bars_are_ticks_where_they_are_pushed() -> None:
    row = {**dict.fromkeys("ohlcv", 1.0), "T": "b", "S": "OWN", "n": 1, "vw": 1.0}
    [bar] = batch_of([{**row, "t": "2026-01-05T14:30:00Z"}], bars=True).ticks
    assert bar.kind == "b"
    assert refused([{**row, "t": None}], bars=True).flaw is Flaw.TIME
    assert refused([{**row, "t": 1, "n": -1}], bars=True).flaw is Flaw.NUMBER


def proto(*rows: dict[str, Any]) -> bytes:
    classes = load_messages()
    batch = classes["Batch"]()
    for row in rows:
        batch.items.add().trade.CopyFrom(classes["Trade"](**row))
    return bytes(batch.SerializeToString())


TIMES = (5_000_000_000, WALL_NS)  # of 1970, whose nanoseconds would be told as seconds; of now


def test_every_codec_tells_the_same_ticks() -> None:
    def iso(event_ns: int) -> str:
        return "1970-01-01T00:00:05Z" if event_ns == TIMES[0] else "2026-01-05T14:30:00.123456789Z"

    rows = [{**GOOD, "t": iso(event_ns)} for event_ns in TIMES]
    packed = [{**GOOD, "t": msgpack.Timestamp.from_unix_nano(event_ns)} for event_ns in TIMES]
    fields = {"symbol": "OWN", "price": 1.5, "size": 2.0}
    told = {
        Coding.NDJSON: b"\r\n\n".join(map(orjson.dumps, rows)),
        Coding.JSON: orjson.dumps(rows),
        Coding.MSGPACK: msgpack.packb(packed),
        Coding.PROTOBUF: proto(*({**fields, "event_ns": event_ns} for event_ns in TIMES)),
    }
    for coding, data in told.items():
        batch = batch_in(coding, data)
        assert [tick.event_ns for tick in batch.ticks] == list(TIMES), coding
        assert [number for _, number, _ in batch.numbering] == [None, None]
    assert batch_in(Coding.NDJSON, told[Coding.JSON]).ticks == batch.ticks


@pytest.mark.parametrize(
    ("coding", "data", "row"),
    [
        (Coding.NDJSON, orjson.dumps(GOOD) + b"\n{\n", 2),
        (Coding.NDJSON, b'{"T":"t"\n,"S":"OWN"}', 1),
        (Coding.NDJSON, b"\xff", 1),
        (Coding.JSON, b"[", None),
        (Coding.JSON, b'{"T":"t","S":"OWN","p":NaN,"s":1}', None),
        (Coding.MSGPACK, b"\xc1", None),
        (Coding.MSGPACK, msgpack.packb(GOOD), None),
        (Coding.MSGPACK, msgpack.packb([GOOD])[:-1], None),
        (Coding.MSGPACK, msgpack.packb([GOOD]) + b"\x00", None),
        (Coding.MSGPACK, b"\xdd\xff\xff\xff\xff", None),
        (Coding.PROTOBUF, b"\xff", None),
        (Coding.PROTOBUF, proto({"symbol": "OWN"})[:-1], None),
    ],
)
def test_what_is_not_of_its_codec_is_told(coding: Coding, data: bytes, row: int | None) -> None:
    with pytest.raises(BatchRefused) as caught:
        batch_in(coding, data)
    assert (caught.value.flaw, caught.value.row) == (Flaw.UNREADABLE, row)


def test_a_run_is_read_a_step() -> None:
    batch = Batch([])
    steps = RowReader().read(iter([[GOOD]] * 3), batch, WALL_NS)
    list(islice(steps, 2))
    assert len(batch.ticks) == 2
