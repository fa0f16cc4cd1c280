"""Server-Sent Events: `GET /v1/sse`, for EventSource, curl and other readers of text.

Source: WHATWG HTML §9.2, and the needs of seven clients as measured (facts/sse-clients.md).
"""

import random

from aiohttp import web

from feed.broadcast.payload_key import PayloadKey
from feed.errors import InvalidParameter, InvalidPosition
from feed.http.browsers import LAST_EVENT_ID_PARAMETERS, TICKET
from feed.http.negotiation import loaded
from feed.http.server import Server
from feed.http.streaming import Endless, respond, speaks_chunks
from feed.wire.beginning import Beginning
from feed.wire.codec import CODECS
from feed.wire.framing import SseFraming
from feed.wire.position import Position
from feed.wire.requests import Request

# Spread, so that subscribers that lost a server together do not return at the same moment.
_RETRY_MS = (1_000, 3_000)


async def sse(request: web.Request, server: Server) -> web.StreamResponse:
    """Serve `GET /v1/sse?trades=AAPL,MSFT&quotes=*&after=…&snapshot=1&on_lag=gap&codec=json`."""
    codec = CODECS.get(_codec_name(request))
    if codec is not None:
        await loaded(codec)
    return await respond(request, server, _endless)


def _codec_name(request: web.Request) -> str:
    return request.query.get("codec", "json")


def _endless(request: web.Request, most_symbols: int) -> Endless:
    """Read a request.

    Raises:
        InvalidParameter: a parameter is not accepted.
    """
    others = {"codec", TICKET, *LAST_EVENT_ID_PARAMETERS}
    asked = Request.of_query(request.query.items(), others=others, most_symbols=most_symbols)
    asked.check_selects()
    name = _codec_name(request)
    if name not in CODECS:
        raise InvalidParameter("codec", name, ", ".join(CODECS))
    codec = CODECS[name]
    after: Beginning | str | None = asked.after
    last_event_id = _last_event_id(request)
    if last_event_id:
        after = _last_position(last_event_id)
        # EventSource repeats its URL for ever; what it asked for to begin with has come.
        asked = asked.model_copy(update={"snapshot": None, "last": None})
    retry_ms = random.randint(*_RETRY_MS)
    return Endless(
        key=PayloadKey(asked.conflated_selection, asked.project(codec), marks=False),
        framing=SseFraming(base64=not codec.is_text, chunked=speaks_chunks(request)),
        content_type="text/event-stream; charset=utf-8",
        asked=asked,
        after=after,
        prelude=b"retry: %d\n" % retry_ms,
    )


def _last_event_id(request: web.Request) -> str:
    """Return the last id that a client had; "" where it had none.

    A header beats the query: a polyfill that builds on EventSource gives it a URL once, and the
    EventSource within comes back by itself, with newer headers.
    """
    query = (request.query.getall(name, [""])[-1] for name in LAST_EVENT_ID_PARAMETERS)
    return request.headers.get("Last-Event-ID") or next(filter(None, query), "")


def _last_position(text: str) -> Position | str:
    """Read `Last-Event-ID`; a text that is not a position is told back in a gap, never refused."""
    try:
        return Position.parse(text, "Last-Event-ID")
    except InvalidPosition:
        return text
