"""A server that is killed while answers are written: they end, and what they said can be read."""

import asyncio
import itertools
import signal
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from tests.e2e.conftest import Program, Run
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.sse_reader import Event, SseReader
from tests.fakes.upstream import fake_upstream, streams, token
from tests.fakes.wire import Ended

QUESTION = {"model": "any", "input": "What moved?", "stream": True, "share": True}
WORDS = 6
PAUSE_S = 0.03  # between two words


async def ask(program: Program) -> RawHttp:
    """Ask a model by the Responses API."""
    body = orjson.dumps(QUESTION)
    head = (
        "POST /v1/responses HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    answer = await (await RawHttp.open(program.address)).ask(head.encode() + body)
    assert answer.status == 200
    return answer


async def counts_on(request: web.Request) -> web.StreamResponse:
    """Answer with one number after the other, for as long as somebody reads."""
    response = await streams()(request)
    for number in itertools.count():
        await response.write(token(f"{number} "))
        await asyncio.sleep(PAUSE_S)
    return response


async def events_of(answer: RawHttp, count: int = 1 << 30) -> list[dict[str, Any]]:
    """Return the next events of a response, until so many, its last one or the end of the line."""
    reader, events = SseReader(answer), list[dict[str, Any]]()
    try:
        while len(events) < count:
            events.append(orjson.loads((await reader.event()).data))
            if events[-1]["type"] == "response.failed":
                break
    except Ended:
        pass
    return events


class Watcher:
    """An EventSource on an answer, over two lives of a server.

    Attributes:
        words: all that it was told of the answer.
        position: where it stands.
    """

    def __init__(self, key: str) -> None:
        self._path = f"/v1/sse?generations={key}&snapshot=1"
        self.words: list[dict[str, Any]] = []
        self.position = ""

    async def watch(self, program: Program) -> None:
        """Read until the line ends, or the answer does."""
        headers = {"Last-Event-ID": self.position} if self.position else {}
        answer = await RawHttp.get(program.address, self._path, headers)
        assert answer.status == 200
        reader = SseReader(answer)
        try:
            while not (self.words and self.words[-1]["T"] == "generated"):
                self._hear(await reader.event())
        except Ended:
            return

    def _hear(self, event: Event) -> None:
        messages = orjson.loads(event.data)
        for message in messages if isinstance(messages, list) else [messages]:
            assert message["T"] != "gap", message
            if message["T"] in {"generation", "token", "generated"}:
                self.words.append(message)
        self.position = event.id or self.position


async def test_an_answer_whose_server_is_killed_ends_as_interrupted_for_all(
    run: Run, tmp_path: Path
) -> None:
    serve = ("--state", str(tmp_path / "state"), "--symbols", "AAPL", "--rate", "50")
    async with fake_upstream() as upstream:
        upstream.answers.append(counts_on)
        program = await run(*serve, "--llm", upstream.url)
        answer = await ask(program)
        key = answer.headers["Feed-Generation"]
        watcher = Watcher(key)
        watching = asyncio.create_task(watcher.watch(program))
        events = await events_of(answer, 4 + WORDS)
        await until(lambda: watcher.words or watching.done())  # both read it by now
        program.terminate(signal.SIGKILL)
        events += await events_of(answer)
        await watching
        await program.ended()

    program = await run(*serve)
    last = events[-1]["sequence_number"]
    path = f"/v1/responses/{key}"
    again = await RawHttp.get(program.address, f"{path}?stream=true&starting_after={last}")
    assert again.status == 200
    events += await events_of(again)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    failed = events[-1]["response"]
    assert (failed["status"], failed["error"]["code"]) == ("failed", "interrupted")
    text = "".join(event["delta"] for event in events if "delta" in event)
    numbers = text.split()
    assert numbers == [str(number) for number in range(len(numbers))]
    assert len(numbers) >= WORDS

    await watcher.watch(program)
    begun, end = watcher.words[0]["n"], watcher.words[-1]
    assert [word["n"] for word in watcher.words] == list(range(begun, begun + len(watcher.words)))
    assert (end["T"], end["state"]) == ("generated", "interrupted")
    assert "".join(word.get("text", "") for word in watcher.words) == text

    response = await program.document(path)
    assert response["status"] == "failed"
    assert response["output"][0]["content"][0]["text"] == text
