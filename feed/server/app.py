"""The application: the routes, and the tasks that run as long as it does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web
from prometheus_client.aiohttp import make_aiohttp_handler

from feed.bars import BarBuilder
from feed.broadcast import Broadcast
from feed.disconnect import Reason
from feed.errors import InvalidParameter
from feed.ring import RingBuffer
from feed.server import pages
from feed.server.config import Settings
from feed.server.encoding import encode_finite
from feed.server.hub import Hub
from feed.server.ingest import Ingest
from feed.server.metrics import make_registry
from feed.server.origins import Origins
from feed.server.problems import problems
from feed.server.rest import Rest
from feed.server.sse import sse
from feed.server.stream import stream
from feed.server.websocket import websocket
from feed.sources.base import Source

HUB = web.AppKey("hub", Hub)
INGEST = web.AppKey("ingest", Ingest)

# The dialect's own paths, so that its SDKs need no more than another host.
_STOCK_FEEDS = ("iex", "sip", "test")
_CRYPTO_LOCATIONS = ("us", "us-1", "eu-1")

Endpoint = Callable[[web.Request, Hub], Awaitable[web.StreamResponse]]


async def make_app(settings: Settings, source: Source) -> web.Application:
    """Return the application that broadcasts a source; it produces once it is started."""
    broadcast = Broadcast(RingBuffer(settings.ring), BarBuilder())
    hub = Hub(broadcast, settings, production_waits=source.can_wait)
    ingest = Ingest(hub, source)
    origins = Origins(settings.allow_origin)
    app = web.Application(middlewares=[encode_finite, problems])
    app[HUB] = hub
    app[INGEST] = ingest
    app.on_response_prepare.append(origins.on_prepare)
    app.on_response_prepare.append(pages.on_prepare)
    app.on_shutdown.append(_say_goodbye)
    app.cleanup_ctx.append(_run_tasks)

    def endless(endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            return await endpoint(request, hub)

        return handle

    async def accept_websocket(request: web.Request) -> web.StreamResponse:
        origins.check(request)
        for name, known in (("feed", _STOCK_FEEDS), ("location", _CRYPTO_LOCATIONS)):
            value = request.match_info.get(name)
            if value is not None and value not in known:
                raise InvalidParameter(name, value, ", ".join(known))
        return await websocket(request, hub)

    app.add_routes(
        [
            # No HEAD: an endless answer has no headers of a finished one.
            web.get("/v1/sse", endless(sse), allow_head=False),
            web.get("/v1/stream", endless(stream), allow_head=False),
            web.get("/v1/ws", accept_websocket, allow_head=False),
            web.get("/v2/{feed}", accept_websocket, allow_head=False),
            web.get("/v1beta3/crypto/{location}", accept_websocket, allow_head=False),
            *Rest(hub, ingest).routes(),
            web.get("/metrics", make_aiohttp_handler(make_registry(hub, ingest))),
            web.options("/{path:.*}", origins.preflight),
            *pages.routes(),
        ]
    )
    return app


async def _run_tasks(app: web.Application) -> AsyncIterator[None]:
    """Produce, drain and keep house from startup to cleanup."""
    hub, ingest = app[HUB], app[INGEST]
    tasks = [
        asyncio.create_task(hub.drain.run(), name="drain"),
        asyncio.create_task(hub.housekeep(), name="housekeep"),
        asyncio.create_task(ingest.run(), name="ingest"),
    ]
    yield
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def _say_goodbye(app: web.Application) -> None:
    """Tell every subscriber that the server leaves; their handlers end by themselves."""
    hub = app[HUB]
    hub.leaving = True
    for session in list(hub.sessions.values()):
        hub.disconnect(session, Reason.SHUTDOWN)
