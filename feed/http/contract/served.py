"""`GET /openapi.json` and `GET /asyncapi.json`, made off the loop when they are first asked for."""

import asyncio

from aiohttp import web

from feed.http.callers import caller_of
from feed.http.contract.documents import Place
from feed.http.mount import prefix_of
from feed.http.server import Server

_JSON = "application/json"


async def openapi(request: web.Request, server: Server) -> web.Response:
    """Answer the document of requests."""
    body = await asyncio.to_thread(server.documents.openapi, _place_of(request))
    return web.Response(body=body, content_type=_JSON)


async def asyncapi(request: web.Request, server: Server) -> web.Response:
    """Answer the document of messages."""
    body = await asyncio.to_thread(server.documents.asyncapi, _place_of(request))
    return web.Response(body=body, content_type=_JSON)


def _place_of(request: web.Request) -> Place:
    """Return where the server is for whoever asks, as a proxy that is trusted tells it."""
    caller = caller_of(request)
    return Place(caller.host or request.host, caller.scheme == "https", prefix_of(request))
