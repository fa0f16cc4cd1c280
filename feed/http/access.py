"""Access: who asks, and whether they may ask for that at all.

Every route has a scope. What of an answer somebody may read is another question
(`feed.wire.grants`).
"""

from collections.abc import Mapping
from dataclasses import replace

from aiohttp import web

from feed.errors import CredentialRefused, FeedError
from feed.http.browsers import Browsers
from feed.http.callers import assume_caller, caller_of, comes_by_bus, is_local
from feed.http.edge.word import EdgeWord
from feed.http.mount import mount_of
from feed.http.origins import Origins
from feed.http.scopes import Scope
from feed.hub.clock import Clock
from feed.hub.door import Door
from feed.trust.assertion import HEADER, Assertions
from feed.trust.credentials import credential_in
from feed.trust.denial import Denial
from feed.trust.identities import ACCEPTED, Identities
from feed.trust.identity import ANONYMOUS, EDGE, NOBODY, Identity
from feed.trust.tickets import Tickets

_IDENTITY = web.RequestKey("identity", Identity)
_REAL = web.RequestKey("real_identity", Identity)
_ASSERTED = web.RequestKey("asserted_identity", Identity)


class Access:
    """The doors of a server.

    Attributes:
        identities: who may come in.
        browsers: what they show of whose they are.
    """

    __slots__ = (
        "_clock",
        "_door",
        "_edge_word",
        "_local_admin",
        "_scopes",
        "browsers",
        "identities",
    )

    def __init__(
        self,
        identities: Identities,
        clock: Clock,
        origins: Origins,
        door: Door,
        *,
        scopes: Mapping[str, Scope] | None = None,
        local_admin: bool = False,
        assertions: Assertions | None = None,
        tickets: Tickets | None = None,
    ) -> None:
        """Make doors.

        Args:
            identities: who may come in.
            clock: what the time is.
            origins: the pages that may read.
            door: the limits of identities and addresses.
            scopes: of routes, by path, where they are not those of the table.
            local_admin: whether a peer on this machine, and no proxy, has the grant `admin`.
            assertions: of edges on who asks; None: no edge is trusted.
            tickets: of browsers; by default those of this server alone.
        """
        self.identities = identities
        self.browsers = Browsers(identities, clock, origins, tickets)
        self._edge_word = EdgeWord(assertions, identities, clock)
        self._clock = clock
        self._door = door
        self._scopes = scopes or {}
        self._local_admin = local_admin

    async def admit_once(self, request: web.Request, scope: Scope) -> Identity:
        """Return who asks for a finite answer, which has a rate.

        Whoever shows no credential, or a wrong one, counts for their address, and is refused above
        its rate before a credential is looked at.

        Raises:
            Unauthenticated, CredentialRefused, HTTPForbidden: as `admit` does.
            TooOften: they ask too often.
        """
        self._hear_edge(request)
        door, place, mono_ns = self._door, caller_of(request).place, self._clock.mono_ns()
        door.check_requests(place, mono_ns)
        try:
            identity = await self.admit(request, scope)
        except FeedError:
            door.count_request(place, mono_ns)
            raise
        door.spend_request(identity, place, mono_ns)
        return identity

    async def admit_without_end(self, request: web.Request) -> Identity:
        """Return who asks for an answer without end.

        Where it is refused it has ended at once: so whoever shows a wrong credential, or asks for
        what there is not, is counted as with finite requests; see `count_refused`.

        Raises:
            Unauthenticated, CredentialRefused, HTTPForbidden: as `admit` does.
            TooOften: they come, or were refused, too often.
        """
        self._hear_edge(request)
        self.arrive(request)
        self._door.check_requests(caller_of(request).place, self._clock.mono_ns())
        return await self.admit(request)

    async def admit_producer(self, request: web.Request) -> Identity:
        """Return who pushes: as often as it likes, for what it pushes has limits of its own.

        Whoever shows no credential, or a wrong one, counts for their address as with finite
        requests.

        Raises:
            Unauthenticated, CredentialRefused, HTTPForbidden: as `admit` does.
            TooOften: they were refused too often.
        """
        self._hear_edge(request)
        place, mono_ns = caller_of(request).place, self._clock.mono_ns()
        self._door.check_requests(place, mono_ns)
        try:
            return await self.admit(request)
        except FeedError:
            self._door.count_request(place, mono_ns)
            raise

    def count_refused(self, request: web.Request) -> None:
        """Count a request for an answer without end that was refused, for its address."""
        self._door.count_request(caller_of(request).place, self._clock.mono_ns())

    def arrive(self, request: web.Request) -> None:
        """Count a request for an answer without end that comes through a proxy.

        Raises:
            TooOften: they are too many a second, of whoever asks.
        """
        caller = caller_of(request)
        if caller.forwarded and (error := self._door.knock(caller.place, self._clock.mono_ns())):
            raise error

    async def admit(self, request: web.Request, scope: Scope = Scope.GRANTED) -> Identity:
        """Return who asks for a route.

        Args:
            request: what they ask.
            scope: of the route, where nothing else is configured.

        Raises:
            Unauthenticated, CredentialRefused: a credential is due.
            HTTPForbidden: theirs is not enough.
        """
        self._hear_edge(request)
        if _is_edge(request):
            return EDGE
        resource = request.match_info.route.resource
        if resource is not None:
            path = resource.canonical.removeprefix(mount_of(request))
            scope = self._scopes.get(path, scope)
        is_free = scope is Scope.OPEN or (scope is Scope.LOCAL and is_local(request))
        if is_free and request.get(_ASSERTED) is None:
            identity = NOBODY if self.identities.required else self._anonymous(request)
        else:
            identity = await self.identify(request)
            if scope is Scope.ADMIN and not identity.grants.admin:
                words = (
                    f"{request.path} is for administrators; accepted: a key with the grant admin"
                )
                raise web.HTTPForbidden(text=words)
        return identity

    async def identify(self, request: web.Request) -> Identity:
        """Return who asks, by what the headers of a request show.

        Raises:
            Unauthenticated: nothing, and a credential is due.
            CredentialRefused: what is not accepted.
        """
        self._hear_edge(request)
        if _is_edge(request):
            return EDGE
        asserted: Identity | None = request.get(_ASSERTED)
        if asserted is not None:
            return asserted
        if not self.identities.required:
            return self._anonymous(request)
        try:
            shown = credential_in(request.headers)
        except CredentialRefused as refused:
            self.identities.note(refused)
            raise
        if shown is None:
            identity = await self.browsers.identify(request)
            if identity is not None:
                return identity
        identity = await self.identities.authenticate(shown, self._clock.wall_ns())
        request[_REAL] = identity
        return identity

    def _hear_edge(self, request: web.Request) -> None:
        """Take the word of an edge on who asks, if a request has it.

        Raises:
            CredentialRefused: it is not accepted; whoever makes one up counts for their address.
            TooOften: they did so too often.
        """
        told = request.headers.getall(HEADER, ())
        if not told or request.get(_ASSERTED) is not None:
            return
        place, mono_ns = caller_of(request).place, self._clock.mono_ns()
        self._door.check_requests(place, mono_ns)
        try:
            said = self._edge_word.read(request, told)
        except CredentialRefused as refused:
            self.identities.note(refused)
            self._door.count_request(place, mono_ns)
            raise
        if said is not None:
            request[_ASSERTED] = said.identity
            assume_caller(request, said.address)
            self.identities.outcomes[ACCEPTED] += 1

    def renew(self, identity: Identity) -> Identity:
        """Return an identity as it is now: who waited for a turn may have been revoked meanwhile.

        Raises:
            CredentialRefused: it has ended.
        """
        return self.identities.renew(identity, self._clock.wall_ns())

    def _anonymous(self, request: web.Request) -> Identity:
        if self._local_admin and is_local(request):
            return _LOCAL_ADMIN
        return ANONYMOUS


_LOCAL_ADMIN = replace(ANONYMOUS, grants=replace(ANONYMOUS.grants, admin=True))


def _is_edge(request: web.Request) -> bool:
    """Tell whether an edge asks for itself; what it hands on for others says so, and is theirs."""
    return HEADER not in request.headers and comes_by_bus(request)


def keep_identity(request: web.Request, identity: Identity) -> None:
    """Let `identity_of` know who asks."""
    request[_IDENTITY] = identity


def identity_of(request: web.Request) -> Identity:
    """Return who asks; a request that passed no door has nothing granted."""
    identity: Identity = request.get(_IDENTITY, NOBODY)
    return identity


def real_identity(request: web.Request) -> Identity:
    """Return who asks, as far as a credential has shown it.

    Raises:
        CredentialRefused: a cookie has, or a ticket, which prove no more than they stand for.
    """
    identity: Identity | None = request.get(_REAL)
    if identity is None:
        raise Denial.MALFORMED.refused("a ticket is given for a key or a token, not for a cookie")
    return identity
