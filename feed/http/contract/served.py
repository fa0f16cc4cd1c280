"""`GET /openapi.json` and `GET /asyncapi.json`."""

import asyncio
from functools import partial

from aiohttp import web

from feed.http.server import Server

_JSON = "application/json"


async def openapi(request: web.Request, server: Server) -> web.Response:  # noqa: ARG001 - a handler
    """Answer the document of requests; off the loop, for the first one is made."""
    body = await asyncio.to_thread(server.documents.openapi)
    return web.Response(body=body, content_type=_JSON)


async def asyncapi(request: web.Request, server: Server) -> web.Response:
    """Answer the document of messages, for the host under which it is asked for."""
    make = partial(server.documents.asyncapi, request.host, secure=request.secure)
    return web.Response(body=await asyncio.to_thread(make), content_type=_JSON)
