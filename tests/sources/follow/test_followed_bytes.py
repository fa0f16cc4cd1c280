"""What a server that follows tells is what the other one tells, byte for byte, in every codec."""

import pytest

from feed.wire.codec import CODECS
from tests.fakes.edges import Edge, Edges
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, bar, quote, status, trade

QUERY = "/v1/stream?trades=*&quotes=*&bars=*&statuses=*&marks=0&after={0}"


async def body_of(server: Feed | Edge, accept: str, after: str, size: int) -> bytes:
    """Return so many bytes of what a server tells behind a position."""
    stream = await RawHttp.get((server.host, server.port), QUERY.format(after), {"Accept": accept})
    told = b""
    while len(told) < size:
        told += await stream.chunk()
    stream.wire.abort()
    return told


@pytest.mark.parametrize("carried", ["json", "json,msgpack,protobuf"])
async def test_every_codec_has_the_same_bytes(serve: Serve, edges: Edges, carried: str) -> None:
    feed = await serve(bus_codecs=carried)
    edge = await edges(f"http://{feed.host}:{feed.port}")
    await edge.reach(feed.position(0))
    live = [
        await RawHttp.get(edge.address, QUERY.format(feed.position(0)), {"Accept": each})
        for codec in CODECS.values()
        for each in codec.media_types[:1]
    ]
    await feed.publish(trade(1), quote(2, "MSFT"), status(), bar())
    await edge.reach(feed.position(4))
    for codec, at_once in zip(CODECS.values(), live, strict=True):
        events = feed.hub.broadcast.ring.read(0, 4)
        expected = codec.delimiter.enclose(codec.join(codec.encode(events)))
        accept = codec.media_types[0]
        assert await at_once.chunk() == expected
        for server in (feed, edge):
            assert await body_of(server, accept, feed.position(0), len(expected)) == expected
        at_once.wire.abort()
