"""Lines that are cut at random: whoever comes back reads every token once, and in order."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.fakes.chaos import ChaosProxy
from tests.fakes.raw_http import RawHttp
from tests.fakes.sse_reader import SseReader
from tests.fakes.wire import Ended
from tests.http.generations.conftest import OpenDesk

TOKENS = 200
SPARED_BYTES = 20_000  # of every other line: what a watcher missed comes as one event


@dataclass
class Asker:
    """Whoever asked by OpenAI's SDK, and resumes as its documentation says.

    Attributes:
        id: of the response.
        numbers: of all events, as they came.
        text: of all pieces, joined.
        whole: the text, as the last event repeats it.
    """

    sdk: Any
    client: Any
    id: str = ""
    numbers: list[int] = field(default_factory=list)
    text: str = ""
    whole: str | None = None

    async def ask(self) -> None:
        """Ask once, and read until the line is cut."""
        create = self.client.responses.create
        extra = {"share": True}
        await self._read(create(model="script", input="Hi", stream=True, extra_body=extra))

    async def resume(self) -> None:
        """Come back until all has come."""
        while self.whole is None:
            last = self.numbers[-1]
            await self._read(
                self.client.responses.retrieve(self.id, stream=True, starting_after=last)
            )

    async def _read(self, opening: Any) -> None:
        httpx = pytest.importorskip("httpx2")
        try:
            async for event in await opening:
                self.numbers.append(event.sequence_number)
                if event.type == "response.created":
                    self.id = event.response.id
                if event.type == "response.output_text.delta":
                    self.text += event.delta
                if event.type == "response.completed":
                    self.whole = event.response.output_text
        except (self.sdk.APIConnectionError, httpx.TransportError):
            return


@dataclass
class Watcher:
    """An EventSource, which comes back with the id of its last event.

    Attributes:
        numbers: of the last word of the state that it began with, and of all words behind it.
        text: of all words.
        is_over: it was told the end.
    """

    port: int
    key: str
    numbers: list[int] = field(default_factory=list)
    text: str = ""
    is_over: bool = False

    async def watch(self) -> None:
        """Come back until the end was told."""
        position: str | None = None
        while not self.is_over:
            headers = {"Last-Event-ID": position} if position else {}
            try:
                path = f"/v1/sse?generations={self.key}&snapshot=1"
                http = await RawHttp.get(("127.0.0.1", self.port), path, headers)
                assert http.status == 200
                reader = SseReader(http)
                while not self.is_over:
                    messages, event_id = await reader.read()
                    for message in messages:
                        self._hear(message)
                    position = event_id or position
            except (Ended, OSError):
                continue

    def _hear(self, message: Any) -> None:
        assert message["T"] != "gap"
        if message["T"] == "generation":
            self.numbers, self.text = [], ""  # whose first line was cut begins again
        if message["T"] in {"generation", "token", "generated"}:
            self.numbers.append(message["n"])
            self.text += message.get("text", "")
        self.is_over = message["T"] == "generated"


async def test_every_token_comes_once_through_a_proxy_that_cuts_at_random(
    open_desk: OpenDesk,
) -> None:
    sdk = pytest.importorskip("openai", reason="openai is not installed (the extra `clients`)")
    desk = await open_desk()
    chance = random.Random(5)
    desk.model.say(said := "begin ")
    async with (
        ChaosProxy(desk.feed.port, seed=3, mean_bytes=4_000, spared_bytes=SPARED_BYTES) as proxy,
        sdk.AsyncOpenAI(
            base_url=f"http://127.0.0.1:{proxy.port}/v1", api_key="any", max_retries=0
        ) as client,
    ):
        asker = Asker(sdk, client)
        reads = [asyncio.create_task(asker.ask())]
        watcher = Watcher(proxy.port, (await desk.started()).id)
        reads.append(asyncio.create_task(watcher.watch()))
        for number in range(TOKENS):
            piece = f"{number}é " * chance.randrange(1, 4)
            said += piece
            desk.model.say(piece)
            if chance.random() < 0.1:
                await asyncio.sleep(0.001)  # so that tokens leave in several cuts
        desk.model.end()
        await reads[0]
        await asker.resume()
        await reads[1]
    assert asker.text == asker.whole == watcher.text == said
    assert asker.numbers == list(range(3 + 1 + TOKENS + 4 + 1))
    begun = watcher.numbers[0]
    assert watcher.numbers == list(range(begun, TOKENS + 3))
    assert proxy.connections > 4
    assert len(desk.model.asked) == 1, "it is asked once"
