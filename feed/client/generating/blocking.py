"""An answer for scripts and notebooks that have no event loop, or one that is busy."""

from typing import Self

from feed.client.generating.answer import Answer
from feed.client.generating.transcript import Grounding, Usage
from feed.client.twins import BlockingBlock
from feed.market.generation_words import GenerationState


class BlockingAnswer(BlockingBlock):
    """An `Answer` whose methods wait; use it in a `with` block.

    Attributes:
        answer: the answer itself; its attributes can be read at any time.
    """

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer, "a blocking answer")
        self.answer = answer

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        """Return the next piece of text; raises as `Answer.__anext__` does."""
        try:
            return self._thread.wait(self.answer.__anext__())
        except StopAsyncIteration:
            raise StopIteration from None

    @property
    def id(self) -> str:
        """The id of the generation, by which others watch it."""
        return self.answer.id

    @property
    def model(self) -> str:
        """What answers."""
        return self.answer.model

    @property
    def text(self) -> str:
        """All of the text that has come."""
        return self.answer.text

    @property
    def state(self) -> GenerationState:
        """How it stands: running, or how it ended."""
        return self.answer.state

    @property
    def grounding(self) -> Grounding | None:
        """The facts that it rests on; None: on none, or they were not told yet."""
        return self.answer.grounding

    @property
    def usage(self) -> Usage | None:
        """Its tokens, once it is over; None where they are not told."""
        return self.answer.usage

    def cancel(self) -> None:
        """Have the model stop, as `Answer.cancel` does; may be called by another thread."""
        self._thread.wait(self.answer.cancel())
