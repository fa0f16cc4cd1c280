"""A small feed server for the client's tests: DESIGN §3's bytes, and ways to misbehave on cue.

It keeps trades in a list, sequence = index + 1, and serves them over the three transports. Tests
publish, cut, restart it on the same port, and say what it answers next.
"""

import asyncio
import threading
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol, Self

import msgpack
import orjson
from aiohttp import WSMsgType, web

from tests.fakes.patience import PATIENCE_S
from tests.fakes.ports import listen

Tick = dict[str, Any]
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def trade(number: int, symbol: str = "AAPL") -> Tick:
    """Return a trade whose id is its number, in the form of MessagePack or JSON alike."""
    return {
        "T": "t",
        "S": symbol,
        "i": number,
        "x": "V",
        "p": 100 + number / 4,
        "s": 10,
        "t": number,
        "c": ["@"],
        "z": "C",
    }


def _timed(tick: Tick, codec: str) -> Tick:
    """Return a tick with its time as a codec has it: second and nanosecond are its number."""
    if "t" not in tick or not isinstance(tick["t"], int):
        return tick
    if codec == "msgpack":
        return tick | {"t": msgpack.Timestamp(tick["t"], tick["t"])}
    minutes, seconds = divmod(tick["t"], 60)
    return tick | {"t": f"1970-01-01T00:{minutes:02d}:{seconds:02d}.{tick['t']:09d}Z"}


class Line(Protocol):
    """What a transport of this server can do."""

    async def ticks(self, ticks: list[Tick], position: str | None) -> None: ...

    async def message(self, message: Tick, position: str | None = None) -> None: ...


class WebSocketLine:
    def __init__(self, socket: web.WebSocketResponse, codec: str) -> None:
        self.socket = socket
        self.codec = codec

    async def send(self, messages: list[Tick]) -> None:
        messages = [_timed(message, self.codec) for message in messages]
        if self.codec == "msgpack":
            await self.socket.send_bytes(msgpack.packb(messages))
        else:
            await self.socket.send_str(orjson.dumps(messages).decode())

    async def ticks(self, ticks: list[Tick], position: str | None) -> None:
        marks = [{"T": "mark", "pos": position, "t": "1970-01-01T00:00:00Z"}] if position else []
        await self.send([*ticks, *marks])

    async def message(self, message: Tick, position: str | None = None) -> None:
        del position  # the message has it
        await self.send([message])


class StreamLine(WebSocketLine):
    def __init__(self, response: web.StreamResponse, codec: str) -> None:
        self.response = response
        self.codec = codec

    async def send(self, messages: list[Tick]) -> None:
        messages = [_timed(message, self.codec) for message in messages]
        if self.codec == "msgpack":
            await self.response.write(msgpack.packb(messages))
        else:
            await self.response.write(orjson.dumps(messages) + b"\n")


class SseLine:
    def __init__(self, response: web.StreamResponse, codec: str) -> None:
        self.response = response
        self.codec = codec

    async def ticks(self, ticks: list[Tick], position: str | None) -> None:
        ticks = [_timed(tick, self.codec) for tick in ticks]
        data = orjson.dumps(ticks) if self.codec == "json" else b64encode(msgpack.packb(ticks))
        ident = f"id: {position}\n" if position else ""
        await self.response.write(ident.encode() + b"data: " + data + b"\n\n")

    async def message(self, message: Tick, position: str | None = None) -> None:
        ident = f"id: {position}\n" if position else ""
        head = f"event: {message['T']}\n{ident}data: ".encode()
        await self.response.write(head + orjson.dumps(message) + b"\n\n")


