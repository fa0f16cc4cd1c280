"""The errors of alerts."""

from feed.errors import FeedError


class UnknownRule(FeedError):
    """There is no rule, or firing, of an id, or it is somebody else's: which, nobody is told."""

    def __init__(self, key: str) -> None:
        """Name the id that was asked for."""
        super().__init__(
            f"there is no {key} of yours; it never was, is forgotten, or is somebody else's"
        )


class TooManyRules(FeedError):
    """Somebody, or all together, have as many rules as may be.

    Attributes:
        own: whether it is the asker's own limit.
        maximum: the most that may be.
    """

    def __init__(self, maximum: int, *, own: bool) -> None:
        """Say whose limit it is."""
        self.own = own
        self.maximum = maximum
        whose = "of one identity" if own else "of all identities together"
        super().__init__(f"rules {whose}: at most {maximum}; delete some that are not needed")


class AlertsUnavailable(FeedError):
    """This server has no rules, or cannot keep one now.

    Attributes:
        retry_after_s: when it may be asked again; None: never.
    """

    def __init__(self, words: str, retry_after_s: float | None = None) -> None:
        """Say why."""
        self.retry_after_s = retry_after_s
        super().__init__(words)
