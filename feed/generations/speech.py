"""The speech of one generation: pulls pieces from a model, and has them said as words.

The model is read at its own pace, for whatever it says is kept; there is no back-pressure to it.
Pieces that are there at once are said together, a lone one at once.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Hashable

from feed.generations.generation import Generation
from feed.generations.model import Piece
from feed.generations.transcript import Ending, Transcript
from feed.hub.clock import Clock
from feed.market.generation_words import GenerationState, GenerationWord

_MOST_AT_ONCE = 256  # pieces, between two turns of the loop: 0.5 ms


class Speech:
    """One generation while it is written.

    Attributes:
        generation: which.
        owner: whose limits count.
        asked_ns: when it was asked for, monotonic.
        said_ns: when it said its last words; None: it has said no token yet.
        task: reads the model.
    """

    __slots__ = (
        "_clock",
        "_handle",
        "_say",
        "_transcript",
        "_unsaid",
        "asked_ns",
        "generation",
        "owner",
        "said_ns",
        "task",
    )

    def __init__(
        self,
        generation: Generation,
        transcript: Transcript,
        owner: Hashable,
        clock: Clock,
        say: Callable[["Speech", list[GenerationWord]], None],
        *,
        asked_ns: int,
    ) -> None:
        """Begin; `say` takes words in order."""
        self.generation = generation
        self.owner = owner
        self.asked_ns = asked_ns
        self.said_ns: int | None = None
        self.task: asyncio.Task[Ending] | None = None
        self._transcript = transcript
        self._clock = clock
        self._say = say
        self._unsaid: list[GenerationWord] = []
        self._handle: asyncio.Handle | None = None

    @property
    def uncounted_tokens(self) -> int:
        """The tokens that the model has counted beyond those that were said."""
        usage = self._transcript.usage
        return 0 if usage is None else usage.completion_tokens - self._transcript.tokens

    async def hear(self, pieces: AsyncIterator[Piece]) -> Ending:
        """Say all pieces; return the end, which is not said yet.

        Raises:
            ModelError: the model has failed.
        """
        transcript, loop = self._transcript, asyncio.get_running_loop()
        try:
            async for piece in pieces:
                self._unsaid += transcript.add(piece, self._clock.wall_ns())
                if self._unsaid and self._handle is None:
                    self._handle = loop.call_soon(self._say_all)
                if transcript.is_full:
                    break
                if len(self._unsaid) >= _MOST_AT_ONCE:
                    await asyncio.sleep(0)
        finally:
            if isinstance(pieces, AsyncGenerator):
                await pieces.aclose()
        return transcript.ending or Ending(GenerationState.STOP)

    def end(self, ending: Ending) -> None:
        """Say what is left, and the end."""
        self._unsaid.append(self._transcript.end(ending, self._clock.wall_ns()))
        self._say_all()

    def _say_all(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        words, self._unsaid = self._unsaid, []
        if words:
            self._say(self, words)
