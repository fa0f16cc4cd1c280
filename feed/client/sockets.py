"""WebSockets of aiohttp: opened and read, with their errors as the meaning of their end.

What leaves here is `Lost` (come back) or `Refused` (do not). Knows no message.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from feed.client.errors import Refused
from feed.client.failure_words import authority, words_of
from feed.client.link import Lost, refusal
from feed.client.parsers import MAX_MESSAGE_BYTES
from feed.client.redirects import check

if TYPE_CHECKING:
    from collections.abc import Sequence

    Socket = aiohttp.ClientWebSocketResponse[Any]

CLOSE_TIMEOUT_S = 1.0  # for the other side to answer a Close


async def open_socket(
    session: aiohttp.ClientSession, url: URL, *, protocols: "Sequence[str]" = (), compress: bool
) -> "Socket":
    """Connect; nothing is said, and no credential shown.

    Args:
        session: to connect by.
        url: of the server that the credentials are for.
        protocols: subprotocols to offer.
        compress: offer permessage-deflate.

    Raises:
        Lost: there was no answer, or one after which coming back may succeed.
        Refused: there was another one, or it leads to another origin.
    """
    try:
        socket = await session.ws_connect(
            url,
            protocols=protocols,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
            autoping=False,  # a ping is a sign of life; we answer it ourselves
            max_msg_size=MAX_MESSAGE_BYTES,
            compress=15 if compress else 0,
            decode_text=False,
        )
    except aiohttp.WSServerHandshakeError as error:
        check(url, error.request_info.real_url, error.status)
        raise refusal(str(url), error.status, error.message, error.headers or {}) from error
    except (aiohttp.ClientError, OSError) as error:
        raise Lost(words_of(error, url)) from error
    led = socket._response.url  # noqa: SLF001 - aiohttp follows, and tells nowhere else where
    try:
        check(url, led, HTTPStatus.SWITCHING_PROTOCOLS)
    except Refused:
        await socket.close()
        raise
    return socket


async def receive_frame(socket: "Socket", url: str) -> aiohttp.WSMessage:
    """Return the next frame: text, binary, or a ping or pong, of which a ping is answered.

    May be cancelled and called again; nothing is lost.

    Raises:
        Lost: the connection ended.
    """
    try:
        frame = await socket.receive()
        if frame.type is aiohttp.WSMsgType.PING:
            await socket.pong(frame.data)
    except (aiohttp.ClientError, OSError) as error:
        raise Lost(words_of(error, url)) from error
    if frame.type is aiohttp.WSMsgType.CLOSE:
        raise Lost(f"{url} closed: {frame.data} {frame.extra or ''}".rstrip())
    if frame.type is aiohttp.WSMsgType.ERROR:
        raise Lost(words_of(frame.data, url))
    if frame.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}:
        raise Lost(f"the connection to {authority(URL(url))} was cut")
    return frame