class MiniFeed:
    """The server.

    Attributes:
        epoch, trades: what it serves; the sequence of `trades[i]` is i + 1.
        oldest: the oldest sequence that it still has.
        asked: what each connection asked for, in order: (transport, parameters).
        answers: what the next requests get in place of a feed.
        after_opening: what happens to the next connections once they are subscribed, before any
            tick.
        mute: connections get no tick and no mark.
        batch: ticks in one message at most.
        refresh_answer: what a client is told that says `auth` again.
        authorizations: what the requests of streams said of who asks.
        retry_ms: what SSE clients are asked to wait, if anything.
        connected: how many connections there are now.
    """

    def __init__(self) -> None:
        self.epoch = "aaaa"
        self.trades: list[Tick] = []
        self.oldest = 1
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answers: deque[Answer] = deque()
        self.after_opening: deque[Callable[[Line], Awaitable[None]]] = deque()
        self.mute = False
        self.batch = 7
        self.refresh_answer: Tick = {"T": "success", "msg": "authenticated"}
        self.authorizations: list[str | None] = []
        self.retry_ms: int | None = None
        self.connected = 0
        self.port = 0
        self._changed = asyncio.Condition()
        self._lines: set[asyncio.Transport] = set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen; on the same port as before, if there was one."""
        app = web.Application()
        app.router.add_get("/v1/{path}", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0)
        await self._runner.setup()
        self.port = await listen(self._runner, self.port)

    async def stop(self) -> None:
        """Cut everybody off and stop listening."""
        self.cut()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def cut(self) -> None:
        """Reset every connection in the middle of whatever it is doing."""
        for transport in self._lines:
            transport.abort()
        self._lines.clear()

    async def publish(self, count: int) -> None:
        """Publish so many trades with the next ids."""
        async with self._changed:
            last = len(self.trades)
            self.trades += [trade(last + offset + 1) for offset in range(count)]
            self._changed.notify_all()

    async def connections(self, count: int) -> None:
        """Wait until there are so many connections."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.connected == count)

    async def requests(self, count: int) -> None:
        """Wait until so many connections have asked for something."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.asked) >= count)

    def position(self, sequence: int) -> str:
        return f"{self.epoch}-{sequence}"

    async def _note(self, transport: str, parameters: dict[str, Any]) -> None:
        async with self._changed:
            self.asked.append((transport, parameters))
            self._changed.notify_all()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        if self.answers:
            await self._note(_transport(request), dict(request.query))
            return await self.answers.popleft()(request)
        assert request.transport is not None
        self._lines.add(request.transport)
        self.connected += 1
        try:
            with suppress(ConnectionError):
                return await self._serve(request)
        finally:
            async with self._changed:
                self.connected -= 1
                self._changed.notify_all()
        raise asyncio.CancelledError

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        transport = _transport(request)
        if transport == "websocket":
            return await self._serve_websocket(request)
        asked: dict[str, Any] = dict(request.query)
        self.authorizations.append(request.headers.get("Authorization"))
        if "Last-Event-ID" in request.headers:
            asked["Last-Event-ID"] = request.headers["Last-Event-ID"]
        response = web.StreamResponse()
        line: Line
        if transport == "sse":
            response.content_type = "text/event-stream"
            line = SseLine(response, asked.get("codec", "json"))
        else:
            response.content_type = request.headers["Accept"]
            codec = "json" if "json" in request.headers["Accept"] else "msgpack"
            line = StreamLine(response, codec)
        await response.prepare(request)
        if transport == "sse" and self.retry_ms is not None:
            await response.write(b"retry: %d\n" % self.retry_ms)
        await self._note(transport, asked)
        after = asked.get("Last-Event-ID", asked.get("after"))
        await self._feed(line, after, snapshot=asked.get("snapshot") == "1")
        return response

    async def _serve_websocket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("feed.json", "feed.msgpack"))
        await socket.prepare(request)
        line = WebSocketLine(socket, (socket.ws_protocol or "feed.json").removeprefix("feed."))
        await line.message({"T": "success", "msg": "connected"})
        asked: dict[str, Any] = {}
        while asked.get("action") != "subscribe":
            frame = await socket.receive()
            if frame.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                return socket
            binary = frame.type is WSMsgType.BINARY
            asked = msgpack.unpackb(frame.data) if binary else orjson.loads(frame.data)
            await self._note("websocket", asked)
            if asked["action"] == "auth":
                await line.message({"T": "success", "msg": "authenticated"})
        await line.message({"T": "subscription", "trades": asked.get("trades", [])})
        snapshot = asked.get("snapshot") is True
        feeding = asyncio.create_task(self._feed(line, asked.get("after"), snapshot=snapshot))
        try:
            async for frame in socket:  # until the client closes; pings and pongs are answered
                binary = frame.type is WSMsgType.BINARY
                asked = msgpack.unpackb(frame.data) if binary else orjson.loads(frame.data)
                await self._note("websocket", asked)
                await line.message(self.refresh_answer)
        finally:
            feeding.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await feeding
        return socket

    async def _feed(self, line: Line, after: str | None, *, snapshot: bool) -> None:
        if self.after_opening:
            await self.after_opening.popleft()(line)
        sent = len(self.trades)
        if after == "0":
            sent = self.oldest - 1
        elif after is not None:
            epoch, _, sequence = after.partition("-")
            if epoch == self.epoch and int(sequence) >= self.oldest - 1:
                sent = int(sequence)
            else:
                overrun = epoch == self.epoch
                first = self.position(int(sequence) + 1) if overrun else after
                reason = "overrun" if overrun else "epoch"
                last = self.position(sent)
                await line.message({"T": "gap", "from": first, "to": last, "reason": reason})
                snapshot = True
        if snapshot:
            await self.snapshot(line, sent)
        while True:
            async with self._changed:
                while len(self.trades) <= sent or self.mute:
                    await self._changed.wait()
            ticks = self.trades[sent : sent + self.batch]
            sent += len(ticks)
            await line.ticks(ticks, self.position(sent))

    async def snapshot(self, line: Line, sent: int, *, whole: bool = True) -> None:
        """Send the last trade as the state, or the beginning of that."""
        begin = {"T": "snapshot", "state": "begin", "pos": self.position(sent)}
        await line.message(begin)
        await line.ticks(self.trades[sent - 1 : sent], None)
        if whole:
            await line.message(begin | {"state": "end"}, self.position(sent))


class FeedThread:
    """A server on a loop in a thread of its own, for tests that have no loop."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        self.feed = self.do(self._make())

    @staticmethod
    async def _make() -> MiniFeed:
        feed = MiniFeed()
        await feed.start()
        return feed

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_S)

    def cut(self) -> None:
        self.loop.call_soon_threadsafe(self.feed.cut)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self.feed.stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


def _transport(request: web.Request) -> str:
    path = request.match_info["path"]
    return "websocket" if path == "ws" else path
