"""Errors of what lies between a writer and its edges."""

from feed.errors import FeedError


class BusAway(FeedError):
    """NATS cannot be reached, or what is asked of it is not there; the message says what."""


class BusLost(BusAway):
    """A connection or a read that stood has ended: what follows is read by another one."""
