"""WebSockets: the paths, and who may open one. The rest is handshake, and then conversation."""

from functools import partial

from aiohttp import hdrs, web

from feed.errors import CredentialRefused, InvalidParameter, Unauthenticated
from feed.http.conversation import Conversation
from feed.http.handshake import (
    accept,
    check_handshake,
    codec_of,
    compression_of,
    is_handshake,
    sdk_of,
)
from feed.http.negotiation import loaded
from feed.http.problems import problem_for
from feed.http.server import Server
from feed.http.unserved import PLACES, say_unserved
from feed.market.asset_classes import EVERY_OF, AssetClass
from feed.market.symbols import ALL
from feed.trust.identity import NOBODY, Identity

_CLASSES = {"feed": AssetClass.EQUITY, "location": AssetClass.CRYPTO}


async def websocket(request: web.Request, server: Server) -> web.StreamResponse:
    """Serve one WebSocket connection."""
    try:
        server.origins.check(request)
        server.access.arrive(request)
        if _unknown_place(request) is not None and is_handshake(request):
            return await say_unserved(request, server)
        _check(request)
        socket = await accept(request, server.last_words_s)
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        return problem_for(error, request.path)
    try:
        shown: Identity | CredentialRefused = await server.access.identify(request)
    except Unauthenticated:
        shown = NOBODY  # it has some time to say
    except CredentialRefused as refused:
        # Told in the dialect's words, by which SDKs stop: they retry a bare 401. Without the frames
        # that it came through: this one is among them, and all of the connection with it would
        # wait for the garbage collector.
        shown = refused.with_traceback(None)
    codec = await loaded(codec_of(request, socket))
    connection = server.connection_of(request)
    if connection is None:
        return socket
    conversation = Conversation(
        socket,
        connection,
        server.hub,
        codec,
        compression_of(socket),
        rooms=server.rooms,
        floor=server.edge.floor,
        shown=shown,
        redeem=partial(server.access.browsers.redeem, request.headers.get(hdrs.ORIGIN, "")),
        sdk=sdk_of(request, socket),
        every=_every(request),
    )
    server.charge(request, conversation.spend)
    server.forget_head(request, socket)
    server.watch_end(request, conversation.session)
    try:
        await conversation.run()
    finally:
        await conversation.end()
    return socket


def _check(request: web.Request) -> None:
    """Refuse what is not a handshake for us.

    Raises:
        InvalidParameter: the path names a feed or location that the dialect does not have.
        HTTPUpgradeRequired: it does not ask for a WebSocket as we have them.
    """
    place = _unknown_place(request)
    if place is not None:
        raise InvalidParameter(*place, ", ".join(PLACES[place[0]]))
    check_handshake(request)


def _unknown_place(request: web.Request) -> tuple[str, str] | None:
    """Return the feed or location of a path that the dialect does not have, and its name."""
    for name, value in request.match_info.items():
        if value not in PLACES[name]:
            return name, value
    return None


def _every(request: web.Request) -> str:
    """Return what a `*` stands for: on the dialect's paths everything of the path's class."""
    for name in request.match_info:
        return EVERY_OF[_CLASSES[name]]
    return ALL
