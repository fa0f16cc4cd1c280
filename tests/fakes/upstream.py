"""A server of language models whose answers tests write, byte for byte."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
DONE = b"data: [DONE]\n\n"


def event(said: object) -> bytes:
    """Return an event of a stream."""
    return f"data: {json.dumps(said)}\n\n".encode()


def token(text: str | None, finish: str | None = None, **delta: object) -> bytes:
    """Return the event of one token."""
    choice = {"index": 0, "delta": {"content": text, **delta}, "finish_reason": finish}
    return event({"object": "chat.completion.chunk", "choices": [choice]})


def usage(prompt: int, completion: int) -> bytes:
    """Return the event of the numbers of tokens."""
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    return event({"object": "chat.completion.chunk", "choices": [], "usage": counts})


def streams(*parts: bytes, hangs: bool = False, kind: str = "text/event-stream") -> Answer:
    """Return an answer that sends these parts, and ends, or hangs until it is cut."""

    async def respond(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": kind})
        await response.prepare(request)
        for part in parts:
            await response.write(part)
        if hangs:
            await asyncio.Event().wait()
        return response

    return respond


def cuts(*parts: bytes) -> Answer:
    """Return an answer that sends these parts, and cuts the connection."""

    async def respond(request: web.Request) -> web.StreamResponse:
        response = await streams(*parts)(request)
        assert request.transport is not None
        request.transport.abort()
        return response

    return respond


def refuses(status: int, said: object = None, **headers: str) -> Answer:
    """Return an answer with a status and an object, or a page."""

    async def respond(request: web.Request) -> web.StreamResponse:
        del request
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(said, str):
            return web.Response(status=status, text=said, content_type="text/html", headers=named)
        return web.json_response(said, status=status, headers=named)

    return respond


async def hangs(request: web.Request) -> web.StreamResponse:
    """Answer nothing at all."""
    del request
    await asyncio.Event().wait()
    raise AssertionError("for ever is over")


class FakeUpstream:
    """The server.

    Attributes:
        answers: to the next requests; after them each is answered "Hello", at once.
        asked: the body of each question, in order.
        headers: those of each request, likewise.
        url: its base.
        listed: what it says of its models; None: it does not know the path.
        listings: how often it was asked for them.
        came: set when there was a question.
        left: set when a request was cut by whoever asked.
    """

    def __init__(self) -> None:
        self.answers: deque[Answer] = deque()
        self.asked: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.url = ""
        self.listed: object = None
        self.listings = 0
        self.came = asyncio.Event()
        self.left = asyncio.Event()

    async def complete(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        self.headers.append(dict(request.headers))
        self.came.set()
        usual = streams(token("Hello", "stop"), DONE)
        answer = self.answers.popleft() if self.answers else usual
        try:
            return await answer(request)
        except asyncio.CancelledError:
            self.left.set()
            raise

    async def models(self, request: web.Request) -> web.StreamResponse:
        del request
        self.listings += 1
        if self.listed is None:
            raise web.HTTPNotFound
        return web.json_response(self.listed)


@asynccontextmanager
async def fake_upstream() -> AsyncIterator[FakeUpstream]:
    """Run one on a free port."""
    fake = FakeUpstream()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", fake.complete)
    app.router.add_get("/v1/models", fake.models)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield fake
    finally:
        await runner.cleanup()
