"""Browsers: who asks by the ticket in a URL, or by the cookie of a visit, as no header says it."""

from collections.abc import Callable
from hashlib import sha256
from urllib.parse import quote

from aiohttp import hdrs, web

from feed.errors import CredentialRefused
from feed.http.callers import caller_of, hosts_of
from feed.http.mount import path_of
from feed.http.origins import SCHEMES, Origins
from feed.hub.clock import Clock
from feed.trust.denial import Denial
from feed.trust.endings import Endings
from feed.trust.identities import ACCEPTED, Identities
from feed.trust.identity import Identity
from feed.trust.tickets import Ticket, Tickets
from feed.wire.requests import is_cache_buster

_TICKET = web.RequestKey("ticket", Ticket)
COOKIE = "__Host-feed"
TICKET = "ticket"
TICKETS_IN_URLS = "/v1/sse"  # an EventSource can show nothing else
# Names of the last id in a query: polyfills of EventSource cannot set headers, or do not.
LAST_EVENT_ID_PARAMETERS = ("lastEventId", "Last-Event-ID")
_SAFE = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})


class Browsers:
    """What browsers show of whose they are.

    Attributes:
        tickets: which stand for an identity, as cookies do.
        endings: knows of tickets that were used, and visits that ended, at other servers; None:
            there are none.
    """

    __slots__ = ("_clock", "_identities", "_origins", "endings", "tickets")

    def __init__(
        self, identities: Identities, clock: Clock, origins: Origins, tickets: Tickets | None
    ) -> None:
        """Listen to what they show.

        Args:
            identities: who may come in.
            clock: what the time is.
            origins: the pages that may read.
            tickets: of browsers; None: those of this server alone.
        """
        self.tickets = Tickets() if tickets is None else tickets
        self.endings: Endings | None = None
        self._clock = clock
        self._identities = identities
        self._origins = origins

    async def identify(self, request: web.Request) -> Identity | None:
        """Return who asks by the ticket in a URL, or by the cookie of a visit; None: by neither.

        Raises:
            CredentialRefused: it is not accepted, or asks for what another page could make use of.
        """
        if path_of(request) == TICKETS_IN_URLS and TICKET in request.query:
            identity = self._counted(lambda: self._open_ticket(request))
            ticket: Ticket = request[_TICKET]
            if not ticket.is_spent:
                await self._spend(request.query[TICKET])
                ticket.is_spent = True
            return self._renew(identity)
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            return None
        # A cookie goes along whoever asks; of some requests a page could make use without reading.
        may_be_read_only = request.method in _SAFE and hdrs.UPGRADE not in request.headers
        admitted = may_be_read_only or self._origins.admits(request)
        if hdrs.UPGRADE in request.headers:  # it may still say who it is
            try:
                return self._renew(self._visitor(cookie)) if admitted else None
            except CredentialRefused:
                return None
        if not admitted:
            refused = Denial.FOREIGN.refused(
                "a cookie is accepted here from an allowed Origin only"
            )
            self._identities.note(refused)
            raise refused
        return self._counted(lambda: self._visitor(cookie))

    async def redeem(self, origin: str, ticket: str) -> Identity:
        """Return whose ticket it is, which is used up.

        Raises:
            CredentialRefused: it is not accepted.
        """
        identity = self._counted(lambda: self.tickets.use(ticket, origin, self._clock.mono_ns()))
        await self._spend(ticket)
        return self._renew(identity)

    def hold_ticket(self, request: web.Request, end: Callable[[], None]) -> Callable[[], None]:
        """Let a connection hold the ticket in its URL; return what is to be called at its end."""
        ticket = request.get(_TICKET)
        if ticket is None:
            return _do_nothing
        self.tickets.hold(ticket, end)
        return lambda: self.tickets.let_go(ticket, end, self._clock.mono_ns())

    async def _spend(self, ticket: str) -> None:
        """Have a ticket used up at other edges too, if there may be any.

        Raises:
            CredentialRefused: it was used, or that cannot be asked.
        """
        if self.endings is None:
            return
        try:
            await self.endings.spend(ticket)
        except CredentialRefused as refused:
            self._identities.note(refused)
            raise

    def _visitor(self, cookie: str) -> Identity:
        if self.endings is not None:
            self.endings.check()
        return self.tickets.visitor(cookie, self._clock.mono_ns())

    def _open_ticket(self, request: web.Request) -> Identity:
        query = "&".join(
            f"{quote(name)}={quote(value)}"
            for name, value in sorted(request.query.items())
            if name not in {TICKET, *LAST_EVENT_ID_PARAMETERS} and not is_cache_buster(name)
        )
        origins = {request.headers.get(hdrs.ORIGIN, "")}
        if origins == {""} and request.headers.get("Sec-Fetch-Site") == "same-origin":
            # Browsers leave it out of such a GET; a proxy may have ended TLS, so that ours is http.
            scheme = caller_of(request).scheme
            schemes = (scheme,) if scheme else SCHEMES
            hosts = hosts_of(request)
            origins = {f"{scheme}://{host}" for scheme in schemes for host in hosts}
        digest = sha256(query.encode()).hexdigest()
        ticket = self.tickets.open(request.query[TICKET], origins, digest, self._clock.mono_ns())
        request[_TICKET] = ticket
        return ticket.identity

    def _counted(self, find: Callable[[], Identity]) -> Identity:
        """Return an identity as it is now, and count it, or its refusal."""
        try:
            identity = self._renew(find())
        except CredentialRefused as refused:
            self._identities.note(refused)
            raise
        self._identities.outcomes[ACCEPTED] += 1
        return identity

    def _renew(self, identity: Identity) -> Identity:
        return self._identities.renew(identity, self._clock.wall_ns())


def _do_nothing() -> None:
    """Do nothing: there is no ticket to let go of."""
