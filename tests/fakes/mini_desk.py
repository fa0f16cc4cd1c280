"""A small server that answers questions: the Responses API, and ways to misbehave on cue.

It has one answer ready, says it in numbered events, and goes on behind any of them; those who watch
get the state first, then words. Tests cut connections after so many events, and have it refuse.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Self, TypeVar

import orjson
from aiohttp import web

from tests.fakes.patience import PATIENCE_S
from tests.fakes.ports import listen

Object = dict[str, Any]
Result = TypeVar("Result")

ID = "gen_" + "0123456789abcdef" * 2
END: Object = {"type": "response.completed", "status": "completed"}
_HEAD = {"Content-Type": "text/event-stream", "Feed-Generation": ID}


def failed(code: str, words: str) -> Object:
    """Return the end of an answer whose model fails."""
    return {
        "type": "response.failed",
        "status": "failed",
        "error": {"code": code, "message": words},
    }


class MiniDesk:
    """The server.

    Attributes:
        pieces: the answer, piece by piece.
        end: what follows on them: the type of an event, and fields of its response. None: nothing
            does, until `finish` or a cancel.
        facts: that it rests on, with their position, as fields of its responses.
        cut_after: for each connection, in order, after how many events it is cut; None: never.
        answers: handlers for the next requests, in place of its own.
        asked: the body of each question.
        queries: of each request that goes on, or watches.
        headers: of each request.
        cancels: how often it was asked to stop.
    """

    def __init__(self, pieces: Sequence[str] = ("A", "B", "C")) -> None:
        self.pieces = list(pieces)
        self.end: Object | None = END
        self.facts: Object = {}
        self.cut_after: list[int | None] = []
        self.answers: list[Callable[[web.Request], Any]] = []
        self.asked: list[Object] = []
        self.queries: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.cancels = 0
        self.port = 0
        self._changed = asyncio.Condition()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    async def start(self) -> None:
        app = web.Application(middlewares=[self._instead])
        app.router.add_post("/v1/responses", self._ask)
        app.router.add_get("/v1/responses/{id}", self._go_on)
        app.router.add_post("/v1/responses/{id}/cancel", self._cancel)
        app.router.add_get("/v1/sse", self._watch)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.0)
        await self._runner.setup()
        self.port = await listen(self._runner, self.port)

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def finish(self, end: Object = END, *, pieces: Sequence[str] = ()) -> None:
        """Say the last pieces, and that it is over."""
        async with self._changed:
            self.pieces += pieces
            self.end = end
            self._changed.notify_all()

    def events(self) -> list[Object]:
        """The events that there are by now, as the Responses API has them."""
        response: Object = {"id": ID, "model": "market", "status": "in_progress"}
        response["feed"] = self.facts
        events: list[Object] = [
            {"type": "response.created", "response": response},
            {"type": "response.in_progress", "response": response},
            {"type": "response.output_item.added", "item": {}},
            {"type": "response.content_part.added", "part": {}},
        ]
        events += [{"type": "response.output_text.delta", "delta": each} for each in self.pieces]
        if self.end is not None:
            end = dict(self.end)
            events.append({"type": "response.output_text.done", "text": self.text})
            usage = {"input_tokens": 2, "output_tokens": len(self.pieces)}
            events.append({"type": end.pop("type"), "response": response | {"usage": usage} | end})
        return [event | {"sequence_number": number} for number, event in enumerate(events)]

    def words(self) -> list[Object]:
        """The words that there are by now, as the feed's own channel has them."""
        words: list[Object] = [{"T": "generation", "n": 0, "model": "market", "text": ""}]
        words += [{"T": "token", "n": n, "text": text} for n, text in enumerate(self.pieces, 1)]
        if self.end is not None:
            words.append(
                {"T": "generated", "n": len(words), "state": "stop"}
                | {"prompt_tokens": 2, "completion_tokens": len(self.pieces)}
            )
        return [{"id": ID} | word for word in words]

    @web.middleware
    async def _instead(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.headers.append(dict(request.headers))
        if self.answers:
            handler = self.answers.pop(0)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _ask(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(await request.json())
        return await self._say(request, self.events, 0)

    async def _go_on(self, request: web.Request) -> web.StreamResponse:
        self.queries.append(dict(request.query))
        return await self._say(
            request, self.events, int(request.query.get("starting_after", -1)) + 1
        )

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        self.queries.append(dict(request.query))
        words = self.words()
        said = [word for word in words if word["T"] == "token"]
        over = {"state": "running"} if self.end is None else words[-1] | {"T": "generation"}
        state = words[0] | {"n": len(said), "text": self.text} | over
        first: list[Object] = [{"T": "snapshot"}, state, {"T": "mark"}]

        def events() -> list[list[Object]]:
            return [first, *([word] for word in self.words()[len(said) + 1 :])]

        return await self._say(request, events, 0)

    async def _cancel(self, request: web.Request) -> web.StreamResponse:
        self.cancels += 1
        await self.finish({"type": "response.incomplete", "status": "cancelled"})
        return web.json_response({"id": request.match_info["id"], "status": "cancelled"})

    async def _say(
        self, request: web.Request, events: Callable[[], Sequence[Any]], first: int
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers=_HEAD)
        await response.prepare(request)
        most = self.cut_after.pop(0) if self.cut_after else None
        said = 0
        while True:
            for event in events()[first + said :]:
                if said == most:
                    assert request.transport is not None
                    request.transport.abort()
                    return response
                said += 1
                with suppress(ConnectionError):
                    await response.write(b":\ndata: " + orjson.dumps(event) + b"\n\n")
            if self.end is not None:
                return response
            async with self._changed:
                before = len(events())
                await self._changed.wait_for(lambda: len(events()) > before)  # noqa: B023 - of now


class DeskThread:
    """The same on a loop in another thread, for clients that block."""

    def __init__(self, desk: MiniDesk) -> None:
        self.desk = desk
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    def begin(self) -> None:
        self._thread.start()
        self.do(self.desk.start())

    def end(self) -> None:
        self.do(self.desk.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def served_desk(pieces: Sequence[str] = ("A", "B", "C")) -> Iterator[DeskThread]:
    """Run one while a block runs."""
    thread = DeskThread(MiniDesk(pieces))
    thread.begin()
    try:
        yield thread
    finally:
        thread.end()
