"""Frames against other people's parsers, and against the golden bytes."""

import base64
import json
from typing import Any

import h11
import httpx
import msgpack
import pytest
from httpx_sse import EventSource
from hypothesis import given
from hypothesis import strategies as st

from feed.wire.codec import CODECS, Codec
from feed.wire.delimiter import Delimiter
from feed.wire.framing import (
    ENVELOPE_BYTES,
    Framing,
    SseFraming,
    StreamFraming,
    WebSocketFraming,
    chunk,
)
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.position import Position
from feed.wire.websocket_frame import Opcode
from tests.fakes.frame_reader import (
    read_sse,
    read_websocket,
    split_lengths,
    unchunk,
)
from tests.fakes.numbered_ticks import nanoseconds
from tests.golden import BODIES, FRAMES, FrameVector


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=5))
def test_chunks_are_read_by_h11(parts: list[bytes]) -> None:
    # h11 gives the data of a chunk as soon as it is there, so it may come in more pieces.
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert isinstance(client.next_event(), h11.Response)
    for part in parts:
        client.receive_data(chunk(part))
        body = b""
        while (event := client.next_event()) is not h11.NEED_DATA:
            assert isinstance(event, h11.Data)
            body += event.data
        assert body == part
    assert unchunk(b"".join(map(chunk, parts))) == b"".join(parts)


@pytest.mark.parametrize("size", [1, 15, 16, 255, 256, 4096, 65_536, 300_000])
def test_a_chunk_says_its_size_in_hexadecimal(size: int) -> None:
    assert chunk(b"x" * size) == f"{size:x}\r\n".encode() + b"x" * size + b"\r\n"


@pytest.mark.parametrize(
    ("framing", "transport", "keepalive", "true_of_it"),
    [
        (WebSocketFraming(Opcode.TEXT), "websocket", b"", set()),  # has pings, and plain messages
        (SseFraming(base64=False, chunked=True), "sse", b":\n", {"named_events", "one_stream"}),
        (
            StreamFraming(Delimiter.LINE_FEED, chunked=True),
            "stream",
            b"",
            {"marks_keep_alive", "one_stream"},
        ),
    ],
    ids=["websocket", "sse", "stream"],
)
def test_a_framing_says_what_lanes_have_to_know_of_it(
    framing: Framing, transport: str, keepalive: bytes, true_of_it: set[str]
) -> None:
    assert (framing.transport, framing.keepalive) == (transport, keepalive)
    traits = ("marks_keep_alive", "named_events", "one_stream")
    assert {trait for trait in traits if getattr(framing, trait)} == true_of_it


LONGEST_POSITION = Position("a" * 32, 10**19 - 1)


@pytest.mark.parametrize(
    "framing",
    [
        WebSocketFraming(Opcode.BINARY),
        SseFraming(base64=False, chunked=False),
        *(StreamFraming(delimiter, chunked=False) for delimiter in Delimiter),
    ],
    ids=repr,
)
@pytest.mark.parametrize("size", [1, 127, 128, 32_000, 1 << 21])
def test_an_envelope_adds_no_more_than_is_reckoned_with(framing: Framing, size: int) -> None:
    envelope = framing.envelop_ticks(b"x" * size, str(LONGEST_POSITION).encode())
    assert size <= len(envelope) <= size + ENVELOPE_BYTES


SSE_WAYS = [
    SseFraming(base64=base64, chunked=chunked)
    for base64 in (False, True)
    for chunked in (False, True)
]


@pytest.mark.parametrize("framing", SSE_WAYS)
@given(text=st.text(), position=st.sampled_from([b"", b"k3x9w7ab-12"]))
def test_ticks_are_unnamed_events_with_one_line_of_data(
    framing: SseFraming, text: str, position: bytes
) -> None:
    payload = JSON.array([{"T": "s", "sm": text}])
    body = _sse_body(framing, framing.envelop_ticks(payload, position))
    (event,) = read_sse(body)
    assert (event.name, event.id) == ("message", position.decode())
    data = event.data.encode()
    assert (base64.b64decode(data, validate=True) if framing.base64 else data) == payload
    fields = [line.partition(b":")[0] for line in body.split(b"\n")]
    assert fields == [*([b"id"] if position else []), b"data", b"", b""]


