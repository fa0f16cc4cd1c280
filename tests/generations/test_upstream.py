"""An upstream that does as it should: what it is asked, and how its answer is read."""

import asyncio
import itertools
import logging
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import cast

import pytest

from feed.errors import InvalidParameter
from feed.generations.facts import Facts
from feed.generations.model import Finish, Piece, Usage
from feed.generations.upstream import GRACE_S, STEP_BYTES, Upstream
from feed.market.generation_words import GenerationState
from feed.settings.language_models import LLM_KEY
from feed.settings.options import Settings
from tests.fakes.clocks import ManualClock
from tests.fakes.upstream import DONE, FakeUpstream, hangs, refuses, streams, token, usage
from tests.generations.asking import ASKED, answer, text_and_error, upstream_at

STOP = Finish(GenerationState.STOP)


async def test_an_answer_is_read_token_by_token(fake: FakeUpstream) -> None:
    fake.answers.append(streams(token("Hel"), token("lo", "length"), usage(3, 2), DONE))
    async with upstream_at(fake.url, key="sk-1234") as upstream:
        pieces = await answer(upstream)
    assert pieces == ["Hel", "lo", Usage(3, 2), Finish(GenerationState.LENGTH)]
    assert fake.asked[0]["messages"] == [{"role": "user", "content": "Hi"}]
    assert fake.asked[0]["max_tokens"] == 4096
    assert fake.headers[0]["Authorization"] == "Bearer sk-1234"


async def test_a_question_is_asked_with_facts_and_without_a_key(fake: FakeUpstream) -> None:
    async with upstream_at(fake.url, llm_model=["m=org/m:8b"]) as upstream:
        model = await upstream.find("m")
        facts = Facts("AAPL 187.20", "ep-7", 0, ("AAPL",))
        pieces = [piece async for piece in model.answer(ASKED, facts)]
    assert (model.name, model.needs_facts, pieces) == ("m", False, ["Hello", STOP])
    assert fake.asked[0]["model"] == "org/m:8b"
    assert "AAPL 187.20" in fake.asked[0]["messages"][0]["content"]
    assert "Authorization" not in fake.headers[0]


@pytest.mark.parametrize("cancels", [False, True])
async def test_a_token_is_there_at_once_and_closing_the_iterator_cuts_the_connection(
    fake: FakeUpstream, cancels: bool
) -> None:
    fake.answers.append(streams(token("a"), hangs=True))
    async with upstream_at(fake.url) as upstream:
        model = await upstream.find("m")
        pieces = cast("AsyncGenerator[Piece]", model.answer(ASKED, None))
        assert await anext(pieces) == "a"
        if cancels:
            task = asyncio.ensure_future(anext(pieces))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        else:
            await pieces.aclose()
        await fake.left.wait()


async def test_whoever_gives_up_before_the_first_token_cuts_the_connection(
    fake: FakeUpstream,
) -> None:
    fake.answers.append(hangs)
    async with upstream_at(fake.url) as upstream:
        asked = asyncio.create_task(answer(upstream))
        await fake.came.wait()
        asked.cancel()
        await fake.left.wait()


async def test_an_end_is_not_waited_for_once_the_model_is_done(fake: FakeUpstream) -> None:
    fake.answers.append(streams(token("a", "stop"), hangs=True))
    clock = ManualClock()
    async with upstream_at(fake.url, clock=clock) as upstream:
        asked = asyncio.create_task(answer(upstream))
        await clock.expire(GRACE_S)
        assert await asked == ["a", STOP]


async def test_an_answer_that_is_not_streamed_is_taken_too(fake: FakeUpstream) -> None:
    said = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    fake.answers.append(refuses(200, said))
    async with upstream_at(fake.url) as upstream:
        assert await answer(upstream) == ["Hi", STOP]


