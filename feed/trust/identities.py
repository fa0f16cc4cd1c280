"""The identities of a server: all kinds that are configured, behind one door.

A credential goes in; an identity comes out, or a refusal. Where none is configured everybody is
anonymous, and credentials of any kind are not looked at.
"""

from collections import Counter
from typing import Protocol

from feed.errors import CredentialRefused, Unauthenticated
from feed.trust.api_keys import Denial
from feed.trust.credentials import MALFORMED, Credential
from feed.trust.identity import ANONYMOUS, Identity, Kind
from feed.trust.watched_keys import WatchedKeys

ACCEPTED = "accepted"
MISSING = "missing"
OUTCOMES = (ACCEPTED, MISSING, MALFORMED, *Denial)


class Authenticator(Protocol):
    """One kind of identities."""

    kind: Kind

    async def authenticate(self, shown: Credential, wall_ns: int) -> Identity:
        """Return who shows a credential of this kind.

        Raises:
            CredentialRefused: it is not accepted.
        """

    def renew(self, identity: Identity, wall_ns: int) -> Identity:
        """Return an identity of this kind as it is now.

        Raises:
            CredentialRefused: it has ended.
        """

    def look(self) -> bool:
        """See whether anything changed where they are kept; for a thread, since it may wait."""


class KeyAuthenticator:
    """Identities that are proven by API keys."""

    kind = Kind.KEY

    def __init__(self, keys: WatchedKeys) -> None:
        self._keys = keys
        self.look = keys.look

    async def authenticate(self, shown: Credential, wall_ns: int) -> Identity:
        """Return whose key it is."""
        return self._keys.keys.authenticate(shown, wall_ns)

    def renew(self, identity: Identity, wall_ns: int) -> Identity:
        """Return whose key it is now."""
        return self._keys.keys.renew(identity, wall_ns)


class Identities:
    """Who may come in.

    Attributes:
        keys: the keys file; None: there is none.
        outcomes: of all credentials that were shown, or were due and not shown.
    """

    def __init__(self, keys: WatchedKeys | None = None) -> None:
        self.keys = keys
        self.outcomes: Counter[str] = Counter()
        self._authenticators: dict[Kind, Authenticator] = {}
        if keys is not None:
            self._authenticators[Kind.KEY] = KeyAuthenticator(keys)

    @property
    def required(self) -> bool:
        """Whether somebody has to say who they are."""
        return bool(self._authenticators)

    async def authenticate(self, shown: Credential | None, wall_ns: int) -> Identity:
        """Return who shows a credential.

        Raises:
            Unauthenticated: none is shown, and one is required.
            CredentialRefused: it is not accepted.
        """
        if not self.required:
            return ANONYMOUS
        if shown is None:
            self.outcomes[MISSING] += 1
            raise Unauthenticated("who asks has to say who it is; accepted: a key")
        try:
            identity = await self._authenticators[Kind.KEY].authenticate(shown, wall_ns)
        except CredentialRefused as refused:
            self.note(refused)
            raise
        self.outcomes[ACCEPTED] += 1
        return identity

    def note(self, refused: CredentialRefused) -> None:
        """Count a credential that was refused before it came here."""
        self.outcomes[refused.why] += 1

    def renew(self, identity: Identity, wall_ns: int) -> Identity:
        """Return an identity as it is now.

        Raises:
            CredentialRefused: it has ended.
        """
        authenticator = self._authenticators.get(identity.kind)
        return identity if authenticator is None else authenticator.renew(identity, wall_ns)

    def look(self) -> bool:
        """See whether anything changed that identities come from; for a thread."""
        changed = [each.look() for each in self._authenticators.values()]
        return any(changed)