@pytest.mark.parametrize("framing", SSE_WAYS)
@given(text=st.text(), position=st.sampled_from([b"", b"k3x9w7ab-12"]))
def test_messages_are_named_events_in_json_whatever_the_codec(
    framing: SseFraming, text: str, position: bytes
) -> None:
    data = JSON.bare({"T": "gap", "from": text})
    (event,) = read_sse(_sse_body(framing, framing.envelop_message(b"gap", data, position)))
    assert (event.name, event.id) == ("gap", position.decode())
    assert json.loads(event.data) == {"T": "gap", "from": text}


def _sse_body(framing: SseFraming, envelope: bytes) -> bytes:
    frame = framing.wrap(envelope)
    return unchunk(frame) if framing.chunked else frame


def test_a_keepalive_makes_no_event_wherever_it_comes() -> None:
    # A blank line after a comment is an empty event in two clients (facts/sse-clients).
    framing = SseFraming(base64=False, chunked=False)
    event = framing.envelop_ticks(b"[1]", b"a-1")
    keepalive = framing.keepalive
    body = keepalive + event + keepalive + keepalive + event + keepalive
    assert [event.data for event in read_sse(body)] == ["[1]", "[1]"]
    assert keepalive == b":\n"


@pytest.mark.parametrize("codec", [JSON, MESSAGE_PACK], ids=lambda codec: codec.name)
@pytest.mark.parametrize("chunked", [False, True])
@given(texts=st.lists(st.text(), min_size=1, max_size=4))
def test_a_stream_is_one_array_after_the_other(
    codec: Codec, chunked: bool, texts: list[str]
) -> None:
    framing = StreamFraming(codec.delimiter, chunked=chunked)
    arrays = [[{"T": "s", "sm": text}] for text in texts]
    body = b"".join(
        framing.wrap(framing.envelop_ticks(codec.array(array), b"a-1")) for array in arrays
    )
    body = unchunk(body) if chunked else body
    assert _read_arrays(codec, body) == arrays
    message = framing.envelop_message(b"s", codec.array(arrays[0]), b"a-1")
    assert message == framing.envelop_ticks(codec.array(arrays[0]), b"")


def _read_arrays(codec: Codec, body: bytes) -> list[Any]:
    if codec is JSON:
        lines = body.split(b"\n")
        assert lines.pop() == b""
        return [json.loads(line) for line in lines]
    unpacker = msgpack.Unpacker()
    unpacker.feed(body)
    return list(unpacker)


@pytest.mark.parametrize("chunked", [False, True])
@given(payloads=st.lists(st.binary(max_size=300), min_size=1, max_size=4))
def test_a_stream_of_lengths_is_taken_apart_by_them(chunked: bool, payloads: list[bytes]) -> None:
    framing = StreamFraming(Delimiter.LENGTH, chunked=chunked)
    body = b"".join(framing.wrap(framing.envelop_ticks(payload, b"a-1")) for payload in payloads)
    assert split_lengths(unchunk(body) if chunked else body) == payloads
    assert framing.envelop_message(b"gap", payloads[0], b"") == framing.envelop_ticks(
        payloads[0], b"a-1"
    )


def test_framings_are_equal_by_value_and_by_nothing_else() -> None:
    framings: list[Framing] = [
        WebSocketFraming(Opcode.TEXT),
        WebSocketFraming(Opcode.BINARY),
        *SSE_WAYS,
        *(
            StreamFraming(delimiter, chunked=chunked)
            for delimiter in Delimiter
            for chunked in (False, True)
        ),
    ]
    assert len(set(framings)) == len(framings)
    assert WebSocketFraming(Opcode.TEXT) == framings[0]
    assert hash(SseFraming(base64=False, chunked=False)) == hash(SSE_WAYS[0])


