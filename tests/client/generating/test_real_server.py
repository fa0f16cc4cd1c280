"""Answers of a real server, whose model says what the test decides."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

import feed
from feed.client.backoff import Backoff
from feed.client.errors import Refused
from feed.client.generating.answer import Answer
from feed.client.generating.asking import Asking
from feed.client.generating.errors import GenerationFailed
from feed.client.generating.making import make
from feed.client.generating.question import Question
from feed.client.generating.transcript import Transcript
from feed.client.generating.watching import Watching
from feed.generations.model import ModelError, ModelFault, Usage
from feed.market.generation_words import GenerationState
from feed.settings.options import Settings
from tests.client.test_chaos import at_once
from tests.fakes.chaos import ChaosProxy
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.servers import start_feed

TOKENS = 400
SHARED: dict[str, Any] = {"share": True, "model": "script"}


@dataclass
class Desk:
    """A server that answers questions."""

    url: str
    port: int
    model: ScriptedModel


@pytest.fixture
async def real() -> AsyncIterator[Desk]:
    model = ScriptedModel()
    async with AsyncExitStack() as servers:
        served = await start_feed(servers, None, Settings(port=0), paces={"embedded": model})
        yield Desk(f"http://127.0.0.1:{served.port}", served.port, model)


def hasty(port: int, way: Any, transcript: Transcript) -> Answer:
    """Return an answer that comes back at once, however often its connection is cut."""
    url = f"http://127.0.0.1:{port}"
    return make(url, way, transcript, backoff=Backoff(at_once), give_up_after_s=None)


async def read(answer: Answer) -> str:
    return "".join([piece async for piece in answer])


async def test_an_answer_is_asked_read_and_watched(real: Desk) -> None:
    real.model.say("Apple ", "rose.")
    async with feed.generate(real.url, "what moved?", **SHARED) as answer:
        assert [await anext(answer), await anext(answer)] == ["Apple ", "rose."]
        async with feed.watch_answer(real.url, answer.id) as watched:
            assert await anext(watched) == "Apple rose."
            real.model.say(" So did Pear.")
            real.model.end(usage=Usage(3, 4))
            assert await read(watched) == await read(answer) == " So did Pear."
    assert (answer.state, watched.state) == (GenerationState.STOP, GenerationState.STOP)
    assert answer.usage == watched.usage
    assert answer.model == watched.model == "script"
    async with feed.watch_answer(real.url, answer.id) as late:
        assert await read(late) == "Apple rose. So did Pear."


async def test_every_token_comes_once_through_a_proxy_that_cuts_at_random(real: Desk) -> None:
    chance = random.Random(5)
    real.model.say(said := "begin\n")  # a stream begins with its first token
    async with ChaosProxy(real.port, seed=3, mean_bytes=3_000, spared_bytes=6_000) as proxy:
        asked, watched = Transcript(), Transcript()
        question = Question.of("what moved?", share=True, model="script")
        async with hasty(proxy.port, Asking(question, asked), asked) as answer:
            watched.id = answer.id
            async with hasty(proxy.port, Watching(watched), watched) as other:
                reads = [asyncio.create_task(read(each)) for each in (answer, other)]
                for number in range(TOKENS):
                    piece = f"{number}é\n" * chance.randrange(1, 4)
                    said += piece
                    real.model.say(piece)
                    if chance.random() < 0.1:
                        await asyncio.sleep(0.001)  # so that tokens leave in several cuts
                real.model.end()
                texts = await asyncio.gather(*reads)
        connections = proxy.connections
    assert texts[0] == texts[1] == asked.text == watched.text
    assert asked.number == 3 + 1 + TOKENS + 4
    assert texts[0] == said
    assert connections > 6
    assert len(real.model.asked) == 1, "it is asked once"


async def test_a_cancelled_answer_is_over_for_all(real: Desk) -> None:
    real.model.say("Apple ")
    async with (
        feed.generate(real.url, "what moved?", **SHARED) as answer,
        feed.watch_answer(real.url, answer.id) as watched,
    ):
        assert await anext(answer) == "Apple "
        await answer.cancel()
        assert [await read(answer), await read(watched)] == ["", "Apple "]
        await answer.cancel()
        assert (answer.state, watched.state) == ("cancelled", "cancelled")
    assert real.model.closed == 1


async def test_a_model_that_fails_is_told_all(real: Desk) -> None:
    real.model.say("Apple ")
    real.model.fail(ModelError(ModelFault.UPSTREAM_TIMEOUT, "nothing came for 30 s"))
    async with feed.generate(real.url, "what moved?", **SHARED) as answer:
        with pytest.raises(GenerationFailed, match="nothing came for 30 s"):
            await read(answer)
    assert answer.text == "Apple "
    async with feed.watch_answer(real.url, answer.id) as watched:
        assert await anext(watched) == "Apple "
        with pytest.raises(GenerationFailed, match="nothing came for 30 s"):
            await anext(watched)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"model": "nope"}, "model: 'nope' is not served; served: script"),
        ({"symbols": "NOPE"}, "'NOPE' is not accepted"),
    ],
)
async def test_a_refusal_is_told_in_the_words_of_the_server(
    real: Desk, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(Refused, match=words):
        async with feed.generate(real.url, "what moved?", **options):
            raise AssertionError("it was not refused")


async def test_an_answer_that_is_not_shared_is_watched_by_nobody_else(real: Desk) -> None:
    real.model.end()
    with pytest.raises(Refused, match="generations: 'gen_0000"):
        async with feed.watch_answer(real.url, f"gen_{0:032x}") as watched:
            await read(watched)
