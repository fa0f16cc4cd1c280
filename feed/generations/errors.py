"""The errors of generations that are not a model's."""

from feed.errors import FeedError


class UnknownGeneration(FeedError):
    """There is no generation of an id, or none that whoever asks may read: which, nobody is told.

    Attributes:
        id: that was asked for.
    """

    def __init__(self, key: str) -> None:
        self.id = key
        super().__init__(
            f"there is no generation {key} that you may read; it never was, is forgotten, or is "
            "somebody else's that is not shared"
        )


class Unavailable(FeedError):
    """Nothing is answered now.

    Attributes:
        retry_after_s: when it may be asked again; None: this server never answers.
    """

    def __init__(self, words: str, retry_after_s: float | None) -> None:
        self.retry_after_s = retry_after_s
        super().__init__(words)


class GenerationFailed(FeedError):
    """A generation is over, and has no answer.

    Attributes:
        id: of the generation.
        kind: why, for programs.
        status: of HTTP.
        retry_after_s: when it may be asked again; None: nobody has said.
    """

    def __init__(
        self, key: str, kind: str, words: str, *, status: int, retry_after_s: float | None
    ) -> None:
        self.id = key
        self.kind = kind
        self.status = status
        self.retry_after_s = retry_after_s
        super().__init__(words)
