"""Tickets and visits that every edge takes: their texts say all that is to be known of them.

They are sealed with a key that all edges share (AES-GCM), so that nobody else can make or read one.
What a text cannot say is that it was used, or was ended: `used` and `ended` know that here, and
edges ask and tell their writer (`feed.http.edge.endings`). A stream that comes back to another edge
needs another ticket, as after a restart. What is too long for a cookie is kept in memory, as
without a key.

Source: NIST SP 800-38D §8.3: 2^32 texts a key, by random nonces of 96 bits.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Collection
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from feed.trust.cluster_key import ClusterKey
from feed.trust.denial import Denial
from feed.trust.ended import Ended
from feed.trust.identity import Identity, Kind
from feed.trust.identity_record import identity_of_record, record_of
from feed.trust.tickets import (
    REPLACED_WITHIN_S,
    UNKNOWN_TICKET,
    UNKNOWN_VISIT,
    USED_WITHIN_S,
    VISIT_S,
    Ticket,
    Tickets,
    digest_of,
)

MOST_CHARACTERS = 2_800  # of a text: a cookie has at most 4,096 with its name and attributes
_NONCE_BYTES = 12
_PROCESS_BYTES = 8
_NS_PER_S = 1_000_000_000
_TICKET, _VISIT = b"ticket", b"visit"


class SealedTickets(Tickets):
    """Tickets and visits of all edges that have a key.

    Attributes:
        process: a random text, another one in each process.
        used: tickets that were used, as far as is known here.
        ended: visits that have ended, likewise.
    """

    __slots__ = ("_aead", "_began_wall_ns", "_wall_ns_at", "ended", "process", "used")

    def __init__(self, key: ClusterKey, wall_ns_at: Callable[[int], int], mono_ns: int = 0) -> None:
        """Begin with none that is used or ended.

        Args:
            key: that all edges have.
            wall_ns_at: returns what the wall clock shows when the monotonic one shows this.
            mono_ns: now.
        """
        super().__init__()
        self._aead = AESGCM(key.key_for("tickets"))
        self._wall_ns_at = wall_ns_at
        self._began_wall_ns = wall_ns_at(mono_ns)
        self.process = secrets.token_hex(_PROCESS_BYTES)
        self.used = Ended(2 * USED_WITHIN_S)  # clocks may differ
        self.ended = Ended(VISIT_S)

    def issue(self, identity: Identity, origin: str, mono_ns: int) -> str:
        """Return a new ticket."""
        until_ns = self._wall_ns_at(mono_ns) + USED_WITHIN_S * _NS_PER_S
        text = self._seal(_TICKET, identity, {"until": until_ns, "origin": origin})
        return text or super().issue(identity, origin, mono_ns)

    def use(self, text: str, origin: str, mono_ns: int) -> Identity:
        """Return whose ticket it is, and use it up, here."""
        self._adopt(text, mono_ns)
        identity = super().use(text, origin, mono_ns)
        self.used.add(digest_of(text), mono_ns, mono_ns)
        return identity

    def issued_wall_ns(self, text: str) -> int | None:
        """Return when a ticket was issued, by the wall clock; None: it is kept here alone."""
        said = self._unseal(_TICKET, text)
        return None if said is None else int(said["until"]) - USED_WITHIN_S * _NS_PER_S

    def vouch(self, digest: bytes, issued_wall_ns: int, mono_ns: int) -> bool:
        """Tell an edge whether a ticket was not used so far, and take it for used from now on.

        Whether one was that is older than this process nobody knows here.
        """
        if issued_wall_ns < self._began_wall_ns or self.used.has(digest, mono_ns):
            return False
        self.used.add(digest, mono_ns, mono_ns)
        return True

    def open(self, text: str, origins: Collection[str], query: str, mono_ns: int) -> Ticket:
        """Return the ticket of a stream, which is that stream's from now on, here."""
        self._adopt(text, mono_ns)
        ticket = super().open(text, origins, query, mono_ns)
        # Not once more when the stream has ended, and its ticket with it.
        self.used.add(digest_of(text), mono_ns, mono_ns)
        return ticket

    def visit(
        self, identity: Identity, mono_ns: int, wall_ns: int, shown: str | None = None
    ) -> tuple[str, int]:
        """Return the text of a cookie, and for how many seconds it is good."""
        lives_s = VISIT_S
        if identity.expires_wall_ns is not None:
            lives_s = max(1, min(lives_s, (identity.expires_wall_ns - wall_ns) // _NS_PER_S))
        text = self._seal(_VISIT, identity, {"until": wall_ns + lives_s * _NS_PER_S})
        if not text:
            return super().visit(identity, mono_ns, wall_ns, shown)
        before = None if shown is None else self._unseal(_VISIT, shown)
        if shown and before is not None and identity_of_record(before).is_of(identity):
            self.ended.add(digest_of(shown), mono_ns + REPLACED_WITHIN_S * _NS_PER_S, mono_ns)
        return text, lives_s

    def visitor(self, text: str, mono_ns: int) -> Identity:
        """Return whose cookie it is."""
        said = self._unseal(_VISIT, text)
        if said is None:
            return super().visitor(text, mono_ns)
        if said["until"] <= self._wall_ns_at(mono_ns) or self.ended.has(digest_of(text), mono_ns):
            raise Denial.UNKNOWN.refused(UNKNOWN_VISIT)
        return identity_of_record(said)

    def end_visit(self, text: str, mono_ns: int) -> None:
        """Forget a cookie, here."""
        if self._unseal(_VISIT, text) is not None:
            self.ended.add(digest_of(text), mono_ns, mono_ns)
        super().end_visit(text, mono_ns)

    # Inside.

    def _adopt(self, text: str, mono_ns: int) -> None:
        """Know a ticket that another edge may have given, as if it had been given here."""
        said = self._unseal(_TICKET, text)
        if said is None or self._tickets.get(digest_of(text)) is not None:
            return
        left_ns = said["until"] - self._wall_ns_at(mono_ns)
        if not 0 < left_ns <= USED_WITHIN_S * _NS_PER_S or self.used.has(digest_of(text), mono_ns):
            raise Denial.UNKNOWN.refused(UNKNOWN_TICKET)
        ticket = Ticket(identity_of_record(said), said["origin"], mono_ns + left_ns)
        self._tickets.put(digest_of(text), ticket, mono_ns)

    def _seal(self, purpose: bytes, identity: Identity, more: dict[str, Any]) -> str:
        """Return a text that says something to other edges; "": it would be too long."""
        is_key = identity.kind is Kind.KEY  # what it is granted the keys file says, when it is used
        said = {**record_of(identity, grants=not is_key), **more}
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._aead.encrypt(nonce, orjson.dumps(said), purpose)
        text = urlsafe_b64encode(sealed).rstrip(b"=").decode()
        return text if len(text) <= MOST_CHARACTERS else ""

    def _unseal(self, purpose: bytes, text: str) -> dict[str, Any] | None:
        """Return what a text says; None: it is none of an edge, for that."""
        if len(text) > MOST_CHARACTERS or not text.isascii():
            return None
        try:
            sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
            if urlsafe_b64encode(sealed).rstrip(b"=").decode() != text:
                return None  # one text of each: two would be used twice
            nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
            said: dict[str, Any] = orjson.loads(self._aead.decrypt(nonce, rest, purpose))
        except (ValueError, InvalidTag):  # no Base64; too short; of another key
            return None
        return said
