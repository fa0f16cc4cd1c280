"""Every way in which an upstream fails, and the one clear error that each ends in."""

import asyncio
import socket

import pytest
from aiohttp import web

from feed.generations.attempts import MOST
from feed.generations.model import ModelFault
from tests.fakes.clocks import ManualClock
from tests.fakes.upstream import (
    DONE,
    Answer,
    FakeUpstream,
    cuts,
    event,
    hangs,
    refuses,
    streams,
    token,
)
from tests.generations.asking import answer, text_and_error, upstream_at

BUSY = {"error": {"message": "busy"}}


async def cut_before_an_answer(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@pytest.mark.parametrize(
    "first",
    [refuses(500, BUSY), refuses(503, "<html>"), refuses(429, BUSY), cut_before_an_answer],
)
async def test_what_may_pass_before_the_first_token_is_tried_again(
    fake: FakeUpstream, first: Answer
) -> None:
    fake.answers += [first, first]
    clock = ManualClock()
    async with upstream_at(fake.url, clock=clock) as upstream:
        assert (await answer(upstream))[0] == "Hello"
    assert len(fake.asked) == MOST
    assert all(0.1 < waited < 1.1 for waited in clock.slept_s)


@pytest.mark.parametrize(
    ("last", "kind", "status", "words"),
    [
        (refuses(500, BUSY), ModelFault.UPSTREAM_STATUS, 502, "the upstream answers 500: busy"),
        (refuses(502, "<html>"), ModelFault.UPSTREAM_STATUS, 502, "the upstream answers 502"),
        (refuses(429, BUSY), ModelFault.RATE_LIMITED, 429, "the upstream refuses it: busy"),
        (
            cut_before_an_answer,
            ModelFault.UPSTREAM_UNREACHABLE,
            502,
            "the connection to the upstream was cut before it answered",
        ),
    ],
)
async def test_after_some_attempts_the_last_failure_is_told(
    fake: FakeUpstream, last: Answer, kind: ModelFault, status: int, words: str
) -> None:
    fake.answers += [last] * MOST
    async with upstream_at(fake.url) as upstream:
        text, error = await text_and_error(upstream)
    assert (text, error.kind, error.status, error.words) == ("", kind, status, words)


async def test_an_upstream_is_given_the_time_it_asks_for(fake: FakeUpstream) -> None:
    fake.answers.append(refuses(429, BUSY, Retry_After="7"))
    clock = ManualClock()
    async with upstream_at(fake.url, clock=clock) as upstream:
        assert (await answer(upstream))[0] == "Hello"
    assert 7.0 < clock.slept_s[0] < 7.5


async def test_more_time_than_there_is_is_passed_on(fake: FakeUpstream) -> None:
    fake.answers.append(refuses(429, BUSY, Retry_After="31"))
    async with upstream_at(fake.url) as upstream:
        _, error = await text_and_error(upstream)
    assert (error.kind, error.retry_after_s, len(fake.asked)) == (ModelFault.RATE_LIMITED, 31.0, 1)


async def test_nobody_at_the_address_is_told_without_it() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        clock = ManualClock()
        async with upstream_at(url, clock=clock) as upstream:
            _, error = await text_and_error(upstream)
    assert (error.kind, error.words) == (
        ModelFault.UPSTREAM_UNREACHABLE,
        "the upstream cannot be reached",
    )
    assert len(clock.slept_s) == MOST - 1


async def test_a_connection_that_is_not_made_in_time_is_given_up() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1", 0) as server:
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        async with upstream_at(url, llm_connect_s=0.05) as upstream:
            _, error = await text_and_error(upstream)
    assert error.kind is ModelFault.UPSTREAM_UNREACHABLE


@pytest.mark.parametrize(("signs", "left_s"), [(None, 9.0), ([], 8.0), ([b": ping\n\n"], 7.0)])
async def test_a_first_token_that_does_not_come_is_waited_for_once(
    fake: FakeUpstream, signs: list[bytes] | None, left_s: float
) -> None:
    clock = ManualClock()

    async def begin(request: web.Request) -> web.StreamResponse:
        """Answer with a head after a second, and with each sign a second later."""
        await clock.wait_until_armed(9.0)
        clock.advance(1.0)
        response = await streams()(request)
        for number, sign in enumerate(signs or ()):
            await clock.wait_until_armed(8.0 - number)
            clock.advance(1.0)
            await response.write(sign)
        return await hangs(request)

    fake.answers.append(hangs if signs is None else begin)
    async with upstream_at(fake.url, clock=clock, llm_first_token_s=9) as upstream:
        failing = asyncio.create_task(text_and_error(upstream))
        await fake.came.wait()
        await clock.expire(left_s)
        text, error = await failing
        assert (text, error.kind) == ("", ModelFault.UPSTREAM_TIMEOUT)
        assert error.words == "the upstream did not begin within 9 s"
        await fake.left.wait()
    assert len(fake.asked) == 1


async def test_silence_in_mid_answer_is_given_up(fake: FakeUpstream) -> None:
    fake.answers.append(streams(token("a"), hangs=True))
    clock = ManualClock()
    async with upstream_at(fake.url, clock=clock, llm_between_tokens_s=9) as upstream:
        failing = asyncio.create_task(text_and_error(upstream))
        await clock.expire(9.0)
        text, error = await failing
        await fake.left.wait()
    assert (text, error.kind) == ("a", ModelFault.UPSTREAM_TIMEOUT)
    assert error.words == "the upstream was silent in mid-answer for 9 s"


async def test_signs_of_life_in_mid_answer_are_no_tokens(fake: FakeUpstream) -> None:
    clock = ManualClock()

    async def pings(request: web.Request) -> web.StreamResponse:
        response = await streams(token("a"))(request)
        await clock.wait_until_armed(9.0)
        clock.advance(4.0)
        await response.write(b": ping\n\n")
        await asyncio.Event().wait()
        return response

    fake.answers.append(pings)
    async with upstream_at(fake.url, clock=clock, llm_between_tokens_s=9) as upstream:
        failing = asyncio.create_task(text_and_error(upstream))
        await clock.expire(5.0)
        _, error = await failing
    assert error.kind is ModelFault.UPSTREAM_TIMEOUT


@pytest.mark.parametrize(
    ("bad", "text", "words"),
    [
        (streams(b"<!DOCTYPE html>", kind="text/html"), "", "a page (HTML)"),
        (streams(token("a")), "a", "ended in mid-answer"),
        (streams(token("a"), token("b")[:-9]), "a", "ended in mid-answer"),
        (cuts(token("a")), "a", "ended in mid-answer"),
        (streams(token("a"), event(BUSY), token("b"), DONE), "a", "broke off its answer: busy"),
        (streams(token("a"), b"data: " + b"x" * (1 << 20)), "a", "about one token"),
        (streams(token("a"), b"data: x\n\n", hangs=True), "a", "that is not JSON"),
        (refuses(200, BUSY), "", "broke off its answer: busy"),
        (streams(b'{"choices', kind="application/json"), "", "something else than an event stream"),
    ],
)
async def test_an_answer_that_is_none_is_not_asked_for_again(
    fake: FakeUpstream, bad: Answer, text: str, words: str
) -> None:
    fake.answers.append(bad)
    async with upstream_at(fake.url) as upstream:
        said, error = await text_and_error(upstream)
    assert (said, error.kind) == (text, ModelFault.UPSTREAM_ANSWER)
    assert words in error.words
    assert len(fake.asked) == 1


async def test_redirects_are_not_followed(fake: FakeUpstream) -> None:
    fake.answers.append(refuses(307, None, Location=f"{fake.url}/chat/completions"))
    async with upstream_at(fake.url, key="sk-1234") as upstream:
        _, error = await text_and_error(upstream)
    assert error.words == "the upstream leads elsewhere (status 307), where nobody follows"
    assert len(fake.asked) == 1


@pytest.mark.parametrize(
    ("name", "words"),
    [("x", "there is no model 'x'; there are fast"), ("y" * 99_999, "there is no model 'yyy")],
)
async def test_a_model_that_is_not_there_is_not_asked(
    fake: FakeUpstream, name: str, words: str
) -> None:
    async with upstream_at(fake.url, llm_model=["fast=m"]) as upstream:
        with pytest.raises(Exception, match=words) as error:
            await upstream.find(name)
    assert len(str(error.value)) < 200
    assert fake.asked == []


async def test_a_server_that_names_no_models_has_no_usual_one(fake: FakeUpstream) -> None:
    async with upstream_at(fake.url) as upstream:
        with pytest.raises(Exception, match="no model is named") as error:
            await upstream.find("")
    assert getattr(error.value, "kind", None) is ModelFault.UNKNOWN_MODEL
