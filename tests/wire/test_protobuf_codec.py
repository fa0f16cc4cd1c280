"""Batches in Protobuf: against protoc, against JSON, and against the golden bytes."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from hypothesis import given
from hypothesis import strategies as st

import feed
from feed.errors import InvalidMessage
from feed.market.ticks import Channel, Status, Tick, Trade
from feed.wire.disconnect import Reason
from feed.wire.json_codec import JSON
from feed.wire.messages import bye_message, mark_message, subscription_message
from feed.wire.position import Position
from feed.wire.protobuf_codec import PROTOBUF, load_messages
from tests.fakes import strategies
from tests.golden import TICKS

SCHEMA = Path(feed.__file__).parent / "wire" / "feed.proto"
GOLDEN = Path(__file__).parents[1] / "golden"
MESSAGES: list[dict[str, Any]] = [
    {"T": "gap", "from": "stage-5", "to": "stage-9", "reason": "overrun"},
    {"T": "snapshot", "state": "begin", "pos": "stage-9"},
    {"T": "snapshot", "state": "end", "pos": "stage-9"},
    {"T": "mark", "pos": "stage-12", "t": "2020-02-22T00:00:02.111000001Z"},
    {"T": "leaving", "retry_ms": 2_718},
    {"T": "bye", "reason": "shutdown", "msg": "the server leaves", "reconnect": True},
]
TRADE = Trade("AAPL", 1, "V", 1.0, 1.0, 1)


def all_golden() -> bytes:
    """Return one batch of every golden tick, joined, and of every message."""
    return b"".join(vector.data["protobuf"] for vector in TICKS) + PROTOBUF.array(MESSAGES)


@pytest.mark.programs
def test_protoc_reads_the_golden_batch_as_the_golden_text() -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed (the extra `test`)")
    arguments = ["--decode=feed.v1.Batch", f"--proto_path={SCHEMA.parent}", SCHEMA.name]
    command = [sys.executable, "-m", "grpc_tools.protoc", *arguments]
    told = subprocess.run(command, input=all_golden(), check=True, capture_output=True)
    assert told.stderr == b""
    assert told.stdout.decode() == (GOLDEN / "batch.txtpb").read_text(encoding="utf-8")


def test_googles_runtime_writes_the_golden_text_as_the_golden_batch() -> None:
    batch = load_messages()["Batch"]
    text = (GOLDEN / "batch.txtpb").read_text(encoding="utf-8")
    assert text_format.Parse(text, batch()).SerializeToString(deterministic=True) == all_golden()


@given(st.lists(strategies.ticks, max_size=6))
def test_a_batch_is_decoded_as_the_same_objects_as_its_json(ticks: list[Tick]) -> None:
    objects = json.loads(JSON.join(JSON.encode(ticks))) if ticks else []
    # repr, since a zero has a sign that == does not see
    assert sorted_repr(PROTOBUF.decode(PROTOBUF.join(PROTOBUF.encode(ticks)))) == sorted_repr(
        objects
    )


def sorted_repr(objects: list[dict[str, Any]]) -> list[str]:
    return [repr(sorted(item.items())) for item in objects]


@given(st.lists(st.sampled_from(MESSAGES)), st.lists(strategies.ticks, max_size=3))
def test_messages_join_with_ticks_and_come_back_as_they_were(
    messages: list[dict[str, Any]], ticks: list[Tick]
) -> None:
    fragments = [*PROTOBUF.encode(ticks), *map(PROTOBUF.fragment, messages)]
    decoded = PROTOBUF.decode(PROTOBUF.join(fragments))
    assert decoded[len(ticks) :] == messages
    assert len(decoded) == len(ticks) + len(messages)


@pytest.mark.parametrize("reason", Reason)
def test_whatever_reason_a_stream_ends_for_can_be_said(reason: Reason) -> None:
    message = bye_message(reason.value)
    assert PROTOBUF.decode(PROTOBUF.array([message])) == [message]


@pytest.mark.parametrize("intervals_ms", [{}, {Channel.SECOND_BARS: 250}])
def test_what_comes_from_now_on_can_be_said(intervals_ms: dict[Channel, int]) -> None:
    symbols = {Channel.TRADES: ["*", "AAPL"], Channel.SECOND_BARS: ["MSFT"]}
    message = subscription_message(symbols, intervals_ms)
    assert PROTOBUF.decode(PROTOBUF.array([message])) == [message]


def test_the_mark_of_a_cut_comes_back_to_the_nanosecond() -> None:
    message = mark_message(Position("stage", 7), 1_700_000_000_123_456_789)
    assert PROTOBUF.decode(PROTOBUF.fragment(message)) == [message]


# Lengths grow by a byte at 128 and 16,384; an item's is larger than its message's by its header.
@pytest.mark.parametrize("length", [*range(60, 140), *range(16_300, 16_400), 100_000])
def test_items_of_every_length_are_delimited(length: int) -> None:
    ticks: list[Tick] = [Status("AAPL", "H", "x" * length, "", "", 1), TRADE]
    first, second = PROTOBUF.decode(PROTOBUF.join(PROTOBUF.encode(ticks)))
    assert first["sm"] == "x" * length
    assert second["S"] == "AAPL"


def test_a_message_or_a_key_without_a_place_in_the_schema_is_an_error() -> None:
    with pytest.raises(KeyError, match="weather"):
        PROTOBUF.fragment({"T": "weather"})
    with pytest.raises(KeyError, match="depth"):
        PROTOBUF.fragment({"T": "gap", "depth": 1})


def test_a_reader_skips_items_and_fields_of_a_later_schema() -> None:
    later_item = b"\x0a\x04\xa2\x06\x01\x00"  # field 100 of Item
    gap = MESSAGES[0]
    fragment = bytearray(PROTOBUF.fragment(gap))
    for at in (1, 3):  # the lengths of the item, and of the gap in it
        fragment[at] += 3
    later_field = bytes(fragment) + b"\xa0\x06\x01"  # field 100 of Gap
    assert PROTOBUF.decode(later_item + later_field) == [gap]


@pytest.mark.parametrize("data", [b"\x0a", b"\xff" * 11, b"\x0a\x02\x0a\x05", "text", b"[1]"])
def test_what_is_no_batch_is_refused_in_words(data: bytes | str) -> None:
    with pytest.raises(InvalidMessage, match=r"not Protobuf: .*; accepted: one Batch"):
        PROTOBUF.decode(data)


def test_a_time_before_1970_survives() -> None:
    (fragment,) = PROTOBUF.encode([replace(TRADE, event_ns=-1)])
    assert PROTOBUF.decode(fragment)[0]["t"] == "1969-12-31T23:59:59.999999999Z"


@pytest.mark.programs
def test_a_server_that_nobody_asks_for_protobuf_does_not_load_it() -> None:
    program = """
import sys
import feed.http.app
from feed.market.ticks import Trade
from feed.wire.codec import CODECS

trade = Trade("AAPL", 1, "V", 1.0, 1.0, 1)
for name in sorted(CODECS, key="protobuf".__eq__):
    codec = CODECS[name]
    print(name, codec.is_loaded, end=" ")
    codec.encode([trade])
    print(codec.is_loaded, "google.protobuf" in sys.modules)
"""
    told = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert told.stdout.decode().splitlines() == [
        "json True True False",
        "msgpack True True False",
        "protobuf False True True",
    ]
