"""Every route of the server but its pages, in one table.

A row says the path, the method, the handler, the parameters that a query may have, and in words the
answer. The application builds its routes from the table, requests of finite answers are held
against it, and documents are made from it. The pages stand in `pages`: their number depends on
the build of the front end.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import partial
from http import HTTPStatus
from typing import Protocol

from aiohttp import hdrs, web
from pydantic import BaseModel

from feed.errors import FeedError
from feed.http import admin, market_data, status
from feed.http import answer_models as models
from feed.http.access import LAST_EVENT_ID_PARAMETERS, TICKET, Scope, keep_identity
from feed.http.answers import refuse_parameters
from feed.http.content_encoding import encoded
from feed.http.contract import served
from feed.http.feedback import feedback
from feed.http.follow import PARAMETERS as FOLLOWING
from feed.http.follow import follow
from feed.http.problems import Handler, with_problems
from feed.http.push.asked import INGEST_PATH
from feed.http.push.asked import PARAMETERS as PUSH_PARAMETERS
from feed.http.push.ingest import ingest
from feed.http.push.producer import producer
from feed.http.push.socket import PARAMETERS as SOCKET_PARAMETERS
from feed.http.push.socket import ingest_socket
from feed.http.replay import ReplayOrder, replay
from feed.http.server import Server
from feed.http.sse import sse
from feed.http.stream import stream
from feed.http.tickets import sign_out, tickets
from feed.http.websocket import websocket
from feed.sources.pushed.decoding import MEDIA_TYPES
from feed.wire.control import Report
from feed.wire.push_messages import AckMessage
from feed.wire.requests import Channels, Request


class Answer(Protocol):
    """A handler: a request, and the server that it is answered from."""

    def __call__(self, request: web.Request, server: Server) -> Awaitable[web.StreamResponse]:
        """Answer."""


TEXT = "text"  # in place of a form: the answer is not JSON


class Body(Enum):
    """The treatment of an answer on its way out."""

    ENDLESS = "it does not end; its handler reports errors and compresses by itself"
    ENCODED = "it is compressed as the client accepts, if it is worth it"
    AS_IS = "it is empty, or compressed by its handler"


@dataclass(frozen=True, slots=True)
class Route:
    """One path and its handler.

    Attributes:
        path: as aiohttp writes it.
        answer: the handler.
        scope: who may ask, where nothing else is configured.
        words: the answer, for documents.
        parameters: names that its query may have.
        refuses_others: whether a query with any other name is refused.
        body: its treatment on the way out.
        method: GET, POST or DELETE.
        in_line: whether only some requests are answered at once, and the others wait for them.
        rated: whether it counts towards the finite requests a second; not for who asks whether the
            server lives.
        says: the form of the answer of each status that is a success; None: it is empty. TEXT: it
            is not JSON.
        refuses: statuses by which it alone refuses.
        asks: the form of the body that it takes.
        media_types: of the body, where it is not JSON of a form.
    """

    path: str
    answer: Answer
    scope: Scope
    words: str
    parameters: tuple[str, ...] = ()
    refuses_others: bool = True
    body: Body = Body.ENCODED
    method: str = hdrs.METH_GET
    in_line: bool = True
    rated: bool = True
    says: Mapping[int, object] = field(default_factory=dict)
    refuses: tuple[HTTPStatus, ...] = ()
    asks: type[BaseModel] | None = None
    media_types: tuple[str, ...] = ()

    def to_aiohttp(self, server: Server) -> web.RouteDef:
        """Return the route as aiohttp has it, for a server.

        Its handler is made of partials, not closures: a closure's frame would stay for as long as
        each subscriber does.
        """
        if self.body is Body.ENDLESS:
            # No HEAD: an endless answer has no headers of a finished one.
            answer = partial(self.answer, server=server)
            if self.method == hdrs.METH_GET:
                return web.get(self.path, answer, allow_head=False)
            return web.route(self.method, self.path, answer)
        handler = with_problems(partial(_answer, self, server))
        if self.body is Body.ENCODED:
            handler = encoded(handler)
        if self.in_line:
            handler = partial(_answer_in_line, handler, server.hub.answering)
        handler = with_problems(partial(_admit, self, server, handler))
        if self.method == hdrs.METH_GET:
            return web.get(self.path, handler)
        return web.route(self.method, self.path, handler)


async def _admit(
    route: Route, server: Server, handler: Handler, request: web.Request
) -> web.StreamResponse:
    """Answer those who may ask, from pages that may; nobody else stands in line."""
    server.origins.check_unsafe(request)
    admit = server.access.admit_once if route.rated else server.access.admit
    keep_identity(request, await admit(request, route.scope))
    return await handler(request)


async def _answer_in_line(
    handler: Handler, answering: asyncio.Semaphore, request: web.Request
) -> web.StreamResponse:
    """Answer when it is one's turn.

    Hundreds may ask at once for what takes some milliseconds, and each would be a step of the same
    turn of the loop.
    """
    async with answering:
        return await handler(request)


async def _answer(route: Route, server: Server, request: web.Request) -> web.StreamResponse:
    if route.refuses_others:
        refuse_parameters(request, route.parameters)
    try:
        return await route.answer(request, server)
    except FeedError as error:
        server.hub.door.note(error)
        raise


_SELECTING = ("symbols", *Channels.model_fields)
_SUBSCRIBING = ("symbols", *Request.model_fields)
_DIALECT = "ticks over a WebSocket, as subscribed to by messages"

ROUTES = (
    Route(
        "/v1/sse",
        sse,
        Scope.GRANTED,
        "ticks as Server-Sent Events",
        (*_SUBSCRIBING, "codec", TICKET, *LAST_EVENT_ID_PARAMETERS),
        body=Body.ENDLESS,
    ),
    Route(
        "/v1/stream",
        stream,
        Scope.GRANTED,
        "ticks as an HTTP stream: NDJSON, MessagePack or Protobuf, as `Accept` says",
        _SUBSCRIBING,
        body=Body.ENDLESS,
    ),
    Route(
        "/v1/follow",
        follow,
        Scope.GRANTED,
        "the whole ring with its sequences, for servers that follow: needs the grant `follow`",
        FOLLOWING,
        body=Body.ENDLESS,
    ),
    *(
        Route(path, websocket, Scope.GRANTED, _DIALECT, refuses_others=False, body=Body.ENDLESS)
        for path in ("/v1/ws", "/v2/{feed}", "/v1beta3/crypto/{location}")
    ),
    Route(
        "/v1/symbols",
        market_data.symbols,
        Scope.GRANTED,
        "what is traded; `query` searches symbols, names and sectors, the best match first",
        ("query", "class", "sector"),
        says={200: models.SymbolsAnswer},
    ),
    Route(
        "/v1/snapshot",
        market_data.snapshot,
        Scope.GRANTED,
        '`{"pos","ticks"}`: the last known state',
        (*_SELECTING, "fields"),
        says={200: models.SnapshotAnswer},
    ),
    Route(
        "/v1/history",
        market_data.history,
        Scope.GRANTED,
        '`{"pos","ticks","next"}`: what the ring holds, page by page; `gap` where some is gone',
        (*_SELECTING, "after", "last", "fields", "limit"),
        says={200: models.HistoryAnswer},
    ),
    Route(
        "/v1/bars",
        market_data.bars,
        Scope.GRANTED,
        '`{"bars","current"}`: finished bars, and the one that is open',
        ("symbol", "timeframe", "limit"),
        says={200: models.BarsAnswer},
    ),
    Route(
        "/v2/assets",
        market_data.assets,
        Scope.GRANTED,
        "what ccxt asks before it subscribes",
        ("asset_class", "exchange", "status"),
        says={200: list[models.Asset]},
    ),
    Route(
        INGEST_PATH,
        ingest,
        Scope.GRANTED,
        "what became of batches of ticks that are pushed, one or many",
        PUSH_PARAMETERS,
        body=Body.ENDLESS,
        method=hdrs.METH_POST,
        says={200: AckMessage},
        refuses=(
            HTTPStatus.NOT_FOUND,
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ),
        media_types=tuple(MEDIA_TYPES),
    ),
    Route(
        INGEST_PATH,
        ingest_socket,
        Scope.GRANTED,
        "the same over a WebSocket, a batch a message",
        SOCKET_PARAMETERS,
        body=Body.ENDLESS,
        refuses=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        "/v1/ingest/{producer}",
        producer,
        Scope.GRANTED,
        '`{"producer","last","missing","pos","durable","heard"}`: what was applied of a producer',
        ("source",),
        says={200: models.ProducerAnswer},
        refuses=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        "/v1/feedback",
        feedback,
        Scope.GRANTED,
        "reports of how old ticks were when their readers had them",
        refuses_others=False,
        body=Body.AS_IS,
        method=hdrs.METH_POST,
        in_line=False,  # its body may take its time
        says={204: None, 200: models.FeedbackAnswer},
        refuses=(
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.TOO_MANY_REQUESTS,
        ),
        asks=Report,
    ),
    Route(
        "/v1/tickets",
        tickets,
        Scope.GRANTED,
        "a ticket for one stream of a browser, and the cookie of its visit",
        body=Body.AS_IS,
        method=hdrs.METH_POST,
        says={201: models.TicketAnswer, 204: None},
        refuses=(HTTPStatus.UNSUPPORTED_MEDIA_TYPE,),
    ),
    Route(
        "/v1/sign-out",
        sign_out,
        Scope.OPEN,
        "nothing, and the end of that visit",
        body=Body.AS_IS,
        method=hdrs.METH_POST,
        says={204: None},
    ),
    Route(
        "/v1/status",
        status.status,
        Scope.GRANTED,
        "how the server is",
        says={200: models.StatusAnswer},
    ),
    Route(
        "/v1/status/history",
        status.status_history,
        Scope.GRANTED,
        "how it was in the last 15 minutes, a sample every 5 s",
        refuses_others=False,
        says={200: models.StatusHistoryAnswer},
    ),
    Route(
        "/v1/admin/connections",
        admin.connections,
        Scope.ADMIN,
        '`{"connections","next","total"}`: who is connected, and how far they are',
        ("limit", "after", "order", "identity"),
        says={200: models.ConnectionsAnswer},
    ),
    Route(
        "/v1/admin/connections",
        admin.disconnect_all,
        Scope.ADMIN,
        '`{"disconnected"}`: how many connections of an identity were sent away',
        ("identity",),
        method=hdrs.METH_DELETE,
        says={200: models.DisconnectedAnswer},
    ),
    Route(
        "/v1/admin/connections/{id}",
        admin.connection,
        Scope.ADMIN,
        "a connection, also one that left, and in `record` what happened to it",
        says={200: models.ConnectionAnswer},
        refuses=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        "/v1/admin/connections/{id}",
        admin.disconnect_one,
        Scope.ADMIN,
        '`{"disconnected"}`: 1, since it was sent away',
        method=hdrs.METH_DELETE,
        says={200: models.DisconnectedAnswer},
        refuses=(HTTPStatus.NOT_FOUND,),
    ),
    Route(
        "/v1/admin/replay",
        replay,
        Scope.ADMIN,
        '`{"source","paused","speed","at"}`: a replay that was paused, sped up, or moved in time',
        method=hdrs.METH_POST,
        in_line=False,  # its body may take its time
        says={200: models.ReplayAnswer},
        refuses=(
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        ),
        asks=ReplayOrder,
    ),
    Route(
        "/healthz",
        status.healthz,
        Scope.OPEN,
        "that the process serves",
        refuses_others=False,
        in_line=False,
        rated=False,
        says={200: models.HealthAnswer},
    ),
    Route(
        "/readyz",
        status.readyz,
        Scope.OPEN,
        "200 once the source is open; 503 before, and while the server leaves",
        refuses_others=False,
        in_line=False,
        rated=False,
        says={200: models.ReadyAnswer, 503: models.ReadyAnswer},
    ),
    Route(
        "/openapi.json",
        served.openapi,
        Scope.OPEN,
        "the requests of this server, as OpenAPI 3.1 has them",
        says={200: models.AnyDocument},
    ),
    Route(
        "/asyncapi.json",
        served.asyncapi,
        Scope.OPEN,
        "the messages of its streams, as AsyncAPI 3 has them",
        says={200: models.AnyDocument},
    ),
    Route(
        "/metrics",
        status.metrics,
        Scope.LOCAL,
        "the numbers as Prometheus reads them",
        ("name[]",),
        refuses_others=False,
        body=Body.AS_IS,
        says={200: TEXT},
    ),
)


def finite_paths() -> list[str]:
    """Return the paths whose scope may be configured: of requests that are answered once.

    What is for administrators is for nobody else, whatever is configured.
    """
    return sorted(
        route.path
        for route in ROUTES
        if route.body is not Body.ENDLESS and route.scope is not Scope.ADMIN
    )


def routes(server: Server) -> list[web.AbstractRouteDef]:
    """Return the table as aiohttp has it, for a server."""
    return [route.to_aiohttp(server) for route in ROUTES]
