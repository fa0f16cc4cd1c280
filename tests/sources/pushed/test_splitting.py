"""Bodies that need not end are split into batches, however they come; what is too long is told."""

from typing import Any

import msgpack
import orjson
import pytest

from feed.sources.pushed.decoding import Coding, numbered_runs, runs_of_values
from feed.sources.pushed.flaws import BatchRefused, Flaw
from feed.sources.pushed.splitting import MOST_LINES, Part, Unsplittable, splitter_of
from feed.wire.protobuf_codec import load_messages
from feed.wire.varint import varint

ROW = {"T": "t", "S": "OWN", "p": 1.0, "s": 1.0}


def lines(numbers: range) -> bytes:
    return b"".join(orjson.dumps(envelope(number)) + b"\n" for number in numbers)


def envelope(number: int) -> dict[str, Any]:
    return {"sequence": number, "ticks": [ROW] * number}


def messages(numbers: range) -> bytes:
    classes = load_messages()
    data = b""
    for number in numbers:
        batch = classes["NumberedBatch"](sequence=number)
        for _ in range(number):
            batch.batch.items.add().trade.CopyFrom(
                classes["Trade"](symbol="OWN", price=1.0, size=1.0)
            )
        told = batch.SerializeToString()
        data += varint(len(told)) + told
    return data


BODIES = {
    Coding.NDJSON: lines(range(1, 5)),
    Coding.MSGPACK: b"".join(msgpack.packb(envelope(number)) for number in range(1, 5)),
    Coding.PROTOBUF: messages(range(1, 5)),
}


def split(
    coding: Coding, body: bytes, step: int, *, most_bytes: int = 1_000, numbered: bool = True
) -> list[Part]:
    splitter = splitter_of(coding, most_bytes, numbered=numbered)
    assert splitter is not None
    parts: list[Part] = []
    for start in range(0, len(body), step):
        parts += splitter.split(body[start : start + step])
        assert splitter.held_bytes <= most_bytes + step
    return [*parts, *splitter.split(b"")]


@pytest.mark.parametrize("coding", BODIES)
@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_batches_are_the_same_however_they_come(coding: Coding, step: int) -> None:
    parts = split(coding, BODIES[coding], step)
    assert [part.line for part in parts] == [1, 2, 3, 4]
    told = [numbered_runs(coding, part.data) for part in parts]
    counted = [(number, sum(map(len, runs))) for number, runs in told]
    assert counted == [(n, n) for n in range(1, 5)]


def test_the_last_line_needs_no_end() -> None:
    assert [part.line for part in split(Coding.NDJSON, b"{}\n\n \r\n[]", 3)] == [1, 4]


def test_a_line_that_is_too_long_is_skipped_and_told() -> None:
    body = b"{}\n" + b"x" * 40 + b"\n{}\n" + b"y" * 50
    for step in (1, 16, 1_000):
        parts = split(Coding.NDJSON, body, step, most_bytes=20)
        assert [part.line for part in parts] == [1, 2, 3, 4]
        flaws = [None if part.flaw is None else part.flaw.flaw for part in parts]
        assert flaws == [None, Flaw.TOO_LONG, None, Flaw.TOO_LONG]
        assert "line 2 is longer" in str(parts[1].flaw)


def test_ticks_without_a_producer_are_batches_of_what_has_come() -> None:
    line = orjson.dumps(ROW) + b"\n"
    parts = split(Coding.NDJSON, line * (MOST_LINES + 1), 1 << 20, most_bytes=100, numbered=False)
    assert [part.line for part in parts] == [MOST_LINES, MOST_LINES + 1]
    packed = msgpack.packb(ROW) * 2 + msgpack.packb([ROW])
    [part] = split(Coding.MSGPACK, packed, 1_000, numbered=False)
    assert list(runs_of_values(part.data)) == [[ROW] * 3]


@pytest.mark.parametrize(
    ("coding", "body", "words"),
    [
        (Coding.MSGPACK, b"\xc1", "value 1 is not MessagePack"),
        (Coding.MSGPACK, BODIES[Coding.MSGPACK][:-1], "value 4 is not whole"),
        (Coding.MSGPACK, msgpack.packb([0] * 2_000), "value 1 is longer"),
        (Coding.PROTOBUF, b"\xff" * 6, "message 1: "),
        (Coding.PROTOBUF, BODIES[Coding.PROTOBUF][:-1], "message 4 is not whole"),
        (Coding.PROTOBUF, varint(1_001), "message 1 is longer"),
    ],
)
def test_what_cannot_be_split_is_told(coding: Coding, body: bytes, words: str) -> None:
    with pytest.raises(Unsplittable, match=words):
        split(coding, body, 500)


@pytest.mark.parametrize(
    "told",
    [
        [],
        {},
        {"sequence": 1},
        {"ticks": []},
        {"sequence": 1, "ticks": {}},
        *({"sequence": number, "ticks": []} for number in (None, 0, True, 1.0, 1 << 63)),
    ],
)
def test_what_is_no_numbered_batch_is_refused(told: object) -> None:
    for coding, data in (
        (Coding.NDJSON, orjson.dumps(told)),
        (Coding.MSGPACK, msgpack.packb(told)),
    ):
        with pytest.raises(BatchRefused) as caught:
            numbered_runs(coding, data)
        assert caught.value.flaw is Flaw.SHAPE


def test_a_numbered_batch_tells_times_of_1970_exactly() -> None:
    early = {**ROW, "t": msgpack.Timestamp(5)}
    data = msgpack.packb({"sequence": 1, "ticks": [ROW, early]})
    _, [run] = numbered_runs(Coding.MSGPACK, data)
    assert run == [ROW, {**ROW, "t": "1970-01-01T00:00:05.000000000Z"}]
