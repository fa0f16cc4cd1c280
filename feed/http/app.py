"""The application: the routes of a service, which runs from its startup to its cleanup."""

from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from http import HTTPStatus
from typing import Any, ParamSpec

from aiohttp import web

from feed.alerting.desk import Alerts
from feed.generations.desk import Generations
from feed.http import handshake, pages, routes
from feed.http.access import Access
from feed.http.content_encoding import encoded
from feed.http.mount import MOUNT, Mount
from feed.http.protocol.headers import stay_encrypted
from feed.http.service import Service, make_service
from feed.http.status_history import StatusHistory
from feed.http.unserved import unrouted
from feed.hub.hub import Hub
from feed.ingest.runner import Ingest
from feed.jobs.desk import Jobs
from feed.rooms.desk import Rooms
from feed.settings.options import is_loopback
from feed.state.keeper import Keeper
from feed.state.keeps import Keeps

ALERTS = web.AppKey("alerts", Alerts)
ACCESS = web.AppKey("access", Access)
GENERATIONS = web.AppKey("generations", Generations)
ROOMS = web.AppKey("rooms", Rooms)
HUB = web.AppKey("hub", Hub)
INGEST = web.AppKey("ingest", Ingest)
JOBS = web.AppKey("jobs", Jobs)
KEEPER = web.AppKey("keeper", Keeper)
KEEPS: web.AppKey[Keeps] = web.AppKey("keeps")
STATUS_HISTORY = web.AppKey("status_history", StatusHistory)
_SERVICE = web.AppKey("service", Service)
_Parameters = ParamSpec("_Parameters")


def _applied(
    make: Callable[_Parameters, Service],
) -> Callable[_Parameters, Coroutine[Any, Any, web.Application]]:
    async def make_app(*args: _Parameters.args, **options: _Parameters.kwargs) -> web.Application:
        """Return the application that broadcasts sources; it produces once it is started.

        Its arguments, and what it raises, are those of `make_service`.
        """
        service = make(*args, **options)
        app = application(service)
        app.cleanup_ctx.append(_run)
        return app

    return make_app


def application(service: Service) -> web.Application:
    """Return the routes of a service; somebody else lets it run."""
    server, settings = service.server, service.hub.settings
    app = web.Application()
    app[_SERVICE] = service
    app[ACCESS] = server.access
    app[ALERTS] = server.alerts
    app[JOBS] = service.server.jobs
    app[GENERATIONS] = server.generations
    app[ROOMS] = server.rooms
    app[HUB] = service.hub
    app[INGEST] = service.ingest
    if service.keeper is not None:
        app[KEEPS] = service.keeper
    if isinstance(service.keeper, Keeper):
        app[KEEPER] = service.keeper
    app[STATUS_HISTORY] = server.status_history
    app.on_response_prepare.append(server.origins.on_prepare)
    app.on_response_prepare.append(handshake.on_prepare)
    # localhost is one name for all that a developer runs
    if service.certificate is not None and not is_loopback(settings.host):
        app.on_response_prepare.append(stay_encrypted)
    app.on_response_prepare.append(partial(_end_when_leaving, service.hub))
    app.on_shutdown.append(_say_goodbye)
    added = app.add_routes(
        [
            *routes.routes(server),
            *pages.routes(),
            web.options("/{path:.*}", server.origins.preflight),
            web.route("*", "/{path:.*}", encoded(partial(unrouted, server=server))),
        ]
    )
    first = added[0].resource
    assert first is not None
    app[MOUNT] = Mount(first, routes.ROUTES[0].path)
    return app


async def _run(app: web.Application) -> AsyncIterator[None]:
    async with app[_SERVICE].running():
        yield


async def _end_when_leaving(hub: Hub, _request: web.Request, response: web.StreamResponse) -> None:
    """Have the client come back by another connection, where this server is about to end.

    It is told so with the answer; a connection that is closed between two requests may be closed
    just when the next one comes.
    """
    switches = response.status == HTTPStatus.SWITCHING_PROTOCOLS
    if hub.leaving and not switches:
        response.force_close()


async def _say_goodbye(app: web.Application) -> None:
    """End all answers, and tell every subscriber that the server leaves.

    Their handlers end by themselves.
    """
    await app[GENERATIONS].close()
    link = app[_SERVICE].server.edge.link
    if link is not None:
        link.end_streams()
    await app[HUB].say_goodbye()


make_app = _applied(make_service)
