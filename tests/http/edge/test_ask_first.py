"""What a writer knows better than its edges is asked of it; without one an edge answers itself."""

from pathlib import Path

from feed.market.ticks import SECOND_NS
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.servers import trade
from tests.http.edge.conftest import OpenCluster

BARS = "/v1/bars?symbol=AAPL&timeframe=1m"
MARKET = "/v1/market?top=1"
NOW_NS = 1_700_000_000 * SECOND_NS


async def test_the_open_bar_is_the_writers(open_cluster: OpenCluster) -> None:
    cluster = await open_cluster()
    ticks = [trade(number, event_ns=NOW_NS + number * SECOND_NS) for number in range(1, 5)]
    builder = cluster.writer.ingest.strands[0].bars
    builder.source_opened(frozenset())
    await cluster.writer.publish(*builder.weave([*ticks]))
    await cluster.edge.reach(cluster.writer.hub.broadcast.position)
    status, told = await cluster.ask("GET", BARS)
    assert (status, told) == await cluster.ask("GET", BARS, at=cluster.at_writer)
    assert told["current"]["T"] == "b"
    status, market = await cluster.ask("GET", MARKET)
    assert (status, market) == await cluster.ask("GET", MARKET, at=cluster.at_writer)
    assert market["gainers"][0]["symbol"] == "AAPL"
    await cluster.writer.server.close()
    status, told = await cluster.ask("GET", BARS)
    assert (status, told["current"]) == (200, None)
    assert (await cluster.ask("GET", "/v1/symbols"))[0] == 200
    status, told = await cluster.ask("GET", MARKET)
    assert (status, told["position"]) == (200, market["position"])


async def test_whoever_the_writer_does_not_know_is_answered_by_the_edge(
    open_cluster: OpenCluster, tmp_path: Path
) -> None:
    keys, other = KeysFile(tmp_path / "keys"), KeysFile(tmp_path / "others")
    follows = keys.add("edge", follow=True)
    file = tmp_path / "edge.env"
    file.write_text(f"FEED_KEY={follows.id}\nFEED_SECRET={follows.secret}\n")
    key = other.add("desk")
    cluster = await open_cluster(
        writer={"keys": keys.path}, edge={"keys": other.path}, keyed=False, key_file=str(file)
    )
    status, told = await cluster.ask("GET", BARS, headers=bearer_of(key))
    assert (status, told["bars"]) == (200, [])
    status, _ = await cluster.ask("GET", "/v1/bars?symbol=%20", headers=bearer_of(key))
    assert status == 400
    assert (await cluster.ask("GET", BARS))[0] == 401
