"""An identity: who somebody is, for how long, and what that grants.

Knows no transport, and not how it was proven.
"""

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum

from feed.market.alert_words import OWNER_PREFIX
from feed.wire.grants import ALL_GRANTS, NO_GRANTS, Grants

_OWNER_DIGITS = 32  # hexadecimal


class Kind(StrEnum):
    """How an identity is proven; a label of metrics and logs."""

    ANONYMOUS = "anonymous"
    KEY = "key"
    TOKEN = "token"  # noqa: S105 - a label
    EDGE = "edge"  # by the cluster key, or the socket of the bus, which nobody else can open


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is.

    Attributes:
        kind: how it was proven.
        id: what tells it from all others of its kind: the id of a key, the
            subject of a token. Never a secret.
        name: for people, in logs and views.
        grants: what it may read, publish and administer.
        expires_wall_ns: when it ends; None: never.
        proof: what is kept of the secret that was shown, so that another one ends it.
    """

    kind: Kind
    id: str
    name: str
    grants: Grants
    expires_wall_ns: int | None = None
    proof: str = field(default="", repr=False, compare=False)

    @property
    def told(self) -> dict[str, str]:
        """What logs say of it."""
        return {"identity": self.name, "key": self.id} if self.id else {}

    def is_of(self, other: "Identity") -> bool:
        """Tell whether both are the same somebody, whatever they are granted by now."""
        return (self.kind, self.id) == (other.kind, other.id)


def owner_key(identity: Identity) -> str:
    """Return the key under which words are somebody's own: a digest, equal for one identity."""
    said = f"{identity.kind}\0{identity.id}".encode()
    return OWNER_PREFIX + hashlib.sha256(said).hexdigest()[:_OWNER_DIGITS]


# Whoever comes where no identities are configured.
ANONYMOUS = Identity(Kind.ANONYMOUS, "", "", ALL_GRANTS)
# A server of ours that follows this one.
EDGE = Identity(Kind.EDGE, "", "edge", replace(ALL_GRANTS, admin=True))
# Whoever has not shown a credential yet where one is required.
NOBODY = Identity(Kind.ANONYMOUS, "", "", NO_GRANTS)
