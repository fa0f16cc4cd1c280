"""Rooms over a WebSocket of an edge: published in order at the writer, and who is there."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from feed.http.edge import floor, presence
from feed.market.word_channels import WordChannel
from feed.rooms import edge_members
from feed.sources.follow.source import FollowSource
from feed.sources.writer_place import WriterPlace
from tests.fakes.keys import KeysFile, auth_of
from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.websocket_reader import WebSocketReader
from tests.http.edge.conftest import Cluster, OpenCluster


async def enter(cluster: Cluster, *auth: Message, at_writer: bool = False) -> WebSocketReader:
    address = (cluster.writer.host, cluster.writer.port) if at_writer else cluster.edge.address
    reader = await WebSocketReader.connect(address, "/v1/ws")
    await reader.message()
    for each in auth or ({"action": "auth", "key": "k", "secret": "s"},):
        reader.say(each)
        await reader.message()
    return reader


async def told(reader: WebSocketReader, kind: str) -> Message:
    while (message := await reader.message())["T"] != kind:
        pass
    return message


def there(cluster: Cluster, room: str = "desk") -> list[tuple[str, int]]:
    """Return who is in a room by the writer's log, and over how many connections."""
    words: Any = cluster.writer.hub.broadcast.keyed.here(WordChannel.PRESENCE, room)
    return [(word.name or word.sender, word.connections) for word in words]


async def test_what_is_said_at_an_edge_is_published_in_order(open_cluster: OpenCluster) -> None:
    cluster = await open_cluster(rooms_messages_per_s=1_000)
    reader = await enter(cluster)
    reader.say({"action": "subscribe", "rooms": ["desk"]})
    await told(reader, "subscription")
    for number in range(20):
        said = {"action": "publish", "room": "desk", "text": f"{number}", "id": f"m-{number}"}
        reader.say(said)
    answers: list[tuple[str, str]] = []
    texts: list[str] = []
    while len(answers) < 20 or len(texts) < 20:
        message = await reader.message()
        if message["T"] == "published":
            answers.append((message["id"], message["pos"]))
        elif message["T"] == "message":
            texts.append(message["text"])
    assert texts == [str(number) for number in range(20)]
    assert answers == [(f"m-{at}", cluster.writer.position(at + 1)) for at in range(20)]
    reader.say({"action": "edit", "room": "desk", "id": "m-1", "text": "edited"})
    assert (await told(reader, "published"))["pos"] == cluster.writer.position(21)
    reader.say({"action": "delete", "room": "desk", "id": "m-2"})
    assert (await told(reader, "published"))["id"] == "m-2"
    reader.say({"action": "edit", "room": "desk", "id": "m-2", "text": "x"})
    refused = await told(reader, "unpublished")
    assert (refused["status"], refused["id"]) == (410, "m-2")
    entry = {"action": "list", "room": "desk", "op": "add", "symbol": "AAPL", "version": 0}
    reader.say(entry)
    assert (await told(reader, "published"))["pos"] == cluster.writer.position(23)
    reader.say({**entry, "op": "note", "note": "x", "version": 7})
    refused = await told(reader, "unpublished")
    assert (refused["status"], refused["version"], refused["entry"]["T"]) == (409, 1, "entry")


