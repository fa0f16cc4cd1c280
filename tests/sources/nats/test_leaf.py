"""Edges of another region: they follow mirrors in a leaf server of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from feed.cluster.connecting import connect
from feed.cluster.errors import BusAway
from feed.cluster.mirroring import MirrorPlan, mirror
from feed.cluster.ordered_read import ask
from tests.fakes.bus_edges import BusEdges
from tests.fakes.nats import BusWriter, NatsServer, needs_nats
from tests.fakes.patience import until
from tests.fakes.readers import open_reader
from tests.fakes.servers import trades

if TYPE_CHECKING:
    from nats.aio.client import Client

pytestmark = [needs_nats, pytest.mark.programs]
INSTRUMENT = {"symbol": "AAPL", "name": "Apple", "asset_class": "us_equity"}


@asynccontextmanager
async def regions(folder: Path) -> AsyncIterator[tuple[NatsServer, NatsServer]]:
    """Run a server, and a leaf of it."""
    async with NatsServer(folder / "hub", domain="hub", leaves=True) as hub:
        link = f'leafnodes: {{remotes: [{{url: "nats://127.0.0.1:{hub.leaf_port}"}}]}}'
        async with NatsServer(folder / "leaf", link, domain="leaf") as leaf:
            yield hub, leaf


async def test_an_edge_of_a_leaf_has_all_with_the_same_positions(
    tmp_path: Path, bus_edges: BusEdges
) -> None:
    async with regions(tmp_path) as (hub, leaf), BusWriter(hub.address()) as writer:
        await writer.make()
        await writer.tell_instruments(INSTRUMENT)
        await writer.lead("http://w")
        await writer.put_checkpoint(b"none")
        for first in range(1, 1_001, 50):
            await writer.write(*trades(first, first + 49))
        client = await connect(leaf.address(), None, lambda: None, name="test")
        try:
            await until_linked(client)
            plan = MirrorPlan("hub")
            made = await mirror(client, leaf.address().names, plan)
            assert made == ["feed", "KV_feed-lead", "KV_feed-news", "OBJ_feed-state"]
            assert await mirror(client, leaf.address().names, plan) == []
        finally:
            await client.close()
        near = await bus_edges(hub.address())
        far = await bus_edges(leaf.address(), ring=64)
        await near.reach("k3f9-1000")
        await until(lambda: far.side.up and far.hub.broadcast.ring.newest == 1_000)
        await until(lambda: far.source.instrument("AAPL") and far.source.leader)
        reader = await open_reader("sse-json", far.address, after="k3f9-5")
        await writer.write(*trades(1_001, 1_010))
        await far.reach("k3f9-1010")
        told: list[int] = []
        while not told or told[-1] < 1_010:
            told += [each["i"] for each in (await reader.read())[0] if each["T"] == "t"]
        assert told == list(range(6, 1_011))
        await near.reach("k3f9-1010")
        assert far.ticks() == near.ticks()[-64:]


async def test_mirrors_of_what_is_not_there_are_refused(tmp_path: Path) -> None:
    async with NatsServer(tmp_path, domain="leaf") as leaf:
        client = await connect(leaf.address(), None, lambda: None, name="test")
        try:
            with pytest.raises(BusAway, match="cannot be mirrored from the domain hub"):
                await mirror(client, leaf.address().names, MirrorPlan("hub"))
        finally:
            await client.close()


async def until_linked(client: "Client") -> None:
    """Wait until a leaf hears of the domain of its hub."""
    while True:
        try:
            await ask(client, "INFO", domain="hub")
        except BusAway:
            continue
        return
