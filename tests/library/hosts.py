"""Programs with a broadcaster inside, which aiohttp runs in its own way."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, web

import feed
from feed.http.app import HUB
from feed.hub.hub import Hub
from tests.fakes.patience import until


@dataclass
class Host:
    """A program that runs.

    Attributes:
        broadcaster: which it has.
        url: of that.
        hub: of that.
        client: asks.
    """

    broadcaster: feed.Broadcaster
    url: str
    hub: Hub
    client: ClientSession

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.url.partition("//")[2].partition("/")[0].rpartition(":")[2])


async def publish(broadcaster: feed.Broadcaster, *ticks: feed.Trade) -> str:
    """Publish ticks, and return their position when they have been cut: others see them by then."""
    position = await broadcaster.publish(ticks)
    broadcast = broadcaster._service.hub.broadcast
    await until(lambda: not broadcast.waiting_ticks)
    return position


@asynccontextmanager
async def hosted(
    broadcaster: feed.Broadcaster, prefix: str = "/prices", **runner_options: Any
) -> AsyncIterator[Host]:
    """Run a program with a broadcaster in it, under aiohttp's runner; no options: as it comes."""
    ours = broadcaster.app()
    app = ours
    if prefix:
        app = web.Application()
        app.add_subapp(prefix, ours)
    runner = web.AppRunner(app, **runner_options)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with ClientSession() as client:
            url = f"http://127.0.0.1:{runner.addresses[0][1]}{prefix}"
            yield Host(broadcaster, url, ours[HUB], client)
    finally:
        await runner.cleanup()
