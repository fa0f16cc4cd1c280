"""A small server that takes ticks: the contract of `/v1/ingest`, and ways to misbehave on cue.

It applies each batch of a producer once, keeps what it applied, and says when that is durable.
Tests cut it off, have it lose acknowledgements, refuse, be silent, and end as a kill would end it.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Self

import msgpack
import orjson
from aiohttp import WSMsgType, web

from tests.fakes.patience import PATIENCE_S
from tests.fakes.ports import listen

Object = dict[str, Any]


class MiniIngest:
    """The server.

    Attributes:
        keeps: it has a state: what it applied becomes durable.
        settles: it says so at once; else when `settle` is called.
        most_ticks: in one batch.
        applied: the ticks of all batches, in the order in which they were applied.
        durable: how many of them a kill leaves.
        sequences: of each producer: the numbers of batches that were applied.
        came: the numbers of all batches that came, duplicates too, with how many ticks they had.
        refuses: says why a batch is refused, as the fields of that message; None: it is not.
        asked: the query of each connection.
        said: the control messages that came: `auth`.
        answers: what the next connections get in place of a socket, an HTTP status.
        greets, acks, reads, pongs: it does so.
        cut_after_batches: cut each connection off after so many batches, before they are
            acknowledged; None: never.
        first_words: messages that stand before the greeting.
    """

    def __init__(self, *, keeps: bool = True) -> None:
        self.keeps = keeps
        self.settles = True
        self.most_ticks = 10_000
        self.applied: list[Object] = []
        self.durable = 0
        self.sequences: dict[str, set[int]] = {}
        self.came: list[tuple[int, int]] = []
        self.refuses: Callable[[int, list[Object]], Object | None] = lambda *_: None
        self.asked: list[dict[str, str]] = []
        self.said: list[Object] = []
        self.answers: list[int] = []
        self.greets = self.acks = self.reads = self.pongs = True
        self.cut_after_batches: int | None = None
        self.first_words: list[Object] = []
        self.port = 0
        self.epoch = "aaaa"
        self._unsettled: list[tuple[str, int]] = []
        self._durable_sequences: dict[str, set[int]] = {}
        self._sockets: dict[web.WebSocketResponse, str] = {}
        self._transports: set[asyncio.Transport] = set()
        self._runner: web.AppRunner | None = None
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ids(self) -> list[int]:
        """The ids of all ticks that were applied."""
        return [tick["i"] for tick in self.applied]

    async def start(self) -> None:
        """Listen; on the same port as before, if there was one."""
        app = web.Application()
        app.router.add_get("/v1/ingest", self._handle)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0)
        await self._runner.setup()
        self.port = await listen(self._runner, self.port)

    async def stop(self) -> None:
        self.cut()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def kill(self) -> None:
        """End, and forget what was not durable; where nothing is kept, all but the ticks."""
        await self.stop()
        self._unsettled.clear()
        if self.keeps:
            del self.applied[self.durable :]
            self.sequences = {name: set(kept) for name, kept in self._durable_sequences.items()}
        else:
            self.sequences.clear()

    def cut(self) -> None:
        """Reset every connection in the middle of whatever it is doing."""
        for transport in self._transports:
            transport.abort()
        self._transports.clear()

    async def settle(self) -> None:
        """Let all that was applied be durable, and say so."""
        settled, self._unsettled = self._unsettled, []
        self.durable = len(self.applied)
        newest: dict[str, int] = {}
        for producer, number in settled:
            self._durable_sequences.setdefault(producer, set()).add(number)
            newest[producer] = number
        for socket, producer in list(self._sockets.items()):
            if producer in newest:
                await self.say(socket, {"T": "durable", "sequence": newest[producer]})

    async def tell(self, message: Object) -> None:
        """Say something to every connection."""
        for socket in list(self._sockets):
            await self.say(socket, message)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds, which is looked at whenever something came."""
        async with self._changed, asyncio.timeout(PATIENCE_S):
            await self._changed.wait_for(holds)

    @staticmethod
    async def say(socket: web.WebSocketResponse, message: Object) -> None:
        with suppress(ConnectionError):
            await socket.send_str(orjson.dumps(message).decode())

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.query))
        await self._note()
        if self.answers:
            problem = {"title": "No", "detail": "of the double"}
            headers = {"Retry-After": "7"}
            return web.json_response(problem, status=self.answers.pop(0), headers=headers)
        assert request.transport is not None
        self._transports.add(request.transport)
        socket = web.WebSocketResponse(autoping=self.pongs)
        await socket.prepare(request)
        try:
            with suppress(ConnectionError):
                await self._serve(socket, request.query["producer"])
        finally:
            self._sockets.pop(socket, None)
        return socket

    async def _serve(self, socket: web.WebSocketResponse, producer: str) -> None:
        for message in self.first_words:
            await self.say(socket, message)
        if self.greets:
            await self.say(socket, self._greeting(producer))
        self._sockets[socket] = producer
        await self._note()
        batches = 0
        while True:
            if not self.reads:
                await asyncio.Event().wait()
            frame = await socket.receive()
            if frame.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                return
            is_text = frame.type is WSMsgType.TEXT
            message = orjson.loads(frame.data) if is_text else msgpack.unpackb(frame.data)
            if "action" in message:
                self.said.append(message)
                await self.say(socket, {"T": "success", "msg": "authenticated"})
                await self._note()
                continue
            batches += 1
            if self.cut_after_batches is not None and batches > self.cut_after_batches:
                self._take(producer, message["sequence"], message["ticks"])
                assert socket._req is not None
                assert socket._req.transport is not None
                socket._req.transport.abort()
                return
            answer = self._take(producer, message["sequence"], message["ticks"])
            if self.acks:
                await self.say(socket, answer)
            if self.keeps and self.settles:
                await self.settle()
            await self._note()

    async def _note(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _greeting(self, producer: str) -> Object:
        sequences = self.sequences.get(producer, set())
        return {
            "T": "producer",
            "producer": producer,
            "last": max(sequences, default=None),
            "missing": [],
            "durable": max(self._durable_sequences.get(producer, set()), default=None),
            "keeps": self.keeps,
            "most_ticks": self.most_ticks,
        }

    def _take(self, producer: str, number: int, ticks: list[Object]) -> Object:
        self.came.append((number, len(ticks)))
        sequences = self.sequences.setdefault(producer, set())
        refusal = self.refuses(number, ticks)
        if refusal is not None:
            return {"T": "refused", "sequence": number, **refusal}
        duplicate = number in sequences
        if not duplicate:
            sequences.add(number)
            self.applied += ticks
        self._unsettled.append((producer, number))
        return {
            "T": "ack",
            "producer": producer,
            "sequence": number,
            "pos": None if duplicate else f"{self.epoch}-{len(self.applied)}",
            "count": len(ticks),
            "durable": False,
            "duplicate": duplicate,
        }


@contextmanager
def served_ingest() -> Iterator[MiniIngest]:
    """Serve on a loop in a thread of its own, for tests that have no loop."""
    loop, server = asyncio.new_event_loop(), MiniIngest()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(server.start(), loop).result(PATIENCE_S)
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(PATIENCE_S)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
