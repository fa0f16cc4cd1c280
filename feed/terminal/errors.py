"""Errors of the terminal: a branch of the FeedError family."""

from feed.errors import FeedError


class TerminalGone(FeedError):
    """The terminal was closed: nothing can be shown any more, and no key will come."""

    def __init__(self) -> None:
        super().__init__("the terminal was closed")


class NoAnswer(FeedError):
    """A server was asked once, and did not answer; the message says why."""
