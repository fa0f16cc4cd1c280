"""Proofs: tokens that were verified, so that whoever comes back is not verified anew.

A proof is of a token and of the key that has signed it: whoever looks it up says which key is good
now, so that a key that is gone, or has another one in its place, leaves no proof behind. Times are
not proven: they are held against the clock at each use. Refusals are not kept, tokens neither: only
digests. What is kept has a limit in bytes, and of too much the longest unused goes. Knows no clock.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass

from feed.trust.identity import Identity
from feed.trust.signing_keys import SigningKey

MOST_BYTES = 16 << 20  # 6,000 tokens with small claims
_AROUND_BYTES = 1_024  # of a proof without its grants
_BYTES_A_LETTER = 32  # of grants, per letter of the claim that says them: sets of short texts


@dataclass(frozen=True, slots=True)
class Proof:
    """What a token has proven.

    Attributes:
        key: by which.
        identity: whose it is.
        from_s: since when it is good, in seconds since 1970.
        until_s: from when on it is not.
        claim_letters: of the claim that says what is granted.
    """

    key: SigningKey
    identity: Identity
    from_s: int
    until_s: int
    claim_letters: int

    @property
    def size_bytes(self) -> int:
        """Its memory, roughly, and rather too much: equal grants are one value."""
        return _AROUND_BYTES + _BYTES_A_LETTER * self.claim_letters


class Proofs:
    """What is kept, the longest unused first.

    Attributes:
        used_bytes: the memory of it.
    """

    __slots__ = ("_kept", "_most_bytes", "used_bytes")

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        """Begin with none, and keep so much."""
        self._kept: OrderedDict[bytes, Proof] = OrderedDict()
        self._most_bytes = most_bytes
        self.used_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, digest: bytes, key: SigningKey) -> Proof | None:
        """Return what a token has proven by a key; None: it has not been verified by that."""
        proof = self._kept.get(digest)
        if proof is None or proof.key != key:
            return None
        self._kept.move_to_end(digest)
        return proof

    def keep(self, digest: bytes, proof: Proof) -> None:
        """Keep one, in the place of another one of the same token."""
        self.forget(digest)
        self._kept[digest] = proof
        self.used_bytes += proof.size_bytes
        while self.used_bytes > self._most_bytes:
            _, oldest = self._kept.popitem(last=False)
            self.used_bytes -= oldest.size_bytes

    def forget(self, digest: bytes) -> None:
        """Keep one no longer; harmless where it is not kept."""
        proof = self._kept.pop(digest, None)
        if proof is not None:
            self.used_bytes -= proof.size_bytes


def digest_of(text: str) -> bytes:
    """Return what stands for a token."""
    return hashlib.sha256(text.encode()).digest()
