"""Servers in this process that follow others, and one to follow that says what a test likes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Self

import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from feed.http.app import HUB, INGEST, make_app
from feed.hub.hub import Hub
from feed.ingest.side import Side
from feed.settings.options import Settings
from feed.sources.follow.source import PATH, FollowSource
from feed.wire.position import Position
from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.servers import FeedServer
from tests.fakes.serving import pytest_asyncio_loop_factories
from tests.fakes.wire import Wire

__all__ = ["Edge", "Edges", "Leader", "edges", "pytest_asyncio_loop_factories"]


@dataclass
class Edge:
    """A server that follows another, with its inside within reach."""

    hub: Hub
    side: Side
    source: FollowSource
    host: str
    port: int
    app: web.Application

    @property
    def address(self) -> tuple[str, int]:
        return self.host, self.port

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def position(self) -> str:
        """Where its subscribers stand."""
        return str(self.hub.broadcast.position)

    async def reach(self, position: str | Position) -> None:
        """Wait until its subscribers are told a position."""
        await until(lambda: self.hub.knows_epoch and self.position == str(position))

    def ticks(self) -> list[Any]:
        """Return what its ring holds, with None within holes."""
        ring = self.hub.broadcast.ring
        return ring.slots(ring.oldest - 1, len(ring))


Edges = Callable[..., Awaitable[Edge]]


@pytest.fixture
async def edges() -> AsyncIterator[Edges]:
    """Start servers that follow the server at a URL, until the end of the test."""
    async with AsyncExitStack() as servers:

        async def start(url: str, key_file: str = "", **settings: Any) -> Edge:
            source = FollowSource(url, key_file)
            app = await make_app(Settings(port=0, **settings), source)
            server = FeedServer(app)
            await servers.enter_async_context(server)
            assert server.port is not None
            side = app[INGEST].sides[0]
            return Edge(app[HUB], side, source, "127.0.0.1", server.port, app)

        yield start
        Wire.abort_all()


@dataclass
class Leader:
    """A server to follow: it greets, and then says what a test likes.

    Attributes:
        greeting: what differs from the usual one.
        asked: the query of each connection.
        answers: statuses with which the next connections are answered in place of that.
    """

    greeting: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    _lines: "asyncio.Queue[list[Message] | None]" = field(default_factory=asyncio.Queue)
    _server: TestServer | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get(PATH, self._answer)
        self._server = TestServer(app)
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self.hang_up()
        await self._server.close()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.port}"

    def say(self, *messages: Message) -> None:
        """Say a line, on the connection that stands or the next one."""
        self._lines.put_nowait(list(messages))

    def cut(self, first: int, *ticks: Message, epoch: str = "lead", **end: object) -> None:
        """Say a cut whose end is right, but for what is given."""
        last = first + len(ticks) - 1
        whole = {
            "T": "cut",
            "pos": f"{epoch}-{last}",
            "first": first,
            "n": len(ticks),
            "at": 10**9,
            "in": [len(ticks), 0],
            "now": 10**9,
            "newest": last,
        }
        self.say(*ticks, {**whole, **end})

    def hang_up(self) -> None:
        """End the connection that stands."""
        self._lines.put_nowait(None)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.query))
        if self.answers:
            return web.Response(status=self.answers.pop(0), text="not now")
        response = web.StreamResponse()
        await response.prepare(request)
        usual = {"T": "follow", "v": 1, "pos": "lead-0", "oldest": 1, "whole": True}
        usual |= {"live": True, "keepalive_ms": 3_000, "feeds": [], "mono": 10**9, "wall": 0}
        line: list[Message] | None = [{**usual, **self.greeting}]
        while line is not None:
            await response.write(orjson.dumps(line) + b"\n")
            line = await self._lines.get()
        return response
