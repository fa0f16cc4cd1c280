"""Papers: what proves who a guest is, what it allows, and until when.

What is allowed is judged here by `fnmatch`, and by nothing of the server's.
"""

import base64
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from fnmatch import fnmatchcase
from typing import Any

import jwt

from feed.trust.api_keys import digest_of, new_id, new_secret
from feed.trust.tokens import LEEWAY_S
from tests.chaos.market import CHANNELS
from tests.storm.heeding import Moment, mono_us
from tests.trust.signing import SECRET, claims_of

TRANSPORTS = ("sse", "stream", "websocket")
SHORTEST_S, LONGEST_S = 2, 20  # that a token is good for


@dataclass(frozen=True)
class Allowed:
    """Channels × globs of symbols, over some transports."""

    channels: tuple[str, ...] = tuple(CHANNELS)
    globs: tuple[str, ...] = ("*",)
    transports: tuple[str, ...] = TRANSPORTS

    def may_read(self, channel: str, key: str) -> bool:
        return channel in self.channels and any(fnmatchcase(key, glob) for glob in self.globs)

    def may_have(self, channels: dict[str, list[str]]) -> bool:
        """Tell whether anything is allowed of what a subscription names."""
        return any(
            (name == "*" and channel in self.channels) or self.may_read(channel, name)
            for channel, names in channels.items()
            for name in names
        )

    def document(self) -> dict[str, Any]:
        return {
            "channels": list(self.channels),
            "symbols": list(self.globs),
            "transports": list(self.transports),
        }


EVERYTHING = Allowed()


def draw_allowed(chance: random.Random, *, may_lack_transports: bool = False) -> Allowed:
    """Draw grants: rarely everything, mostly a few globs on some channels."""
    channels = tuple(name for name in CHANNELS if chance.random() < 0.85)
    tens = [f"S{digit}*" for digit in chance.sample(range(4), chance.randint(1, 3))]
    ones = [f"S?{digit}".replace("?", "*") for digit in chance.sample(range(10), 2)]
    names = [f"S{number:02}" for number in chance.sample(range(40), 3)]
    globs = chance.choice([["*"], ["*"], tens, tens, ones, [*tens[:1], *ones, *names]])
    transports: tuple[str, ...] = TRANSPORTS
    if may_lack_transports and chance.random() < 0.2:
        transports = tuple(chance.sample(TRANSPORTS, 2))
    return Allowed(channels or ("trades",), tuple(globs), transports)


class Kind(Enum):
    """How the papers of a guest are."""

    STEADY = auto()  # a key, whose grants stay; it is revoked, and others have the same
    CHANGING = auto()  # a key of its own, whose grants change
    PASSING = auto()  # tokens, each of which ends soon


@dataclass(eq=False)
class Paper:
    """What is shown, once.

    Attributes:
        bearer: as it stands behind `Bearer`.
        version: of the keys file from which on it is good; 0: it stands in none.
        ends_us: when it ends, or has ended; None: it does not.
        revoked: when it was ended early; None: it was not.
    """

    bearer: str
    version: int = 0
    ends_us: int | None = None
    revoked: Moment | None = None

    def is_over(self, early_us: int = 0) -> bool:
        return self.ends_us is not None and mono_us() >= self.ends_us - early_us

    def was_over_by(self, us: int) -> bool:
        """Tell whether it had ended by a time, and the server knew."""
        if self.revoked is not None:
            return self.revoked.is_heeded_by(us)
        return self.ends_us is not None and self.ends_us < us


class Key(Paper):
    """A key, as it stands in a keys file.

    Attributes:
        over: the field that says so once it is over.
    """

    over = "revoked"

    def __init__(self, name: str, allowed: Allowed, version: int) -> None:
        self.name = name
        self.id, self.secret = new_id(), new_secret()
        self.allowed = allowed
        super().__init__(f"{self.id}.{self.secret}", version)

    def revoke(self, revoked: Moment) -> None:
        self.revoked, self.ends_us = revoked, revoked.made_us

    def row(self) -> str:
        """Return its table."""
        fields: dict[str, Any] = {"name": self.name, "id": self.id}
        fields["secret_sha256"] = digest_of(self.secret)
        fields |= self.allowed.document()
        # Texts, and lists of them, are the same in JSON and in TOML.
        rows = [f"{name} = {json.dumps(value)}" for name, value in fields.items()]
        if self.is_over():
            rows.append(f"{self.over} = 2020-01-01T00:00:00Z")
        return "\n".join(["[[key]]", *rows, ""])


@dataclass(eq=False)
class Account:
    """One identity, as long as the storm lasts; what proves it changes.

    Attributes:
        name: of its bearer.
        kind: of its papers.
        allowed: what it may read now.
        key: the one that is good; None: it has tokens.
        history: what it may read since when.
    """

    name: str
    kind: Kind
    allowed: Allowed
    key: Key | None = None
    history: list[tuple[Moment, Allowed]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.history.append((Moment(0, 0, 0), self.allowed))

    @property
    def version(self) -> int:
        """The version of the keys file that has what it may read now."""
        return self.history[-1][0].version

    def change(self, allowed: Allowed, moment: Moment) -> None:
        """Allow something else from now on."""
        self.allowed = allowed
        self.history.append((moment, allowed))
        if self.key is not None:
            self.key.allowed = allowed

    def allowed_since(self, since_us: int, channel: str, key: str) -> bool:
        """Tell whether something was allowed at some time since then, as far as the server knew."""
        for moment, allowed in reversed(self.history):
            if allowed.may_read(channel, key):
                return True
            if moment.is_heeded_by(since_us):
                return False
        return False

    def paper(self, chance: random.Random) -> Paper:
        """Return what is good now."""
        if self.key is not None:
            return self.key
        lives_s = chance.randint(SHORTEST_S, LONGEST_S)
        end_s = int(time.time()) + lives_s
        claims = claims_of(
            sub=self.name, exp=end_s - LEEWAY_S, feed=self.allowed.document(), jti=chance.random()
        )
        text = jwt.encode(claims, SECRET, "HS256")
        return Paper(text, ends_us=mono_us() + int((end_s - time.time()) * 1e6))


def _basic(bearer: str) -> str:
    key, _, secret = bearer.partition(".")
    return f"Basic {base64.b64encode(f'{key}:{secret}'.encode()).decode()}"


def _apca(bearer: str) -> dict[str, str]:
    key, _, secret = bearer.partition(".")
    return {"APCA-API-KEY-ID": key, "APCA-API-SECRET-KEY": secret}


IN_HEADERS: dict[str, Callable[[str], dict[str, str]]] = {
    "bearer": lambda bearer: {"Authorization": f"Bearer {bearer}"},
    "basic": lambda bearer: {"Authorization": _basic(bearer)},
    "apca": _apca,
}


def auth_message(bearer: str) -> dict[str, str]:
    """Return the dialect's `auth` of a key or a token."""
    if bearer.count(".") == 1:
        key, _, secret = bearer.partition(".")
        return {"action": "auth", "key": key, "secret": secret}
    return {"action": "auth", "token": bearer}


def ways_of(bearer: str) -> list[str]:
    """Return the headers in which it may stand: a token is no pair."""
    return list(IN_HEADERS) if bearer.count(".") == 1 else ["bearer"]
