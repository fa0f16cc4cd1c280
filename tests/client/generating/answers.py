"""Answers of a small server, whose waits take no time."""

from typing import Any

from feed.client.backoff import Backoff
from feed.client.generating.answer import Answer
from feed.client.generating.asking import Asking
from feed.client.generating.making import make
from feed.client.generating.question import Question
from feed.client.generating.transcript import Transcript
from feed.client.generating.watching import Watching
from tests.client.test_backoff import longest
from tests.fakes.clocks import ManualClock
from tests.fakes.mini_desk import ID, MiniDesk


def answer_of(desk: MiniDesk, prompt: str = "what moved?", **options: Any) -> Answer:
    transcript = Transcript()
    return _make(desk, Asking(Question.of(prompt), transcript), transcript, **options)


def watched(desk: MiniDesk, **options: Any) -> Answer:
    transcript = Transcript(ID)
    return _make(desk, Watching(transcript), transcript, **options)


def _make(desk: MiniDesk, way: Any, transcript: Transcript, **options: Any) -> Answer:
    options.setdefault("clock", ManualClock())
    return make(desk.url, way, transcript, backoff=Backoff(longest), **options)


async def all_of(answer: Answer) -> list[str]:
    """Return the pieces of an answer, up to its end."""
    async with answer:
        return [piece async for piece in answer]
