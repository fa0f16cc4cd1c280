"""A server whose answers the test decides, path by path, and what a feed server would answer."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestServer

MakeServer = Callable[[web.Application], Awaitable[TestServer]]

STATUS: dict[str, Any] = {
    "version": "1.2.3",
    "uptime_s": 7_500.0,
    "leaving": False,
    "source": {"name": "sim", "up": True, "finished": False, "failures": 0, "last_error": ""},
    "ring": {"epoch": "abcd", "capacity": 1_000, "oldest": 1, "newest": 200, "oldest_age_s": 42.0},
    "feed": {"state": "live", "reason": ""},
    "symbols": {"live": 3, "stale": 0, "halted": 0, "source_down": 0},
    "resume_window_s": 60.0,
    "connections": {"websocket": 2},
    "behind": 0,
    "largest_lag_ticks": 0,
    "lanes": 1,
}
_METRICS = """\
# TYPE feed_ticks_total counter
feed_ticks_total{kind="t",source="sim"} %(trades)d
feed_ticks_total{kind="q",source="sim"} 10
# TYPE feed_age_seconds histogram
feed_age_seconds_bucket{le="0.1",transport="websocket"} %(fast)d
feed_age_seconds_bucket{le="1.0",transport="websocket"} %(all)d
feed_age_seconds_bucket{le="+Inf",transport="websocket"} %(all)d
feed_age_seconds_bucket{le="0.1",transport="sse"} 0
feed_age_seconds_bucket{le="1.0",transport="sse"} 0
feed_age_seconds_bucket{le="+Inf",transport="sse"} 0
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.5
"""


def metrics(trades: int = 0, fast: int = 0, slow: int = 0) -> str:
    """Return what `/metrics` answers."""
    return _METRICS % {"trades": trades, "fast": fast, "all": fast + slow}


class Answers:
    """What is answered.

    Attributes:
        by_path: the answers; what is not there is answered with 404.
        asked: path and query of each request.
        headers: of the last one.
    """

    def __init__(self) -> None:
        self.by_path: dict[str, Callable[[], web.StreamResponse]] = {}
        self.asked: list[str] = []
        self.headers: dict[str, str] = {}
        self.url = ""

    async def start(self, aiohttp_server: MakeServer) -> None:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        server = await aiohttp_server(app)
        self.url = str(server.make_url("")).rstrip("/")

    def document(self, path: str, document: Any) -> None:
        body = orjson.dumps(document)
        self.by_path[path] = lambda: web.Response(body=body, content_type="application/json")

    def text(self, path: str, text: str, status: int = 200, kind: str = "text/plain") -> None:
        self.by_path[path] = lambda: web.Response(text=text, status=status, content_type=kind)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path_qs)
        self.headers = dict(request.headers)
        answer = self.by_path.get(request.path)
        if answer is None:
            raise web.HTTPNotFound
        return answer()
