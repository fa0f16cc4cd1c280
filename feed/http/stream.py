"""Plain HTTP streams: `GET /v1/stream`, for `fetch().body.getReader()` and readers of lines."""

from aiohttp import web

from feed.broadcast.payload_key import PayloadKey
from feed.errors import shorten
from feed.http.negotiation import choose, loaded
from feed.http.server import Server
from feed.http.streaming import Endless, respond, speaks_chunks
from feed.wire.codec import CODECS
from feed.wire.framing import StreamFraming
from feed.wire.requests import Request

_CODECS = {media_type: codec for codec in CODECS.values() for media_type in codec.media_types}


async def stream(request: web.Request, server: Server) -> web.StreamResponse:
    """Serve `GET /v1/stream?…`; the `Accept` header says in which codec.

    Marks are on unless `marks=0`: there is no other place for the position.
    """
    media_type = _media_type(request)
    if media_type is not None:
        await loaded(_CODECS[media_type])
    return await respond(request, server, _endless)


def _media_type(request: web.Request) -> str | None:
    return choose(request.headers.get("Accept"), list(_CODECS))


def _endless(request: web.Request, most_symbols: int) -> Endless:
    """Read a request.

    Raises:
        InvalidParameter: a parameter is not accepted.
        HTTPNotAcceptable: `Accept` names nothing that is served.
    """
    asked = Request.of_query(request.query.items(), most_symbols=most_symbols)
    asked.check_selects()
    media_type = _media_type(request)
    if media_type is None:
        accept = shorten(request.headers.get("Accept"))
        raise web.HTTPNotAcceptable(
            text=f"Accept: {accept} names nothing served here; accepted: {', '.join(_CODECS)}"
        )
    codec = _CODECS[media_type]
    return Endless(
        key=PayloadKey(
            asked.conflated_selection, asked.project(codec), marks=asked.marks is not False
        ),
        framing=StreamFraming(codec.delimiter, chunked=speaks_chunks(request)),
        content_type=codec.media_types[0],
        asked=asked,
        after=asked.after,
    )
