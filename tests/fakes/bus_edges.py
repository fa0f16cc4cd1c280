"""What the tests of clusters share: a NATS server, a writer, and edges in this process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from feed.cluster.address import BusAddress
from feed.http.app import HUB, INGEST, make_app
from feed.settings.options import Settings
from feed.sources.nats.source import NatsSource
from tests.fakes.edges import Edge
from tests.fakes.nats import BusWriter, NatsServer
from tests.fakes.servers import FeedServer
from tests.fakes.serving import pytest_asyncio_loop_factories
from tests.fakes.wire import Wire

__all__ = ["BusEdge", "BusEdges", "bus", "bus_edges", "pytest_asyncio_loop_factories", "writer"]


@dataclass
class BusEdge(Edge):
    """An edge of a cluster, with its inside within reach."""

    source: NatsSource  # type: ignore[assignment]  # of another kind


BusEdges = Callable[..., Awaitable[BusEdge]]


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """Run a NATS server."""
    async with NatsServer(tmp_path) as server:
        yield server


@pytest.fixture
async def writer(bus: NatsServer) -> AsyncIterator[BusWriter]:
    """Make a cluster there, and what writes to it."""
    async with BusWriter(bus.address()) as writer:
        await writer.make()
        yield writer


@pytest.fixture
async def bus_edges() -> AsyncIterator[BusEdges]:
    """Start edges of the cluster at an address, until the end of the test."""
    async with AsyncExitStack() as servers:

        async def start(address: BusAddress, **settings: Any) -> BusEdge:
            source = NatsSource(address)
            app = await make_app(Settings(port=0, **settings), source)
            server = FeedServer(app)
            await servers.enter_async_context(server)
            assert server.port is not None
            side = app[INGEST].sides[0]
            return BusEdge(app[HUB], side, source, "127.0.0.1", server.port, app)

        yield start
        Wire.abort_all()
