"""A reader of the bytes of one connection, which takes whole frames apart.

It decodes with other people's libraries, or with none: never with the code under test.
"""

import base64
import json
import zlib
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import httpx
import msgpack
from google.protobuf.internal.decoder import _DecodeVarint
from httpx_sse import EventSource
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.frames import Opcode as WireOpcode
from websockets.protocol import Protocol, Side, State

from feed.wire.codec import Codec
from feed.wire.framing import Framing, SseFraming, StreamFraming, WebSocketFraming
from feed.wire.json_codec import JSON
from feed.wire.protobuf_codec import PROTOBUF
from tests.fakes.numbered_ticks import nanoseconds

Object = dict[str, Any]


def decode(codec: Codec, data: bytes) -> Any:
    """Decode one value of a codec, without the codec.

    A batch of Protobuf says nothing of the dialect's letters, so that its codec has to; what it
    says is compared to protoc's reading of the golden bytes, and to JSON.
    """
    if codec.name == PROTOBUF.name:
        return PROTOBUF.decode(data)
    return json.loads(data) if codec.name == JSON.name else msgpack.unpackb(data)


def decode_ticks(codec: Codec, data: bytes) -> list[Object]:
    """Decode an array of ticks without the codec, with their times in nanoseconds."""
    return [item | {"t": nanoseconds(item["t"])} for item in decode(codec, data)]


@dataclass(slots=True)
class Piece:
    """One message as it came over the wire: its objects, and what SSE says beside them."""

    objects: list[Object]
    name: str = ""
    position: str | None = None


class FrameReader:
    """One connection, read as a client would that got these bytes, from its first byte on."""

    def __init__(self, codec: Codec, framing: Framing, *, compressed: bool = False) -> None:
        self.codec = codec
        self.framing = framing
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS) if compressed else None
        self._websocket = websocket_reader(compressed=compressed)

    def read(self, data: bytes) -> list[Piece]:
        """Take whole frames apart."""
        framing = self.framing
        if isinstance(framing, WebSocketFraming):
            due = WireOpcode.TEXT if self.codec.name == JSON.name else WireOpcode.BINARY
            frames = read_websocket(data, self._websocket)
            assert {frame.opcode for frame in frames} <= {due}
            return [Piece(decode(self.codec, bytes(frame.data))) for frame in frames]
        assert isinstance(framing, SseFraming | StreamFraming)
        body = unchunk(data) if framing.chunked else data
        if self._inflate is not None:
            body = self._inflate.decompress(body)
        if isinstance(framing, SseFraming):
            return [_read_event(self.codec, event) for event in read_sse(body)]
        if self.codec.name == JSON.name:
            assert body.endswith(b"\n")
            return [Piece(json.loads(line)) for line in body.splitlines()]
        if self.codec.name == PROTOBUF.name:
            return [Piece(PROTOBUF.decode(batch)) for batch in split_lengths(body)]
        unpacker = msgpack.Unpacker()
        unpacker.feed(body)
        return [Piece(array) for array in unpacker]


def message_sizes(codec: Codec, framing: Framing, data: bytes) -> list[int]:
    """Return how long each message, event or line of whole plain frames is."""
    if isinstance(framing, WebSocketFraming):
        return [len(frame.data) for frame in read_websocket(data)]
    assert isinstance(framing, SseFraming | StreamFraming)
    body = unchunk(data) if framing.chunked else data
    if isinstance(framing, SseFraming):
        return [len(event) + 2 for event in body.split(b"\n\n")[:-1]]
    if codec.name == JSON.name:
        return [len(line) for line in body.splitlines(keepends=True)]
    if codec.name == PROTOBUF.name:
        return [len(batch) for batch in split_lengths(body)]
    unpacker = msgpack.Unpacker()
    unpacker.feed(body)
    ends = [0, *(unpacker.tell() for _ in unpacker)]
    return [end - start for start, end in pairwise(ends)]


def websocket_reader(*, compressed: bool = False) -> Protocol:
    """Make websockets' own protocol of the client's side, which refuses what RFC 6455 forbids."""
    protocol = Protocol(Side.CLIENT, state=State.OPEN, max_size=None)
    if compressed:
        protocol.extensions = [PerMessageDeflate(False, False, 15, 15)]
    return protocol


def read_websocket(data: bytes, reader: Protocol | None = None) -> list[Frame]:
    """Parse whole frames."""
    protocol = websocket_reader() if reader is None else reader
    protocol.receive_data(data)
    assert protocol.parser_exc is None, protocol.parser_exc
    frames = [event for event in protocol.events_received() if isinstance(event, Frame)]
    assert frames
    return frames


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event; its id is "" where it has none."""

    name: str
    data: str
    id: str


def read_sse(body: bytes) -> list[Event]:
    """Parse events with httpx-sse."""
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body)
    return [Event(got.event, got.data, got.id) for got in EventSource(response).iter_sse()]


def unchunk(data: bytes) -> bytes:
    """Join the chunks of RFC 9112 §7.1; the last chunk, which ends a body, may not be there."""
    body = b""
    while data:
        length, _, data = data.partition(b"\r\n")
        size = int(length, 16)
        assert size
        body += data[:size]
        assert data[size : size + 2] == b"\r\n"
        data = data[size + 2 :]
    return body


def split_lengths(body: bytes) -> list[bytes]:
    """Take length-delimited messages apart, with the decoder of Google's runtime."""
    messages = []
    while body:
        length, start = _DecodeVarint(body, 0)
        messages.append(body[start : start + length])
        assert len(messages[-1]) == length
        body = body[start + length :]
    return messages


def _read_event(codec: Codec, event: Event) -> Piece:
    name, position = event.name, event.id or None
    if name != "message":
        return Piece([json.loads(event.data)], name, position)
    data = (
        event.data.encode()
        if codec.name == JSON.name
        else base64.b64decode(event.data, validate=True)
    )
    return Piece(decode(codec, data), name, position)
