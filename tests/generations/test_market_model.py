"""The built-in model says what the facts say, word by word."""

import asyncio

import pytest

from feed.generations.facts import Facts
from feed.generations.market_model import MarketModel
from feed.generations.model import Finish, Model, Piece, Usage
from feed.market.generation_words import GenerationState
from feed.wire.generations.asked import Asked, Turn

ANSWER = "Market summary. AAPL is at 202.00, +1.00%."
FACTS = Facts("last 202.00", "Ab12-3", 1, ("AAPL",), ANSWER)
TURNS = (Turn("system", "Be short."), Turn("user", "what moved today?"))


async def said(model: Model, max_tokens: int | None = None) -> list[Piece]:
    asked = Asked("market", TURNS, max_tokens=max_tokens)
    return [piece async for piece in model.answer(asked, FACTS)]


async def test_an_answer_is_words_their_number_and_how_it_finished() -> None:
    *words, usage, finish = await said(MarketModel(0))
    assert words == ["Market", " summary.", " AAPL", " is", " at", " 202.00,", " +1.00%."]
    assert usage == Usage(prompt_tokens=5, completion_tokens=7)
    assert finish == Finish(GenerationState.STOP)


@pytest.mark.parametrize(
    ("most", "text", "state"),
    [
        (0, "", GenerationState.LENGTH),
        (2, "Market summary.", GenerationState.LENGTH),
        (7, ANSWER, GenerationState.STOP),
        (100, ANSWER, GenerationState.STOP),
    ],
)
async def test_no_more_words_are_said_than_are_allowed(
    most: int, text: str, state: GenerationState
) -> None:
    *words, usage, finish = await said(MarketModel(0), most)
    assert "".join(map(str, words)) == text
    assert usage == Usage(5, len(words))
    assert finish == Finish(state)


async def test_words_come_at_a_pace_and_not_later_for_a_slow_reader(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s, waits_s = 100.0, list[float]()

    async def sleep(delay_s: float) -> None:
        nonlocal now_s
        waits_s.append(delay_s)
        now_s += delay_s

    monkeypatch.setattr("feed.generations.market_model.asyncio.sleep", sleep)
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now_s, raising=False)
    asked = Asked("market", TURNS)
    async for piece in MarketModel(10).answer(asked, FACTS):
        if piece == " AAPL":
            now_s += 0.25  # its reader is busy
    assert waits_s == pytest.approx([0.1, 0.1, 0.0, 0.0, 0.05, 0.1])


async def test_an_answer_that_is_closed_says_no_more() -> None:
    answer = MarketModel(0.001).answer(Asked("market", TURNS), FACTS)
    assert await anext(answer) == "Market"
    waiting = asyncio.ensure_future(anext(answer))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert [piece async for piece in answer] == []


async def test_it_needs_facts() -> None:
    assert MarketModel().needs_facts
    with pytest.raises(AssertionError):
        await anext(MarketModel().answer(Asked("market", TURNS), None))
