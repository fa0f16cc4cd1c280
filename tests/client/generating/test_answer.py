"""Answers over connections: read while they are written, cut, refused, cancelled, watched."""

import asyncio
import random
from typing import Any

import pytest
from aiohttp import web

import feed
from feed.client.errors import GaveUp, Malformed, NotAFeed, Refused
from feed.client.events import Disconnected
from feed.client.generating.errors import GenerationFailed
from feed.client.generating.transcript import Usage
from feed.market.generation_words import GenerationState
from tests.client.generating.answers import all_of, answer_of, watched
from tests.fakes.clocks import ManualClock
from tests.fakes.mini_desk import ID, MiniDesk, failed


def says(status: int, body: object, **headers: str) -> Any:
    async def respond(request: web.Request) -> web.Response:
        del request
        return web.json_response(body, status=status, headers=headers)

    return respond


def error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "code": code}}


async def test_an_answer_is_read_while_it_is_written(desk: MiniDesk) -> None:
    desk.end = None
    async with feed.generate(desk.url, "what moved?", model="market", symbols="A,B") as answer:
        assert [await anext(answer) for _ in range(3)] == ["A", "B", "C"]
        assert (answer.id, answer.model) == (ID, "market")
        assert (answer.text, answer.state, answer.usage) == ("ABC", GenerationState.RUNNING, None)
        await desk.finish(pieces=("D",))
        assert [piece async for piece in answer] == ["D"]
    assert (answer.text, answer.state, answer.usage) == ("ABCD", GenerationState.STOP, Usage(2, 4))
    assert desk.asked == [
        {
            "input": "what moved?",
            "stream": True,
            "model": "market",
            "feed": {"symbols": ["A", "B"]},
        }
    ]


@pytest.mark.parametrize("make", [answer_of, watched])
async def test_each_piece_comes_once_however_connections_are_cut(make: Any) -> None:
    chance = random.Random(13)
    async with MiniDesk([f"{number} " for number in range(200)]) as desk:
        desk.cut_after = [chance.randrange(30) for _ in range(60)]
        assert "".join(await all_of(make(desk, give_up_after_s=None))) == desk.text
    assert len(desk.asked) == (desk.asked != [])


async def test_it_goes_on_behind_the_last_event_and_is_not_asked_again(desk: MiniDesk) -> None:
    desk.cut_after = [5, 1]
    answer = answer_of(desk)
    assert await all_of(answer) == ["A", "B", "C"]
    assert len(desk.asked) == 1
    assert desk.queries == [
        {"stream": "true", "starting_after": "4"},
        {"stream": "true", "starting_after": "5"},
    ]


async def test_a_server_that_does_not_go_on_there_is_asked_for_all_of_it(desk: MiniDesk) -> None:
    desk.cut_after = [5, 6]
    async with answer_of(desk) as answer:
        desk.answers = [says(400, error("", "what is between is kept as one text"))]
        assert [piece async for piece in answer] == ["A", "B", "C"]
    assert desk.queries == [{"stream": "true"}, {"stream": "true"}]


async def test_a_cut_before_the_first_event_goes_on_from_the_beginning(desk: MiniDesk) -> None:
    desk.cut_after = [0]
    assert await all_of(answer_of(desk)) == ["A", "B", "C"]
    assert (len(desk.asked), desk.queries) == (1, [{"stream": "true"}])


async def test_a_server_that_is_away_is_asked_later_and_the_end_of_trying_is_told() -> None:
    desk, clock = MiniDesk(), ManualClock()
    await desk.start()
    await desk.stop()
    with pytest.raises(GaveUp, match="Connection refused") as failure:
        await all_of(answer_of(desk, clock=clock))
    assert clock.slept_s == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert failure.value.tried_s == 31.0


@pytest.mark.parametrize("status", [408, 429, 500, 503])
async def test_passing_trouble_is_waited_for(desk: MiniDesk, status: int) -> None:
    clock = ManualClock()
    told: list[Disconnected] = []
    desk.answers = [says(status, error("busy", "later"), **{"Retry-After": "7"})]
    assert await all_of(answer_of(desk, clock=clock, on_event=told.append)) == ["A", "B", "C"]
    assert clock.slept_s == [8.0]
    assert [event.reason for event in told] == [f"{desk.url}/v1/responses answers {status}: later"]


async def test_a_refusal_has_the_words_of_the_server(desk: MiniDesk) -> None:
    desk.answers = [says(400, error("model_not_found", "the model 'x' is none of market"))]
    with pytest.raises(Refused, match="refused with 400: the model 'x' is none of") as refused:
        await all_of(answer_of(desk))
    assert (refused.value.code, refused.value.by_feed) == (400, True)


