"""A ticket is used once and a visit ends everywhere, over all edges of a writer."""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from feed.http.app import ACCESS
from feed.http.edge import endings
from feed.http.edge.endings import EndingsLink
from feed.http.edge.link import Link, WriterAway
from feed.trust.ended import Ended
from feed.trust.sealed_tickets import SealedTickets
from feed.trust.tickets import VISIT_S
from tests.fakes.edges import Edge, Edges
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.raw_http import RawHttp
from tests.fakes.websocket_reader import WebSocketReader
from tests.http.edge.conftest import Cluster, OpenCluster

COOKIE = "__Host-feed"


@dataclass
class Two:
    """Two edges of one writer, and what one of them has given a browser."""

    cluster: Cluster
    other: Edge
    headers: dict[str, str]

    async def given(self) -> tuple[str, dict[str, str]]:
        """Return a ticket, and the header that shows a cookie."""
        url = f"{self.cluster.edge.url}/v1/tickets"
        async with self.cluster.client.post(url, json={}, headers=self.headers) as answer:
            cookie = {"Cookie": f"{COOKIE}={answer.cookies[COOKIE].value}"}
            return (await answer.json())["ticket"], cookie

    def tickets_of(self, place: str) -> SealedTickets:
        apps = {"writer": self.cluster.writer.server.app, "other": self.other.app}
        tickets = apps[place][ACCESS].browsers.tickets
        assert isinstance(tickets, SealedTickets)
        return tickets


@pytest.fixture
async def two(
    open_cluster: OpenCluster, edges: Edges, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Two:
    monkeypatch.setattr(endings, "ASK_S", 0.05)
    monkeypatch.setattr(endings, "ANSWER_S", PATIENCE_S)
    keys = KeysFile(tmp_path / "keys.toml")
    good = keys.add("good")
    cluster = await open_cluster(keys=keys.path)
    other = await edges(cluster.at_writer, cluster_key=cluster.key, keys=keys.path)
    await other.reach(cluster.writer.hub.broadcast.position)
    for app in (cluster.edge.app, other.app):
        asks = app[ACCESS].browsers.endings
        assert isinstance(asks, EndingsLink)
        await until(partial(getattr, asks, "has_heard"))
    return Two(cluster, other, bearer_of(good))


async def status(edge: Edge, target: str, headers: dict[str, str] | None = None) -> int:
    answer = await RawHttp.get(edge.address, target, headers or {})
    answer.wire.abort()
    return answer.status


async def becomes(wanted: int, edge: Edge, target: str, headers: dict[str, str]) -> None:
    """Ask until a status comes."""
    async with asyncio.timeout(PATIENCE_S):
        while await status(edge, target, headers) != wanted:  # noqa: ASYNC110 - it is heard of by polling
            await asyncio.sleep(0.02)


async def test_a_ticket_is_used_once_over_all_edges_and_their_writer(two: Two) -> None:
    edge, other = two.cluster.edge, two.other
    ticket, _ = await two.given()
    target = f"/v1/sse?trades=*&ticket={ticket}"
    assert await status(other, target) == 200
    assert await status(other, target) == 200, "it is that stream's, which comes again"
    assert await status(edge, target) == 401
    ticket, _ = await two.given()
    readers = [await WebSocketReader.connect(each.address) for each in (edge, other)]
    for reader in readers:
        await reader.message()
        reader.say({"action": "auth", "ticket": ticket})
    told = [(await reader.message())["msg"] for reader in readers]
    assert told.count("authenticated") == 1
    ticket, _ = await two.given()
    writer = two.cluster.writer
    target = f"/v1/sse?trades=*&ticket={ticket}"
    assert (await RawHttp.get((writer.host, writer.port), target)).status == 200
    assert await status(edge, target) == 401


async def test_a_visit_that_ends_at_one_edge_ends_at_all(two: Two) -> None:
    edge, other = two.cluster.edge, two.other
    _, cookie = await two.given()
    _, stays = await two.given()
    assert [await status(each, "/v1/symbols", cookie) for each in (edge, other)] == [200, 200]
    async with two.cluster.client.post(f"{edge.url}/v1/sign-out", headers=cookie) as answer:
        assert answer.status == 204
    assert await status(edge, "/v1/symbols", cookie) == 401
    await becomes(401, other, "/v1/symbols", cookie)
    assert await status(other, "/v1/symbols", stays) == 200
    # another writer, which knows nothing, is told by whoever knows
    for place in ("writer", "other"):
        two.tickets_of(place).ended = Ended(VISIT_S)
    two.tickets_of("writer").process = "another"
    await becomes(401, other, "/v1/symbols", cookie)


async def test_a_ticket_that_is_older_than_the_writer_is_not_vouched_for(two: Two) -> None:
    ticket, _ = await two.given()
    two.tickets_of("writer")._began_wall_ns = 1 << 62
    assert await status(two.other, f"/v1/sse?trades=*&ticket={ticket}") == 401


async def test_while_the_writer_is_away_no_ticket_is_taken_and_cookies_for_a_while(
    two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket, cookie = await two.given()

    async def away(*_: object, **__: object) -> NoReturn:
        raise WriterAway(may_be_done=False)

    monkeypatch.setattr(Link, "ask", away)
    monkeypatch.setattr(endings, "ANSWER_S", 0.1)
    assert await status(two.other, f"/v1/sse?trades=*&ticket={ticket}") == 503
    assert await status(two.other, "/v1/snapshot?trades=*", cookie) == 200
    monkeypatch.setattr(endings, "HEARD_WITHIN_S", 0.0)
    assert await status(two.other, "/v1/snapshot?trades=*", cookie) == 503


async def test_only_edges_ask(two: Two) -> None:
    path, asked = "/v1/edges/0123456789abcdef/endings", {"writer": "", "after": 0}
    told = await two.cluster.ask("POST", path, json=asked, headers=two.headers)
    assert told[0] == 403
