"""What is pushed at an edge goes to the writer: whole, without an end, or over a WebSocket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from tests.fakes.edges import Edge, Edges
from tests.fakes.keys import KeysFile, auth_of, bearer_of
from tests.fakes.servers import Feed
from tests.http.edge.conftest import SECRET
from tests.http.push.desk import GOOD, Desk, pushing
from tests.http.push.test_streams import Upload, envelope


@asynccontextmanager
async def pushing_at_an_edge(edges: Edges, **settings: Any) -> AsyncIterator[tuple[Desk, Desk]]:
    """Run a writer that is pushed into; yield it, and an edge of it."""
    key_file = settings.pop("key_file", "")
    async with pushing(**settings) as writer:
        edge = await edges(writer.feed.url(""), key_file, **settings)
        await edge.reach(writer.feed.hub.broadcast.position)
        yield writer, Desk(_feed(edge), writer.client)


def _feed(edge: Edge) -> Feed:
    return cast("Feed", edge)


async def test_a_batch_that_is_posted_is_applied_once(edges: Edges) -> None:
    async with pushing_at_an_edge(edges) as (writer, edge):
        status, first = await edge.post([GOOD] * 2, "?producer=me&sequence=1")
        assert (status, first["pos"]) == (200, f"{writer.ring.epoch}-2")
        status, again = await edge.post([GOOD] * 2, "?producer=me&sequence=1")
        assert (status, again["duplicate"]) == (200, True)
        status, refused = await edge.post([{**GOOD, "p": "x"}])
        assert (status, refused["row"], refused["reason"]) == (400, 1, "number")
        async with edge.client.get(f"{edge.url}/me") as told:
            assert (await told.json())["last"] == 1
        await cast("Edge", edge.feed).reach(f"{writer.ring.epoch}-2")
        assert edge.ring.read(0, 2) == writer.ring.read(0, 2)


async def test_a_body_need_not_end(edges: Edges) -> None:
    async with pushing_at_an_edge(edges) as (writer, edge):
        body = await Upload.begin(edge, "?producer=me")
        assert (await body.line())["T"] == "producer"
        for number in range(1, 4):
            body.write(envelope(number, GOOD))
            told = await body.line()
            assert (told["T"], told["pos"]) == ("ack", f"{writer.ring.epoch}-{number}")
        body.write(b"")
        await body.rest()


async def test_a_websocket_is_handed_on_both_ways(edges: Edges, tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key, follower = keys.add("ann", publish=["trades=*"]), keys.add("edge", follow=True)
    (tmp_path / "key").write_text(SECRET)
    (tmp_path / "env").write_text(f"FEED_KEY={follower.id}\nFEED_SECRET={follower.secret}\n")
    settings = {"keys": keys.path, "cluster_key": tmp_path / "key"}
    async with pushing_at_an_edge(edges, key_file=str(tmp_path / "env"), **settings) as (
        writer,
        edge,
    ):
        for number, headers in enumerate((bearer_of(key), {}), 1):
            url = f"{edge.url}?producer=me"
            async with edge.client.ws_connect(url, headers=headers, autoping=False) as socket:
                if not headers:  # it says who it is to the writer
                    await socket.send_json(auth_of(key))
                    assert (await socket.receive_json())["msg"] == "authenticated"
                assert (await socket.receive_json())["producer"] == "me"
                await socket.send_str(envelope(number, GOOD).decode())
                told = await socket.receive_json()
                assert (told["T"], told["pos"]) == ("ack", f"{writer.ring.epoch}-{number}")
                await socket.ping(b"here?")
                assert (await socket.receive()).data == b"here?"
        async with edge.client.get(edge.url, headers=bearer_of(key)) as refused:
            assert refused.status == 426


async def test_a_writer_without_such_a_source_refuses(edges: Edges) -> None:
    async with pushing() as writer:
        edge = await edges(writer.feed.url(""))
        await edge.reach(writer.feed.hub.broadcast.position)
        far = await edges(edge.url)  # an edge of an edge
        await far.reach(writer.feed.hub.broadcast.position)
        desk = Desk(_feed(far), writer.client)
        status, told = await desk.post([GOOD])
        assert (status, told["pos"]) == (200, f"{writer.ring.epoch}-1")
        status, told = await desk.post([GOOD], "?source=none")
        assert (status, told["parameter"]) == (400, "source")
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await writer.client.ws_connect(f"{desk.url}?source=none")
        assert refused.value.status == 400
