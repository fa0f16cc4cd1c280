"""Rows: what is sent of a tick, in both codecs, and what is no tick."""

from datetime import UTC, datetime
from typing import Any

import msgpack
import orjson
import pytest

from feed.client.publishing.rows import FORMATS, PublishCodecName, listed, rows_of
from feed.errors import InvalidTick
from feed.market.submissions import Quote, Status, Trade

NOW_NS = 1_735_828_200_000_000_123
NOW = "2025-01-02T14:30:00.000000123Z"


def read(data: bytes, codec: str) -> Any:
    if codec == "json":
        return orjson.loads(data)
    value = msgpack.unpackb(data)
    for item in value.get("ticks", [value]):
        if isinstance(item["t"], msgpack.Timestamp):
            item["t"] = NOW if item["t"].to_unix_nano() == NOW_NS else item["t"].to_unix_nano()
    return value


@pytest.mark.parametrize("codec", FORMATS)
def test_a_submission_says_what_its_author_knows(codec: PublishCodecName) -> None:
    form = FORMATS[codec]
    ticks = [
        Trade(symbol="OWN", price=1.5, size=2, taker_side="B"),
        Trade(symbol="OWN", price=1.5, size=2, trade_id="x-1", event_ns=NOW_NS),
        Quote(symbol="OWN", bid_price=1.0, ask_price=2.0),
        Status(symbol="OWN", status_code="H"),
    ]
    own, exact, quote, status = (read(row, codec) for row in rows_of(ticks, form, NOW_NS))
    assert (own["t"], own["tks"], "i" in own) == (NOW, "B", False)
    assert (exact["i"], exact["t"], exact["p"]) == ("x-1", NOW, 1.5)
    assert (quote["bp"], quote["as"], quote["t"]) == (1.0, 0.0, NOW)
    assert (status["sc"], status["t"]) == ("H", NOW)


@pytest.mark.parametrize("codec", FORMATS)
def test_an_envelope_is_one_value(codec: PublishCodecName) -> None:
    form = FORMATS[codec]
    rows = rows_of([{"T": "t", "S": "A", "p": 1.0}] * 20, form, NOW_NS)
    assert read(form.envelope(7, rows), codec) == {
        "sequence": 7,
        "ticks": [{"T": "t", "S": "A", "p": 1.0, "t": NOW}] * 20,
    }
    assert read(form.envelope((1 << 63) - 1, []), codec)["sequence"] == (1 << 63) - 1


@pytest.mark.parametrize("codec", FORMATS)
def test_maps_may_have_any_time_and_any_number_of_keys(codec: PublishCodecName) -> None:
    form = FORMATS[codec]
    many = {f"k{number}": number for number in range(20)}
    when = datetime(2025, 1, 2, 14, 30, tzinfo=UTC)
    rows = rows_of(
        [
            {"T": "t", "S": "A", "t": None} | many,
            {"T": "t", "S": "A", "t": msgpack.Timestamp.from_unix_nano(NOW_NS)},
            {"T": "t", "S": "A", "t": NOW},
            {"T": "t", "S": "A", "t": when},
        ],
        form,
        NOW_NS,
    )
    read_rows = [read(row, codec) for row in rows]
    assert read_rows[0] == {"T": "t", "S": "A", "t": NOW} | many
    assert [row["t"] for row in read_rows[1:3]] == [NOW, NOW]
    assert read_rows[3]["t"] in {"2025-01-02T14:30:00+00:00", 1_735_828_200_000_000_000}


@pytest.mark.parametrize(
    ("tick", "words"),
    [
        (None, "None is no tick"),
        ({"S": "A"}, "T None is not accepted"),
        ({"T": "t", "S": 1}, "S 1 is not accepted"),
        ({"T": "t", "S": "A", "p": object()}, "cannot be sent"),
        ({"T": "t", "S": "A", "t": datetime(2025, 1, 2)}, "has no time zone"),  # noqa: DTZ001
        ({"T": "t", "S": "A", "x": "x" * 70_000}, "accepted: at most 65536"),
        (Trade(symbol="A", price=float("nan"), size=1), "price nan is not accepted"),
        (Trade(symbol="A", price=1, size=1, trade_id=-1), "trade_id -1 is not accepted"),
        (Status(symbol="A", status_code=""), "status_code is empty"),
    ],
)
@pytest.mark.parametrize("codec", FORMATS)
def test_what_is_no_tick_is_named_with_its_place(
    tick: object, words: str, codec: PublishCodecName
) -> None:
    fine = {"T": "t", "S": "A"}
    with pytest.raises(InvalidTick, match=rf"ticks\[8\]: .*{words}"):
        rows_of([fine, tick], FORMATS[codec], NOW_NS, 7)


def test_one_tick_may_come_alone_and_a_text_is_none() -> None:
    trade = Trade(symbol="A", price=1, size=1)
    assert list(listed(trade)) == [trade]
    assert list(listed({"T": "t"})) == [{"T": "t"}]
    for wrong in ("AAPL", b"x", 1):
        with pytest.raises(InvalidTick, match="is no tick"):
            listed(wrong)
