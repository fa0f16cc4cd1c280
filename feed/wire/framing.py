"""Frames: how a payload or a feed message looks on each transport.

A framing has two steps, so that compression fits between them: an envelope around the payload (the
event of SSE, the line of NDJSON), and the wrapping for the wire (the WebSocket header, the HTTP/1.1
chunk). Framings are equal by value; lanes are keyed by them. Private frames use the same steps.
Knows bytes and nothing else.

Sources: RFC 6455 §5.2 (WebSocket frames), RFC 9112 §7.1 (chunks), WHATWG HTML §9.2.6 (SSE).
"""

from base64 import b64encode
from dataclasses import dataclass
from typing import ClassVar, Protocol

from feed.wire.codec import Codec
from feed.wire.delimiter import Delimiter
from feed.wire.disconnect import Disconnect
from feed.wire.frame_shape import BARE, CHUNK, FrameShape, Joints
from feed.wire.json_codec import JSON
from feed.wire.messages import Message, bye_message, leaving_message
from feed.wire.position import Position
from feed.wire.transport import Transport
from feed.wire.websocket_frame import Opcode, first_byte, websocket_frame

# The most that an envelope adds to a payload: "id: ", a position of 52 characters, "data: ", and
# line feeds; a varint of a length; a line feed.
ENVELOPE_BYTES = 68


def chunk(data: bytes) -> bytes:
    """Return one HTTP/1.1 chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


class Framing(Protocol):
    """How one transport frames payloads and messages."""

    @property
    def transport(self) -> Transport:
        """The transport whose frames these are."""

    @property
    def keepalive(self) -> bytes:
        """An envelope without content; b"" on transports that have none."""

    @property
    def marks_keep_alive(self) -> bool:
        """Whether marks serve as keepalives, for want of an envelope without content."""

    @property
    def named_events(self) -> bool:
        """Whether each message is an event with a name (SSE), rather than in an array."""

    @property
    def one_stream(self) -> bool:
        """Whether a compressed connection is one deflate stream, without plain parts."""

    def envelop_ticks(self, payload: bytes, position: bytes) -> bytes:
        """Return the envelope of a payload; a position of b"" moves no subscriber."""

    def envelop_message(self, name: bytes, data: bytes, position: bytes) -> bytes:
        """Return the envelope of a feed message; a position of b"" moves no subscriber."""

    def shape(self, joints: Joints, position: bytes, most_bytes: int) -> FrameShape | None:
        """Return what surrounds ticks' fragments in a plain frame; None: the payload decides.

        Args:
            joints: of the codec.
            position: as `envelop_ticks` takes it.
            most_bytes: the longest payload that may go in one message.
        """

    def wrap(self, data: bytes, *, compressed: bool = False) -> bytes:
        """Return an envelope as it goes over the wire.

        Args:
            data: the envelope, or the deflate block that it was compressed to.
            compressed: whether it is a block; it ends with the flush's `00 00 ff ff`.
        """


@dataclass(frozen=True, slots=True)
class WebSocketFraming:
    """A payload is a message: text or binary."""

    opcode: Opcode
    transport: ClassVar[Transport] = Transport.WEBSOCKET
    keepalive: ClassVar[bytes] = b""
    marks_keep_alive: ClassVar[bool] = False
    named_events: ClassVar[bool] = False
    one_stream: ClassVar[bool] = False

    def envelop_ticks(self, payload: bytes, position: bytes) -> bytes:  # noqa: ARG002 - positions are marks
        """Return the payload: a message needs no envelope."""
        return payload

    def envelop_message(self, name: bytes, data: bytes, position: bytes) -> bytes:  # noqa: ARG002 - in data
        """Return the data: a message needs no envelope."""
        return data

    def shape(self, joints: Joints, position: bytes, most_bytes: int) -> FrameShape:  # noqa: ARG002 - positions are marks
        """Return the header, and what the codec adds."""
        return FrameShape(*joints, first_byte(self.opcode), most_bytes)

    def wrap(self, data: bytes, *, compressed: bool = False) -> bytes:
        """Return the frame of a whole message, without the flush's four bytes (RFC 7692 §7.2.1)."""
        if compressed:
            data = data[:-4]
        return websocket_frame(self.opcode, data, compressed=compressed)


