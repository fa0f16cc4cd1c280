"""Endings: an edge asks its writer whether a ticket was used, and hears which visits have ended.

Theory of operation: every second, and at once where something waits, an edge tells its writer which
tickets were shown to it and which visits ended here, and is answered which of the tickets were used
elsewhere and which visits ended elsewhere since it was answered last. One question is on its way at
a time, and the next one grows meanwhile. A writer that has begun anew is told all that is known
here; a ticket that was given before it began it vouches for no more.

Safe side: while no writer answers no ticket is taken, and cookies only for a minute since it did.
"""

import asyncio
import contextlib
from http import HTTPStatus
from itertools import islice
from typing import Any

import orjson
from aiohttp import hdrs

from feed.errors import FeedError
from feed.http.edge.link import Link
from feed.hub.clock import Clock
from feed.logger import logger_of
from feed.trust.denial import Denial
from feed.trust.sealed_tickets import SealedTickets
from feed.trust.tickets import UNKNOWN_TICKET, digest_of

ASK_S = 1.0  # between two questions at most: so late an edge hears of a visit that has ended
ANSWER_S = 2.0
HEARD_WITHIN_S = 60.0  # cookies are taken for so long since the writer has answered
RETRY_S = 0.5
MOST_ROWS = 1_000  # of a kind, in a question or an answer
_NS_PER_S = 1_000_000_000
_NS_PER_MS = 1_000_000
_JSON: dict[str, str] = {hdrs.CONTENT_TYPE: "application/json"}
_AWAY = "whether the {} is good cannot be asked, since the writer is away; come back"

log = logger_of("feed.edge")


class EndingsLink:
    """Asks and tells the writer, for one edge."""

    def __init__(self, link: Link, tickets: SealedTickets, clock: Clock) -> None:
        """Begin without having heard anything.

        Args:
            link: to the writer.
            tickets: of this edge.
            clock: what the time is.
        """
        self._link = link
        self._tickets = tickets
        self._clock = clock
        self._due = asyncio.Event()
        self._due.set()
        # Tickets that were shown here: when each was issued, and who waits.
        self._shown: dict[str, tuple[int, asyncio.Future[bool]]] = {}
        self._writer = ""  # which process answered last
        self._heard_upto = 0  # of what it tells
        self._told_upto = 0  # of what we tell
        self._heard_ns: int | None = None  # when it was asked last what it has answered

    async def spend(self, text: str) -> None:
        """Have a ticket used up everywhere.

        Raises:
            CredentialRefused: it was used before, or nobody can be asked.
        """
        issued_ns = self._tickets.issued_wall_ns(text)
        if issued_ns is None:  # it is of this edge alone
            return
        digest = digest_of(text).hex()
        if digest in self._shown:
            raise Denial.UNKNOWN.refused(UNKNOWN_TICKET)
        good: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._shown[digest] = issued_ns, good
        self._due.set()
        try:
            async with asyncio.timeout(ANSWER_S):
                is_good = await good
        except TimeoutError:
            raise Denial.UNAVAILABLE.refused(_AWAY.format("ticket")) from None
        finally:
            self._shown.pop(digest, None)
        if not is_good:
            raise Denial.UNKNOWN.refused(UNKNOWN_TICKET)

    @property
    def has_heard(self) -> bool:
        """Whether a writer has ever answered."""
        return self._heard_ns is not None

    def check(self) -> None:
        """See that it is known which visits have ended elsewhere.

        Raises:
            CredentialRefused: it has not been for a minute.
        """
        heard_ns = self._heard_ns
        if heard_ns is None or self._clock.mono_ns() - heard_ns > HEARD_WITHIN_S * _NS_PER_S:
            raise Denial.UNAVAILABLE.refused(_AWAY.format("cookie"))

    def tell(self) -> None:
        """Tell at once what has ended here."""
        self._due.set()

    async def run(self) -> None:
        """Ask and tell, for ever."""
        while True:
            with contextlib.suppress(TimeoutError):  # then it is time to ask
                async with asyncio.timeout(ASK_S):
                    await self._due.wait()
            self._due.clear()
            try:
                await self._exchange()
            except FeedError as error:
                log.debug("endings_not_told", why=str(error))
                await asyncio.sleep(RETRY_S)

    async def _exchange(self) -> None:
        """Ask once.

        Raises:
            FeedError: there is no writer, or none that understands it.
        """
        tickets, began_ns = self._tickets, self._clock.mono_ns()
        shown = dict(islice(self._shown.items(), MOST_ROWS))
        told = tickets.ended.since(self._told_upto, MOST_ROWS)
        told_upto = told[-1].number if told else self._told_upto
        question = {
            "writer": self._writer,
            "after": self._heard_upto,
            "shown": [[digest, issued_ns] for digest, (issued_ns, _) in shown.items()],
            "ended": [[end.digest.hex(), _ms(end.ends_ns - began_ns)] for end in told],
        }
        if not self._writer:  # it may have begun anew: what was used before is used
            used = tickets.used.since(0, MOST_ROWS)
            question["used"] = [end.digest.hex() for end in used if end.digest.hex() not in shown]
        answer = await self._ask(question)
        self._take_up(answer, told_upto)
        self._heard_ns = began_ns
        good = set(answer["good"])
        for digest in good.union(answer["refused"]):
            _, waiting = shown[digest]
            if not waiting.done():
                waiting.set_result(digest in good)

    def _take_up(self, answer: dict[str, Any], told_upto: int) -> None:
        """Take up what has ended elsewhere; `told_upto`: what the writer was told just now."""
        ended, mono_ns = self._tickets.ended, self._clock.mono_ns()
        had_told_all = ended.newest == told_upto
        for digest, left_ms in answer["ended"]:
            ended.add(bytes.fromhex(digest), mono_ns + left_ms * _NS_PER_MS, mono_ns)
        if self._writer not in {"", answer["writer"]}:  # another one: it is told everything
            self._writer, self._heard_upto, self._told_upto = "", 0, 0
            self._due.set()
            return
        self._writer, self._heard_upto = answer["writer"], answer["upto"]
        # What is heard there is not told there again.
        self._told_upto = ended.newest if had_told_all else told_upto
        if answer["more"] or ended.newest > self._told_upto:
            self._due.set()

    async def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return the answer to a question.

        Raises:
            FeedError: there is none.
        """
        link = self._link
        target, body = f"/v1/edges/{link.edge}/endings", orjson.dumps(question)
        response = await link.ask(
            None, hdrs.METH_POST, target, headers=_JSON, body=body, answer_s=ANSWER_S
        )
        async with response:
            with link.telling_of_ends():
                said = await response.read()
        if response.status != HTTPStatus.OK:
            raise FeedError(said.decode(errors="replace")[:300])
        told: dict[str, Any] = orjson.loads(said)
        return told


def _ms(left_ns: int) -> int:
    return max(0, left_ns // _NS_PER_MS)
