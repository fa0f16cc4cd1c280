"""The handshake of a WebSocket: whether it is one, and the agreements made in it.

aiohttp does the handshake itself, more liberally than RFC 6455: it takes drafts, and HTTP/1.0.
"""

import base64
import binascii
import re
from collections.abc import Sequence

from aiohttp import HttpVersion11, hdrs, web

from feed.http.mount import path_of
from feed.http.protocol.handler import Handler
from feed.http.websocket_response import MAX_CONTROL_BYTES, SUBPROTOCOLS, Socket
from feed.wire.codec import Codec
from feed.wire.compression import MAX_WINDOW_BITS, Compression
from feed.wire.deflate_offer import CLIENT_FORGETS, acceptable_offer
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.sdk import PYTHON_AGENT, Sdk

# The first part of every path of the dialect's streams.
DIALECT_PATHS = ("/v1beta1/", "/v1beta2/", "/v1beta3/", "/v2/")
_KEY_BYTES = 16
VERSION = "13"  # RFC 6455 §4.1; others are drafts of it
_UPGRADE = {
    hdrs.UPGRADE: "websocket",
    hdrs.CONNECTION: hdrs.UPGRADE,
    hdrs.SEC_WEBSOCKET_VERSION: VERSION,
}


def is_handshake(request: web.Request) -> bool:
    """Tell whether a request asks for a WebSocket of our version, over an HTTP that has them."""
    return request.method == hdrs.METH_GET and _flaw(request) is None


def check_handshake(request: web.Request) -> None:
    """Refuse what asks for something else.

    Raises:
        HTTPUpgradeRequired: says what is due.
    """
    flaw = _flaw(request)
    if flaw is not None:
        words = f"{flaw}; accepted: Upgrade: websocket over HTTP/1.1, in version {VERSION}"
        raise web.HTTPUpgradeRequired(text=words, headers=_UPGRADE)


def _is_key(keys: Sequence[str]) -> bool:
    try:
        return len(keys) == 1 and len(base64.b64decode(keys[0], validate=True)) == _KEY_BYTES
    except (binascii.Error, ValueError):  # not in base64; not in ASCII
        return False


def _flaw(request: web.Request) -> str | None:
    if request.version < HttpVersion11:  # Upgrade is to be ignored (RFC 9110 §7.8)
        return "HTTP/1.0 cannot upgrade (nginx: proxy_http_version 1.1)"
    connection = request.headers.get(hdrs.CONNECTION, "").lower()
    if request.headers.get(hdrs.UPGRADE, "").strip().lower() != "websocket":
        return f"{request.path} is a WebSocket, and there is no header Upgrade: websocket"
    if "upgrade" not in (token.strip() for token in connection.split(",")):
        return f"{request.path} is a WebSocket, and there is no header Connection: Upgrade"
    version = request.headers.get(hdrs.SEC_WEBSOCKET_VERSION, "")
    return None if version == VERSION else f"Sec-WebSocket-Version: {version!r} is not spoken"


async def accept(
    request: web.Request,
    last_words_s: float,
    *,
    compress: bool = True,
    most_bytes: int = MAX_CONTROL_BYTES,
) -> Socket:
    """Answer a handshake.

    Args:
        request: the handshake, as `check_handshake` lets it pass.
        last_words_s: the time in which the peer has to answer our Close.
        compress: whether to agree on compression if it is offered.
        most_bytes: of a message, inflated.

    Raises:
        HTTPBadRequest: it has no key, or a body.
    """
    if not _is_key(request.headers.getall(hdrs.SEC_WEBSOCKET_KEY, ())):
        words = f"{hdrs.SEC_WEBSOCKET_KEY} is not a key; accepted: one, of 16 bytes in base64"
        raise web.HTTPBadRequest(text=words)
    if request.body_exists:  # it would be read as frames by one, and as a body by another
        raise web.HTTPBadRequest(text="a handshake has a body; accepted: one without")
    offered = ", ".join(request.headers.getall(hdrs.SEC_WEBSOCKET_EXTENSIONS, ()))
    offer = acceptable_offer(offered) if compress else None
    socket = Socket(
        compress=offer is not None,
        client_forgets=offer is not None and CLIENT_FORGETS in offer,
        last_words_s=last_words_s,
        most_bytes=most_bytes,
    )
    if offer is not None and offer != offered:
        request = _offering(request, offer)
    await socket.prepare(request)
    if isinstance(request.protocol, Handler):
        socket.read_from(request.protocol)
    return socket


async def on_prepare(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001 - a signal
    """Agree to forgetful clients (`on_response_prepare` signal).

    Their offer need not be answered (RFC 7692 §7.1.1.2), and aiohttp does not answer it; clients
    built on gorilla/websocket cannot do without.
    """
    if isinstance(response, Socket) and response.client_forgets:
        agreed = response.headers[hdrs.SEC_WEBSOCKET_EXTENSIONS]
        response.headers[hdrs.SEC_WEBSOCKET_EXTENSIONS] = f"{agreed}; {CLIENT_FORGETS}"


def _offering(request: web.Request, offer: str) -> web.Request:
    """Return the request with another offer; rarely needed, and 1 kB more for each connection."""
    headers = request.headers.copy()
    headers[hdrs.SEC_WEBSOCKET_EXTENSIONS] = offer
    return request.clone(headers=headers)


def sdk_of(request: web.Request, socket: web.WebSocketResponse) -> Sdk:
    """Return what is known of how the client reads errors, by path and User-Agent."""
    if socket.ws_protocol is not None:
        return Sdk.NONE
    if request.headers.get(hdrs.USER_AGENT, "").startswith(PYTHON_AGENT):
        return Sdk.PYTHON
    return Sdk.EXACT if path_of(request).startswith(DIALECT_PATHS) else Sdk.NONE


def codec_of(request: web.Request, socket: web.WebSocketResponse) -> Codec:
    """Return the codec that the handshake asked for; the dialect's SDKs ask by Content-Type."""
    if socket.ws_protocol is not None:
        return SUBPROTOCOLS[socket.ws_protocol]
    return MESSAGE_PACK if request.content_type == "application/msgpack" else JSON


def compression_of(socket: web.WebSocketResponse) -> Compression | None:
    """Return the permessage-deflate that aiohttp's answer agreed on (RFC 7692 §7.1)."""
    agreed = socket.headers.get(hdrs.SEC_WEBSOCKET_EXTENSIONS)
    if agreed is None:
        return None
    bits = re.search(r"server_max_window_bits=(\d+)", agreed)
    return Compression(
        shared="server_no_context_takeover" not in agreed,
        window_bits=int(bits[1]) if bits else MAX_WINDOW_BITS,
    )
