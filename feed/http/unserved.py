"""Paths of the dialect that are not served: told over a WebSocket in the dialect's own words.

An SDK takes a bare 404 of a handshake for an outage and comes back for ever. The error that its own
vendor sends for a feed that is not subscribed to makes it stop, and shows its words.
"""

import asyncio
import contextlib

from aiohttp import web

from feed.errors import TooOften
from feed.http.handshake import DIALECT_PATHS, accept, codec_of, is_handshake, sdk_of
from feed.http.mount import mount_of, path_of
from feed.http.problems import problem_for, refuse_unrouted
from feed.http.server import Server
from feed.wire.dialect import DIALECTS
from feed.wire.disconnect import Reason
from feed.wire.sdk import final_error

# SDKs send `auth` once they are greeted, and look for errors in the answer to it.
_FIRST_WORDS_S = 2.0


async def unrouted(request: web.Request, server: Server) -> web.StreamResponse:
    """Answer what no other route answers: 404, 405, or an error in a WebSocket."""
    if path_of(request).startswith(DIALECT_PATHS) and is_handshake(request):
        try:
            server.origins.check(request)
            server.access.arrive(request)
        except (web.HTTPForbidden, TooOften) as error:
            return problem_for(error, request.path)
        return await say_unserved(request, server)
    try:
        server.origins.check_unsafe(request)
    except web.HTTPForbidden as error:
        return problem_for(error, request.path)
    return await refuse_unrouted(request)


async def say_unserved(request: web.Request, server: Server) -> web.StreamResponse:
    """Greet, hear the first message, say that the path is not served and which are, and close."""
    try:
        socket = await accept(request, server.last_words_s, compress=False)
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        return problem_for(error, request.path)
    connection = server.connection_of(request)
    if connection is None:
        return socket
    reason = Reason.NOT_SERVED
    server.hub.note_refusal(reason)
    dialect = DIALECTS[codec_of(request, socket).name]
    connection.write_last(dialect.connected)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_FIRST_WORDS_S):
            await socket.receive()
    code = reason.value.error_code
    assert code is not None
    known = ", ".join(served(mount_of(request)))
    words = f"{code.words}: {request.path} is not served; served: {known}"
    connection.write_last(dialect.say(final_error(code, words, sdk_of(request, socket))))
    await socket.close(code=reason.value.close_code, message=reason.value.words.encode())
    await connection.finish()
    return socket


# The dialect's own paths, so that its SDKs need no more than another host.
PLACES = {"feed": ("iex", "sip", "test"), "location": ("us", "us-1", "eu-1")}


def served(prefix: str = "") -> list[str]:
    """Return every path that a WebSocket can be opened at, with a prefix."""
    return [
        f"{prefix}/v1/ws",
        *(f"{prefix}/v2/{feed}" for feed in PLACES["feed"]),
        *(f"{prefix}/v1beta3/crypto/{location}" for location in PLACES["location"]),
    ]
