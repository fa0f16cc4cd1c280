"""Ask: what a language model answers, piece by piece as it comes."""

import asyncio
from collections.abc import Callable

from feed.client.generating.answer import Answer
from feed.errors import FeedError
from feed.market.generation_words import GenerationState
from feed.terminal.words import obeyed_by_none

CANCEL_TIMEOUT_S = 2.0  # whoever pressed Ctrl-C waits for no longer

Write = Callable[[bytes], object]
Tell = Callable[[str], object]


async def ask(answer: Answer, write: Write, tell: Tell) -> None:
    """Print an answer to its end; where printing ends before, by Ctrl-C for one, it is cancelled.

    Args:
        answer: that has begun.
        write: takes what is printed.
        tell: takes what is said beside it: which answer it is, and how it ended.

    Raises:
        GenerationFailed: the model failed.
        FeedError: the answer cannot be read on.
        OSError: `write` failed.
    """
    try:
        await watch(answer, write, tell)
    finally:
        if answer.state is GenerationState.RUNNING:
            await _cancel(answer, tell)


async def watch(answer: Answer, write: Write, tell: Tell) -> None:
    """Print an answer that is somebody else's to its end, as `ask` does."""
    try:
        async for piece in answer:
            write(obeyed_by_none(piece).encode())
    finally:
        if answer.text and not answer.text.endswith("\n"):
            write(b"\n")
    tell(_ending(answer))


async def _cancel(answer: Answer, tell: Tell) -> None:
    try:
        async with asyncio.timeout(CANCEL_TIMEOUT_S):
            await answer.cancel()
    except (FeedError, TimeoutError) as error:
        reason = str(error) or f"the server does not answer within {CANCEL_TIMEOUT_S:g} s"
        tell(f"{answer.id} may go on for a while: {reason}")


def _ending(answer: Answer) -> str:
    """Say which answer it was, and how it ended."""
    usage, grounding = answer.usage, answer.grounding
    facts = "" if grounding is None else f", facts as of {grounding.as_of or 'no position'}"
    tokens = "" if usage is None else f", {usage.prompt_tokens} + {usage.completion_tokens} tokens"
    ends = {
        GenerationState.STOP: "",
        GenerationState.LENGTH: "; cut off at the most tokens that it may have",
        GenerationState.CANCELLED: "; it was cancelled",
    }
    model = answer.model or "an unknown model"
    return f"{answer.id} of {model}{facts}{tokens}{ends.get(answer.state, '')}"
