"""A model that says what it is told, so that a client in another process decides what it says."""

import asyncio
from collections.abc import AsyncIterator

from feed.generations.facts import Facts
from feed.generations.model import Finish, ModelError, ModelFault, Piece, Usage
from feed.market.generation_words import GenerationState
from feed.wire.generations.asked import Asked


class Parrot:
    """Says the last turn again, word by word.

    Three turns are otherwise: "wait" says its first word and then nothing, until it is stopped;
    "fail" fails behind its first word, and "limited" before it.
    """

    name = "parrot"
    needs_facts = False

    async def answer(self, asked: Asked, facts: Facts | None) -> AsyncIterator[Piece]:
        del facts
        text = asked.turns[-1].content
        if text == "limited":
            raise ModelError(ModelFault.RATE_LIMITED, "later", retry_after_s=7.0)
        words = text.split(" ")
        for number, word in enumerate(words):
            yield f" {word}" if number else word.capitalize()
            await asyncio.sleep(0)  # so that words leave in several cuts
        if text == "fail":
            raise ModelError(ModelFault.UPSTREAM_TIMEOUT, "it hangs")
        if text == "wait":
            await asyncio.Event().wait()
        yield Usage(len(words), len(words))
        yield Finish(GenerationState.STOP)
