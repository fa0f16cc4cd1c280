"""What the tests of a reign share: a NATS server, links to it, and writers in this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from feed.cluster.link import Link
from feed.cluster.making import Plan
from feed.generations.model import Model
from feed.http.app import HUB, INGEST, make_app
from feed.hub.clock import SYSTEM_CLOCK
from feed.hub.hub import Hub
from feed.ingest.runner import Ingest
from feed.reign.candidate import Candidate
from feed.reign.ending import end_tasks
from feed.reign.keeper import BusKeeper
from feed.reign.standing_by import take_over
from feed.reign.tenure import Tenure
from feed.settings.options import Settings
from feed.sources.named_source import NamedSource
from feed.sources.source import Source
from feed.wire.bus_codec import bus_codec
from tests.fakes.nats import NatsServer
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.servers import FeedServer
from tests.fakes.serving import pytest_asyncio_loop_factories

__all__ = ["LeadingServer", "bus", "lead", "link", "pytest_asyncio_loop_factories"]
PLAN = Plan("memory", 1, 64 << 20, 4_096)
IN_FILES = Plan("file", 1, 64 << 20, 4_096)


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[NatsServer]:
    """Run a NATS server."""
    async with NatsServer(tmp_path) as server:
        yield server


@pytest.fixture
async def link(bus: NatsServer) -> AsyncIterator[Link]:
    """Connect to it, as a writer does."""
    linked = Link(bus.address(), name="test")
    running = asyncio.create_task(linked.run())
    await linked.client(PROGRAM_PATIENCE_S)
    yield linked
    await end_tasks([running])


@dataclass
class LeadingServer:
    """A writer that leads, in this process.

    Attributes:
        hub: its hub.
        ingest: its writer.
        keeper: writes its cuts.
        candidate: that leads.
        port: where it listens.
        leave: ends it in order.
    """

    hub: Hub
    ingest: Ingest
    keeper: BusKeeper
    candidate: Candidate
    port: int
    leave: Callable[[], Awaitable[None]]


@pytest.fixture
async def lead(link: Link) -> AsyncIterator[Callable[..., Awaitable[LeadingServer]]]:
    """Let servers lead, one after another, until the end of the test."""
    async with AsyncExitStack() as all_of_them:

        async def begin(
            source: Source | NamedSource,
            *,
            buffer_bytes: int = 64_000_000,
            plan: Plan = PLAN,
            embedded: Model | None = None,
            **settings: Any,
        ) -> LeadingServer:
            told = Settings(port=0, ring=4_096, **settings)
            tenure = Tenure()
            candidate = Candidate(link, plan, "http://127.0.0.1:1", tenure)
            await candidate.stand_by()
            restored = await candidate.begin(source.name)
            keeper = BusKeeper(
                link,
                candidate.writing,
                restored,
                SYSTEM_CLOCK,
                codec=bus_codec(("json",), {}),
                buffer_bytes=buffer_bytes,
                tenure=tenure,
                most_bytes=1 << 20,
            )
            named = source if isinstance(source, NamedSource) else NamedSource(source.name, source)
            take_over([named], restored.ring)
            app = await make_app(told, [named], keeper=keeper, embedded=embedded)
            one = AsyncExitStack()
            all_of_them.push_async_exit(one)
            one.push_async_callback(candidate.leave)
            server = await one.enter_async_context(FeedServer(app))
            assert server.port is not None
            return LeadingServer(app[HUB], app[INGEST], keeper, candidate, server.port, one.aclose)

        yield begin
