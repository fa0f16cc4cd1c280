"""Why a connection to a server ended, and whether to come back.

A source raises `Ended`; whoever runs it waits and opens it again, or does not where that is of no
use. So subscribers are told that the source is down, and that it is live again.
"""

from enum import StrEnum

import aiohttp

from feed.client.errors import Malformed, NotAFeed, Refused
from feed.client.failure_words import words_of
from feed.client.link import Lost
from feed.errors import SourceError


class End(StrEnum):
    """Why a connection ended, or was not made; the label of a metric."""

    UNREACHABLE = "unreachable"  # nothing took it, or nothing answered
    REFUSED = "refused"  # a server said no: by its status, or by an error of the dialect
    CLOSED = "closed"  # the server said Close, or that it leaves
    CUT = "cut"  # it ended without a word
    UNANSWERED = "unanswered"  # it stands, and pings are not answered any more
    SILENT = "silent"  # it stands, and tells nothing for longer than the limit
    MALFORMED = "malformed"  # what came is not of the protocol
    OUT_OF_SEQUENCE = (
        "out_of_sequence"  # sequences that do not add up, of a server that is followed
    )
    TOO_LARGE = "too_large"  # one message was larger than is read


class Ended(SourceError):
    """A connection ended, or could not be made; the message says why.

    Attributes:
        end: why, in a word.
        code: the dialect's, where it was an error of the dialect.
    """

    def __init__(
        self,
        end: End,
        words: str,
        *,
        code: int | None = None,
        retry_after_s: float = 0.0,
        for_good: bool = False,
        in_order: bool = False,
    ) -> None:
        self.end = end
        self.code = code
        super().__init__(words, retry_after_s=retry_after_s, for_good=for_good, in_order=in_order)


def ended_by(error: BaseException, url: str, end: End = End.CUT) -> Ended:
    """Return what an error of a connection means.

    Args:
        error: of aiohttp, of the system, or of `feed.client`.
        url: of the server.
        end: what it is where the error itself does not tell.
    """
    if isinstance(error, Ended):
        return error
    if isinstance(error, Lost):
        away_s = error.retry_after_s if error.stay_away_s is None else error.stay_away_s
        return Ended(end, str(error), retry_after_s=away_s)
    if isinstance(error, Refused):
        code = error.code if error.by_feed else None
        return Ended(End.REFUSED, str(error), code=code, for_good=True)
    if isinstance(error, Malformed | NotAFeed):
        return Ended(End.MALFORMED, f"{url} breaks the protocol: {error}")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        end = End.UNREACHABLE
    return Ended(end, words_of(error, url))
