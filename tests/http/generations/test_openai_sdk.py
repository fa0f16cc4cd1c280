"""OpenAI's SDK for Python, unmodified: whatever it does with an answer."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from feed.generations.market_model import MarketModel
from feed.generations.model import ModelError, ModelFault, Usage
from tests.fakes.servers import trade
from tests.http.generations.conftest import Desk, OpenDesk

USER: Any = [{"role": "user", "content": "What moved?"}]
ASKED: dict[str, Any] = {"model": "script", "messages": USER}

# The SDK is imported by the tests that use it: that takes longer than they do.


@pytest.fixture
def sdk() -> Any:
    return pytest.importorskip("openai", reason="openai is not installed (the extra `clients`)")


@asynccontextmanager
async def client_of(sdk: Any, desk: Desk, *, retries: int = 0) -> AsyncIterator[Any]:
    client = sdk.AsyncOpenAI(base_url=desk.feed.url("/v1"), api_key="any", max_retries=retries)
    async with client:
        yield client


async def refused(call: Awaitable[Any], error: type[Exception]) -> Any:
    with pytest.raises(error) as refusal:
        await call
    return refusal.value


async def test_it_reads_chat_completions(sdk: Any, open_desk: OpenDesk) -> None:
    desk = await open_desk()
    async with client_of(sdk, desk) as client:
        completions = client.chat.completions
        assert [model.id async for model in await client.models.list()] == ["script"]
        desk.model.say("Apple ", "rose.")
        desk.model.end(usage=Usage(3, 2))
        whole = await completions.create(**ASKED)
        assert whole.choices[0].message.content == "Apple rose."
        desk.model.say("Apple ")
        options = {"include_usage": True}
        stream = await completions.create(**ASKED, stream=True, stream_options=options)
        chunks = [await anext(stream), await anext(stream)]
        assert chunks[-1].choices[0].delta.content == "Apple ", "it came while it was written"
        desk.model.say("rose.")
        desk.model.end(usage=Usage(3, 2))
        chunks += [chunk async for chunk in stream]
    *said, usage = chunks
    assert "".join(chunk.choices[0].delta.content or "" for chunk in said) == "Apple rose."
    assert said[-1].choices[0].finish_reason == "stop"
    assert usage.choices == []
    assert usage.usage.total_tokens == whole.usage.total_tokens == 5


async def test_it_raises_what_is_refused_by_its_class(sdk: Any, open_desk: OpenDesk) -> None:
    desk = await open_desk()
    async with client_of(sdk, desk) as client:
        create = client.chat.completions.create
        unknown = await refused(create(model="nope", messages=USER), sdk.NotFoundError)
        assert (unknown.code, unknown.param) == ("model_not_found", "model")
        assert "'nope' is not served; served: script" in unknown.message
        wrong = await refused(create(**ASKED, n=2), sdk.BadRequestError)
        assert wrong.param == "n"
        long = [{"role": "user", "content": "x" * 300_000}]
        refusal = await refused(create(model="script", messages=long), sdk.APIStatusError)
        assert (refusal.status_code, refusal.code) == (413, "context_length_exceeded")
        desk.model.say("Apple ")
        desk.model.fail(ModelError(ModelFault.UPSTREAM_TIMEOUT, "it hangs"))
        with pytest.raises(sdk.APIError, match="it hangs"):
            async for _ in await create(**ASKED, stream=True):
                pass


async def test_it_comes_back_when_it_is_told_to(
    sdk: Any, open_desk: OpenDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await open_desk()
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr("openai._base_client.anyio.sleep", sleep)
    async with client_of(sdk, desk, retries=2) as client:
        for _ in range(4):
            desk.model.fail(ModelError(ModelFault.RATE_LIMITED, "later", retry_after_s=7.0))
        limited = await refused(client.chat.completions.create(**ASKED), sdk.RateLimitError)
        assert (limited.code, limited.body["message"]) == ("rate_limit_exceeded", "later")
        assert limited.response.headers["Retry-After"] == "7"
        desk.model.say("Apple rose.")
        desk.model.end()
        stream = await client.chat.completions.create(**ASKED, stream=True)
        texts = [chunk.choices[0].delta.content or "" async for chunk in stream]
    assert waits == [7, 7, 7]
    assert "".join(texts) == "Apple rose."


async def test_it_resumes_cancels_and_deletes_responses(sdk: Any, open_desk: OpenDesk) -> None:
    desk = await open_desk()
    async with client_of(sdk, desk) as client:
        responses = client.responses
        desk.model.say("Apple ")
        stream = await responses.create(model="script", input="What moved?", stream=True)
        events = [await anext(stream) for _ in range(5)]
        key = events[0].response.id
        assert events[-1].delta == "Apple "
        await stream.close()  # as a line that drops does
        desk.model.say("rose, ")
        again = await responses.retrieve(key, stream=True, starting_after=4)
        desk.model.say("it seems.")
        desk.model.end(usage=Usage(3, 3))
        events += [event async for event in again]
        assert [event.sequence_number for event in events] == list(range(len(events)))
        last = events[-1]
        assert (last.type, last.response.output_text) == (
            "response.completed",
            "Apple rose, it seems.",
        )
        wrong = await refused(
            responses.retrieve(key, stream=True, starting_after=99), sdk.BadRequestError
        )
        assert wrong.param == "starting_after"
        desk.model.say("Pear ")
        begun = await responses.create(model="script", input="And Pear?", background=True)
        cancelled = await responses.cancel(begun.id)
        assert (begun.status, cancelled.status) == ("in_progress", "cancelled")
        await responses.delete(begun.id)
        await refused(responses.retrieve(begun.id), sdk.NotFoundError)


async def test_it_reads_what_the_built_in_model_says(sdk: Any, open_desk: OpenDesk) -> None:
    desk = await open_desk(MarketModel(words_per_s=0))
    await desk.feed.publish(trade(1), trade(2, "MSFT"))
    async with client_of(sdk, desk) as client:
        more = {"feed": {"symbols": ["AAPL"]}}
        async with client.responses.stream(
            model="market", input="What moved?", extra_body=more
        ) as stream:
            deltas = [event.delta async for event in stream if event.type.endswith("text.delta")]
            response = await stream.get_final_response()
    assert response.output_text == "".join(deltas)
    assert response.output_text.startswith("Market summary (rule-based, not a language model)")
    assert "AAPL" in response.feed["facts"]
