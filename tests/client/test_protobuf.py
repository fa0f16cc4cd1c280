"""Batches as a client reads them, from the server's own bytes, cut anywhere."""

import json

import pytest
from google.protobuf.internal.encoder import _VarintBytes
from hypothesis import given
from hypothesis import strategies as st

from feed.client.errors import Malformed
from feed.client.protobuf import BatchSplitter, decode_batch
from feed.codecs import JSON, PROTOBUF
from feed.ticks import Tick
from tests import strategies
from tests.golden import TICKS, TickVector

LIMIT = 1000


@given(st.lists(strategies.ticks, min_size=1, max_size=4))
def test_a_batch_is_read_as_its_json_would_be(ticks: list[Tick]) -> None:
    decoded = decode_batch(PROTOBUF.join(PROTOBUF.encode(ticks)))
    assert decoded == json.loads(JSON.join(JSON.encode(ticks)))


@pytest.mark.parametrize("vector", TICKS, ids=lambda vector: vector.name)
def test_golden_batches_are_read_as_their_objects(vector: TickVector) -> None:
    assert decode_batch(vector.data["protobuf"]) == [vector.object]


@given(
    st.lists(st.binary(max_size=LIMIT), max_size=5),
    st.lists(st.integers(0, 5 * LIMIT), max_size=8).map(sorted),
)
def test_a_stream_of_batches_may_be_cut_anywhere(batches: list[bytes], cuts: list[int]) -> None:
    body = b"".join(_VarintBytes(len(batch)) + batch for batch in batches)
    splitter = BatchSplitter(LIMIT)
    pieces = [body[start:end] for start, end in zip([0, *cuts], [*cuts, len(body)], strict=True)]
    assert [batch for piece in pieces for batch in splitter.feed(piece)] == batches


def test_a_batch_is_handed_out_with_its_last_byte() -> None:
    splitter = BatchSplitter(LIMIT)
    body = _VarintBytes(300) + b"x" * 300
    assert [len(splitter.feed(body[at : at + 1])) for at in range(len(body))] == [0] * 301 + [1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (_VarintBytes(LIMIT + 1), "a batch of 1001 bytes is larger than 1000 bytes"),
        (b"\x00" + b"\xff" * 5, "not Protobuf: ff ff ff ff ff is no length"),
    ],
)
def test_a_length_that_cannot_be_ends_the_reading(data: bytes, words: str) -> None:
    with pytest.raises(Malformed, match=words):
        BatchSplitter(LIMIT).feed(data)


def test_bytes_that_are_no_batch_are_malformed_and_shown() -> None:
    with pytest.raises(Malformed, match=r"not Protobuf: .*in b'<html>"):
        decode_batch(b"<html>" * 100)
