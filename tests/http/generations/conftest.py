"""A server whose model says what a test decides, and a client that asks it."""

from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import pytest

from feed.generations.desk import Generations
from feed.generations.generation import Generation
from feed.generations.model import Model
from feed.http.app import GENERATIONS
from feed.hub.clock import SYSTEM_CLOCK, Clock
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.servers import Feed, Serve

QUESTION = {"model": "script", "messages": [{"role": "user", "content": "What moved?"}]}


@dataclass
class Desk:
    """A server that answers questions."""

    feed: Feed
    model: ScriptedModel

    @property
    def generations(self) -> Generations:
        return self.feed.server.app[GENERATIONS]

    async def post(self, path: str, body: Any, **headers: str) -> RawHttp:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        return await self.ask("POST", path, data, **headers)

    async def ask(self, method: str, path: str, data: bytes = b"", **headers: str) -> RawHttp:
        """Send a request, and return with the head of its answer."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if data:
            named = {"Content-Type": "application/json", **named}
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(data)}"]
        lines += [f"{name}: {value}" for name, value in named.items()]
        http = await RawHttp.open((self.feed.host, self.feed.port))
        return await http.ask("\r\n".join([*lines, "", ""]).encode() + data)

    async def get(self, path: str, **headers: str) -> RawHttp:
        return await self.ask("GET", path, b"", **headers)

    async def started(self) -> Generation:
        """Return the generation that was asked for last, once it has begun."""
        archive = self.generations.archive
        await until(lambda: len(archive) > 0)
        return list(archive._by_id.values())[-1]

    async def stream(self, **more: Any) -> RawHttp:
        """Ask for a stream of chat completions."""
        return await self.post("/v1/chat/completions", QUESTION | {"stream": True} | more)


class OpenDesk(Protocol):
    async def __call__(
        self, model: Model | None = None, *, clock: Clock = SYSTEM_CLOCK, **settings: Any
    ) -> Desk: ...


@pytest.fixture
def open_desk(serve: Serve) -> OpenDesk:
    async def start(
        model: Model | None = None, *, clock: Clock = SYSTEM_CLOCK, **settings: Any
    ) -> Desk:
        script = ScriptedModel()
        feed = await serve(clock=clock, paces={"embedded": model or script}, **settings)
        return Desk(feed, script)

    return start


def objects(body: bytes) -> list[Any]:
    """Return the objects of a stream's events; the last one is "[DONE]" where that is said."""
    datas = [line[6:] for line in body.split(b"\n") if line.startswith(b"data: ")]
    return ["[DONE]" if data == b"[DONE]" else orjson.loads(data) for data in datas]