async def test_without_a_writer_nothing_is_published_and_that_is_said(
    open_cluster: OpenCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(floor, "HELD_S", 0.0)
    cluster = await open_cluster()
    reader = await enter(cluster)
    await cluster.writer.server.close()
    reader.say({"action": "publish", "room": "desk", "text": "a", "id": "m-1"})
    refused = await told(reader, "unpublished")
    assert (refused["status"], refused["retry_s"]) == (503, 2)
    assert "the writer" in refused["msg"]


@pytest.mark.parametrize(
    ("status", "body"), [(502, "<h1>Bad Gateway</h1>"), (500, "[]"), (200, "{}"), (413, "")]
)
async def test_what_somebody_else_answers_for_the_writer_is_an_answer_too(
    open_cluster: OpenCluster, monkeypatch: pytest.MonkeyPatch, status: int, body: str
) -> None:
    async def proxy(_: web.BaseRequest) -> web.Response:
        return web.Response(status=status, text=body, content_type="text/html")

    writer, proxies = FollowSource.writer, list[WriterPlace]()

    def proxy_or_writer(source: FollowSource) -> WriterPlace:
        return proxies[0] if proxies else writer(source)

    monkeypatch.setattr(floor, "HELD_S", 0.0)
    monkeypatch.setattr(FollowSource, "writer", proxy_or_writer)
    cluster = await open_cluster()
    reader = await enter(cluster)
    async with RawTestServer(proxy) as server:
        proxies.append(WriterPlace.of(str(server.make_url("")).rstrip("/")))
        reader.say({"action": "publish", "room": "desk", "text": "a", "id": "m-1"})
        refused = await told(reader, "unpublished")
    assert (refused["status"], refused["id"], refused["retry_s"]) == (503, "m-1", 2)
    assert "may have been done" in refused["msg"]


async def test_who_is_there_over_an_edge_is_known_until_they_leave(
    open_cluster: OpenCluster, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    ann = keys.add("ann", grants=["rooms=*"], publish=["rooms=*"])
    cluster = await open_cluster(edge={"keys": keys.path})
    one, other = [await enter(cluster, auth_of(ann)) for _ in range(2)]
    for reader in (one, other):
        reader.say({"action": "enter", "room": "desk"})
    await until(lambda: there(cluster) == [("ann", 2)])
    one.say({"action": "subscribe", "presence": ["desk"]})
    await told(one, "subscription")
    other.say({"action": "typing", "room": "desk"})
    assert (await told(one, "typing"))["from"] == "ann"
    other.abort()
    await until(lambda: there(cluster) == [("ann", 1)])
    one.say({"action": "leave", "room": "desk"})
    await until(lambda: there(cluster) == [])


async def test_an_edge_that_is_lost_leaves_nobody_behind(
    open_cluster: OpenCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = await open_cluster()
    readers = [await enter(cluster), await enter(cluster, at_writer=True)]
    for name, reader in zip(("Ann", "Ben"), readers, strict=True):
        reader.say({"action": "enter", "room": "desk", "name": name})
    await until(lambda: sorted(there(cluster)) == [("Ann", 1), ("Ben", 1)])
    monkeypatch.setattr(presence.PresenceLink, "_report", never)
    mono_ns = cluster.writer.hub.clock.mono_ns()
    cluster.rooms.presence.look(mono_ns + edge_members.EDGE_LASTS_NS)
    await until(lambda: there(cluster) == [("Ben", 1)])


async def never(_: object) -> None:
    await asyncio.Event().wait()


async def test_a_writer_that_has_forgotten_an_edge_is_told_everything(
    open_cluster: OpenCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence, "RENEWED_WITHIN_S", 0.02)
    cluster = await open_cluster()
    reader = await enter(cluster)
    reader.say({"action": "enter", "room": "desk", "name": "Ann"})
    await until(lambda: there(cluster) == [("Ann", 1)])
    known = cluster.rooms.presence
    list(known.edges.expire(1 << 62))  # as a writer that has begun anew
    assert len(known.edges) == 0
    await until(lambda: len(known.edges) == 1)
    assert there(cluster) == [("Ann", 1)]


async def test_only_whoever_may_follow_speaks_for_clients(
    open_cluster: OpenCluster, tmp_path: Path
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    ann, edge = keys.add("ann"), keys.add("edge", follow=True)
    (tmp_path / "env").write_text(f"FEED_KEY={edge.id}\nFEED_SECRET={edge.secret}\n")
    cluster = await open_cluster(keys=keys.path, key_file=str(tmp_path / "env"), keyed=False)
    row = ["desk", "x", "", "Mallory", 1]
    news = {"number": 1, "whole": True, "entered": [row]}
    path = "/v1/edges/0123456789abcdef"
    headers = {"Authorization": f"Bearer {ann.id}.{ann.secret}"}
    status, refused = await cluster.ask("POST", path, json=news, headers=headers)
    assert (status, there(cluster)) == (403, [])
    headers = {"Authorization": f"Bearer {edge.id}.{edge.secret}"}
    assert (await cluster.ask("POST", path, json=news, headers=headers))[0] == 200
    assert there(cluster) in ([], [("Mallory", 1)])
    bad: Any
    for bad in (
        {**news, "number": 0},
        {**news, "entered": [row[:4]]},
        {**news, "entered": [[*row[:4], "x"]]},
        {**news, "more": 1},
        [],
    ):
        assert (await cluster.ask("POST", path, json=bad, headers=headers))[0] == 400
    status, refused = await cluster.ask("POST", "/v1/edges/x", json=news, headers=headers)
    assert (status, refused["parameter"]) == (400, "edge")
    news = {"number": 1, "whole": False}
    other = "/v1/edges/ffffffffffffffff"
    assert (await cluster.ask("POST", other, json=news, headers=headers))[0] == 409
