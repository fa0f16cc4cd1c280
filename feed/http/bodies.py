"""The bodies of requests that are small: read whole, within a time and a size."""

import asyncio
from http import HTTPStatus

import orjson
from aiohttp import hdrs, web

from feed.errors import InvalidMessage, shorten
from feed.http.problems import problem
from feed.http.server import Server

JSON = "application/json"


async def small_json(
    request: web.Request, server: Server, *, most_bytes: int, noun: str
) -> object | web.Response:
    """Return the value that a small body is, as `small_body` reads it.

    Raises:
        HTTPUnsupportedMediaType: it is not said to be JSON.
        InvalidMessage: it is no JSON.
    """
    check_type(request)
    body = await small_body(request, server, most_bytes=most_bytes, noun=noun)
    if isinstance(body, web.Response):
        return body
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        words = f"the body is no JSON: {error.msg} at its character {error.pos}"
        raise InvalidMessage(f"{words}; accepted: a JSON object") from None
    return value


def check_type(request: web.Request) -> None:
    """Refuse what a page of any origin may send without being asked (no preflight: not JSON)."""
    if request.content_type != JSON or hdrs.CONTENT_TYPE not in request.headers:
        sent = shorten(request.headers.get(hdrs.CONTENT_TYPE))
        raise web.HTTPUnsupportedMediaType(
            text=f"Content-Type: {sent} is not accepted; accepted: {JSON}"
        )


async def small_body(
    request: web.Request, server: Server, *, most_bytes: int, noun: str
) -> bytes | web.Response:
    """Return the body; or the refusal, where it comes too slowly or is too long.

    Args:
        request: whose body it is.
        server: says how long it may take.
        most_bytes: that it may have.
        noun: what it is: "the report".
    """
    body = bytearray()
    try:
        async with asyncio.timeout(server.hub.settings.head_timeout_s):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > most_bytes:
                    return problem(
                        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                        f"{noun} is too long",
                        accepted=f"at most {most_bytes} bytes",
                    )
    except TimeoutError:
        late = problem(HTTPStatus.REQUEST_TIMEOUT, "the body of the request took too long")
        late.force_close()
        return late
    return bytes(body)
