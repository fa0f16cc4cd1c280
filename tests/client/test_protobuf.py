"""Batches as a client reads them: cut anywhere, and from a server on each transport."""

import base64
import json
from contextlib import AsyncExitStack

import pytest
from google.protobuf.internal.encoder import _VarintBytes
from hypothesis import given
from hypothesis import strategies as st

from feed.client import Batch, connect
from feed.client.errors import Malformed
from feed.client.parsers import Message, ProtobufParser, SseMessageParser
from feed.client.protobuf import BatchSplitter, decode_batch
from feed.market.ticks import Tick
from feed.settings.options import Settings
from feed.wire.json_codec import JSON
from feed.wire.protobuf_codec import PROTOBUF
from feed.wire.transport import TransportName
from tests.client.objects import ids_of
from tests.fakes import strategies
from tests.fakes.servers import ScriptedSource, start_feed, trades
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


def test_a_stream_of_batches_is_a_stream_of_messages() -> None:
    batch = TICKS[0].data["protobuf"]
    body = (_VarintBytes(len(batch)) + batch) * 2
    parser = ProtobufParser()
    assert parser.feed(body[:-1]) == [Message([TICKS[0].object])]
    assert parser.feed(body[-1:]) == [Message([TICKS[0].object])]


def test_the_data_of_an_event_is_base64() -> None:
    parser = SseMessageParser("protobuf")
    data = base64.b64encode(TICKS[0].data["protobuf"])
    messages = parser.feed(b"id: stage-1\ndata: %b\n\n" % data)
    assert messages == [Message([TICKS[0].object], "stage-1")]
    with pytest.raises(Malformed, match="not base64"):
        parser.feed(b"data: !!\n\n")


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("transport", ["websocket", "sse", "stream"])
async def test_a_client_gets_its_ticks_whole_and_resumes(
    transport: TransportName, compress: bool
) -> None:
    async with AsyncExitStack() as servers:
        feed = await start_feed(servers, ScriptedSource(), Settings(port=0))
        await feed.publish(*trades(1, 3))
        position = feed.position(1)
        async with connect(
            feed.url("/"),
            trades="AAPL",
            codec="protobuf",
            transport=transport,
            after=position,
            compress=compress,
        ) as stream:
            got: list[int] = []
            await stream.open()
            await feed.publish(*trades(4, 5))
            while len(got) < 4:
                batch = await anext(stream)
                assert isinstance(batch, Batch)
                got += ids_of(batch)
            assert got == [2, 3, 4, 5]
            assert batch[-1]["t"] == "2020-02-22T00:00:00.000000005Z"
