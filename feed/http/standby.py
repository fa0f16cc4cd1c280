"""What a writer answers that stands by: that it lives, and that another one leads.

Prometheus is told as much of it, whoever asks: nothing of keys, subscribers or ticks is known here.
"""

from collections.abc import Callable
from http import HTTPStatus

from aiohttp import hdrs, web
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from feed.http.answers import json_answer
from feed.http.problems import problem

RETRY_S = 1
_WORDS = "this server stands by, and another one leads; ask that, or an edge"


def standby_app(role: Callable[[], str], metrics: Callable[[], str]) -> web.Application:
    """Return its routes: `/healthz`, `/readyz`, `/metrics`, and a refusal for all else.

    Args:
        role: tells what the process does now.
        metrics: tells what Prometheus is told, as text.
    """

    async def healthz(_: web.Request) -> web.Response:
        return json_answer({"status": "ok"})

    async def readyz(_: web.Request) -> web.Response:
        return json_answer({"status": role()}, status=HTTPStatus.SERVICE_UNAVAILABLE)

    async def scraped(_: web.Request) -> web.Response:
        headers = {hdrs.CONTENT_TYPE: CONTENT_TYPE_LATEST}
        return web.Response(body=metrics().encode(), headers=headers)

    async def refuse(_: web.Request) -> web.Response:
        response = problem(HTTPStatus.SERVICE_UNAVAILABLE, _WORDS)
        response.headers[hdrs.RETRY_AFTER] = str(RETRY_S)
        return response

    app = web.Application()
    app.add_routes(
        [
            web.get("/healthz", healthz),
            web.get("/readyz", readyz),
            web.get("/metrics", scraped),
            web.route("*", "/{path:.*}", refuse),
        ]
    )
    return app