async def test_a_server_that_refuses_to_count_is_asked_again_and_remembered(
    fake: FakeUpstream,
) -> None:
    fake.answers.append(refuses(400, {"error": {"message": "bad request"}}))
    async with upstream_at(fake.url) as upstream:
        assert await answer(upstream) == ["Hello", STOP]
        assert await answer(upstream) == ["Hello", STOP]
    assert ["stream_options" in body for body in fake.asked] == [True, False, False]


async def test_a_server_that_counts_is_not_asked_twice_about_a_bad_request(
    fake: FakeUpstream,
) -> None:
    async with upstream_at(fake.url) as upstream:
        await answer(upstream)
        fake.answers.append(refuses(400, {"error": {"message": "no such role"}}))
        _, error = await text_and_error(upstream)
    assert (error.status, error.words) == (400, "the upstream answers 400: no such role")
    assert len(fake.asked) == 2


async def test_the_loop_is_given_up_while_a_flood_is_read(fake: FakeUpstream) -> None:
    one = token("a")
    fake.answers.append(streams(*[one * 500] * 10, DONE))
    turns = itertools.count()
    turn = 0

    async def count() -> None:
        nonlocal turn
        while True:
            turn = next(turns)
            await asyncio.sleep(0)

    async with upstream_at(fake.url) as upstream:
        counting = asyncio.create_task(count())
        model = await upstream.find("m")
        at = [turn async for piece in model.answer(ASKED, None) if piece == "a"]
        counting.cancel()
    most = max(len(list(group)) for _, group in itertools.groupby(at))
    assert (len(at), most <= STEP_BYTES // len(one) + 1) == (5_000, True)


async def test_models_are_listed_once_a_minute_and_the_first_is_the_usual_one(
    fake: FakeUpstream,
) -> None:
    fake.listed = {"data": [{"id": "a"}, {"id": "b"}, {"id": 3}, None]}
    clock = ManualClock()
    async with upstream_at(fake.url, clock=clock) as upstream:
        both = await asyncio.gather(upstream.names(), upstream.names())
        assert list(both) == [["a", "b"], ["a", "b"]]
        await answer(upstream, replace(ASKED, model=""))
        assert (fake.asked[0]["model"], fake.listings) == ("a", 1)
        clock.advance(60.0)
        fake.listed = None
        assert await upstream.names() == ["a", "b"], "what was known is better than nothing"
        clock.advance(10.0)
        fake.listed = {"data": [{"id": "c"}]}
        assert await upstream.names() == ["c"]
    assert fake.listings == 3


@pytest.mark.parametrize("listed", [None, [], {"data": 3}, "<html>"])
async def test_a_server_that_lists_no_models_is_asked_all_the_same(
    fake: FakeUpstream, listed: object
) -> None:
    fake.listed = listed
    async with upstream_at(fake.url) as upstream:
        assert await upstream.names() == []
        assert await answer(upstream) == ["Hello", STOP]


@pytest.mark.parametrize("key", ["a b", "ä", "a\nb", "\0"])
def test_a_key_that_is_none_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(InvalidParameter) as error:
        Upstream.of(Settings(llm="http://127.0.0.1:1"), {LLM_KEY: key})
    assert key not in str(error.value)
    assert LLM_KEY in str(error.value)


def test_a_server_without_an_upstream_has_none() -> None:
    assert Upstream.of(Settings(), {LLM_KEY: "a b"}) is None


async def test_the_key_is_in_no_error_and_no_log(
    fake: FakeUpstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    fake.answers.append(refuses(400, {"error": {"message": "who is sk-1234?"}}))
    options = Settings(llm=fake.url, llm_model=("m=m",))
    upstream = Upstream.of(options, {LLM_KEY: " sk-1234\n"})
    assert upstream is not None
    fake.answers.append(refuses(400, {"error": {"message": "who is sk-1234?"}}))
    _, error = await text_and_error(upstream)
    await upstream.close()
    assert fake.headers[0]["Authorization"] == "Bearer sk-1234"
    assert error.words == "the upstream answers 400: who is …?"
    assert "sk-1234" not in caplog.text + repr(error)
