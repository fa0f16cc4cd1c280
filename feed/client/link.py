"""A link: one open connection, and the meaning of its end.

A link is opened with a subscription and a position, hands out messages until it is lost, and knows
nothing of reconnecting. Errors of aiohttp end in the two modules that implement it: they leave as
`Lost` (come back), `Refused` or `NotAFeed` (do not), or `Malformed`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from yarl import URL

from feed.client.errors import Refused
from feed.client.parsers import Message
from feed.client.shown import Shown
from feed.client.subscription import Subscription
from feed.wire.codec_name import CodecName

MAX_RETRY_AFTER_S = 300.0  # a server that asks for more is asked again all the same

_COMEBACK_STATUSES = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


class Lost(Exception):
    """A connection ended, or could not be made; the message says why.

    Attributes:
        retry_after_s: how long the server asked us to stay away, at least.
        stay_away_s: how long exactly, said by a server that leaves.
        unanswered: something took the connection and never said a word; another transport may fare
            better.
        for_good: there will be no other one: what was connected to has ended.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after_s: float = 0.0,
        stay_away_s: float | None = None,
        unanswered: bool = False,
        for_good: bool = False,
    ) -> None:
        self.retry_after_s = retry_after_s
        self.stay_away_s = stay_away_s
        self.unanswered = unanswered
        self.for_good = for_good
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Order:
    """The purpose of a link that is to be opened.

    Attributes:
        base: the server's URL.
        subscription: channels and symbols.
        codec: how ticks are to be written.
        after: position to go on from; at first also a time, or a while ago.
        last: begin so many ticks back; beside no `after`.
        resuming: `after` is where an earlier connection stood, not where the caller wants to begin.
        snapshot: the last known state is wanted first.
        shown: who asks.
        compress: accept compressed bytes.
    """

    base: URL
    subscription: Subscription
    codec: CodecName
    after: str | None
    last: int | None
    resuming: bool
    snapshot: bool
    shown: Shown
    compress: bool


class Link(Protocol):
    """One open connection.

    Attributes:
        url: its address.
        conflate: intervals that the server granted, by channel.
        connection: the id of it at the server; None: it does not tell.
    """

    url: str
    conflate: Mapping[str, str]
    connection: int | None

    @property
    def retry_ms(self) -> int | None:
        """The reconnection time that the server asked for."""

    async def receive(self) -> tuple[list[Message], int]:
        """Return the next messages, none for a mere sign of life, and their size in bytes.

        May be cancelled and called again; nothing is lost.

        Raises:
            Lost: the connection ended.
            Malformed: received bytes are not of the protocol.
        """

    async def refresh(self, shown: Shown) -> bool:
        """Say who it is once more; False: only a new connection can.

        Raises:
            Lost: the connection ended.
        """

    async def close(self) -> None:
        """End the connection; harmless when it has ended."""


# Opens links to something else than a server; raises `Lost`.
Dial = Callable[[Order], Awaitable[Link]]


def refusal(
    url: str,
    status: int,
    words: str,
    headers: Mapping[str, str],
    *,
    by_feed: bool = False,
) -> Lost | Refused:
    """Return the meaning of an answer's status: come back, or do not."""
    comeback = status in _COMEBACK_STATUSES or status >= HTTPStatus.INTERNAL_SERVER_ERROR
    if comeback and status != HTTPStatus.NOT_IMPLEMENTED:
        wait = headers.get("Retry-After", "")
        wait_s = min(float(wait), MAX_RETRY_AFTER_S) if wait.isdecimal() else 0.0
        return Lost(f"{url} answers {status}: {words}", retry_after_s=wait_s)
    return Refused(url, status, words, by_feed=by_feed)
