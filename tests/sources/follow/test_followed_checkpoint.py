"""What a server that follows knows beside the ring: all that the other one does."""

import asyncio
from typing import Any

import pytest

from feed.hub.hub import Hub
from feed.market.ticks import Kind
from feed.state.words import rows_of
from tests.fakes.edges import Edge, Edges
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.said import KEYS, over, say, words_of
from tests.fakes.servers import Feed, Serve, bar, quote, trade, trades


def known(hub: Hub) -> dict[str, Any]:
    """Return what is known per symbol, and what is kept of each key of words."""
    return {
        "snapshot": sorted(map(repr, hub.broadcast.snapshot.ticks())),
        "words": [*rows_of(hub.broadcast.keyed)],
        "newest": hub.broadcast.cut_sequence,
    }


async def same(feed: Feed, *edges: Edge) -> None:
    for edge in edges:
        await edge.reach(feed.hub.broadcast.position)
        await until(lambda edge=edge: edge.hub.knows_epoch)  # type: ignore[misc]
        assert known(edge.hub) == known(feed.hub)


async def bars_of(feed: Feed | Edge, symbol: str) -> bytes:
    path = f"/v1/bars?symbol={symbol}&timeframe=1m"
    page = await RawHttp.get((feed.host, feed.port), path)
    assert page.status == 200
    return await page.body()


async def test_what_the_ring_has_lost_is_known_all_the_same(serve: Serve, edges: Edges) -> None:
    feed = await serve(ring=32, new_epoch_ticks=8)
    builder = feed.ingest.strands[0].bars
    builder.source_opened(frozenset({Kind.BAR}))
    await feed.publish(quote(1, "QUIET"), *builder.weave([bar()]))
    await say(feed.hub, words_of(KEYS[0], ["", "old ", "words"]))
    await feed.publish(*trades(1, 63))
    assert not feed.hub.broadcast.ring.is_whole
    near = await edges(f"http://{feed.host}:{feed.port}", ring=32, new_epoch_ticks=8)
    await same(feed, near)
    far = await edges(near.url, ring=32, new_epoch_ticks=8)
    await same(feed, near, far)
    before = await bars_of(feed, "AAPL")
    assert b'"o"' in before
    assert await bars_of(near, "AAPL") == await bars_of(far, "AAPL") == before
    await say(feed.hub, [*words_of(KEYS[0], ["later"], 3), over(KEYS[0], 4)])
    await feed.publish(trade(70, "QUIET"))
    await same(feed, near, far)


async def test_what_a_gap_has_taken_is_known_again(
    serve: Serve, edges: Edges, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve(ring=32, new_epoch_ticks=8)
    await say(feed.hub, words_of(KEYS[0], ["", "before"]))
    edge = await edges(f"http://{feed.host}:{feed.port}", ring=32, new_epoch_ticks=8)
    await same(feed, edge)
    open_again, may_open = edge.source.open, asyncio.Event()

    async def late() -> None:
        await may_open.wait()
        await open_again()

    monkeypatch.setattr(edge.source, "open", late)
    await edge.source.close()
    await say(feed.hub, words_of(KEYS[0], ["between"], 2))
    await feed.publish(*trades(1, 63))
    may_open.set()
    await same(feed, edge)
    assert edge.hub.relay.missing > 0


async def test_whoever_may_not_follow_gets_none(serve: Serve, tmp_path: Any) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("reader")
    feed = await serve(keys=keys.path)
    page = await RawHttp.get((feed.host, feed.port), "/v1/checkpoint", bearer_of(key))
    assert page.status == 403
    assert b"following this server" in await page.body()
