"""Bodies into messages, however their bytes are cut, and whatever is wrong with them."""

import itertools
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import msgpack
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.client.errors import Malformed
from feed.client.parsers import (
    Message,
    MessagePackParser,
    NdjsonParser,
    Parser,
    SseMessageParser,
    decode_json,
    decode_msgpack,
)

TRADE = {"T": "t", "S": "€UR/USD", "p": 1.25, "t": "2026-01-02T14:30:00.000000001Z"}
PACKED_TRADE = TRADE | {"t": msgpack.Timestamp(1_767_364_200, 1)}
MARK = {"T": "mark", "pos": "ab-7", "t": "2026-01-02T14:30:00Z"}
GAP = {"T": "gap", "from": "ab-1", "to": "ab-6", "reason": "overrun"}

BODIES: dict[str, tuple[Callable[[], Parser], bytes, list[Message]]] = {
    "ndjson": (
        NdjsonParser,
        b"\n" + orjson.dumps([TRADE, TRADE, MARK]) + b"\n\r\n" + orjson.dumps([GAP]) + b"\r\n",
        [Message([TRADE, TRADE, MARK]), Message([GAP])],
    ),
    "msgpack": (
        MessagePackParser,
        msgpack.packb([PACKED_TRADE, MARK]) + b"\xc0" + msgpack.packb([GAP]),
        [Message([PACKED_TRADE, MARK]), Message([GAP])],
    ),
    "sse json": (
        lambda: SseMessageParser("json"),
        b"retry: 5\nid: ab-7\ndata: %b\n\n:\nevent: gap\ndata: %b\n\n"
        % (orjson.dumps([TRADE]), orjson.dumps(GAP)),
        [Message([TRADE], "ab-7"), Message([GAP], "ab-7")],
    ),
    "sse msgpack": (
        lambda: SseMessageParser("msgpack"),
        b"id: ab-7\ndata: %b\n\nevent: mark\nid: ab-8\ndata: %b\n\n"
        % (b64encode(msgpack.packb([PACKED_TRADE])), orjson.dumps(MARK)),
        [Message([PACKED_TRADE], "ab-7"), Message([MARK], "ab-8")],
    ),
}


@pytest.mark.parametrize(("make", "body", "messages"), BODIES.values(), ids=BODIES)
def test_cut_in_two_anywhere(
    make: Callable[[], Parser], body: bytes, messages: list[Message]
) -> None:
    for cut in range(len(body) + 1):
        parser = make()
        assert parser.feed(body[:cut]) + parser.feed(body[cut:]) == messages


@pytest.mark.parametrize(("make", "body", "messages"), BODIES.values(), ids=BODIES)
@given(cuts=st.lists(st.integers(0, 400), max_size=12))
def test_cut_in_many(
    make: Callable[[], Parser], body: bytes, messages: list[Message], cuts: list[int]
) -> None:
    parser = make()
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    pieces = [body[start:end] for start, end in itertools.pairwise(edges)]
    assert [message for piece in pieces for message in parser.feed(piece)] == messages


def test_a_named_event_is_json_and_bears_its_name_as_kind() -> None:
    body = b'event: bye\ndata: {"reason":"shutdown"}\n\n'
    assert SseMessageParser("msgpack").feed(body) == [Message([{"T": "bye", "reason": "shutdown"}])]


def test_retry_comes_through() -> None:
    parser = SseMessageParser("json")
    parser.feed(b"retry: 1200\n")
    assert parser.retry_ms == 1200


NO_ARRAYS: list[Any] = [
    {},
    7,
    "x",
    True,
    [1],
    ["t"],
    [{}],
    [{"S": "A"}],
    [{"T": 1}],
    [{"T": ["t"]}],
    [TRADE, None],
]


@pytest.mark.parametrize("value", NO_ARRAYS)
def test_what_is_no_array_of_objects_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed, match="a message"):
        decode_json(orjson.dumps(value))
    with pytest.raises(Malformed, match="a message"):
        decode_msgpack(msgpack.packb(value))
    with pytest.raises(Malformed, match="a message"):
        NdjsonParser().feed(orjson.dumps(value) + b"\n")
    with pytest.raises(Malformed, match="a message"):
        MessagePackParser().feed(msgpack.packb(value))


BROKEN: list[tuple[Callable[[], Parser], bytes, str]] = [
    (NdjsonParser, b"<html>\n", "not JSON"),
    (NdjsonParser, b'[{"T":"t","S":"\xff"}]\n', "not JSON"),
    (NdjsonParser, b'[{"T":"t"\n', "not JSON"),
    (MessagePackParser, b"\xc1", "not MessagePack"),
    (MessagePackParser, b"\x91" * 3000, "not MessagePack"),
    (MessagePackParser, b"\x91\x81\x01\x02", "not MessagePack"),
    (MessagePackParser, b"<html>", "a message is an array"),
    (lambda: SseMessageParser("json"), b"data: [\n\n", "not JSON"),
    (lambda: SseMessageParser("json"), b"d\xffta: []\n\n", "no field of an event stream"),
    (lambda: SseMessageParser("json"), b"event: gap\ndata: [\n\n", "event gap: not JSON"),
    (lambda: SseMessageParser("json"), b"d\xffta: []\n\n", "no field of an event stream"),
    (lambda: SseMessageParser("json"), b"event: gap\ndata: 7\n\n", "a message holds objects"),
    (lambda: SseMessageParser("msgpack"), b"data: !!\n\n", "not base64"),
    (lambda: SseMessageParser("msgpack"), b"data: wQ==\n\n", "not MessagePack"),
]


@pytest.mark.parametrize(("make", "body", "words"), BROKEN)
def test_broken_bytes_are_malformed_and_said_so(
    make: Callable[[], Parser], body: bytes, words: str
) -> None:
    with pytest.raises(Malformed, match=words):
        make().feed(body)


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    for make, _, _ in BODIES.values():
        try:
            make().feed(data)
        except Malformed:
            continue


def test_a_line_without_end_is_refused() -> None:
    parser = NdjsonParser(max_bytes=90)
    parser.feed(b"x" * 90)
    with pytest.raises(Malformed, match="larger than 90 bytes"):
        parser.feed(b"x")
