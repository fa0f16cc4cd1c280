"""What is counted of generations, for metrics."""

from collections import Counter

from feed.histogram import Histogram
from feed.market.words import GenerationState

_MS = 1_000_000
_BOUNDS_NS = tuple(
    ms * _MS for ms in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000)
)


class Tally:
    """What is counted of generations.

    Attributes:
        started: by model.
        ended: by state.
        failed: those that failed, or could not begin, by code.
        tokens: that were written, by model.
        first_token_ns: from the question to the first token.
        between_tokens_ns: from one cut's tokens to the next of the same answer.
        resumed: how often somebody came back to one, or came late.
    """

    __slots__ = (
        "between_tokens_ns",
        "ended",
        "failed",
        "first_token_ns",
        "resumed",
        "started",
        "tokens",
    )

    def __init__(self) -> None:
        self.started: Counter[str] = Counter()
        self.ended: Counter[GenerationState] = Counter()
        self.failed: Counter[str] = Counter()
        self.tokens: Counter[str] = Counter()
        self.first_token_ns = Histogram(_BOUNDS_NS)
        self.between_tokens_ns = Histogram(_BOUNDS_NS)
        self.resumed = 0