@dataclass(frozen=True, slots=True)
class SseFraming:
    """A payload is an unnamed event with an id and one line of data; messages are named events.

    Attributes:
        base64: the payload is binary, and SSE is text.
        chunked: HTTP/1.1 chunks; a client of HTTP/1.0 gets the bare body.
    """

    base64: bool
    chunked: bool
    transport: ClassVar[Transport] = Transport.SSE
    # Without a blank line: with one, two clients see phantom events (facts/sse-clients).
    keepalive: ClassVar[bytes] = b":\n"
    marks_keep_alive: ClassVar[bool] = False
    named_events: ClassVar[bool] = True
    one_stream: ClassVar[bool] = True

    def envelop_ticks(self, payload: bytes, position: bytes) -> bytes:
        """Return the unnamed event."""
        data = b64encode(payload) if self.base64 else payload
        return b"".join((_event_before(position), data, b"\n\n"))

    def envelop_message(self, name: bytes, data: bytes, position: bytes) -> bytes:
        """Return the named event."""
        if position:
            return b"event: %b\nid: %b\ndata: %b\n\n" % (name, position, data)
        return b"event: %b\ndata: %b\n\n" % (name, data)

    def shape(self, joints: Joints, position: bytes, most_bytes: int) -> FrameShape | None:
        """Return the unnamed event around the fragments; None: they go in base64."""
        if self.base64:
            return None
        return _shape(_event_before(position), joints, b"\n\n", most_bytes, chunked=self.chunked)

    def wrap(self, data: bytes, *, compressed: bool = False) -> bytes:  # noqa: ARG002 - a stream is compressed as a whole
        """Return the chunk, or the bare bytes."""
        return chunk(data) if self.chunked else data


@dataclass(frozen=True, slots=True)
class StreamFraming:
    """Payloads and messages follow each other: NDJSON, MessagePack, length-delimited Protobuf.

    Attributes:
        delimiter: between them.
        chunked: HTTP/1.1 chunks; a client of HTTP/1.0 gets the bare body.
    """

    delimiter: Delimiter
    chunked: bool
    transport: ClassVar[Transport] = Transport.STREAM
    keepalive: ClassVar[bytes] = b""
    marks_keep_alive: ClassVar[bool] = True
    named_events: ClassVar[bool] = False
    one_stream: ClassVar[bool] = True

    def envelop_ticks(self, payload: bytes, position: bytes) -> bytes:  # noqa: ARG002 - positions are marks
        """Return the payload with its delimiter."""
        return self.delimiter.enclose(payload)

    def envelop_message(self, name: bytes, data: bytes, position: bytes) -> bytes:  # noqa: ARG002 - in data
        """Return the data with its delimiter."""
        return self.delimiter.enclose(data)

    def shape(self, joints: Joints, position: bytes, most_bytes: int) -> FrameShape | None:  # noqa: ARG002 - positions are marks
        """Return the delimiter after the fragments; None: their length stands before them."""
        if self.delimiter is Delimiter.LENGTH:
            return None
        return _shape(b"", joints, self.delimiter.enclose(b""), most_bytes, chunked=self.chunked)

    def wrap(self, data: bytes, *, compressed: bool = False) -> bytes:  # noqa: ARG002 - a stream is compressed as a whole
        """Return the chunk, or the bare bytes."""
        return chunk(data) if self.chunked else data


def _event_before(position: bytes) -> bytes:
    """Return what stands before the data of an unnamed event."""
    return b"id: %b\ndata: " % position if position else b"data: "


def _shape(
    before: bytes, joints: Joints, after: bytes, most_bytes: int, *, chunked: bool
) -> FrameShape:
    """Return the shape of a part of a body with an envelope around its payload."""
    begin, between, end = joints
    header = CHUNK if chunked else BARE
    longest = most_bytes + len(before) + len(after)
    return FrameShape(before + begin, between, end + after, header, longest)


def message_envelope(
    framing: Framing, codec: Codec, message: Message, position: Position | None = None
) -> bytes:
    """Return the envelope of a feed message; its name on SSE is its `T`.

    Args:
        framing: whose envelope.
        codec: for the data; named SSE events are JSON always.
        message: with its `T`.
        position: where it moves the subscriber, if anywhere.
    """
    data = JSON.bare(message) if framing.named_events else codec.array([message])
    at = b"" if position is None else str(position).encode()
    return framing.envelop_message(message["T"].encode(), data, at)


def goodbye_envelope(framing: Framing, codec: Codec, reason: Disconnect) -> bytes:
    """Return the envelope of the last words on a transport without close codes.

    An EventSource keeps to `retry`, which is a field of the event.
    """
    bye = message_envelope(framing, codec, bye_message(reason))
    if reason.retry_ms is None:
        return bye
    field = b"retry: %d\n" % reason.retry_ms if framing.named_events else b""
    return field + message_envelope(framing, codec, leaving_message(reason.retry_ms)) + bye
