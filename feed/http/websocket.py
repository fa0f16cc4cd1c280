"""WebSockets: the paths, the handshake, and its agreements. The rest is conversation.

aiohttp does the handshake.
"""

import re

from aiohttp import hdrs, web

from feed.errors import InvalidParameter
from feed.http.conversation import SUBPROTOCOLS, Conversation, Socket
from feed.http.origins import Origins
from feed.http.problems import problem_for
from feed.http.server import Server
from feed.market.asset_classes import EVERY_OF, AssetClass
from feed.market.symbols import ALL
from feed.wire.codec import Codec
from feed.wire.compression import MAX_WINDOW_BITS, Compression
from feed.wire.deflate_offer import CLIENT_FORGETS, acceptable_offer
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK

# The dialect's own paths, so that its SDKs need no more than another host.
_PLACES = {"feed": ("iex", "sip", "test"), "location": ("us", "us-1", "eu-1")}
_CLASSES = {"feed": AssetClass.EQUITY, "location": AssetClass.CRYPTO}


async def websocket(request: web.Request, server: Server) -> web.StreamResponse:
    """Serve one WebSocket connection."""
    try:
        _check(request, server.origins)
        socket = await _accept(request, server.last_words_s)
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        return problem_for(error, request.path)
    connection = server.connection_of(request)
    if connection is None:
        return socket
    conversation = Conversation(
        socket,
        connection,
        server.hub,
        _codec(request, socket),
        _compression(socket),
        every=_every(request),
    )
    try:
        await conversation.run()
    finally:
        await conversation.end()
    return socket


def _check(request: web.Request, origins: Origins) -> None:
    """Refuse a handshake that is not for us.

    Raises:
        HTTPForbidden: it comes from a page that is not allowed.
        InvalidParameter: the path names a feed or location that the dialect does not have.
    """
    origins.check(request)
    for name, value in request.match_info.items():
        if value not in _PLACES[name]:
            raise InvalidParameter(name, value, ", ".join(_PLACES[name]))


async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001 - a signal
    """Agree to forgetful clients (`on_response_prepare` signal).

    Their offer need not be answered (RFC 7692 §7.1.1.2), and aiohttp does not answer it; clients
    built on gorilla/websocket cannot do without.
    """
    if isinstance(response, Socket) and response.client_forgets:
        agreed = response.headers[hdrs.SEC_WEBSOCKET_EXTENSIONS]
        response.headers[hdrs.SEC_WEBSOCKET_EXTENSIONS] = f"{agreed}; {CLIENT_FORGETS}"


async def _accept(request: web.Request, last_words_s: float) -> Socket:
    """Answer the handshake.

    Raises:
        HTTPBadRequest: it is not a handshake.
    """
    offered = ", ".join(request.headers.getall(hdrs.SEC_WEBSOCKET_EXTENSIONS, ()))
    offer = acceptable_offer(offered)
    socket = Socket(
        compress=offer is not None,
        client_forgets=offer is not None and CLIENT_FORGETS in offer,
        last_words_s=last_words_s,
    )
    if offer is not None and offer != offered:
        request = _offering(request, offer)
    await socket.prepare(request)
    return socket


def _offering(request: web.Request, offer: str) -> web.Request:
    """Return the request with another offer; rarely needed, and 1 kB more for each connection."""
    headers = request.headers.copy()
    headers[hdrs.SEC_WEBSOCKET_EXTENSIONS] = offer
    return request.clone(headers=headers)


def _every(request: web.Request) -> str:
    """Return what a `*` stands for: on the dialect's paths everything of the path's class."""
    for name in request.match_info:
        return EVERY_OF[_CLASSES[name]]
    return ALL


def _codec(request: web.Request, socket: web.WebSocketResponse) -> Codec:
    """Return the codec that the handshake asked for; the dialect's SDKs ask by Content-Type."""
    if socket.ws_protocol is not None:
        return SUBPROTOCOLS[socket.ws_protocol]
    return MESSAGE_PACK if request.content_type == "application/msgpack" else JSON


def _compression(socket: web.WebSocketResponse) -> Compression | None:
    """Return the permessage-deflate that aiohttp's answer agreed on (RFC 7692 §7.1)."""
    agreed = socket.headers.get(hdrs.SEC_WEBSOCKET_EXTENSIONS)
    if agreed is None:
        return None
    bits = re.search(r"server_max_window_bits=(\d+)", agreed)
    return Compression(
        shared="server_no_context_takeover" not in agreed,
        window_bits=int(bits[1]) if bits else MAX_WINDOW_BITS,
    )
