"""A model whose every piece the test decides."""

import asyncio
from collections.abc import AsyncIterator

from feed.generations.facts import Facts
from feed.generations.model import Finish, Piece, Usage
from feed.market.generation_words import GenerationState
from feed.wire.generations.asked import Asked


class ScriptedModel:
    """Says what it is told to, when it is told to; fails or ends when it is told to.

    Attributes:
        asked: the questions that it was asked.
        facts: what it was told with each.
        closed: how many of its answers were ended, by themselves or from outside.
    """

    name = "script"

    def __init__(self, *, needs_facts: bool = False) -> None:
        self.needs_facts = needs_facts
        self.asked: list[Asked] = []
        self.facts: list[Facts | None] = []
        self.closed = 0
        self._script: asyncio.Queue[Piece | Exception | None] = asyncio.Queue()

    async def answer(self, asked: Asked, facts: Facts | None) -> AsyncIterator[Piece]:
        self.asked.append(asked)
        self.facts.append(facts)
        try:
            while (step := await self._script.get()) is not None:
                if isinstance(step, Exception):
                    raise step
                yield step
        finally:
            self.closed += 1

    def say(self, *pieces: Piece) -> None:
        for piece in pieces:
            self._script.put_nowait(piece)

    def fail(self, error: Exception) -> None:
        self._script.put_nowait(error)

    def end(self, *, usage: Usage | None = None) -> None:
        """Say how it finished, and end."""
        if usage is not None:
            self.say(usage)
        self.say(Finish(GenerationState.STOP))
        self._script.put_nowait(None)
