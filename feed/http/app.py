"""The application: the routes, and the tasks that run as long as it does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from functools import partial

from aiohttp import web

from feed.broadcast.broadcast import Broadcast
from feed.broadcast.ring import RingBuffer
from feed.http import pages
from feed.http.content_encoding import encoded
from feed.http.feedback import Reports
from feed.http.market_data import Rest
from feed.http.origins import Origins
from feed.http.problems import telling, unanswered
from feed.http.sse import sse
from feed.http.status_history import Recent
from feed.http.stream import stream
from feed.http.websocket import websocket
from feed.hub.hub import Hub
from feed.ingest.health_watch import HealthWatch
from feed.ingest.runner import Ingest
from feed.market.bars import BarBuilder
from feed.market.ticks import SECOND_NS
from feed.metrics.exposition import Exposition
from feed.settings.options import Settings
from feed.sources.source import Source
from feed.wire.disconnect import Reason

HUB = web.AppKey("hub", Hub)
INGEST = web.AppKey("ingest", Ingest)
HEALTH = web.AppKey("health", HealthWatch)
RECENT = web.AppKey("recent", Recent)


async def make_app(settings: Settings, source: Source) -> web.Application:
    """Return the application that broadcasts a source; it produces once it is started."""
    broadcast = Broadcast(RingBuffer(settings.ring))
    hub = Hub(broadcast, settings, production_waits=source.can_wait, live=source.live)
    health = HealthWatch(
        live=source.live,
        gaps=settings.stale_after_gaps,
        floor_ns=int(settings.stale_floor_s * SECOND_NS),
    )
    ingest = Ingest(hub, source, BarBuilder(), health)
    origins = Origins(settings.allow_origin)
    app = web.Application()
    app[HUB] = hub
    app[INGEST] = ingest
    app[HEALTH] = health
    app[RECENT] = recent = Recent(hub, ingest, health)
    app.on_response_prepare.append(origins.on_prepare)
    app.on_shutdown.append(_say_goodbye)
    app.cleanup_ctx.append(_run_tasks)

    # Partials, not closures: a closure's frame would stay for as long as each subscriber does.
    accept_websocket = partial(websocket, hub=hub, origins=origins)
    app.add_routes(
        [
            # No HEAD: an endless answer has no headers of a finished one.
            web.get("/v1/sse", partial(sse, hub=hub), allow_head=False),
            web.get("/v1/stream", partial(stream, hub=hub), allow_head=False),
            web.get("/v1/ws", accept_websocket, allow_head=False),
            web.get("/v2/{feed}", accept_websocket, allow_head=False),
            web.get("/v1beta3/crypto/{location}", accept_websocket, allow_head=False),
            *(
                web.get(path, encoded(telling(handler)))
                for path, handler in Rest(hub, ingest, health).handlers().items()
            ),
            web.get("/metrics", telling(Exposition(hub, ingest, health).handle)),
            web.get("/v1/status/history", encoded(telling(recent.handle))),
            web.get("/status", pages.page(pages.PLAIN / "status.html")),
            web.post("/v1/feedback", telling(Reports(hub.feedback, origins).handle)),
            web.options("/{path:.*}", origins.preflight),
            *pages.routes(),
            web.route("*", "/{path:.*}", encoded(unanswered)),
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
        asyncio.create_task(ingest.watch_health(), name="health"),
        asyncio.create_task(app[RECENT].run(), name="recent"),
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
