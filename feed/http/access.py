"""Access: who asks, and whether they may ask for that at all.

Every route has a scope. What of an answer somebody may read is another question
(`feed.wire.grants`).
"""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum

from aiohttp import web

from feed.errors import CredentialRefused, InvalidParameter
from feed.hub.clock import Clock
from feed.trust.credentials import credential_in
from feed.trust.identities import Identities
from feed.trust.identity import ANONYMOUS, NOBODY, Identity

_OF_PROXIES = (
    "Forwarded",
    "Via",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
)
_IDENTITY = web.RequestKey("identity", Identity)


class Scope(StrEnum):
    """Who may ask for a route."""

    OPEN = "open"
    LOCAL = "local"
    GRANTED = "granted"
    ADMIN = "admin"

    @property
    def words(self) -> str:
        """Who that is, for documents."""
        return _WORDS[self]


_WORDS = {
    Scope.OPEN: "everybody",
    Scope.LOCAL: "this machine, and whoever shows a credential",
    Scope.GRANTED: "whoever shows a credential",
    Scope.ADMIN: "whoever has the grant `admin`",
}


class Access:
    """The doors of a server.

    Attributes:
        identities: who may come in.
    """

    __slots__ = ("_clock", "_local_admin", "_scopes", "identities")

    def __init__(
        self,
        identities: Identities,
        clock: Clock,
        *,
        scopes: Mapping[str, Scope] | None = None,
        local_admin: bool = False,
    ) -> None:
        """Make doors.

        Args:
            identities: who may come in.
            clock: what the time is.
            scopes: of routes, by path, where they are not those of the table.
            local_admin: whether a peer on this machine, and no proxy, has the grant `admin`.
        """
        self.identities = identities
        self._clock = clock
        self._scopes = scopes or {}
        self._local_admin = local_admin

    async def admit(self, request: web.Request, scope: Scope = Scope.GRANTED) -> Identity:
        """Return who asks for a route.

        Args:
            request: what they ask.
            scope: of the route, where nothing else is configured.

        Raises:
            Unauthenticated, CredentialRefused: a credential is due.
            HTTPForbidden: theirs is not enough.
        """
        resource = request.match_info.route.resource
        if resource is not None:
            scope = self._scopes.get(resource.canonical, scope)
        if scope is Scope.OPEN or (scope is Scope.LOCAL and is_local(request)):
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
        if not self.identities.required:
            return self._anonymous(request)
        try:
            shown = credential_in(request.headers)
        except CredentialRefused as refused:
            self.identities.note(refused)
            raise
        return await self.identities.authenticate(shown, self._clock.wall_ns())

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


def keep_identity(request: web.Request, identity: Identity) -> None:
    """Let `identity_of` know who asks."""
    request[_IDENTITY] = identity


def identity_of(request: web.Request) -> Identity:
    """Return who asks; a request that passed no door has nothing granted."""
    identity: Identity = request.get(_IDENTITY, NOBODY)
    return identity


def is_local(request: web.Request) -> bool:
    """Tell whether the peer is a program on this machine, and not a proxy for others."""
    if any(name in request.headers for name in _OF_PROXIES) or request.transport is None:
        return False
    peer = request.transport.get_extra_info("peername")
    try:
        address = ipaddress.ip_address(peer[0].partition("%")[0])
    except (IndexError, TypeError, ValueError):
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def scopes_of(written: Iterable[str], known: Collection[str]) -> dict[str, Scope]:
    """Read scopes that are configured, such as `/metrics=open`; return them by path.

    Raises:
        InvalidParameter: there is no such route, or no such scope.
    """
    scopes = {}
    for text in written:
        path, _, name = text.partition("=")
        if path not in known or name not in list(Scope):
            accepted = (
                f"a path and {', '.join(Scope)}: /metrics=open; the paths are {', '.join(known)}"
            )
            raise InvalidParameter("--scope", text, accepted)
        scopes[path] = Scope(name)
    return scopes
