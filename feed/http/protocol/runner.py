"""The runner that makes our handler of each connection, for the program and for tests.

`Server.__call__` of aiohttp would make its own, and where it does not know an option it drops
nearly all of them with no more than a warning.
"""

import ssl
from collections.abc import Awaitable
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from aiohttp import hdrs, web
from aiohttp.web_protocol import _RequestHandler

from feed.http.callers import note_caller
from feed.http.problems import problem
from feed.http.protocol.handler import Handler
from feed.http.protocol.handshakes import Handshakes
from feed.http.protocol.headers import with_manners
from feed.http.protocol.hosts import Hosts
from feed.http.protocol.refusals import refusal_of
from feed.hub.hub import Hub
from feed.hub.waiting import TurnedAway

_METHODS = "GET, HEAD, OPTIONS, POST"
# Where the next request begins is not sure after these.
_AND_CLOSE = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_IMPLEMENTED}


class Runner(web.AppRunner):
    """Runs the application of a hub, with its limits and manners."""

    __slots__ = ("_hub",)

    def __init__(self, app: web.Application, hub: Hub, **options: Any) -> None:  # noqa: ANN401 - aiohttp's own
        """Make a runner.

        Args:
            app: the application.
            hub: its hub, whose settings and waiting connections are meant.
            options: of aiohttp's runner.
        """
        # Handlers end by themselves after their last words; aiohttp complains of those it cancels.
        settings = hub.settings
        always = {"access_log": None, "shutdown_timeout": settings.shutdown_timeout_s + 0.5}
        super().__init__(app, **(always | {"handler_cancellation": True} | options))
        self._hub = hub

    def handshakes(self, context: ssl.SSLContext, timeout_s: float) -> Handshakes:
        """Return what takes connections that encrypt, once the runner is set up."""
        hub, server = self._hub, self.server
        assert isinstance(server, _Server)
        return Handshakes(
            server,
            context,
            door=hub.door,
            waiting=hub.waiting,
            clock=hub.clock,
            most=hub.settings.max_handshakes,
            timeout_s=timeout_s,
        )

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(made, self._hub)


class _Server(web.Server):
    """Makes handlers; asks first whether the host that a request names is ours."""

    def __init__(self, made: web.Server, hub: Hub) -> None:
        settings = hub.settings
        hosts = Hosts(settings.host, settings.allow_host)
        super().__init__(
            cast("_RequestHandler", partial(_answer, made.request_handler, hosts, hub)),
            request_factory=made.request_factory,
            handler_cancellation=made.handler_cancellation,
            loop=made._loop,  # noqa: SLF001 - pinned by a test
            **made._kwargs,  # noqa: SLF001 - pinned by a test
        )
        self._hub = hub

    def __call__(self, *, knocks: bool = True) -> web.RequestHandler:
        """Return the handler of one connection more; `knocks`: it may come too often."""
        return Handler(
            self,
            loop=self._loop,
            waiting=self._hub.waiting,
            inlet=self._hub.inlet,
            door=self._hub.door if knocks else None,
            clock=self._hub.clock,
            idle_timeout_s=self._hub.settings.idle_timeout_s,
            **self._kwargs,
        )


def _answer(
    handler: _RequestHandler, hosts: Hosts, hub: Hub, request: web.BaseRequest
) -> Awaitable[web.StreamResponse]:
    """Hand a request on, or refuse it; no coroutine, which would stay as long as the handler."""
    note_caller(request, hub.door.proxies)
    refusal = refusal_of(request, hosts)
    if refusal is None:
        return _options() if request.raw_path == "*" else handler(request)
    if refusal[0] is HTTPStatus.MISDIRECTED_REQUEST:
        hub.waiting.turned_away[TurnedAway.HOST] += 1
    return _refuse(*refusal)


async def _options() -> web.StreamResponse:
    """Answer for the server as a whole, which only OPTIONS can ask for (RFC 9110 §9.3.7)."""
    return with_manners(web.Response(status=HTTPStatus.NO_CONTENT, headers={hdrs.ALLOW: _METHODS}))


async def _refuse(status: HTTPStatus, words: str) -> web.StreamResponse:
    response = with_manners(problem(status, words))
    if status in _AND_CLOSE:
        response.force_close()
    if status is HTTPStatus.UNSUPPORTED_MEDIA_TYPE:
        response.headers[hdrs.ACCEPT_ENCODING] = "identity"  # RFC 9110 §15.5.16
    return response
