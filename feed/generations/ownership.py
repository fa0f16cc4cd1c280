"""Whose a generation is, and who else may read it. Knows no clock and no loop.

Its first word says so for another process: the identity as a digest, since others may read it.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Self

from feed.market.generation_words import GenerationWord
from feed.market.symbols import ALL
from feed.market.word_channels import WordChannel
from feed.trust.identity import ANONYMOUS, NOBODY, Identity
from feed.wire.grants import Grants

_MOST_SYMBOLS = 100  # in a first word; more stand there as all
_DIGEST_LENGTH = 32  # hexadecimal digits
_MOST_REMEMBERED = 64  # grants of watchers that were compared with thousands of symbols


@dataclass(slots=True)
class Ownership:
    """Whose a generation is.

    Attributes:
        owner: who asked; None: another process was asked.
        shared: whether others may watch it.
        symbols: that its prompt was grounded on, which whoever watches has to be granted.
        key: the id of a generation that another process was asked for.
        digest: who asked there; "": that is not known.
    """

    owner: Identity | None
    shared: bool = False
    symbols: tuple[str, ...] = ()
    key: str = ""
    digest: str = ""
    _readable: dict[Grants, bool] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, first: GenerationWord) -> Self:
        """Return what the first word of a generation says, which another process was asked for."""
        owner = None if first.owner else ANONYMOUS
        return cls(owner, first.shared, first.symbols, first.symbol, first.owner)

    def tell(self, first: GenerationWord) -> None:
        """Say it in the first word of a generation, which nobody has yet."""
        first.shared = self.shared
        first.symbols = self.symbols if len(self.symbols) <= _MOST_SYMBOLS else (ALL,)
        if self.owner is not None and self.owner.id:
            first.owner = _digest(self.owner, first.symbol)

    def is_of(self, identity: Identity) -> bool:
        """Tell whether it is somebody's own."""
        if identity is NOBODY:
            return False
        if self.owner is not None:
            return self.owner.is_of(identity)
        return bool(self.digest) and self.digest == _digest(identity, self.key)

    def may_watch(self, identity: Identity, key: str) -> bool:
        """Tell whether somebody may read the generation of a key."""
        if self.is_of(identity):
            return True
        if identity is NOBODY:
            return False
        granted = self.shared or identity.grants.may_read(WordChannel.GENERATIONS, key)
        return granted and self._may_read_symbols(identity.grants)

    def _may_read_symbols(self, grants: Grants) -> bool:
        if not self.symbols:
            return True
        known = self._readable.get(grants)
        if known is None:
            if len(self._readable) >= _MOST_REMEMBERED:
                self._readable.clear()
            known = self._readable[grants] = all(map(grants.may_read_any, self.symbols))
        return known


def _digest(identity: Identity, key: str) -> str:
    """Return who somebody is, as only those can tell who know it, and another one for each key."""
    said = f"{identity.kind}\0{identity.id}\0{key}".encode()
    return hashlib.sha256(said).hexdigest()[:_DIGEST_LENGTH]
