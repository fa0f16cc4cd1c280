"""A renewal: another token before the identity that is shown ends, and the connection with it.

Theory of operation: a server says `expiring` at most 30 s before. A part of this time passes, so
that the clients of one server do not all ask at once; then the caller's function is asked, again
and again after growing waits, for as long as the connection stands: the server knows best when the
end has come. A WebSocket says `auth` again, and goes on as it is. Other transports have no words
for it: the stream makes the next connection, which begins where this one stood. A renewal is a task
of one connection and ends with it; it delays no tick.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from feed.client.backoff import Backoff
from feed.client.clock import Clock
from feed.client.errors import Malformed
from feed.client.events import Event, Expiring, TokenFailed
from feed.client.link import Lost
from feed.client.papers import NoToken, Papers
from feed.client.shown import Shown
from feed.client.tables import event_ns

NOTICE_S = 30.0  # before the end, at most, the server tells it
_LEAST_S = 2.0  # at least this is taken to be left: clocks differ
_FROM, _TO = 0.25, 0.5  # of what is left pass first
_NS_PER_S = 1_000_000_000


class Refreshing(Protocol):
    """A connection that may take another identity."""

    async def refresh(self, shown: Shown) -> bool:
        """Say who it is once more; False: only a new connection can; raises `Lost`."""


class Renewal:
    """The search for another token, while one connection stands."""

    __slots__ = ("_backoff", "_clock", "_found", "_link", "_papers", "_task", "_tell")

    def __init__(
        self,
        link: Refreshing,
        papers: Papers,
        left_s: float,
        *,
        clock: Clock,
        backoff: Backoff,
        tell: Callable[[Event], None],
        found: Callable[[Shown, bool], None],
    ) -> None:
        """Begin.

        Args:
            link: the connection that ends with the identity.
            papers: know whom to ask.
            left_s: until the end.
            clock: the time.
            backoff: the waits, from their beginning.
            tell: is called with each failure.
            found: is called with what to show from now on, and whether this connection took it.
        """
        self._tell = tell
        self._found = found
        self._link = link
        self._papers = papers
        self._clock = clock
        self._backoff = backoff
        self._task = asyncio.create_task(self._run(left_s))

    def stop(self) -> None:
        """End it, with its connection."""
        self._task.cancel()

    async def _run(self, left_s: float) -> None:
        left_s = max(left_s, _LEAST_S)
        await self._clock.sleep(self._backoff.between(_FROM * left_s, _TO * left_s))
        shown = await self._search()
        try:
            refreshed = await self._link.refresh(shown)
        except Lost:
            return  # which is told to whoever reads
        self._found(shown, refreshed)

    async def _search(self) -> Shown:
        while True:
            try:
                return await self._papers.renew()
            except NoToken as error:
                wait_s = self._backoff.next_s()
                self._tell(TokenFailed(str(error), wait_s))
                await self._clock.sleep(wait_s)


def left_s(expiring: Expiring, wall_ns: int) -> float:
    """Return how long it is until the end of an identity, as far as two clocks agree: 0 to 30 s."""
    try:
        ends_ns = event_ns({"t": expiring.time})
    except Malformed:
        return NOTICE_S
    return min(max(0.0, (ends_ns - wall_ns) / _NS_PER_S), NOTICE_S)
