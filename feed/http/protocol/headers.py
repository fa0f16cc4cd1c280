"""The headers of every answer, whoever makes it: routes, the parser, or the check of hosts."""

from collections.abc import Mapping
from typing import TypeVar

from aiohttp import hdrs, web

from feed.market.intervals import format_interval
from feed.market.ticks import Channel

SERVER = "feed"
CONNECTION_HEADER = "Feed-Connection"  # of an endless answer: the id that administrators are told
CONFLATE_HEADER = "Feed-Conflate"  # at which intervals channels come
GENERATION_HEADER = "Feed-Generation"  # of every answer of a model: its id
# Pages of other origins read but a few headers of an answer, unless they are named (CORS).
EXPOSED = ", ".join(
    (
        *(CONNECTION_HEADER, CONFLATE_HEADER, GENERATION_HEADER),
        *(hdrs.RETRY_AFTER, hdrs.WWW_AUTHENTICATE),
    )
)
_STAY_ENCRYPTED_S = 365 * 86_400  # as RFC 6797 §11.2 and the preload lists have it
_Response = TypeVar("_Response", bound=web.StreamResponse)


def conflate_header(intervals_ms: Mapping[Channel, int]) -> str:
    """Return the header that says at which intervals channels come: `quotes:250ms,trades:1s`."""
    return ",".join(f"{channel}:{format_interval(each)}" for channel, each in intervals_ms.items())


def with_manners(response: _Response, *, any_origin: bool = False) -> _Response:
    """Return a response that names no versions, is not sniffed, and is not embedded elsewhere.

    One that says of itself that it is for pages of all origins stays so.

    Args:
        response: its headers are not sent yet.
        any_origin: pages of all origins may read. (Pages that are allowed by name read with CORS,
            which this header does not concern.)
    """
    policy = "cross-origin" if any_origin else "same-origin"
    response.headers[hdrs.SERVER] = SERVER
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers.setdefault("Cross-Origin-Resource-Policy", policy)
    return response


async def stay_encrypted(request: web.Request, response: web.StreamResponse) -> None:
    """Have browsers come back over TLS only (`on_response_prepare` signal; RFC 6797)."""
    if request.secure:
        response.headers["Strict-Transport-Security"] = f"max-age={_STAY_ENCRYPTED_S}"
