"""What is counted of generations, for metrics.

Models of an upstream may have any name that somebody asks for: those that are known from the start
have counts of their own, and all others one together.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from feed.generations.model import ModelFault
from feed.histogram import Histogram
from feed.market.generation_words import GenerationState

OTHER = "other"  # in place of the name of a model that is not known from the start
INTERNAL = "internal"  # the code of an answer that failed for a bug of ours
FAILURES = (*ModelFault, INTERNAL)
ENDINGS = tuple(state for state in GenerationState if state is not GenerationState.RUNNING)

_MS = 1_000_000
_BOUNDS_NS = tuple(
    ms * _MS for ms in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000)
)


class Resumption(StrEnum):
    """How a stream of a generation begins that somebody came back for."""

    RESUMED = "resumed"  # after what they had
    ANEW = "anew"  # with all of it so far


class Tally:
    """What is counted of generations.

    Attributes:
        models: the names by which `started` and `tokens` count.
        started: by model.
        ended: by state.
        failed: those that failed, or could not begin, by code.
        tokens: that were written, by model.
        first_token_ns: from the question to the first token.
        between_tokens_ns: from one cut's tokens to the next of the same answer.
        resumed: streams that somebody came back for, or late.
    """

    __slots__ = (
        "between_tokens_ns",
        "ended",
        "failed",
        "first_token_ns",
        "models",
        "resumed",
        "started",
        "tokens",
    )

    def __init__(self, models: Iterable[str] = ()) -> None:
        """Begin with zeros, and with the models that are known from the start."""
        self.models = tuple(dict.fromkeys((*models, OTHER)))
        self.started: Counter[str] = Counter()
        self.ended: Counter[GenerationState] = Counter()
        self.failed: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.first_token_ns = Histogram(_BOUNDS_NS)
        self.between_tokens_ns = Histogram(_BOUNDS_NS)
        self.resumed: Counter[Resumption] = Counter()

    def begin(self, model: str) -> None:
        """Count an answer that begins."""
        self.started[self._label(model)] += 1

    def note_tokens(self, model: str, tokens: int, waited_ns: int, *, first: bool) -> None:
        """Count tokens of one cut, which came so long after the question, or those before."""
        self.tokens[self._label(model)] += tokens
        (self.first_token_ns if first else self.between_tokens_ns).observe(waited_ns)

    def end(self, state: GenerationState, code: str = "") -> None:
        """Count an answer that is over, with the code of one that failed."""
        self.ended[state] += 1
        if state is GenerationState.FAILED:
            self.failed[code] += 1

    def _label(self, model: str) -> str:
        return model if model in self.models else OTHER
