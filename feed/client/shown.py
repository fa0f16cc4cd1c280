"""What the client shows of who it is, on one connection."""

from dataclasses import dataclass, field
from typing import Self

_DOTS_OF_A_TOKEN = 2  # of a JWT; a key and its secret have one between them


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown on one connection.

    Attributes:
        key: the id of a key; None: there is none.
        secret: of that key.
        token: instead of a key; None: there is none.
    """

    key: str | None = None
    secret: str = field(default="", repr=False)
    token: str | None = field(default=None, repr=False)

    @classmethod
    def of(cls, key: str | None, secret: str | None) -> Self:
        """Read a key that may be written as `id.secret`, or a token that stands in its place."""
        if key is not None and secret is None and key.count(".") == _DOTS_OF_A_TOKEN:
            return cls(token=key)
        if key is not None and secret is None:
            key, _, secret = key.partition(".")
        return cls(key, secret or "")

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a request; the dialect's own for a key."""
        if self.token is not None:
            return {"Authorization": f"Bearer {self.token}"}
        if self.key is None:
            return {}
        return {"APCA-API-KEY-ID": self.key, "APCA-API-SECRET-KEY": self.secret}

    @property
    def message(self) -> dict[str, str] | None:
        """The first message over a WebSocket; None: there is nothing to say."""
        if self.token is not None:
            return {"action": "auth", "token": self.token}
        if self.key is None:
            return None
        return {"action": "auth", "key": self.key, "secret": self.secret}


NOTHING = Shown()
