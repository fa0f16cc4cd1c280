"""The bytes of one batch into rows, by the codec that they are in.

Rows come one by one, so that whoever reads them may stop for a while: of NDJSON and MessagePack
they are decoded one by one as well. Knows no HTTP but the names of media types.
"""

from collections.abc import Callable, Iterator
from enum import StrEnum
from itertools import islice
from typing import Any

import msgpack
import orjson

from feed.errors import InvalidMessage
from feed.sources.pushed.flaws import BatchRefused, Flaw
from feed.wire.protobuf_codec import LEAST_NS, PROTOBUF
from feed.wire.rfc3339 import rfc3339

_NANOSECONDS, _OBJECTS = 2, 0  # what msgpack makes of times
_UNPACKED = (ValueError, TypeError, RecursionError, msgpack.UnpackException)


class Coding(StrEnum):
    """How ticks are written."""

    NDJSON = "ndjson"
    JSON = "json"
    MSGPACK = "msgpack"
    PROTOBUF = "protobuf"


MEDIA_TYPES: dict[str, Coding] = {
    "application/x-ndjson": Coding.NDJSON,
    "application/ndjson": Coding.NDJSON,
    "application/jsonl": Coding.NDJSON,
    "application/json": Coding.JSON,
    "application/vnd.msgpack": Coding.MSGPACK,
    "application/msgpack": Coding.MSGPACK,
    "application/x-msgpack": Coding.MSGPACK,
    "application/x-protobuf": Coding.PROTOBUF,
    "application/protobuf": Coding.PROTOBUF,
    "application/vnd.google.protobuf": Coding.PROTOBUF,
}


def rows_of(coding: Coding, data: bytes) -> Iterator[object]:
    """Yield the rows of a batch.

    Raises:
        BatchRefused: it is not of this codec.
    """
    return _ROWS[coding](data)


def rows_of_lines(data: bytes) -> Iterator[object]:
    """Yield what stands in lines: a row in each, or an array of rows; blank ones are left out."""
    loads = orjson.loads
    number = 0
    for line in data.split(b"\n"):
        if not line or line.isspace():
            continue
        number += 1
        try:
            row = loads(line)
        except orjson.JSONDecodeError as error:
            words = f"not JSON: {error}; accepted: a tick a line"
            raise BatchRefused(Flaw.UNREADABLE, words, number) from None
        if type(row) is list:
            yield from row
            number += len(row) - 1
        else:
            yield row


def json_of(data: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return what is written in JSON.

    Raises:
        BatchRefused: it is not JSON.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        words = f"not JSON: {error}; accepted: an array of ticks"
        raise BatchRefused(Flaw.UNREADABLE, words) from None


def _rows_of_json(data: bytes) -> Iterator[object]:
    value = json_of(data)
    return iter(value) if type(value) is list else iter((value,))


def rows_of_array(value: object) -> Iterator[object]:
    """Yield the rows of an array.

    Raises:
        BatchRefused: it is none.
    """
    if type(value) is not list:
        raise BatchRefused(Flaw.SHAPE, "ticks are no array; accepted: an array of ticks")
    return iter(value)


def _rows_of_messagepack(data: bytes) -> Iterator[object]:
    """Yield the rows of an array, each when it is wanted."""
    for index, row in enumerate(_unpacked(data, _NANOSECONDS)):
        if is_ambiguous(row):
            for exact in islice(_unpacked(data, _OBJECTS), index, None):
                yield told_exactly(exact)
            return
        yield row


def is_ambiguous(row: object) -> bool:
    """Tell whether a row's time may be of the time type of MessagePack, or a number of any unit.

    The type is decoded as nanoseconds, which is quick: in these times they are told by magnitude.
    """
    return type(row) is dict and type(told := row.get("t")) is int and told < LEAST_NS


def told_exactly(row: object) -> object:
    """Return a row whose time, if it is of the time type of MessagePack, is told exactly."""
    if type(row) is dict and isinstance(told := row.get("t"), msgpack.Timestamp):
        event_ns = told.to_unix_nano()
        if event_ns >= 0:
            return {**row, "t": rfc3339(event_ns)}
    return row


def _unpacked(data: bytes, timestamp: int) -> Iterator[object]:
    unpacker = msgpack.Unpacker(timestamp=timestamp, max_buffer_size=len(data))
    unpacker.feed(data)
    try:
        for _ in range(unpacker.read_array_header()):
            yield unpacker.unpack()
        left = len(data) - unpacker.tell()
    except _UNPACKED as error:
        words = str(error) or type(error).__name__
        raise BatchRefused(
            Flaw.UNREADABLE, f"not MessagePack: {words}; accepted: an array of ticks"
        ) from None
    if left:
        raise BatchRefused(Flaw.UNREADABLE, f"{left} bytes follow the array of ticks")


def _rows_of_protobuf(data: bytes) -> Iterator[object]:
    try:
        return PROTOBUF.rows(data)
    except InvalidMessage as error:
        raise BatchRefused(Flaw.UNREADABLE, str(error)) from None


_ROWS: dict[Coding, Callable[[bytes], Iterator[object]]] = {
    Coding.NDJSON: rows_of_lines,
    Coding.JSON: _rows_of_json,
    Coding.MSGPACK: _rows_of_messagepack,
    Coding.PROTOBUF: _rows_of_protobuf,
}
