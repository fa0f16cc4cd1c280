"""`POST /v1/chat/completions`, from the question to the last byte."""

from typing import Any

import orjson
import pytest

from feed.generations.market_model import MarketModel
from feed.generations.model import ModelError, ModelFault, Usage
from feed.http.app import GENERATIONS
from feed.market.generation_words import GenerationState
from feed.wire.disconnect import Reason
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import trade
from tests.fakes.wire import Ended, Wire
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


async def test_a_connection_takes_another_question_after_a_stream(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("a")
    desk.model.end()
    answer = await desk.stream()
    assert objects(await answer.body())[-1] == "[DONE]"
    await answer.ask(b"GET /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert [model["id"] for model in (await answer.document())["data"]] == ["script"]


async def test_a_client_of_http_1_0_gets_the_bare_body(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("a")
    desk.model.end()
    body = orjson.dumps(QUESTION | {"stream": True})
    head = (
        "POST /v1/chat/completions HTTP/1.0\r\nHost: localhost\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    answer = await (await RawHttp.open((desk.feed.host, desk.feed.port))).ask(head.encode() + body)
    assert not answer.chunked
    assert text_of(objects(await answer.up_to(b"[DONE]\n\n"))) == "a"
    with pytest.raises(Ended):
        await answer.more()


async def test_usage_comes_in_the_stream_where_it_is_wanted(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("a")
    desk.model.end(usage=Usage(3, 1))
    answer = await desk.stream(stream_options={"include_usage": True})
    chunks = objects(await answer.body())
    assert chunks[-2]["usage"]["total_tokens"] == 4


async def test_what_fails_before_the_first_token_is_a_status(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.fail(ModelError(ModelFault.RATE_LIMITED, "later", retry_after_s=6.2))
    answer = await desk.stream()
    assert (answer.status, answer.headers["Retry-After"]) == (429, "7")
    assert (await answer.document())["error"]["message"] == "later"
    desk.model.fail(RuntimeError("a bug"))
    answer = await desk.post("/v1/chat/completions", QUESTION)
    assert answer.status == 500
    assert "logged" in (await answer.document())["error"]["message"]


async def test_what_fails_later_is_an_error_in_the_stream(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("Apple ")
    answer = await desk.stream()
    await answer.up_to(b"Apple ")
    desk.model.fail(ModelError(ModelFault.UPSTREAM_TIMEOUT, "it hangs"))
    *_, error, done = objects(await answer.body())
    assert error["error"]["message"] == "it hangs"
    assert done == "[DONE]"


async def test_whoever_does_not_read_holds_up_nobody(open_desk: OpenDesk) -> None:
    desk = await open_desk(high_water_bytes=4_096)
    address = desk.feed.host, desk.feed.port
    slow = RawHttp(await Wire.connect(address, receive_buffer_bytes=4_096))
    body = orjson.dumps(QUESTION | {"stream": True})
    head = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    slow.wire.writer.write(
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n{head}".encode() + body
    )
    generation = await desk.started()
    desk.model.say("Apple ")
    await until(lambda: len(desk.feed.hub.sessions) == 1)
    ladder, text = desk.feed.hub.audience.ladder, "x" * 4_000
    said = 0
    while not ladder.paused:
        desk.model.say(text)
        said += 1
        await until(lambda: len(generation.log()) == said + 2)  # noqa: B023 - at once
    desk.model.say("rose.")
    desk.model.end()
    await generation.over()
    await slow.head()  # now it reads, and is given all
    chunks = objects(await slow.body())
    assert text_of(chunks) == generation.state.text == "Apple " + said * text + "rose."
    assert chunks[-1] == "[DONE]"


async def test_an_answer_goes_on_without_whoever_asked(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("Apple ")
    answer = await desk.stream()
    await answer.up_to(b"Apple ")
    generation = await desk.started()
    assert generation.is_read
    answer.wire.abort()
    await until(lambda: not desk.feed.hub.sessions and not generation.is_read)
    desk.model.say("rose.")
    desk.model.end()
    await generation.over()
    assert generation.state.text == "Apple rose."
    assert generation.last.state is GenerationState.STOP


async def test_a_server_that_leaves_ends_its_streams_with_an_error(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("Apple ")
    answer = await desk.stream()
    await answer.up_to(b"Apple ")
    await desk.feed.server.app[GENERATIONS].close()
    await desk.feed.hub.departure.finish()
    *_, error, done = objects(await answer.body())
    assert error["error"]["code"] == "interrupted"
    assert done == "[DONE]"
    late = await desk.stream()
    assert late.status == 503
    assert int(late.headers["Retry-After"]) > 0


async def test_a_stream_that_is_cut_off_ends_with_why(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    desk.model.say("Apple ")
    answer = await desk.stream()
    await answer.up_to(b"Apple ")
    (session,) = desk.feed.hub.sessions.values()
    desk.feed.hub.disconnect(session, Reason.ADMIN)
    *_, error, _ = objects(await answer.body())
    assert error["error"]["code"] == "admin"
    assert "administrator" in error["error"]["message"]
    assert not (await desk.started()).is_over


async def test_the_built_in_model_sums_up_the_market(open_desk: OpenDesk) -> None:
    desk = await open_desk(MarketModel(words_per_s=0))
    await desk.feed.publish(trade(1), trade(2, "MSFT"))
    question = QUESTION | {"model": "market", "stream": True, "feed": {"symbols": ["AAPL"]}}
    chunks = objects(await (await desk.post("/v1/chat/completions", question)).body())
    assert text_of(chunks).startswith("Market summary (rule-based, not a language model)")
    assert "AAPL" in chunks[0]["feed"]["facts"]
    assert "MSFT" not in chunks[0]["feed"]["facts"]


async def test_who_leaves_before_a_whole_answer_reads_no_more(open_desk: OpenDesk) -> None:
    desk = await open_desk()
    body = orjson.dumps(QUESTION)
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    http = await RawHttp.open((desk.feed.host, desk.feed.port))
    http.wire.writer.write(head.encode() + body)
    generation = await desk.started()
    await until(lambda: generation.is_read)
    http.wire.writer.close()
    await until(lambda: not generation.is_read)
    assert not generation.is_over
    desk.model.end()
