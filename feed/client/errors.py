"""Errors of the client: a branch of the FeedError family.

    FeedError
    ├── Refused             the server will not have us, and trying again would not help
    ├── NotAFeed            something else than a feed server answers at this address
    ├── Malformed           bytes that are not of the protocol; several connections in a row
    ├── GaveUp              nothing came for as long as the caller was willing to try
    ├── Expired             the identity has ended, and the caller's function has no other token
    └── MissingLibrary      an optional library is not installed

Other failures (a connection refused, cut or silent, a server that restarts, 5xx, 408, 429) are not
errors: the client comes back by itself, and says so in its events.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from feed.errors import FeedError, shorten

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Refused(FeedError):
    """The server refused for good; the message has its own words.

    Attributes:
        url: the address that was asked.
        code: HTTP status (4xx), or the dialect's error code where the refusal came in a message;
            None where it came as a goodbye, which has no code.
        words: the server's: a problem document's detail, or the dialect's `msg`.
        by_feed: the answer was one of a feed server; otherwise something between us may have given
            it, and another transport may pass.
        problem: the problem document that the answer was, with all that it tells; else empty.
    """

    def __init__(
        self,
        url: str,
        code: int | None,
        words: str,
        *,
        by_feed: bool,
        problem: Mapping[str, Any] = _NOTHING,
    ) -> None:
        self.url = url
        self.code = code
        self.words = words
        self.by_feed = by_feed
        self.problem = problem
        number = "" if code is None else f" with {code}"
        super().__init__(f"{url} refused{number}: {words or 'no reason given'}")


class NotAFeed(FeedError):
    """Something answers with success, but not in a feed's media type: a login page, say.

    Attributes:
        url: the address that was asked.
        content_type: the media type that came.
        start: the first characters of it.
    """

    def __init__(self, url: str, content_type: str, accepted: str, start: str) -> None:
        self.url = url
        self.content_type = content_type
        self.start = start
        super().__init__(
            f"{url} is not a feed: it answers with {content_type or 'no content type'} instead of "
            f"{accepted}, beginning with {shorten(start)}"
        )


class Malformed(FeedError):
    """Received bytes are not of the protocol; the message says what is wrong with them."""


class GaveUp(FeedError):
    """Nothing came for as long as the caller was willing to try.

    Attributes:
        tried_s: for how many seconds.
        reason: the words of the last failure.
    """

    def __init__(self, url: str, tried_s: float, reason: str) -> None:
        self.tried_s = tried_s
        self.reason = reason
        super().__init__(f"nothing came from {url} for {tried_s:.0f} s; last: {reason}")


class Expired(FeedError):
    """The identity that was shown has ended, and there is no other one.

    Attributes:
        reason: why the caller's function has no token, in words.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the identity has ended, and {reason}")


class MissingLibrary(FeedError):
    """An optional library is not installed; the message says which, and how to get it."""
