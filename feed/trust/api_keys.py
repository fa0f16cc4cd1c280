"""API keys: an id that everybody may know, and a secret of which only a digest is kept.

Secrets are 256 random bits, so a plain SHA-256 of one says nothing of it; slow hashes are for
passwords, which people choose (OWASP, "Password Storage"). Knows no file.
"""

import hashlib
import hmac
import secrets
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from feed.trust.credentials import KeyPair
from feed.trust.denial import Denial
from feed.trust.identity import Identity, Kind
from feed.wire.grants import NO_GRANTS, Grants

# Prefixes tell scanners of leaked secrets, and people, what it is.
ID_PREFIX = "fk_"
SECRET_PREFIX = "fs_"  # noqa: S105 - a prefix
_ID_CHARACTERS = 16  # beyond the prefix: never the same twice
_SECRET_BYTES = 32
_ALPHABET = string.ascii_lowercase + string.digits
_NO_SECRET = hashlib.sha256(b"").hexdigest()  # compared with where there is no such key


@dataclass(frozen=True, slots=True)
class ApiKey:
    """One key, as the server knows it.

    Attributes:
        id: public.
        name: its bearer's, for people.
        secret_sha256: the digest of its secret, in hexadecimal.
        grants: what it grants.
        created_wall_ns: when it was made; None: the file does not say.
        expires_wall_ns: when it ends; None: never.
        revoked_wall_ns: when it was ended early; None: it was not.
        old_secret_sha256: the digest of the secret before; "": there is none.
        old_until_wall_ns: until when that is accepted too.
    """

    id: str
    name: str
    secret_sha256: str
    grants: Grants
    created_wall_ns: int | None = None
    expires_wall_ns: int | None = None
    revoked_wall_ns: int | None = None
    old_secret_sha256: str = ""
    old_until_wall_ns: int = 0

    def opened_with(self, digest: str, wall_ns: int) -> Identity | None:
        """Return who shows a secret of this digest; None: it is another one.

        It takes a time that says nothing of either.
        """
        is_own = hmac.compare_digest(digest, self.secret_sha256)
        is_old = hmac.compare_digest(digest, self.old_secret_sha256 or _NO_SECRET)
        ends_ns = self.expires_wall_ns
        if not is_own:
            if not is_old or self.old_until_wall_ns <= wall_ns:
                return None
            ends_ns = min(ends_ns or self.old_until_wall_ns, self.old_until_wall_ns)
        return Identity(Kind.KEY, self.id, self.name, self.grants, ends_ns, digest)

    def denial(self, wall_ns: int) -> Denial | None:
        """Return why it is not accepted any more; None: it is."""
        if self.revoked_wall_ns is not None:
            return Denial.REVOKED
        if self.expires_wall_ns is not None and self.expires_wall_ns <= wall_ns:
            return Denial.EXPIRED
        return None


class ApiKeys:
    """All keys of a server, by id; never changed, only replaced."""

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[ApiKey] = ()) -> None:
        self._keys = {key.id: key for key in keys}

    def __iter__(self) -> Iterator[ApiKey]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def authenticate(self, shown: KeyPair, wall_ns: int) -> Identity:
        """Return who shows a key.

        Raises:
            CredentialRefused: it is not accepted.
        """
        return self._find(shown.id, digest_of(shown.secret), wall_ns)

    def renew(self, identity: Identity, wall_ns: int) -> Identity:
        """Return an identity of earlier keys as it is by these.

        Raises:
            CredentialRefused: its key is gone or has ended, or has another secret by now.
        """
        if identity.id not in self._keys:
            raise Denial.REVOKED.refused()
        return self._find(identity.id, identity.proof, wall_ns)

    def _find(self, key_id: str, digest: str, wall_ns: int) -> Identity:
        key = self._keys.get(key_id, _NOBODYS)
        identity = key.opened_with(digest, wall_ns)
        if identity is None:
            raise (Denial.UNKNOWN if key is _NOBODYS else Denial.WRONG).refused()
        denial = key.denial(wall_ns)
        if denial is not None:
            raise denial.refused()
        return identity


def new_id() -> str:
    """Return a new id of 19 characters."""
    return ID_PREFIX + "".join(secrets.choice(_ALPHABET) for _ in range(_ID_CHARACTERS))


def new_secret() -> str:
    """Return a new secret of 46 characters: letters, digits, `_` and `-`."""
    return SECRET_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: str) -> str:
    """Return what is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


# Stands for an id that nobody has: the same work, and no secret has its digest.
_NOBODYS = ApiKey("", "", "0" * len(_NO_SECRET), NO_GRANTS)
