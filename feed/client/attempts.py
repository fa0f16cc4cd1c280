"""Attempts: the transport to connect over next, the time for it, and the end of trying.

"auto" has three candidates. One that is refused is taken out; one that takes the connection and
never speaks goes to the end. A transport that has delivered something stays, even when its
connections are lost: then it is the server that is away. Knows no clock: the caller tells the time.
"""

import math
from collections import deque
from collections.abc import Iterable

from feed.client.backoff import Backoff
from feed.client.errors import GaveUp, Malformed, NotAFeed, Refused
from feed.wire.transport import Transport

MAX_MALFORMED = 5  # connections in a row that broke the protocol before anything came of them


class Attempts:
    """The transports that were tried to reach one server, and the next one.

    Attributes:
        retry_at_s: the time at which the next attempt is due.
    """

    __slots__ = (
        "_backoff",
        "_candidates",
        "_give_up_after_s",
        "_malformed",
        "_since_s",
        "_spoken",
        "_url",
        "_why_not",
        "retry_at_s",
    )

    def __init__(
        self,
        url: str,
        transports: Iterable[Transport],
        *,
        backoff: Backoff,
        give_up_after_s: float | None,
    ) -> None:
        self.retry_at_s = 0.0
        self._url = url
        self._candidates = deque(transports)  # in the order to be tried
        self._why_not: dict[Transport, str] = {}  # those that did not work
        self._spoken = False  # the first candidate has delivered something
        self._backoff = backoff
        self._give_up_after_s = give_up_after_s
        self._since_s: float | None = None  # when data last flowed, or the first attempt began
        self._malformed = 0  # in a row

    @property
    def transport(self) -> Transport:
        """The transport to try next."""
        return self._candidates[0]

    @property
    def fallbacks(self) -> tuple[str, ...]:
        """The transports that did not work, each with the reason: "websocket: no answer"."""
        return tuple(f"{name}: {words}" for name, words in self._why_not.items())

    def begin(self, mono_s: float) -> None:
        """Note that an attempt begins."""
        if self._since_s is None:
            self._since_s = mono_s

    def patience_s(self, mono_s: float) -> float:
        """Return for how long an open connection is waited for; infinite: for ever.

        A caller that gives up at once means connections that cannot be made, or are lost.
        """
        if not self._give_up_after_s or self._since_s is None:
            return math.inf
        return max(0.0, self._since_s + self._give_up_after_s - mono_s)

    def note_data(self, mono_s: float) -> None:
        """Note that ticks came."""
        self._since_s = mono_s

    def forgive(self, paused_s: float) -> None:
        """Note that nobody asked for ticks for so long: what came meanwhile was not read."""
        if self._since_s is not None:
            self._since_s += paused_s

    def give_up(self, reason: str, mono_s: float) -> GaveUp:
        """Return the error that says for how long no data came."""
        return GaveUp(self._url, 0.0 if self._since_s is None else mono_s - self._since_s, reason)

    def succeed(self) -> None:
        """Note that the server spoke; that alone is no data."""
        self._spoken = True
        self._malformed = 0
        self._why_not.pop(self.transport, None)
        self._backoff.reset()

    def fail(
        self,
        reason: str,
        mono_s: float,
        *,
        retry_ms: int | None = None,
        retry_after_s: float = 0.0,
        stay_away_s: float | None = None,
        unanswered: bool = False,
    ) -> float:
        """Note that a connection ended or was not made; return how long to wait.

        Args:
            reason: in words.
            mono_s: the time, in seconds that only grow.
            retry_ms: the bound of the first wait that the server asked for.
            retry_after_s: how long it asked us to stay away, at least.
            stay_away_s: how long exactly: a time of our own among many that it sent away.
            unanswered: something took the connection and did not speak.

        Raises:
            GaveUp: the next attempt would be later than the caller is willing to wait.
        """
        if retry_ms is not None and stay_away_s is None:
            self._backoff.ask(retry_ms / 1000)
        if unanswered and not self._spoken and len(self._candidates) > 1:
            self._why_not[self.transport] = reason
            self._candidates.rotate(-1)
        wait_s = self._backoff.next_s(retry_after_s) if stay_away_s is None else stay_away_s
        self.retry_at_s = mono_s + wait_s
        tried_s = 0.0 if self._since_s is None else mono_s - self._since_s
        if self._give_up_after_s is not None and tried_s + wait_s > self._give_up_after_s:
            raise GaveUp(self._url, tried_s, reason)
        return wait_s

    def break_protocol(self, error: Malformed) -> None:
        """Note that received bytes were not of the protocol.

        Raises:
            Malformed: several connections in a row broke it.
        """
        self._malformed += 1
        if self._malformed >= MAX_MALFORMED:
            raise Malformed(f"{self._url}, {MAX_MALFORMED} connections in a row: {error}")

    def refuse(self, error: Refused | NotAFeed) -> None:
        """Take a transport that cannot work here out.

        Raises:
            Refused, NotAFeed: the same error, where no other transport can be expected to fare
                better: none is left, or it was a feed server that refused.
        """
        if len(self._candidates) == 1 or (isinstance(error, Refused) and error.by_feed):
            raise error
        self._why_not[self._candidates.popleft()] = str(error)
        self._spoken = False
