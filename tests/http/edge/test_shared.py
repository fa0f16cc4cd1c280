"""What many clients of an edge ask of the writer is asked for once, and kept while it is away."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from feed.http.edge import shared
from feed.http.edge.link import Link
from feed.market.ticks import MINUTE_NS
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.servers import EVENT_NS, trade
from tests.http.edge.conftest import Cluster, OpenCluster

MARKET = "/v1/market"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the targets that the writer is asked for."""
    targets: list[str] = []
    ask = Link.ask

    async def note(self: Link, asker: Any, method: str, target: str, **more: Any) -> Any:
        if target.startswith(("/v1/market", "/v1beta1")):
            targets.append(target)
        return await ask(self, asker, method, target, **more)

    monkeypatch.setattr(Link, "ask", note)
    return targets


async def begun(cluster: Cluster) -> None:
    ticks = [trade(number, event_ns=EVENT_NS + number * MINUTE_NS) for number in range(1, 3)]
    builder = cluster.writer.ingest.strands[0].bars
    builder.source_opened(frozenset())
    await cluster.writer.publish(*builder.weave([*ticks]))
    await cluster.edge.reach(cluster.writer.hub.broadcast.position)


async def test_those_that_may_read_the_same_are_told_one_answer_of_the_writer(
    open_cluster: OpenCluster, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "SHARED_NS", 600 * MINUTE_NS)
    cluster = await open_cluster()
    await begun(cluster)
    at_writer = await cluster.ask("GET", MARKET, at=cluster.at_writer)
    answers = await asyncio.gather(
        *(cluster.ask("GET", target) for target in (MARKET, f"{MARKET}?top=5", f"{MARKET}?_=1"))
    )
    assert answers == [at_writer] * 3
    assert asked == ["/v1/market?top=5&by=volume&heat=200&asset_class="]
    asked.clear()
    movers = "/v1beta1/screener/stocks/movers"
    assert (await cluster.ask("GET", movers))[1]["market_type"] == "stocks"
    actives = "/v1beta1/screener/stocks/most-actives?by=trades"
    ((active,),) = [(await cluster.ask("GET", actives))[1]["most_actives"]]
    assert active["symbol"] == "AAPL"
    assert asked == [f"{movers}?top=10", f"{actives}&top=10"]
    assert (await cluster.ask("GET", f"{MARKET}?top=0"))[0] == 400
    assert len(asked) == 2, "what is not accepted is not asked of the writer"


async def test_the_last_answer_is_kept_while_the_writer_is_away_for_a_minute(
    open_cluster: OpenCluster, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "SHARED_NS", 0)
    cluster = await open_cluster()
    await begun(cluster)
    told = await cluster.ask("GET", MARKET)
    await cluster.writer.server.close()
    assert await cluster.ask("GET", MARKET) == told
    assert len(asked) == 2
    monkeypatch.setattr(shared, "AWAY_NS", 0)
    status, own = await cluster.ask("GET", MARKET)
    assert (status, own["position"]) == (200, told[1]["position"])
    (row,) = own["gainers"] or own["sectors"][0]["symbols"]
    assert row["symbol"] == "AAPL", "of the bars that came to the edge"
    assert row["volume"] < told[1]["most_active"][0]["volume"]


async def test_an_answer_is_not_told_on_where_the_writer_refuses_it_now(
    open_cluster: OpenCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "SHARED_NS", 0)
    cluster = await open_cluster()
    await begun(cluster)
    told = await cluster.ask("GET", MARKET)
    ask = Link.ask

    async def refused(self: Link, asker: Any, method: str, _: str, **more: Any) -> Any:
        return await ask(self, asker, method, "/v1/nothing", **more)

    monkeypatch.setattr(Link, "ask", refused)
    status, own = await cluster.ask("GET", MARKET)
    assert status == 200
    assert own["most_active"] != told[1]["most_active"], "the edge answers by itself"


async def test_a_writer_that_judges_by_itself_answers_each_somebody(
    open_cluster: OpenCluster, asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "SHARED_NS", 600 * MINUTE_NS)
    keys, others = KeysFile(tmp_path / "keys"), KeysFile(tmp_path / "others")
    follows = keys.add("edge", follow=True)
    file = tmp_path / "edge.env"
    file.write_text(f"FEED_KEY={follows.id}\nFEED_SECRET={follows.secret}\n")
    some = [bearer_of(others.add(name)) for name in ("one", "other")]
    cluster = await open_cluster(
        writer={"keys": keys.path}, edge={"keys": others.path}, keyed=False, key_file=str(file)
    )
    await begun(cluster)
    for headers in some:
        status, own = await cluster.ask("GET", MARKET, headers=headers)
        assert (status, own["breadth"]["advancers"]) == (200, 1), "the writer knows neither"
    assert len(asked) == 2
    assert (await cluster.ask("GET", MARKET))[0] == 401


async def test_an_edge_forgets_answers_that_nobody_asks_for(
    open_cluster: OpenCluster, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "SHARED_NS", 600 * MINUTE_NS)
    monkeypatch.setattr(shared, "MOST_SHARED", 2)
    cluster = await open_cluster()
    for top in (1, 2, 3, 1):
        await cluster.ask("GET", f"{MARKET}?top={top}")
    assert len(asked) == 4
