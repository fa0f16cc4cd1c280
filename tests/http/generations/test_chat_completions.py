"""`POST /v1/chat/completions`, from the question to the last byte."""

from typing import Any

from feed.generations.model import Usage
from tests.http.generations.conftest import QUESTION, OpenDesk, objects


def text_of(chunks: list[Any]) -> str:
    return "".join(
        chunk["choices"][0]["delta"].get("content", "")
        for chunk in chunks
        if chunk != "[DONE]" and chunk["choices"]
    )


async def test_an_answer_is_streamed_while_it_is_written(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("Apple ")
    answer = await desk.stream()
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert "Content-Encoding" not in answer.headers
    await answer.up_to(b'"content":"Apple "')
    desk.model.say("rose.")
    await answer.up_to(b'"content":"rose."')
    desk.model.end()
    rest = await answer.body()
    assert objects(rest)[-1] == "[DONE]"


async def test_the_id_of_an_answer_is_in_its_head_and_its_chunks(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("a")
    desk.model.end()
    answer = await desk.stream()
    chunks = objects(await answer.body())
    assert {chunk["id"] for chunk in chunks[:-1]} == {answer.headers["Feed-Generation"]}


async def test_an_answer_that_is_not_streamed_comes_whole(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("Apple ", "rose.")
    desk.model.end(usage=Usage(3, 2))
    answer = await desk.post("/v1/chat/completions", QUESTION)
    document = await answer.document()
    assert document["choices"][0]["message"]["content"] == "Apple rose."
    assert document["usage"]["total_tokens"] == 5
    assert answer.headers["Feed-Generation"] == document["id"]
