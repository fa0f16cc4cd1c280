"""Errors of alerts: a branch of the FeedError family.

    FeedError
    └── Unanswered    the server gave no answer, and may have done it or not

What the server says no to is `Refused`, as everywhere.
"""

from feed.errors import FeedError


class Unanswered(FeedError):
    """The server gave no answer: whether it did what it was asked is not known.

    Attributes:
        reason: in words.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"there is no answer, so that it may be done or not: {reason}")
