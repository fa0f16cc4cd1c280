"""Who asks, from an edge to its writer: its word counts by the cluster key, and by nothing else."""

import time
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from feed.market.word_channels import WordChannel
from feed.trust.assertion import AS_SHOWN, HEADER, Asserted, Assertions
from feed.trust.cluster_key import read_cluster_key
from feed.trust.identity import ANONYMOUS, Identity, Kind
from feed.wire.grants import ALL_GRANTS
from tests.fakes.edges import Edges
from tests.fakes.keys import KeysFile, auth_of, bearer_of, headers_of
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Serve
from tests.fakes.websocket_reader import WebSocketReader
from tests.http.edge.conftest import Cluster, OpenCluster

MESSAGES = "/v1/rooms/desk/messages"
SAID = {"text": "a"}
ADMIN = Identity(Kind.TOKEN, "mallory", "mallory", ALL_GRANTS)


@pytest.fixture
def keys(tmp_path: Path) -> KeysFile:
    return KeysFile(tmp_path / "keys.toml")


def edge_file(keys: KeysFile) -> str:
    """Return a file with a key that may follow."""
    made = keys.add("edge", follow=True)
    path = keys.path.with_name("edge.env")
    path.write_text(f"FEED_KEY={made.id}\nFEED_SECRET={made.secret}\n")
    return str(path)


def word_of(cluster: Cluster, identity: Identity, method: str, target: str) -> dict[str, str]:
    """Return the header that an edge with the key would send."""
    wall_ns = time.time_ns()
    edge = Assertions(read_cluster_key(cluster.key), wall_ns)
    return {HEADER: edge.make(Asserted(identity, ""), method, target, wall_ns)}


async def post(cluster: Cluster, headers: Any, at: str | None = None) -> tuple[int, Any]:
    return await cluster.ask("POST", MESSAGES, json=SAID, headers=headers, at=at)


async def test_an_edge_with_the_key_follows_a_writer_that_knows_people(
    open_cluster: OpenCluster, keys: KeysFile
) -> None:
    good = keys.add("good", publish=["rooms=desk"])
    cluster = await open_cluster(keys=keys.path)  # and it has no key of its own
    assert (await post(cluster, bearer_of(good)))[0] == 201
    for session in list(cluster.writer.hub.sessions.values()):
        session.connection.transport.abort()
    assert (await post(cluster, bearer_of(good)))[0] == 201
    await cluster.edge.reach(cluster.writer.position(2))  # by another word, as each is used up


async def test_a_writer_holds_a_client_of_an_edge_to_its_grants(
    open_cluster: OpenCluster, keys: KeysFile
) -> None:
    some = keys.add("some", publish=["rooms=desk"])
    none = keys.add("none", publish=["rooms=other"])
    cluster = await open_cluster(edge={"keys": keys.path})  # the writer itself knows nobody
    assert (await post(cluster, bearer_of(some)))[0] == 201
    assert (await post(cluster, headers_of(some)))[0] == 201
    status, told = await post(cluster, bearer_of(none))
    assert (status, told["title"]) == (403, "Forbidden")
    assert (await post(cluster, {}))[0] == 401
    said: Any = cluster.writer.hub.broadcast.keyed.here(WordChannel.ROOMS, "desk")
    assert [word.sender for word in said] == ["some", "some"]


@pytest.mark.parametrize("keyed", [True, False])
async def test_nobody_says_who_they_are_by_the_header_alone(
    open_cluster: OpenCluster, keys: KeysFile, keyed: bool
) -> None:
    good = keys.add("good", publish=["rooms=desk"])
    cluster = await open_cluster(keys=keys.path, key_file=edge_file(keys), keyed=keyed)
    plain = "eyJraW5kIjoia2V5In0.AAAA"
    for headers in ({HEADER: plain}, {HEADER: ""}, {HEADER: "."}, {HEADER: AS_SHOWN}):
        for at in (cluster.edge.url, cluster.at_writer):
            assert (await post(cluster, headers, at))[0] == 401
            for path in ("/v1/symbols", "/v1/sse?trades=*", "/v1/stream?trades=*", "/metrics"):
                async with cluster.client.get(at + path, headers=headers) as answer:
                    assert answer.status == 401
            assert (await post(cluster, bearer_of(good) | headers, at))[0] == (
                201 if headers[HEADER] == AS_SHOWN else 401
            )
    assert cluster.writer.hub.identities.outcomes["forged" if keyed else "unknown"]


async def test_a_word_is_good_for_one_request_at_the_writer(
    open_cluster: OpenCluster, keys: KeysFile
) -> None:
    keys.add("good")
    cluster = await open_cluster(keys=keys.path, key_file=edge_file(keys))
    at = cluster.at_writer
    headers = word_of(cluster, ADMIN, "POST", MESSAGES)
    assert (await cluster.ask("POST", MESSAGES + "?a=1", json=SAID, headers=headers, at=at))[
        0
    ] == 401
    assert (await cluster.ask("GET", MESSAGES, headers=headers, at=at))[0] == 401
    assert (await post(cluster, headers, at))[0] == 201
    assert (await post(cluster, headers, at))[0] == 401  # once
    address = (cluster.writer.host, cluster.writer.port)
    target = "/v1/sse?trades=*"
    word = word_of(cluster, ADMIN, "GET", target)
    for status in (200, 401):
        assert (await RawHttp.get(address, target, word)).status == status
    line = f"{HEADER}: {word_of(cluster, ADMIN, 'GET', '/v1/symbols')[HEADER]}\r\n"
    twice = await RawHttp.open(address)
    await twice.ask(f"GET /v1/symbols HTTP/1.1\r\nHost: localhost\r\n{line}{line}\r\n".encode())
    assert twice.status == 401
    anonymous = word_of(cluster, ANONYMOUS, "POST", MESSAGES)
    status, told = await post(cluster, anonymous, at)
    assert (status, "the edge knows nobody" in told["detail"]) == (401, True)


