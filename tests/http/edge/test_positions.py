"""Positions that an edge has not reached: held, and told as nobody's where the writer says so."""

import asyncio

import pytest

from feed.http.app import HUB
from feed.hub import ahead
from feed.wire.position import Position
from tests.fakes.edges import Edges, Leader
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, open_reader
from tests.fakes.servers import trade, trades
from tests.http.edge.conftest import OpenCluster
from tests.sources.follow.test_following import numbers, row

HISTORY = "/v1/history?trades=*&after="


@pytest.fixture
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask the writer at once."""
    monkeypatch.setattr(ahead, "HELD_S", 0.0)
    monkeypatch.setattr(ahead, "FINITE_S", 0.0)
    monkeypatch.setattr(ahead, "LOOK_S", 0.01)


@pytest.mark.usefixtures("hurried")
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_position_of_nobody_is_told_once_the_writer_says_so(
    open_cluster: OpenCluster, transport: str
) -> None:
    cluster = await open_cluster()
    await cluster.writer.publish(*trades(1, 3))
    await cluster.edge.reach(cluster.writer.position(3))
    after = cluster.writer.position(7)
    reader = await open_reader(transport, cluster.edge.address, after=after)
    told: list[str] = []
    while not told:
        told += [
            f"{message['from']} {message['to']} {message['reason']}"
            for message in (await reader.read())[0]
            if message["T"] == "gap"
        ]
    assert told == [f"{after} {cluster.writer.position(3)} epoch"]
    assert cluster.edge.hub.ahead.disowned == 1
    await cluster.writer.publish(trade(4))
    assert await numbers(reader, 4) == [3, 4]  # the newest state, and all from there


@pytest.mark.usefixtures("hurried")
async def test_a_position_that_the_writer_has_told_is_held_for_as_long_as_it_takes(
    edges: Edges,
) -> None:
    async with Leader() as leader:
        leader.cut(1, row(1))
        edge = await edges(leader.url)
        await edge.reach("lead-1")
        asked = 0

        async def ask() -> Position | None:
            nonlocal asked
            asked += 1
            return None if asked < 3 else Position("lead", 3)

        edge.hub.ahead.ask = ask
        reader = await open_reader("sse-json", edge.address, after="lead-3")
        await until(lambda: asked > 2)
        for _ in range(10):
            await edge.hub.ahead.look()
        assert (asked, edge.hub.ahead.disowned) == (3, 0)  # what is known need not be asked again
        leader.cut(2, row(2), row(3), row(4))
        assert await numbers(reader, 4) == [4]


async def test_a_finite_request_waits_a_little_for_what_it_asks_after(
    edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "FINITE_S", 60.0)
    async with Leader() as leader:
        leader.cut(1, row(1))
        edge = await edges(leader.url)
        await edge.reach("lead-1")
        waiting = asyncio.create_task(RawHttp.get(edge.address, f"{HISTORY}lead-2"))
        await asyncio.sleep(0.03)
        assert not waiting.done()
        leader.cut(2, row(2), row(3))
        told = await (await waiting).document()
        assert (told["pos"], [tick["i"] for tick in told["ticks"]]) == ("lead-3", [3])
        monkeypatch.setattr(ahead, "FINITE_S", 0.0)
        answer = await RawHttp.get(edge.address, f"{HISTORY}lead-9")
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


@pytest.mark.usefixtures("hurried")
async def test_a_page_after_a_position_of_nobody_has_the_gap(open_cluster: OpenCluster) -> None:
    cluster = await open_cluster()
    await cluster.writer.publish(*trades(1, 3))
    await cluster.edge.reach(cluster.writer.position(3))
    for after in (cluster.writer.position(7), f"{cluster.writer.epoch}-{10**19 - 1}"):
        status, told = await cluster.ask("GET", f"{HISTORY}{after}")
        assert (status, told["gap"]["from"], told["gap"]["reason"]) == (200, after, "epoch")
        assert [tick["i"] for tick in told["ticks"]] == [1, 2, 3]
    status, told = await cluster.ask("GET", f"{HISTORY}older-7")  # which nobody waits for
    assert told["gap"]["reason"] == "epoch"


@pytest.mark.usefixtures("hurried")
async def test_an_edge_of_an_edge_asks_the_writer_itself(
    open_cluster: OpenCluster, edges: Edges
) -> None:
    cluster = await open_cluster()
    await cluster.writer.publish(trade(1))
    far = await edges(cluster.edge.url, cluster_key=cluster.key)
    await far.reach(cluster.writer.position(1))
    assert await far.hub.ahead.ask() == Position(cluster.writer.epoch, 1)
    hub = cluster.writer.server.app[HUB]
    hub.broadcast.cut_sequence = 0  # as if the edges were ahead of what it has told
    assert await far.hub.ahead.ask() == Position(cluster.writer.epoch, 0)
