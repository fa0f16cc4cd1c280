"""Plain HTTP streams: `GET /v1/stream`, for `fetch().body.getReader()` and whoever reads lines."""

from aiohttp import web

from feed.broadcast.payload_key import PayloadKey
from feed.http.negotiation import choose
from feed.http.problems import problem_for
from feed.http.streaming import Endless, respond, speaks_chunks
from feed.hub.hub import Hub
from feed.wire.codec import Codec
from feed.wire.framing import Delimiter, StreamFraming
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.protobuf_codec import PROTOBUF
from feed.wire.requests import Request

NDJSON = "application/x-ndjson"
_CODECS: dict[str, tuple[Codec, Delimiter]] = {
    NDJSON: (JSON, Delimiter.LINE_FEED),
    "application/json": (JSON, Delimiter.LINE_FEED),
    "application/vnd.msgpack": (MESSAGE_PACK, Delimiter.NONE),
    "application/x-protobuf": (PROTOBUF, Delimiter.LENGTH),
}


async def stream(request: web.Request, hub: Hub) -> web.StreamResponse:
    """Serve `GET /v1/stream?…`; the `Accept` header says in which codec.

    Marks are on unless `marks=0`: the position has no other place here.
    """
    try:
        endless = _endless(request)
        hub.check_limits(endless.key.selection)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told or raised again
        return problem_for(error, request.path)
    return await respond(request, hub, endless)


def _endless(request: web.Request) -> Endless:
    """Read a request.

    Raises:
        InvalidParameter: a parameter is not accepted.
        HTTPNotAcceptable: `Accept` names nothing that is served.
    """
    asked = Request.of_query(request.query.items())
    media_type = choose(request.headers.get("Accept"), list(_CODECS))
    if media_type is None:
        accept = request.headers.get("Accept")
        raise web.HTTPNotAcceptable(
            text=f"Accept: {accept!r} names nothing served here; accepted: {', '.join(_CODECS)}"
        )
    codec, delimiter = _CODECS[media_type]
    return Endless(
        key=PayloadKey(asked.conflated_selection, codec, marks=asked.marks is not False),
        framing=StreamFraming(delimiter, chunked=speaks_chunks(request)),
        content_type=NDJSON if codec is JSON else media_type,
        asked=asked,
        after=asked.after,
    )
