"""From bytes to messages: one parser for each body that a feed server sends.

A message is an array of objects as the dialect has them, and on SSE its position beside it. Parsers
take the bytes of one connection, cut anywhere, and know no socket. A further codec
is one entry in `READINGS`.
"""

import binascii
from base64 import b64decode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import msgpack
import orjson

from feed.client.errors import Malformed
from feed.client.events import Object
from feed.client.protobuf import BatchSplitter, decode_batch
from feed.client.sse import SseParser
from feed.errors import shorten
from feed.wire.codec import CODECS
from feed.wire.codec_name import CodecName

MAX_AWAY_S = 300.0  # a server that asks for more is asked again all the same
MAX_MESSAGE_BYTES = 16 << 20  # alpaca-py stops at 1 MiB; the server's frames end at 256 KiB


@dataclass(slots=True)
class Message:
    """The objects that came in one piece.

    Attributes:
        objects: ticks and feed messages, in order.
        position: the position beside them, on SSE; elsewhere a mark among the objects tells it.
    """

    objects: list[Object]
    position: str | None = None


class Parser(Protocol):
    """Turns the bytes of one connection into messages."""

    @property
    def retry_ms(self) -> int | None:
        """The reconnection time that the server asked for; None until it does."""

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes, cut anywhere; return the messages that they complete.

        Raises:
            Malformed: the bytes are not of the protocol; the parser is of no more use.
        """


def load_json(data: bytes | str) -> object:
    """Decode one value in JSON.

    Raises:
        Malformed: the data is not JSON.
    """
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}, in {shorten(data[:100])}") from None
    return value


def load_msgpack(data: bytes) -> object:
    """Decode one value in MessagePack; times are `msgpack.Timestamp`.

    Raises:
        Malformed: the data is not MessagePack.
    """
    try:
        value: object = msgpack.unpackb(data)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        words = str(error) or type(error).__name__
        raise Malformed(f"not MessagePack: {words}, in {shorten(data[:100])}") from None
    return value


def decode_json(data: bytes | str) -> list[Object]:
    """Decode one array of objects in JSON.

    Raises:
        Malformed: the data is not such an array.
    """
    return _array(load_json(data))


def decode_msgpack(data: bytes) -> list[Object]:
    """Decode one array of objects in MessagePack; times are `msgpack.Timestamp`.

    Raises:
        Malformed: the data is not such an array.
    """
    return _array(load_msgpack(data))


class NdjsonParser:
    """One JSON array a line; empty lines say nothing."""

    __slots__ = ("_max_bytes", "_partial")

    retry_ms = None  # only SSE has a word for it

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._partial = bytearray()  # a line whose end has not come

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes; return the messages of the lines that they complete."""
        lines = data.split(b"\n")
        rest = lines.pop()
        if lines and self._partial:
            lines[0] = bytes(self._partial) + lines[0]
            self._partial.clear()
        self._partial += rest
        _check_size(len(self._partial), self._max_bytes)
        return [Message(decode_json(line)) for line in lines if line and not line.isspace()]


class MessagePackParser:
    """MessagePack arrays one after the other; nil between them says nothing."""

    __slots__ = ("_unpacker",)

    retry_ms = None  # only SSE has a word for it

    def __init__(self) -> None:
        self._unpacker = msgpack.Unpacker(max_buffer_size=2 * MAX_MESSAGE_BYTES)

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes; return the messages that they complete."""
        try:
            self._unpacker.feed(data)
            values = list(self._unpacker)  # stops where a value is cut, and goes on from there
        except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
            raise Malformed(f"not MessagePack: {str(error) or type(error).__name__}") from None
        return [Message(_array(value)) for value in values if value is not None]


class ProtobufParser:
    """Batches of Protobuf, each after its length."""

    __slots__ = ("_batches",)

    retry_ms = None  # only SSE has a word for it

    def __init__(self) -> None:
        self._batches = BatchSplitter(MAX_MESSAGE_BYTES)

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes; return the messages that they complete."""
        return [Message(decode_batch(batch)) for batch in self._batches.feed(data)]


class SseMessageParser:
    """Unnamed events are arrays of ticks with a position; named ones are one feed message each."""

    __slots__ = ("_base64", "_decode", "_events")

    def __init__(self, codec: CodecName) -> None:
        self._events = SseParser()
        self._decode = READINGS[codec].decode
        self._base64 = not CODECS[codec].is_text  # SSE is text

    @property
    def retry_ms(self) -> int | None:
        """The reconnection time that the server asked for; None until it does."""
        return self._events.retry_ms

    def feed(self, data: bytes) -> list[Message]:
        """Take the next bytes; return the messages of the events that they complete."""
        events = self._events.feed(data)
        if self._events.ignored:
            # A browser goes on. No server of ours sends such a line, so one was broken on its way,
            # and with it perhaps the data of an event, which would then be missing without a word.
            raise Malformed("a line that is no field of an event stream")
        return [
            Message(self._ticks(event.data), event.last_id or None)
            if event.name == "message"
            else Message(_array([_object(event.name, event.data)]), event.last_id or None)
            for event in events
        ]

    def _ticks(self, data: bytes) -> list[Object]:
        return self._decode(_decode_base64(data) if self._base64 else data)


@dataclass(frozen=True, slots=True)
class Reading:
    """The means to read one codec, and to write control messages beside it.

    Attributes:
        decode: reads one whole array.
        parser: makes the parser of an HTTP stream's body.
        encode: writes a control message; None where these are JSON.
    """

    decode: Callable[[bytes], list[Object]]
    parser: Callable[[], Parser]
    encode: Callable[[Object], bytes] | None = None


READINGS: dict[CodecName, Reading] = {
    "json": Reading(decode_json, NdjsonParser),
    "msgpack": Reading(decode_msgpack, MessagePackParser, msgpack.packb),
    "protobuf": Reading(decode_batch, ProtobufParser),
}


def _decode_base64(data: bytes) -> bytes:
    try:
        return b64decode(data, validate=True)
    except binascii.Error as error:
        raise Malformed(f"not base64: {error}, in {shorten(data[:100])}") from None


def _object(name: str, data: bytes) -> Any:  # noqa: ANN401 - _array checks its type
    """Return a named event's object, which is JSON, also where ticks have another codec."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"event {name}: not JSON: {error}, in {shorten(data[:100])}") from None
    if isinstance(value, dict):
        value.setdefault("T", name)
    return value


def _array(value: object) -> list[Object]:
    if not isinstance(value, list):
        raise Malformed(f"a message is an array, not {shorten(value)}")
    for item in value:
        if type(item) is not dict or type(item.get("T")) is not str:
            raise Malformed(f"a message holds objects with a text T, not {shorten(item)}")
    return value


def stay_away_s(leaving: Object) -> float:
    """Return how long a server that leaves asks us to stay away.

    Raises:
        Malformed: it does not say.
    """
    retry_ms = leaving.get("retry_ms")
    if type(retry_ms) is not int or retry_ms < 0:
        raise Malformed(f"leaving has retry_ms, in milliseconds, not {shorten(retry_ms)}")
    return min(retry_ms / 1000, MAX_AWAY_S)


def _check_size(size: int, most: int = MAX_MESSAGE_BYTES) -> None:
    if size > most:
        raise Malformed(f"a message is larger than {most} bytes")
