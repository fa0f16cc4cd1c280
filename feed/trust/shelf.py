"""A shelf: what is kept for many identities until a time, with a limit for each and for all.

One identity cannot push out what is kept for others: over its own limit it loses its oldest, and
over that of all the identity that has the most does. What is in use goes last.
"""

from typing import Generic, Protocol, TypeVar

from feed.trust.identity import Identity, Kind

MOST = 20_000
MOST_OF_ONE = MOST // 2  # a site may ask for the tickets of all its readers with one key
SWEEP_NS = 1_000_000_000  # between two looks at everything, which take 1 ms where it is full


class Kept(Protocol):
    """What a shelf keeps."""

    @property
    def identity(self) -> Identity:
        """Whose it is."""

    @property
    def until_ns(self) -> int | None:
        """When it ends, monotonic; None: it is in use."""


T = TypeVar("T", bound=Kept)


class Shelf(Generic[T]):
    """What is kept, by digest, the oldest first."""

    __slots__ = ("_most", "_most_of_one", "_of_digests", "_of_owners", "_swept_ns")

    def __init__(self, most: int = MOST, most_of_one: int = MOST_OF_ONE) -> None:
        """Make an empty shelf, with a limit for all identities and one for each."""
        self._most = most
        self._most_of_one = most_of_one
        self._of_owners: dict[tuple[Kind, str], dict[bytes, T]] = {}
        self._of_digests: dict[bytes, dict[bytes, T]] = {}  # all that its owner has
        self._swept_ns = 0

    def __len__(self) -> int:
        return len(self._of_digests)

    def get(self, digest: bytes) -> T | None:
        """Return what is kept under a digest, also where it has ended."""
        own = self._of_digests.get(digest)
        return None if own is None else own[digest]

    def same(self, identity: Identity) -> Identity:
        """Return an identity as it is kept already, if it is: one object for all that it has."""
        own = self._of_owners.get(_owner_of(identity))
        newest = own[next(reversed(own))].identity if own else identity
        is_same = newest == identity and newest.proof == identity.proof
        return newest if is_same else identity

    def put(self, digest: bytes, kept: T, mono_ns: int) -> None:
        """Keep one more, after what has ended is forgotten, and the oldest of too many."""
        if mono_ns - self._swept_ns >= SWEEP_NS:
            self._sweep(mono_ns)
        owner = _owner_of(kept.identity)
        own = self._of_owners.get(owner, {})
        if len(own) >= self._most_of_one:
            self._forget_oldest(own)
        elif len(self) >= self._most:
            self._forget_oldest(max(self._of_owners.values(), key=len))
        own = self._of_owners.setdefault(owner, {})
        own[digest] = kept
        self._of_digests[digest] = own

    def forget(self, digest: bytes) -> None:
        """Keep something no longer; harmless where it is not kept."""
        own = self._of_digests.pop(digest, None)
        if own is not None:
            owner = _owner_of(own.pop(digest).identity)
            if not own:
                del self._of_owners[owner]

    def _forget_oldest(self, own: dict[bytes, T]) -> None:
        unused = (digest for digest, kept in own.items() if kept.until_ns is not None)
        self.forget(next(unused, None) or next(iter(own)))

    def _sweep(self, mono_ns: int) -> None:
        self._swept_ns = mono_ns
        ended = [
            digest
            for own in self._of_owners.values()
            for digest, kept in own.items()
            if kept.until_ns is not None and kept.until_ns <= mono_ns
        ]
        for digest in ended:
            self.forget(digest)


def _owner_of(identity: Identity) -> tuple[Kind, str]:
    return identity.kind, identity.id
