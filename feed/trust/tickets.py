"""Tickets and visits: what a browser shows where it cannot show a credential.

A ticket goes into the one message, or the one URL, of a stream; a visit is a cookie. Both are
random texts of which only digests are kept, in memory: after a restart pages ask for others.
Neither proves more than the credential that it was given for, which is asked again each time: so
of a key nothing is kept but which it is, and grants that it had once are nobody's memory.

A ticket has to be used within 30 s. Over a WebSocket it is used up. In a URL, which an EventSource
repeats for ever, it is from then on that stream's alone: bound to the Origin and the query that it
came with, while the stream lives and for a minute after.

Memory: 270 bytes a visit, whoever's it is; that of a page that is given another ends soon.
"""

import hashlib
import secrets
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from feed.trust.denial import Denial
from feed.trust.identity import Identity, Kind
from feed.trust.shelf import Shelf
from feed.wire.grants import NO_GRANTS

USED_WITHIN_S = 30
COMES_BACK_WITHIN_S = 60
VISIT_S = 12 * 3_600
REPLACED_WITHIN_S = 60  # a visit by another of the same page
_BYTES = 32
_NS_PER_S = 1_000_000_000
UNKNOWN_TICKET = "the ticket is not known here, was used, or is for another stream"
UNKNOWN_VISIT = "the visit has ended; sign in again"


@dataclass(slots=True, eq=False)
class Ticket:
    """One ticket.

    Attributes:
        identity: whose it is.
        origin: of the page that asked for it; "": it was no page.
        until_ns: when it ends, monotonic; None: while the stream lives that holds it.
        query: of that stream; None: none holds it so far.
        end: ends the connection of that stream.
        is_spent: whether it is known to be this stream's alone, also to other edges.
    """

    identity: Identity
    origin: str
    until_ns: int | None
    query: str | None = None
    end: Callable[[], None] | None = None
    is_spent: bool = False


@dataclass(slots=True, eq=False)
class _Visit:
    identity: Identity
    until_ns: int


class Tickets:
    """All tickets and visits of a server.

    Whose they are is told as it is kept: a key is without its grants, until it is renewed
    (`feed.trust.identities`).
    """

    __slots__ = ("_tickets", "_visits")

    def __init__(self) -> None:
        self._tickets: Shelf[Ticket] = Shelf()
        self._visits: Shelf[_Visit] = Shelf()

    @property
    def kept(self) -> dict[str, int]:
        """How many there are of each."""
        return {"tickets": len(self._tickets), "visits": len(self._visits)}

    def issue(self, identity: Identity, origin: str, mono_ns: int) -> str:
        """Return a new ticket."""
        text = secrets.token_urlsafe(_BYTES)
        until_ns = mono_ns + USED_WITHIN_S * _NS_PER_S
        kept = self._tickets.same(_bare(identity))
        self._tickets.put(digest_of(text), Ticket(kept, origin, until_ns), mono_ns)
        return text

    def use(self, text: str, origin: str, mono_ns: int) -> Identity:
        """Return whose ticket it is, and use it up.

        Raises:
            CredentialRefused: it is not known, was used, or is of another page.
        """
        ticket = self._find(text, {origin}, mono_ns)
        if ticket.query is not None:
            raise Denial.UNKNOWN.refused(UNKNOWN_TICKET)
        self._tickets.forget(digest_of(text))
        return ticket.identity

    def open(self, text: str, origins: Collection[str], query: str, mono_ns: int) -> Ticket:
        """Return the ticket of a stream, which is that stream's from now on.

        Args:
            text: of the ticket.
            origins: of which the page that opens the stream is one.
            query: of the stream.
            mono_ns: the time.

        Raises:
            CredentialRefused: it is not known, or is another stream's.
        """
        ticket = self._find(text, origins, mono_ns)
        if ticket.query not in {None, query}:
            raise Denial.UNKNOWN.refused(UNKNOWN_TICKET)
        ticket.query = query
        return ticket

    def hold(self, ticket: Ticket, end: Callable[[], None]) -> None:
        """Let a connection hold a ticket; the one before, which may be half dead, ends."""
        before, ticket.end, ticket.until_ns = ticket.end, end, None
        if before is not None:
            before()

    def let_go(self, ticket: Ticket, end: Callable[[], None], mono_ns: int) -> None:
        """Note that a connection has ended; another may come for a while, if none has."""
        if ticket.end is end:
            ticket.end, ticket.until_ns = None, mono_ns + COMES_BACK_WITHIN_S * _NS_PER_S

    def visit(
        self, identity: Identity, mono_ns: int, wall_ns: int, shown: str | None = None
    ) -> tuple[str, int]:
        """Return the text of a cookie, and for how many seconds it is good.

        Args:
            identity: whose it is.
            mono_ns: the time.
            wall_ns: the same, by the clock of credentials.
            shown: the cookie that came along; this one takes its place, and it is good for what is
                on its way with it.
        """
        lives_s = VISIT_S
        if identity.expires_wall_ns is not None:
            lives_s = max(1, min(lives_s, (identity.expires_wall_ns - wall_ns) // _NS_PER_S))
        before = None if shown is None else self._visits.get(digest_of(shown))
        if before is not None and before.identity.is_of(identity):
            before.until_ns = min(before.until_ns, mono_ns + REPLACED_WITHIN_S * _NS_PER_S)
        text = secrets.token_urlsafe(_BYTES)
        kept = self._visits.same(_bare(identity))
        visit = _Visit(kept, mono_ns + lives_s * _NS_PER_S)
        self._visits.put(digest_of(text), visit, mono_ns)
        return text, lives_s

    def visitor(self, text: str, mono_ns: int) -> Identity:
        """Return whose cookie it is.

        Raises:
            CredentialRefused: it is not known, or has ended.
        """
        visit = self._visits.get(digest_of(text))
        if visit is None or visit.until_ns <= mono_ns:
            raise Denial.UNKNOWN.refused(UNKNOWN_VISIT)
        return visit.identity

    def end_visit(self, text: str, mono_ns: int) -> None:  # noqa: ARG002 - of those that are sealed
        """Forget a cookie."""
        self._visits.forget(digest_of(text))

    def _find(self, text: str, origins: Collection[str], mono_ns: int) -> Ticket:
        ticket = self._tickets.get(digest_of(text))
        is_over = ticket is not None and ticket.until_ns is not None and ticket.until_ns <= mono_ns
        if ticket is None or is_over or ticket.origin not in origins:
            raise Denial.UNKNOWN.refused(UNKNOWN_TICKET)
        return ticket


def _bare(identity: Identity) -> Identity:
    """Return what is kept of somebody: of a key all but what the keys file says of it."""
    return replace(identity, grants=NO_GRANTS) if identity.kind is Kind.KEY else identity


def digest_of(text: str) -> bytes:
    """Return what is kept of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