def _framing(vector: FrameVector) -> Framing:
    text = vector.codec == "json"
    match vector.transport:
        case "websocket":
            return WebSocketFraming(Opcode.TEXT if text else Opcode.BINARY)
        case "sse":
            return SseFraming(base64=not text, chunked=vector.chunked)
        case _:
            return StreamFraming(CODECS[vector.codec].delimiter, chunked=vector.chunked)


@pytest.mark.parametrize("vector", FRAMES.values(), ids=lambda vector: vector.name)
def test_golden_frames_are_read_as_their_messages(vector: FrameVector) -> None:
    codec = JSON if vector.codec == "json" else MESSAGE_PACK
    body = unchunk(vector.data) if vector.chunked else vector.data
    if vector.transport == "sse":
        events = read_sse(body)
        if not vector.messages:
            assert events == []
            return
        (event,) = events
        assert event.name == (vector.event or "message")
        assert (event.id or None) == vector.position
        if vector.event:
            assert [json.loads(event.data)] == vector.messages
            return
        data = event.data.encode()
        body = base64.b64decode(data, validate=True) if codec is MESSAGE_PACK else data
    elif vector.transport == "websocket":
        (frame,) = read_websocket(body)
        body = bytes(frame.data)
    objects = json.loads(body) if codec is JSON else msgpack.unpackb(body)
    assert [_as_json(item) for item in objects] == vector.messages


@pytest.mark.parametrize(
    "vector",
    [vector for vector in FRAMES.values() if vector.messages],
    ids=lambda vector: vector.name,
)
def test_messages_are_framed_as_the_golden_bytes(vector: FrameVector) -> None:
    framing = _framing(vector)
    codec = JSON if vector.codec == "json" else MESSAGE_PACK
    position = (vector.position or "").encode()
    if vector.event:
        data = JSON.bare(vector.messages[0])
        envelope = framing.envelop_message(vector.event.encode(), data, position)
    else:
        objects = [_as_codec(codec, item) for item in vector.messages]
        envelope = framing.envelop_ticks(codec.array(objects), position)
    assert framing.wrap(envelope) == vector.data


def test_the_golden_keepalive_is_the_one_of_sse() -> None:
    keepalives = [v for name, v in FRAMES.items() if name.endswith("keepalive")]
    assert {v.transport for v in keepalives} == {"sse"}
    assert {v.data for v in keepalives} == {SseFraming(base64=False, chunked=False).keepalive}


@pytest.mark.parametrize("name", [name for name in BODIES if name.startswith("sse")])
def test_a_golden_sse_body_is_read_as_its_events(name: str) -> None:
    vectors = [FRAMES[frame] for frame in BODIES[name]]
    content = b"".join(vector.data for vector in vectors)
    headers = {"Content-Type": "text/event-stream"}
    events = EventSource(httpx.Response(200, headers=headers, content=content)).iter_sse()
    told = [vector for vector in vectors if vector.messages]
    assert [event.event for event in events] == [vector.event or "message" for vector in told]


def _as_json(item: dict[str, Any]) -> dict[str, Any]:
    """Return an object with its time as JSON has it."""
    time = item.get("t")
    if not isinstance(time, msgpack.Timestamp):
        return item
    text = time.to_datetime().strftime("%Y-%m-%dT%H:%M:%S.")
    return item | {"t": f"{text}{time.nanoseconds:09d}Z"}


def _as_codec(codec: Codec, item: dict[str, Any]) -> dict[str, Any]:
    """Return a tick as MessagePack has it: a Timestamp, whole sizes; marks have texts."""
    if codec is JSON or "S" not in item:
        return item
    time = msgpack.Timestamp.from_unix_nano(nanoseconds(item["t"]))
    sizes = {key: int(item[key]) for key in ("s", "bs", "as") if key in item}
    return item | sizes | {"t": time}