@pytest.mark.parametrize("status", [502, 504])
async def test_a_model_that_cannot_be_reached_is_no_server_that_is_away(
    desk: MiniDesk, status: int
) -> None:
    desk.answers = [says(status, error("upstream_unreachable", "the upstream is away"))]
    with pytest.raises(GenerationFailed, match="the upstream is away") as failure:
        await all_of(answer_of(desk))
    assert (failure.value.id, failure.value.code) == (None, "upstream_unreachable")


async def test_a_page_is_no_answer(desk: MiniDesk) -> None:
    desk.answers = [says(200, "a page")]
    with pytest.raises(NotAFeed, match="instead of text/event-stream"):
        await all_of(answer_of(desk))


async def test_a_model_that_fails_is_told_behind_its_text(desk: MiniDesk) -> None:
    desk.end = failed("interrupted", "the server ended")
    async with answer_of(desk) as answer:
        pieces = [await anext(answer) for _ in range(3)]
        with pytest.raises(GenerationFailed, match=f"{ID} failed .interrupted.: the server ended"):
            await anext(answer)
    assert (pieces, answer.state) == (["A", "B", "C"], GenerationState.INTERRUPTED)


async def test_a_server_that_breaks_the_protocol_again_and_again_is_left(desk: MiniDesk) -> None:
    async def garbage(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b'data: {"type": 3}\n\n')
        return response

    desk.answers = [garbage] * 9
    with pytest.raises(Malformed, match="5 connections in a row: an event is an object with a"):
        await all_of(answer_of(desk, give_up_after_s=None))


async def test_silence_is_a_lost_connection(desk: MiniDesk) -> None:
    desk.end, clock = None, ManualClock()
    told: list[Disconnected] = []
    async with answer_of(desk, clock=clock, on_event=told.append) as answer:
        await anext(answer)
        await anext(answer)
        await anext(answer)
        waiting = asyncio.create_task(anext(answer))
        await clock.expire(15.0)
        await desk.finish(pieces=("D",))
        assert await waiting == "D"
    assert [event.reason for event in told] == ["nothing came for 15 s"]


async def test_a_cancelled_answer_ends_with_what_was_said(desk: MiniDesk) -> None:
    desk.end = None
    async with answer_of(desk) as answer:
        assert await anext(answer) == "A"
        await answer.cancel()
        assert [piece async for piece in answer] == ["B", "C"]
        await answer.cancel()
    assert (answer.state, desk.cancels) == (GenerationState.CANCELLED, 1)


async def test_a_cancel_is_tried_again_and_a_refusal_of_it_is_told(desk: MiniDesk) -> None:
    desk.end = None
    async with answer_of(desk) as answer:
        desk.answers = [says(503, error("leaving", "it leaves")), says(404, error("x", "none"))]
        with pytest.raises(Refused, match="cancel refused with 404: none"):
            await answer.cancel()
        desk.answers = []


async def test_another_task_may_close_it(desk: MiniDesk) -> None:
    desk.end = None
    async with answer_of(desk) as answer:
        assert [await anext(answer) for _ in range(3)] == ["A", "B", "C"]
        waiting = asyncio.create_task(anext(answer, None))
        await asyncio.sleep(0)
        await answer.close()
        assert await waiting is None


async def test_who_asks_is_said_on_each_connection(desk: MiniDesk) -> None:
    desk.cut_after = [2]
    await all_of(answer_of(desk, key="a.b"))
    assert [sent["APCA-API-SECRET-KEY"] for sent in desk.headers] == ["b", "b"]


async def test_whoever_comes_late_is_given_the_text_so_far_then_words(desk: MiniDesk) -> None:
    desk.end = None
    async with feed.watch_answer(desk.url, ID) as answer:
        assert await anext(answer) == "ABC"
        await desk.finish(pieces=("D",))
        assert [piece async for piece in answer] == ["D"]
    assert (answer.model, answer.state, answer.usage) == ("market", "stop", Usage(2, 4))
    assert desk.queries == [{"generations": ID, "snapshot": "1"}]


async def test_an_answer_that_is_over_is_there_at_once(desk: MiniDesk) -> None:
    assert await all_of(watched(desk)) == ["ABC"]


async def test_whoever_may_not_watch_is_told(desk: MiniDesk) -> None:
    words = {"title": "Not found", "detail": "there is no such generation"}
    desk.answers = [says(404, words)]
    with pytest.raises(Refused, match="refused with 404: there is no such generation"):
        await all_of(watched(desk))
