"""A server that is pushed into, in the test's own process, and a client of it."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import aiohttp
import orjson

from feed.http.app import HUB, INGEST, make_app
from feed.hub.clock import SYSTEM_CLOCK, Clock
from feed.settings.options import Settings
from feed.sources.named_source import NamedSource
from feed.sources.pushed.source import PushedSource
from feed.sources.source import Source
from tests.fakes.patience import until
from tests.fakes.servers import Feed, FeedServer, ScriptedSource
from tests.fakes.wire import Wire

GOOD = {"T": "t", "S": "OWN", "p": 1.5, "s": 2.0, "t": "2026-01-05T14:30:00Z"}
NDJSON = {"Content-Type": "application/x-ndjson"}


class Desk:
    """A server that is pushed into, and a client of it."""

    def __init__(self, feed: Feed, client: aiohttp.ClientSession) -> None:
        self.feed = feed
        self.client = client
        self.ring = feed.hub.broadcast.ring
        self.url = f"http://{feed.host}:{feed.port}/v1/ingest"

    async def post(
        self, rows: Any, query: str = "", headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        data = rows if isinstance(rows, bytes) else b"\n".join(map(orjson.dumps, rows))
        async with self.client.post(
            self.url + query, data=io.BytesIO(data), headers={**NDJSON, **(headers or {})}
        ) as got:
            return got.status, orjson.loads(await got.read())


@asynccontextmanager
async def pushing(
    *others: NamedSource,
    ticks_per_s: int | None = None,
    clock: Clock = SYSTEM_CLOCK,
    **settings: Any,
) -> AsyncIterator[Desk]:
    """Run a server that is pushed into, with a ring of 1,024: batches have 128 ticks at most."""
    source = PushedSource(ticks_per_s=ticks_per_s)
    made = Settings(port=0, ring=1_024, **settings)
    sources = [NamedSource("push", cast("Source", source)), *others]
    app = await make_app(made, sources, clock, look_s=0.02)
    server = FeedServer(app)
    async with server, aiohttp.ClientSession() as client:
        feed = Feed(server, made, cast("ScriptedSource", source), app[HUB], app[INGEST])
        await until(lambda: all(side.up for side in feed.ingest.sides))
        yield Desk(feed, client)
        Wire.abort_all()
