"""Every route of the server but its pages, in one table.

The application builds its routes from the table, and documents are made from it. The pages stand in
`pages`: their number depends on the build of the front end.
"""

from http import HTTPStatus

from aiohttp import hdrs, web

from feed.http import admin, market_data, status
from feed.http import answer_models as models
from feed.http.alerts.table import ALERT_ROUTES
from feed.http.browsers import LAST_EVENT_ID_PARAMETERS, TICKET
from feed.http.checkpoint import answer as checkpoint
from feed.http.contract import served
from feed.http.edge.forward import forward
from feed.http.edge.hearing import hear_edge, newest
from feed.http.edge.hearing_endings import EndingsReport, hear_endings
from feed.http.edge.report import EdgeReport
from feed.http.edge.socket import forward_socket
from feed.http.feedback import feedback
from feed.http.follow import PARAMETERS as FOLLOWING
from feed.http.follow import follow
from feed.http.generations.table import GENERATION_ROUTES
from feed.http.glance.table import GLANCE_ROUTES
from feed.http.jobs.table import JOB_ROUTES
from feed.http.push.asked import INGEST_PATH
from feed.http.push.asked import PARAMETERS as PUSH_PARAMETERS
from feed.http.push.ingest import ingest
from feed.http.push.producer import producer
from feed.http.push.socket import PARAMETERS as SOCKET_PARAMETERS
from feed.http.push.socket import ingest_socket
from feed.http.replay import ReplayOrder, replay
from feed.http.rooms.table import ROOM_ROUTES
from feed.http.route import BYTES, TEXT, Body, Route
from feed.http.scopes import Scope
from feed.http.server import Server
from feed.http.sse import sse
from feed.http.stream import stream
from feed.http.tickets import sign_out, tickets
from feed.http.websocket import websocket
from feed.sources.pushed.decoding import MEDIA_TYPES
from feed.wire.control import Report
from feed.wire.push_messages import AckMessage
from feed.wire.requests import Channels, Request

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
    Route(
        "/v1/checkpoint",
        checkpoint,
        Scope.GRANTED,
        "all that is known beside the ring, for servers that follow: needs the grant `follow`",
        says={200: BYTES},
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
        writer_first=True,
    ),
    Route(
        "/v1/snapshot",
        market_data.snapshot,
        Scope.GRANTED,
        '`{"pos","ticks"}`: the last known state',
        (*_SELECTING, "fields"),
        says={200: models.SnapshotAnswer},
        of_ring=True,
    ),
    Route(
        "/v1/history",
        market_data.history,
        Scope.GRANTED,
        '`{"pos","ticks","next"}`: what the ring holds, page by page; `gap` where some is gone',
        (*_SELECTING, "after", "last", "fields", "limit"),
        says={200: models.HistoryAnswer},
        refuses=(HTTPStatus.SERVICE_UNAVAILABLE,),
        of_ring=True,
    ),
    Route(
        "/v1/bars",
        market_data.bars,
        Scope.GRANTED,
        '`{"bars","current"}`: finished bars, and the one that is open',
        ("symbol", "timeframe", "limit"),
        says={200: models.BarsAnswer},
        of_ring=True,
        writer_first=True,
    ),
    *GLANCE_ROUTES,
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
        rated=False,  # what it pushes has limits of its own
        hand_on=forward,
        named_pages=True,
    ),
    Route(
        INGEST_PATH,
        ingest_socket,
        Scope.GRANTED,
        "the same over a WebSocket, a batch a message",
        SOCKET_PARAMETERS,
        body=Body.ENDLESS,
        refuses=(HTTPStatus.NOT_FOUND,),
        hand_on=forward_socket,
        named_pages=True,
    ),
    Route(
        "/v1/ingest/{producer}",
        producer,
        Scope.GRANTED,
        '`{"producer","last","missing","pos","durable","heard"}`: what was applied of a producer',
        ("source",),
        says={200: models.ProducerAnswer},
        refuses=(HTTPStatus.NOT_FOUND,),
        hand_on=forward,
    ),
    *GENERATION_ROUTES,
    *JOB_ROUTES,
    *ROOM_ROUTES,
    *ALERT_ROUTES,
    Route(
        "/v1/edges/{edge}",
        newest,
        Scope.GRANTED,
        '`{"pos"}`: the newest position that the writer has told: needs the grant `follow`',
        says={200: models.NewestAnswer},
        rated=False,
        hand_on=forward,
    ),
    Route(
        "/v1/edges/{edge}",
        hear_edge,
        Scope.GRANTED,
        "that it is known who is in rooms over an edge: needs the grant `follow`",
        body=Body.AS_IS,
        method=hdrs.METH_POST,
        in_line=False,  # its body may take its time
        rated=False,  # an edge tells news of all of its clients
        says={200: models.EdgeAnswer},
        refuses=(
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ),
        asks=EdgeReport,
        hand_on=forward,
    ),
    Route(
        "/v1/edges/{edge}/endings",
        hear_endings,
        Scope.GRANTED,
        "which tickets are good still and which visits have ended: needs the grant `follow`",
        body=Body.AS_IS,
        method=hdrs.METH_POST,
        in_line=False,  # its body may take its time
        rated=False,  # an edge asks for all of its clients
        says={200: models.EndingsAnswer},
        refuses=(
            HTTPStatus.CONFLICT,
            HTTPStatus.REQUEST_TIMEOUT,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        ),
        asks=EndingsReport,
        hand_on=forward,
        settles=False,
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
        hand_on=forward,
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
