"""The bodies of requests that are small: read whole, within a time and a size."""

import asyncio
from http import HTTPStatus

from aiohttp import web

from feed.http.problems import problem
from feed.http.server import Server


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
