"""The identities of a server: all kinds that are configured, behind one door.

A credential goes in; an identity comes out, or a refusal. Where none is configured everybody is
anonymous, and credentials of any kind are not looked at.
"""

from collections import Counter
from typing import Protocol

from feed.errors import CredentialRefused, Unauthenticated
from feed.trust.credentials import Credential, KeyPair, Token
from feed.trust.denial import Denial
from feed.trust.identity import ANONYMOUS, Identity, Kind
from feed.trust.tokens import TokenAuthenticator
from feed.trust.watched_keys import WatchedKeys

ACCEPTED = "accepted"
MISSING = "missing"
OUTCOMES = (ACCEPTED, MISSING, *Denial)


class Authenticator(Protocol):
    """One kind of identities."""

    kind: Kind

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

    def authenticate(self, shown: KeyPair, wall_ns: int) -> Identity:
        """Return whose key it is."""
        return self._keys.keys.authenticate(shown, wall_ns)

    def renew(self, identity: Identity, wall_ns: int) -> Identity:
        """Return whose key it is now."""
        return self._keys.keys.renew(identity, wall_ns)


class Identities:
    """Who may come in.

    Attributes:
        keys: the keys file; None: there is none.
        authenticators: every kind of identities that is configured.
        required: somebody has to say who they are.
        outcomes: of all credentials that were shown, or were due and not shown.
    """

    def __init__(
        self, keys: WatchedKeys | None = None, tokens: TokenAuthenticator | None = None
    ) -> None:
        self.keys = keys
        self.outcomes: Counter[str] = Counter()
        self._by_key = None if keys is None else KeyAuthenticator(keys)
        self._by_token = tokens
        self.authenticators: tuple[Authenticator, ...] = tuple(
            each for each in (self._by_key, tokens) if each is not None
        )
        self.required = bool(self.authenticators)

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
            raise Unauthenticated("who asks has to say who it is; accepted: a key or a token")
        try:
            identity = await self._authenticate(shown, wall_ns)
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
        for each in self.authenticators:
            if each.kind is identity.kind:
                return each.renew(identity, wall_ns)
        # Of a kind that an edge has seen proven: its end is known all the same.
        if identity.expires_wall_ns is not None and identity.expires_wall_ns <= wall_ns:
            raise Denial.EXPIRED.refused()
        return identity

    async def _authenticate(self, shown: Credential, wall_ns: int) -> Identity:
        if isinstance(shown, Token):
            if self._by_token is None:
                raise Denial.UNKNOWN.refused("tokens are not accepted here; accepted: keys")
            return await self._by_token.authenticate(shown, wall_ns)
        if self._by_key is None:
            raise Denial.UNKNOWN.refused("keys are not accepted here; accepted: tokens")
        return self._by_key.authenticate(shown, wall_ns)
