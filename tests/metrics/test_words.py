"""`/metrics` of words beside ticks: answers, those who read them, and what is kept."""

from typing import Any

import pytest

from feed.generations.desk import Generations
from feed.generations.model import ModelError, ModelFault
from feed.generations.tally import Resumption
from feed.http.app import GENERATIONS
from feed.trust.identity import ANONYMOUS
from feed.wire.generations.asked import Asked, Turn
from tests.fakes.patience import until
from tests.fakes.readers import open_reader
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.servers import Feed, Serve
from tests.fakes.websocket_reader import WebSocketReader
from tests.metrics.test_families import metrics

TURNS = (Turn("user", "What moved?"),)


async def opened(serve: Serve, **settings: Any) -> tuple[Feed, Generations, ScriptedModel]:
    model = ScriptedModel()
    feed = await serve(paces={"embedded": model}, **settings)
    return feed, feed.server.app[GENERATIONS], model


async def begun(generations: Generations, model: ScriptedModel, *pieces: str) -> str:
    """Return the id of an answer that has begun."""
    generation = await generations.start(Asked("script", TURNS), ANONYMOUS, "")
    model.say(*pieces)
    await generation.begun()
    return generation.id


async def test_every_count_of_answers_is_there_from_the_start(serve: Serve) -> None:
    feed, _, _ = await opened(serve)
    seen = await metrics(feed)
    assert seen("feed_words_total", channel="generations") == 0
    for name in ("feed_generations_started_total", "feed_generation_tokens_total"):
        assert [seen(name, model=model) for model in ("script", "other")] == [0, 0]
    for state in ("stop", "length", "cancelled", "failed", "interrupted"):
        assert seen("feed_generations_ended_total", state=state) == 0
    for kind in (*ModelFault, "internal"):
        assert seen("feed_generation_failures_total", kind=kind) == 0
    for outcome in Resumption:
        assert seen("feed_generation_resumes_total", outcome=outcome) == 0


async def test_answers_are_counted_from_their_beginning_to_their_end(serve: Serve) -> None:
    feed, generations, model = await opened(serve, llm_max_running=3)
    await begun(generations, model, "Apple ", "rose.")
    generations.cut()
    running = await metrics(feed)
    assert running("feed_generations_started_total", model="script") == 1
    assert running("feed_generations_running") == 1
    assert running("feed_generations_limit") == 3
    assert running("feed_generation_first_token_seconds_count") == 1
    model.end()
    await until(lambda: not generations.running)
    await begun(generations, model, "Gold ")
    model.fail(ModelError(ModelFault.UPSTREAM_TIMEOUT, "late"))
    await until(lambda: not generations.running)
    with pytest.raises(ModelError):
        await generations.start(Asked("gpt", TURNS), ANONYMOUS, "")
    generations.cut()
    seen = await metrics(feed)
    assert seen("feed_generations_running") == 0
    assert seen("feed_generations_ended_total", state="stop") == 1
    assert seen("feed_generations_ended_total", state="failed") == 1
    assert seen("feed_generation_failures_total", kind="upstream_timeout") == 1
    assert seen("feed_generation_failures_total", kind="unknown_model") == 1
    assert seen("feed_generation_tokens_total", model="script") == 3
    assert seen("feed_words_total", channel="generations") == 7
    assert seen("feed_kept_keys", channel="generations") == 2
    assert seen("feed_kept_keys", channel="rooms") == 0
    assert 7 * 200 <= seen("feed_kept_bytes") < seen("feed_kept_limit_bytes")


async def test_whoever_selects_an_answer_watches_it_however_they_read(serve: Serve) -> None:
    feed, generations, model = await opened(serve)
    key = await begun(generations, model, "Apple ")
    address = (feed.host, feed.port)

    plain = await open_reader("sse-json", address)  # ticks alone
    alone = await open_reader("stream-json", address, trades="", quotes="", generations=key)
    beside = [await open_reader("sse-json", address, generations=key) for _ in range(2)]
    socket = await WebSocketReader.connect(address)
    await socket.begin()
    await socket.subscribe(generations=[key], trades=["*"])
    await feed.sessions_reach(5)
    assert (await metrics(feed))("feed_word_subscribers", channel="generations") == 4
    for reader in (plain, alone, *beside):
        reader.abort()
    await feed.sessions_reach(1)
    assert (await metrics(feed))("feed_word_subscribers", channel="generations") == 1
