"""What the server's tests share: a server with a scripted source, on production's event loop."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import pytest

from feed.broadcast.fan_out import Engine
from feed.hub.clock import SYSTEM_CLOCK, Clock
from feed.settings.options import Settings
from tests.fakes.servers import Feed, Paces, ScriptedSource, Serve, start_feed
from tests.fakes.wire import Wire


@pytest.hookimpl(optionalhook=True)  # of pytest-asyncio from 1.4; before, the default loop is used
def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run on what the server runs on: its transports differ from asyncio's in what they buffer."""
    if sys.platform == "win32":
        return {"asyncio": asyncio.new_event_loop}
    from feed.program.uv_loop import UvLoop  # noqa: PLC0415 - uvloop is not installed on Windows

    return {"uvloop": UvLoop}


@pytest.fixture
async def serve(request: pytest.FixtureRequest) -> AsyncIterator[Serve]:
    """Start servers in this process; each has a scripted source."""
    engine = Engine(request.config.getoption("--fan-out"))
    feeds: list[Feed] = []
    servers = AsyncExitStack()

    async def start(
        source: ScriptedSource | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
        paces: Paces | None = None,
        **settings: Any,
    ) -> Feed:
        made = Settings(port=0, **{"fan_out": engine, **settings})
        feed = await start_feed(servers, source, made, clock, paces)
        feeds.append(feed)
        return feed

    async with servers:
        yield start
        Wire.abort_all()
        for feed in feeds:
            assert feed.side.failures == feed.source.deaths, feed.side.last_error
