"""The bytes of one batch into rows, by the codec that they are in.

Rows come in runs, so that whoever reads them may stop for a while: of NDJSON and MessagePack they
are decoded in runs as well. Knows no HTTP but the names of media types.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import islice
from operator import itemgetter
from typing import Any

import msgpack
import orjson

from feed.errors import InvalidMessage, shorten
from feed.market.applied import MAX_BATCH
from feed.sources.pushed.flaws import BatchRefused, Flaw
from feed.sources.pushed.runs import Run, in_runs
from feed.wire.protobuf_codec import PROTOBUF
from feed.wire.protobuf_rows import LEAST_NS
from feed.wire.rfc3339 import rfc3339

_NANOSECONDS, _OBJECTS = 2, 0  # what msgpack makes of times
_time_of: Callable[[Any], Any] = itemgetter("t")
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


def runs_of(coding: Coding, data: bytes) -> Iterator[Run]:
    """Yield the rows of a batch, in runs.

    Raises:
        BatchRefused: it is not of this codec.
    """
    return _RUNS[coding](data)


def runs_of_lines(data: bytes) -> Iterator[Run]:
    """Yield what stands in lines: a row in each, or an array of rows; blank ones are left out."""
    return in_runs(_rows_in(data.split(b"\n")))


def _rows_in(lines: Iterable[bytes]) -> Iterator[object]:
    loads, number = orjson.loads, 0
    for line in lines:
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


def numbered_runs(coding: Coding, data: bytes) -> tuple[int, Iterator[Run]]:
    """Return the number and the rows of a batch that is one of many.

    Raises:
        BatchRefused: it has no number, or is not of its codec; its rows may be refused later.
    """
    if coding is Coding.PROTOBUF:
        try:
            number, runs = PROTOBUF.numbered_runs(data)
        except InvalidMessage as error:
            raise BatchRefused(Flaw.UNREADABLE, str(error)) from None
        return _checked(number), runs
    if coding is not Coding.MSGPACK:
        number, ticks = _parts_of(_json_of(data))
        return number, in_runs(ticks)
    number, ticks = _parts_of(_unpacked(data, _NANOSECONDS))
    return number, _exactly(
        in_runs(ticks), lambda: in_runs(_parts_of(_unpacked(data, _OBJECTS))[1])
    )


def _parts_of(envelope: object) -> tuple[int, list[object]]:
    """Return the number and the ticks of a map of both."""
    if type(envelope) is not dict or not isinstance(ticks := envelope.get("ticks"), list):
        words = f"{shorten(envelope)} is no batch; accepted: a map of sequence and ticks"
        raise BatchRefused(Flaw.SHAPE, words)
    return _checked(envelope.get("sequence")), ticks


def _checked(number: object) -> int:
    if type(number) is not int or not 1 <= number <= MAX_BATCH:
        words = f"sequence {shorten(number)} is not accepted; accepted: from 1 to {MAX_BATCH}"
        raise BatchRefused(Flaw.SHAPE, words)
    return number


def _json_of(data: bytes) -> object:
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise BatchRefused(Flaw.UNREADABLE, f"not JSON: {error}") from None
    return value


def _runs_of_json(data: bytes) -> Iterator[Run]:
    """Yield the rows of an array, or a single one."""
    value = _json_of(data)
    yield from in_runs(value if isinstance(value, list) else [value])


def runs_of_values(data: bytes) -> Iterator[Run]:
    """Yield the rows of MessagePack that need not be one array: ticks, or arrays of them."""
    return _exactly(
        in_runs(_in_values(data, _NANOSECONDS)), lambda: in_runs(_in_values(data, _OBJECTS))
    )


def _runs_of_messagepack(data: bytes) -> Iterator[Run]:
    """Yield the rows of an array, when they are wanted."""
    return _exactly(_in_array(data, _NANOSECONDS), lambda: _in_array(data, _OBJECTS))


def _exactly(
    runs: Iterable[Sequence[object]], again: Callable[[], Iterator[Sequence[object]]]
) -> Iterator[Run]:
    """Yield rows, with times that are exact.

    The time type of MessagePack is decoded as nanoseconds, which is quick, but cannot be told from
    a number of any unit where it is small: then the rows are decoded again.
    """
    for index, run in enumerate(runs):
        if not _is_exact(run):
            for exact in islice(again(), index, None):
                yield list(map(_told_exactly, exact))
            return
        yield run


def _is_exact(run: Sequence[object]) -> bool:
    """Tell whether no row has a time that may be of the time type, and of 1970."""
    try:
        if min(map(_time_of, run)) >= LEAST_NS:
            return True
    except (TypeError, LookupError):  # not all of them have a time that is a number
        pass
    return not any(
        type(row) is dict and type(told := row.get("t")) is int and told < LEAST_NS for row in run
    )


def _told_exactly(row: object) -> object:
    """Return a row whose time, if it is of the time type of MessagePack, is as on the wire."""
    if type(row) is dict and isinstance(told := row.get("t"), msgpack.Timestamp):
        event_ns = told.to_unix_nano()
        if event_ns >= 0:
            return {**row, "t": rfc3339(event_ns)}
    return row


def _unpacked(data: bytes, timestamp: int) -> object:
    try:
        value: object = msgpack.unpackb(data, timestamp=timestamp)
    except _UNPACKED as error:
        raise _not_messagepack(error) from None
    return value


def _in_array(data: bytes, timestamp: int) -> Iterator[Sequence[object]]:
    unpacker = msgpack.Unpacker(timestamp=timestamp, max_buffer_size=len(data))
    unpacker.feed(data)
    try:
        wanted = unpacker.read_array_header()
        for run in in_runs(islice(unpacker, wanted)):
            wanted -= len(run)
            yield run
        if wanted:
            unpacker.unpack()  # tells that there are no more
        left = len(data) - unpacker.tell()
    except _UNPACKED as error:
        raise _not_messagepack(error) from None
    if left:
        raise BatchRefused(Flaw.UNREADABLE, f"{left} bytes follow the array of ticks")


def _in_values(data: bytes, timestamp: int) -> Iterator[object]:
    unpacker = msgpack.Unpacker(timestamp=timestamp, max_buffer_size=len(data))
    unpacker.feed(data)
    try:
        for value in unpacker:
            if type(value) is list:
                yield from value
            else:
                yield value
    except _UNPACKED as error:
        raise _not_messagepack(error) from None


def _not_messagepack(error: Exception) -> BatchRefused:
    why = str(error) or type(error).__name__
    return BatchRefused(Flaw.UNREADABLE, f"not MessagePack: {why}; accepted: an array of ticks")


def _runs_of_protobuf(data: bytes) -> Iterator[Run]:
    try:
        runs = PROTOBUF.runs(data)
    except InvalidMessage as error:
        raise BatchRefused(Flaw.UNREADABLE, str(error)) from None
    yield from runs


_RUNS: dict[Coding, Callable[[bytes], Iterator[Run]]] = {
    Coding.NDJSON: runs_of_lines,
    Coding.JSON: _runs_of_json,
    Coding.MSGPACK: _runs_of_messagepack,
    Coding.PROTOBUF: _runs_of_protobuf,
}
