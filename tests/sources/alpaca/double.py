"""A server of the dialect on this machine, which misbehaves on demand."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Self

import msgpack
import orjson
from aiohttp import WSMsgType, web

from tests.sources.alpaca.conversations import Message, packed, written

KEY, SECRET = "PKDOUBLE0000000000AB", "s3cr3t/of+the=double"


class Line:
    """One connection, as the server has it."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self.socket = socket
        self.binary = request.content_type == "application/msgpack"
        assert request.transport is not None
        self.transport = request.transport

    async def say(self, message: list[Message]) -> None:
        if self.binary:
            await self.socket.send_bytes(packed(message))
        else:
            await self.socket.send_str(written(message))

    async def error(self, code: int, words: str) -> None:
        await self.say([{"T": "error", "code": code, "msg": words}])

    async def hear(self) -> Message:
        frame = await self.socket.receive()
        if frame.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
            raise ConnectionResetError
        binary = frame.type is WSMsgType.BINARY
        heard: Message = msgpack.unpackb(frame.data) if binary else orjson.loads(frame.data)
        return heard

    def cut(self) -> None:
        """End the connection without a word."""
        self.transport.abort()


Act = Callable[[Line], Awaitable[None]]


class Double:
    """The server.

    Attributes:
        heard: what clients said, in order, but for `auth`.
        authentications: what they said in that.
        refuses: the error that answers a step, "connect", "auth" or "subscribe": code and words.
        statuses: of the next answers to handshakes, in place of a WebSocket.
        acts: what happens on the next connections, once they are subscribed.
        answers_pings: whether pings are answered.
        pings: how many came.
        connections: how many came so far.
    """

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.authentications: list[Message] = []
        self.refuses: dict[str, tuple[int, str]] = {}
        self.statuses: deque[web.Response] = deque()
        self.acts: deque[Act] = deque()
        self.greeting: Message = {"T": "success", "msg": "connected"}
        self.answers_pings = True
        self.pings = 0
        self.connections = 0
        self.lines: list[Line] = []
        self.port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._runner is not None
        for line in self.lines:
            line.cut()
        await self._runner.cleanup()

    def url(self, path: str = "/v2/iex") -> str:
        return f"ws://127.0.0.1:{self.port}{path}"

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.connections += 1
        if self.statuses:
            return self.statuses.popleft()
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        line = Line(socket, request)
        self.lines.append(line)
        with suppress(ConnectionError):
            if await self._open(line):
                await self._act(line)
        if not socket.closed:
            with suppress(ConnectionError):
                await socket.close()
        return socket

    async def _open(self, line: Line) -> bool:
        """Go through the opening; tell whether it led to a subscription."""
        if refused := self.refuses.get("connect"):
            await line.error(*refused)
            return False
        await line.say([self.greeting])
        heard = await line.hear()
        if heard["action"] == "auth":
            self.authentications.append(heard)
            if refused := self.refuses.get("auth"):
                await line.error(*refused)
                return False
            await line.say([{"T": "success", "msg": "authenticated"}])
            heard = await line.hear()
        self.heard.append(heard)
        if refused := self.refuses.get("subscribe"):
            await line.error(*refused)
            return False
        await self._acknowledge(line, heard)
        return True

    async def _acknowledge(self, line: Line, heard: Message) -> None:
        lists = {name: named for name, named in heard.items() if isinstance(named, list)}
        await line.say([{"T": "subscription", **lists}])

    async def _act(self, line: Line) -> None:
        acting = asyncio.ensure_future(self.acts.popleft()(line)) if self.acts else None
        try:
            async for frame in line.socket:
                if frame.type is WSMsgType.PING:
                    self.pings += 1
                    if self.answers_pings:
                        await line.socket.pong(frame.data)
                else:
                    heard = msgpack.unpackb(frame.data) if line.binary else orjson.loads(frame.data)
                    self.heard.append(heard)
                    await self._acknowledge(line, heard)
        finally:
            if acting is not None:
                acting.cancel()
                with suppress(asyncio.CancelledError, ConnectionError):
                    await acting


def telling(
    *messages: list[Message] | str | bytes, then: Callable[[Line], Any] | None = None
) -> Act:
    """Return what tells some messages, and then does something with the line, such as cut it."""

    async def tell(line: Line) -> None:
        for message in messages:
            if isinstance(message, bytes):
                await line.socket.send_bytes(message)
            elif isinstance(message, str):
                await line.socket.send_str(message)
            else:
                await line.say(message)
        if then is not None:
            done = then(line)
            if asyncio.iscoroutine(done):
                await done

    return tell
