"""The model `market`: a summary of the market by rules, said word by word like any other answer.

It knows nothing but the facts that it is given, and says first that it is not a language model. Its
tokens are words.
"""

import asyncio
from collections.abc import AsyncIterator
from itertools import islice

from feed.generations.facts import Facts
from feed.generations.model import Finish, Piece, Usage
from feed.market.generation_words import GenerationState
from feed.wire.generations.asked import Asked

NAME = "market"
WORDS_PER_S = 30.0  # about as fast as a small language model on one core of its own


class MarketModel:
    """Answers with what the facts say by rules; a `feed.generations.model.Model`."""

    name = NAME
    needs_facts = True

    def __init__(self, words_per_s: float = WORDS_PER_S) -> None:
        """Make a model; with 0 words a second, all are said at once."""
        self._words_per_s = words_per_s

    async def answer(self, asked: Asked, facts: Facts | None) -> AsyncIterator[Piece]:
        """Yield the words of the answer that the facts have, at an even pace."""
        assert facts is not None, "it says that it needs them"
        words = facts.answer.split(" ")
        said = list(islice(words, asked.max_tokens))
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for number, word in enumerate(said):
            if number and self._words_per_s:
                due_s = began_s + number / self._words_per_s
                await asyncio.sleep(max(0.0, due_s - loop.time()))
            yield f" {word}" if number else word
        yield Usage(sum(len(turn.content.split()) for turn in asked.turns), len(said))
        is_whole = len(said) == len(words)
        yield Finish(GenerationState.STOP if is_whole else GenerationState.LENGTH)
