"""Errors of what lies between a writer and its edges."""

from collections.abc import Mapping
from typing import Any

from feed.errors import FeedError


class BusAway(FeedError):
    """NATS cannot be reached, or what is asked of it is not there; the message says what."""


class BusLost(BusAway):
    """A connection or a read that stood has ended: what follows is read by another one."""


class ApiError(BusAway):
    """JetStream refuses what was asked.

    Attributes:
        code: its number of the reason.
    """

    def __init__(self, subject: str, error: Mapping[str, Any]) -> None:
        """Make one of what JetStream has answered to a subject."""
        self.code = int(error.get("err_code", 0))
        words = f"{error.get('description')} ({self.code})"
        super().__init__(f"JetStream refuses {subject}: {words}")


class StreamRefused(FeedError):
    """What is in JetStream cannot be worked with; the message says what would do."""
