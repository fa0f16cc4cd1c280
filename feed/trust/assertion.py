"""Assertions: the word of an edge, to the writer, on who asks a request that it hands on.

Both have the cluster key. An assertion is of one identity and one address, for one method and one
target, once, and for half a minute: an HMAC over all of that. It does not speak for the body, and
hides nothing: who can change what is on its way, or read it, needs TLS between them against it.

A number that is used once is remembered until it has ended anyway; of a process that has just begun
nobody knows what was used before, so it takes no assertion that is older than itself.
"""

import hashlib
import hmac
import secrets
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

import orjson

from feed.errors import LimitExceeded
from feed.trust.cluster_key import ClusterKey
from feed.trust.denial import Denial
from feed.trust.identity import Identity
from feed.trust.identity_record import identity_of_record, record_of

HEADER = "Feed-Identity"
# In place of an assertion, by an edge without the key: what the caller shows counts. An edge that
# knows its callers hands them on to nobody who knows none, and would grant them everything.
AS_SHOWN, AS_ANYBODY = "as-shown", "as-anybody"
LIVES_NS = 30_000_000_000
SKEW_NS = 30_000_000_000  # by which the clock of an edge may be fast
MOST_CHARACTERS = 8_192  # of the 16 kB that all headers of a request may have
MOST_REMEMBERED = 1 << 19  # numbers in about a minute; 60 MB
_NONCE_BYTES = 12
_WORDS = "the word of an edge on who asks is not accepted"


@dataclass(frozen=True, slots=True)
class Asserted:
    """What an edge says of a request.

    Attributes:
        identity: who asks.
        address: whence; "": it is not known.
    """

    identity: Identity
    address: str


class Assertions:
    """Makes assertions, and reads those of others that have the same key."""

    __slots__ = ("_began_ns", "_earlier", "_key", "_later", "_turned_ns")

    def __init__(self, key: ClusterKey, began_wall_ns: int) -> None:
        """Begin without any.

        Args:
            key: of the cluster.
            began_wall_ns: when this process began, by the wall clock.
        """
        self._key = key.key_for("identity")
        self._began_ns = self._turned_ns = began_wall_ns
        self._later: set[str] = set()
        self._earlier: set[str] = set()

    def make(self, said: Asserted, method: str, target: str, wall_ns: int) -> str:
        """Return an assertion for one request.

        Args:
            said: who asks, and whence.
            method: of the request.
            target: path and query, as the writer is asked for them.
            wall_ns: now.

        Raises:
            LimitExceeded: what the identity is granted is longer than can be said in a header.
        """
        document = {
            **record_of(said.identity),
            "from": said.address,
            "made": wall_ns,
            "once": secrets.token_urlsafe(_NONCE_BYTES),
        }
        body = _text(zlib.compress(orjson.dumps(document), 1))
        text = f"{body}.{self._mac(method, target, body)}"
        if len(text) > MOST_CHARACTERS:
            words = "characters that say what an identity is granted, from an edge to its writer"
            raise LimitExceeded(words, len(text), MOST_CHARACTERS)
        return text

    def read(self, text: str, method: str, target: str, wall_ns: int) -> Asserted:
        """Return what an edge says of a request; it is good for that one request.

        Raises:
            CredentialRefused: it was not made with our key for this request, was used, or is of
                another time than now.
        """
        body, _, mac = text.rpartition(".")
        is_short = len(text) <= MOST_CHARACTERS and text.isascii()
        if not (is_short and hmac.compare_digest(mac, self._mac(method, target, body))):
            raise Denial.FORGED.refused(f"{_WORDS}: it is of another key, or for another request")
        document = _document(body)
        self._check_time(document["made"], wall_ns)
        self._use_up(document["once"], wall_ns)
        return Asserted(identity_of_record(document), document["from"])

    def _mac(self, method: str, target: str, body: str) -> str:
        said = f"{method}\n{target}\n{body}".encode("utf-8", "surrogateescape")
        return _text(hmac.digest(self._key, said, hashlib.sha256))

    def _check_time(self, made_ns: int, wall_ns: int) -> None:
        if not wall_ns - LIVES_NS < made_ns <= wall_ns + SKEW_NS:  # not the fault of who asks
            words = f"{_WORDS}: it took too long, or the clocks of an edge and its writer differ"
            raise Denial.UNAVAILABLE.refused(words)
        if made_ns < self._began_ns:
            raise Denial.UNAVAILABLE.refused(f"{_WORDS}: this server has just begun; come back")

    def _use_up(self, once: str, wall_ns: int) -> None:
        """Refuse a number that was used; remember it for as long as it would be accepted."""
        if abs(wall_ns - self._turned_ns) >= LIVES_NS + SKEW_NS:
            self._earlier, self._later = self._later, set()
            self._turned_ns = wall_ns
        if once in self._later or once in self._earlier:
            raise Denial.FORGED.refused(f"{_WORDS}: it was used")
        if len(self._later) >= MOST_REMEMBERED:
            raise Denial.UNAVAILABLE.refused("edges hand on too many requests; come back")
        self._later.add(once)


def _document(body: str) -> dict[str, Any]:
    """Return what is said, which was made with our key."""
    packed = urlsafe_b64decode(body + "=" * (-len(body) % 4))
    document: dict[str, Any] = orjson.loads(zlib.decompress(packed))
    return document


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
