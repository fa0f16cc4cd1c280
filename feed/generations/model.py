"""Models: what answers questions, piece by piece, and the errors with which that fails.

An answer is pieces of text, then its usage where that is known, then how it finished. An answer
that ends without a `Finish` has stopped by itself. Whoever has read enough closes the iterator,
which ends whatever goes on behind it.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, Self

from feed.errors import FeedError
from feed.generations.facts import Facts
from feed.market.generation_words import GenerationState
from feed.wire.generations.asked import Asked


@dataclass(frozen=True, slots=True)
class Usage:
    """How many tokens a question and its answer had, as the model counts them."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Finish:
    """How an answer ended that did not fail.

    Attributes:
        state: STOP, or LENGTH where there were as many tokens as allowed.
    """

    state: GenerationState


Piece = str | Usage | Finish


class Model(Protocol):
    """Answers questions."""

    @property
    def name(self) -> str:
        """By which it is asked for."""

    @property
    def needs_facts(self) -> bool:
        """Whether it is always told facts, of all symbols where nobody asked for some.

        Others are told what `Asked.symbols` says.
        """

    def answer(self, asked: Asked, facts: Facts | None) -> AsyncIterator[Piece]:
        """Yield the answer to a question.

        Raises:
            ModelError: there is none, or not the whole of it.
        """


class ModelFault(StrEnum):
    """What went wrong with an answer: the code of a generation that failed.

    Attributes:
        status: of HTTP, where nothing was answered yet and nobody says otherwise.
        meaning: in words, for documents.
    """

    status: int
    meaning: str

    def __new__(cls, value: str, status: int, meaning: str) -> Self:
        """Make a member that is its text."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.status = status
        member.meaning = meaning
        return member

    UNKNOWN_MODEL = "unknown_model", 404, "no model has this name"
    TOO_LONG = "too_long", 413, "the prompt is longer than this server, or the model, takes"
    TOO_MANY = "too_many", 429, "as many answers are being written as there may be at once"
    RATE_LIMITED = "rate_limited", 429, "more was asked for than may be in this time"
    UPSTREAM_UNREACHABLE = "upstream_unreachable", 502, "no connection, or it ended in silence"
    UPSTREAM_STATUS = "upstream_status", 502, "the upstream refused, for a reason of its own"
    UPSTREAM_ANSWER = "upstream_answer", 502, "what the upstream answered is none, or not whole"
    UPSTREAM_TIMEOUT = "upstream_timeout", 504, "a token did not come in time"


class ModelError(FeedError):
    """A question has no answer, or not the whole of it.

    Attributes:
        kind: what went wrong.
        words: the same for a person.
        status: of HTTP, where nothing was answered yet.
        retry_after_s: when it may be asked again; None: nobody has said.
    """

    def __init__(
        self,
        kind: ModelFault,
        words: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        """Make an error; its status is that of its kind where nobody says otherwise."""
        self.kind = kind
        self.words = words
        self.status = kind.status if status is None else status
        self.retry_after_s = retry_after_s
        super().__init__(words)
