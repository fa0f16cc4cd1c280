"""Errors of generations: a branch of the FeedError family.

    FeedError
    └── GenerationFailed    the model did not answer, or not to the end

What ends an answer for good otherwise (`Refused`, `NotAFeed`, `GaveUp`, `Malformed`, `Expired`)
stands in `feed.client.errors`: it is the same as for whoever reads ticks.
"""

from feed.errors import FeedError


class GenerationFailed(FeedError):
    """The model did not answer, or not to the end; what came before stands in the answer's text.

    Attributes:
        id: of the generation; None: it did not begin.
        code: the reason, for programs: "upstream_unreachable", "interrupted" …
        words: the server's.
    """

    def __init__(self, id: str | None, code: str, words: str) -> None:  # noqa: A002 - as the API has it
        self.id = id
        self.code = code
        self.words = words
        which = "the generation" if id is None else f"generation {id}"
        super().__init__(f"{which} failed ({code or 'no code'}): {words or 'no reason given'}")