async def test_without_the_key_what_a_client_shows_is_judged_by_the_writer(
    open_cluster: OpenCluster, keys: KeysFile
) -> None:
    good = keys.add("good", publish=["rooms=desk"])
    cluster = await open_cluster(keys=keys.path, key_file=edge_file(keys), keyed=False)
    for shown in (bearer_of(good), headers_of(good)):
        assert (await post(cluster, shown))[0] == 201
    reader = await WebSocketReader.connect(cluster.edge.address, "/v1/ws")
    await reader.message()
    reader.say(auth_of(good))
    await reader.message()
    reader.say({"action": "publish", "room": "desk", "text": "b", "id": "m-1"})
    told = await reader.message()
    assert (told["T"], told["status"]) == ("unpublished", 503)
    assert "--cluster-key" in told["msg"]


async def test_an_edge_that_knows_people_is_refused_by_a_writer_that_does_not(
    open_cluster: OpenCluster, keys: KeysFile
) -> None:
    good = keys.add("good", publish=["rooms=other"])
    cluster = await open_cluster(edge={"keys": keys.path}, keyed=False)
    status, told = await post(cluster, bearer_of(good))  # it would grant everybody everything
    assert (status, "it has no --keys" in told["detail"]) == (401, True)


async def test_a_key_that_is_revoked_at_the_writer_ends_at_once(
    open_cluster: OpenCluster, keys: KeysFile, tmp_path: Path
) -> None:
    theirs = KeysFile(tmp_path / "writer.toml")
    good = keys.add("good", publish=["rooms=desk"])
    file = edge_file(keys)
    theirs.path.write_bytes(keys.path.read_bytes())
    theirs.revoke(good)
    cluster = await open_cluster(
        writer={"keys": theirs.path}, edge={"keys": keys.path}, key_file=file
    )
    status, told = await post(cluster, bearer_of(good))
    assert (status, told["detail"]) == (401, "the key was revoked")


async def test_a_client_of_an_edge_is_never_of_the_writers_own_machine(
    open_cluster: OpenCluster,
) -> None:
    for keyed in (True, False):
        cluster = await open_cluster(writer={"local_admin": True}, keyed=keyed)
        assert (await cluster.ask("GET", "/v1/admin/rooms", at=cluster.at_writer))[0] == 200
        assert (await cluster.ask("GET", "/v1/admin/rooms"))[0] == 403


@pytest.mark.parametrize("keyed", [True, False])
async def test_by_the_socket_of_the_bus_an_edge_is_trusted_and_its_clients_are_not(
    open_cluster: OpenCluster, edges: Edges, tmp_path: Path, keyed: bool
) -> None:
    cluster = await open_cluster(keyed=keyed, edge={"local_admin": True})
    runner = cluster.writer.server.runner
    assert runner is not None
    await web.UnixSite(runner, tmp_path / "bus.sock").start()
    key = {"cluster_key": cluster.key} if keyed else {}
    edge = await edges(f"unix:{tmp_path / 'bus.sock'}", **key)
    await edge.reach(cluster.writer.hub.broadcast.position)
    assert (await cluster.ask("GET", "/v1/admin/rooms", at=edge.url))[0] == 403
    assert (await post(cluster, {}, edge.url))[0] == 201
    far = await edges(edge.url, local_admin=True, **key)
    await far.reach(cluster.writer.hub.broadcast.position)
    # An administrator of an edge is one of the writer by the key alone.
    status = 200 if keyed else 403
    assert (await cluster.ask("GET", "/v1/admin/rooms", at=far.url))[0] == status


async def test_a_page_of_another_origin_is_refused_at_the_edge(open_cluster: OpenCluster) -> None:
    page = "https://page.example"
    cluster = await open_cluster(edge={"allow_origin": (page,)})  # which the writer need not know
    assert (await post(cluster, {"Origin": "https://evil.example"}))[0] == 403
    async with cluster.client.post(
        f"{cluster.edge.url}{MESSAGES}", json=SAID, headers={"Origin": page}
    ) as answer:
        assert answer.status == 201
        assert answer.headers.getall("Access-Control-Allow-Origin") == [page]


async def test_a_ticket_and_a_visit_of_one_edge_are_good_at_another(
    open_cluster: OpenCluster, keys: KeysFile, serve: Serve
) -> None:
    good = keys.add("good")
    cluster = await open_cluster(keys=keys.path, key_file=edge_file(keys))
    async with cluster.client.post(
        f"{cluster.edge.url}/v1/tickets", json={}, headers=bearer_of(good)
    ) as answer:
        ticket = (await answer.json())["ticket"]
        cookie = {"Cookie": f"__Host-feed={answer.cookies['__Host-feed'].value}"}
    other = (cluster.writer.host, cluster.writer.port)
    assert (await RawHttp.get(other, "/v1/symbols", cookie)).status == 200
    target = f"/v1/sse?trades=*&ticket={ticket}"
    assert (await RawHttp.get(other, target)).status == 200
    await until(lambda: len(cluster.writer.hub.sessions) == 2)
    assert (await RawHttp.get(other, f"/v1/sse?quotes=*&ticket={ticket}")).status == 401
    strange = await serve(keys=keys.path)  # without the key
    assert (await RawHttp.get((strange.host, strange.port), target)).status == 401
    assert (await RawHttp.get((strange.host, strange.port), "/v1/symbols", cookie)).status == 401
