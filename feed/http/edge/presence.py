"""What an edge tells its writer of its clients: who is in which room, and who is typing.

One report is on its way at a time, and the next one grows meanwhile. The writer forgets an edge
that says nothing for a while, and whoever was there over it; so an edge over which somebody is
there says so now and then, and tells everything to a writer that has forgotten, or never knew.
"""

import asyncio
import contextlib
from http import HTTPStatus

import orjson
from aiohttp import hdrs

from feed.errors import FeedError
from feed.http.edge.link import Link
from feed.http.edge.report import document_of
from feed.hub.clock import Clock
from feed.logger import logger_of
from feed.rooms.edge_members import RENEWED_WITHIN_S
from feed.rooms.edge_news import EdgeNews, Report
from feed.rooms.members import Members, who_is
from feed.rooms.presence import check_grant, check_number
from feed.trust.identity import Identity

RETRY_S = 1.0
_JSON: dict[str, str] = {hdrs.CONTENT_TYPE: "application/json"}

log = logger_of("feed.edge")


class PresenceLink:
    """Tells the writer who is in rooms over this edge."""

    def __init__(self, link: Link, clock: Clock) -> None:
        """Begin with nobody.

        Args:
            link: to the writer.
            clock: what the time is.
        """
        self._link = link
        self._clock = clock
        self._news = EdgeNews()
        self._typists = Members()  # of whom nobody is told to be typing too often
        self._due = asyncio.Event()
        self._is_heard = True  # as far as is known

    def enter(self, identity: Identity, room: str, name: str, connection: int) -> None:
        """Let somebody be in a room, over a connection, until `leave`.

        Raises:
            NotGranted, LimitExceeded: they may not.
        """
        check_grant(identity, room)
        check_number(len(self._news))
        self._news.enter(who_is(identity, room, name), connection)
        self._due.set()

    def leave(self, identity: Identity, room: str, name: str, connection: int) -> None:
        """Let somebody be in a room no more, over a connection."""
        self._news.leave(who_is(identity, room, name), connection)
        self._due.set()

    def types(self, identity: Identity, room: str, name: str) -> None:
        """Tell that somebody is typing, every 50 ms at most.

        Raises:
            NotGranted: they may not.
        """
        check_grant(identity, room)
        who = who_is(identity, room, name)
        if self._typists.types(who, self._clock.mono_ns()):
            self._news.types(who)
            self._due.set()

    async def run(self) -> None:
        """Tell news, and that this edge is there, for ever."""
        while True:
            with contextlib.suppress(
                TimeoutError
            ):  # then it is time to say that this edge is there
                async with asyncio.timeout(RENEWED_WITHIN_S):
                    await self._due.wait()
            self._due.clear()
            if self._news.is_due or len(self._news):
                await self._tell()

    async def _tell(self) -> None:
        """Tell what there is; wait a little where it is not heard."""
        is_known = await self._report()
        if is_known is False:  # the writer has to be told everything
            self._news.tell_all()
            is_known = await self._report()
        if is_known is not True:
            self._news.tell_all()
            self._due.set()
            await asyncio.sleep(RETRY_S)

    async def _report(self) -> bool | None:
        """Tell a report; return whether it was taken up, or None where nobody knows."""
        report = self._news.take()
        try:
            status, words = await self._send(report)
        except FeedError as error:
            status, words = None, str(error)
        is_heard = status in {HTTPStatus.OK, HTTPStatus.CONFLICT}
        if is_heard is not self._is_heard:
            tell = log.info if is_heard else log.warning
            tell("presence_told" if is_heard else "presence_not_told", why=words)
            self._is_heard = is_heard
        return status == HTTPStatus.OK if is_heard else None

    async def _send(self, report: Report) -> tuple[int | None, str]:
        """Send a report; return the status of the answer, and what it says.

        Raises:
            NotNow: there is no writer.
        """
        link = self._link
        target, body = f"/v1/edges/{link.edge}", orjson.dumps(document_of(report))
        response = await link.ask(None, hdrs.METH_POST, target, headers=_JSON, body=body)
        async with response:
            with link.telling_of_ends():
                said = await response.read()
        return response.status, said.decode(errors="replace")[:300]
