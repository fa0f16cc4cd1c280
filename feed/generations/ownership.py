"""Whose a generation is, and who else may read it. Knows no clock and no loop."""

from dataclasses import dataclass, field

from feed.market.words import WordChannel
from feed.trust.identity import NOBODY, Identity
from feed.wire.grants import Grants

_MOST_REMEMBERED = 64  # grants of watchers that were compared with thousands of symbols


@dataclass(slots=True)
class Ownership:
    """Whose a generation is.

    Attributes:
        owner: who asked; None: that is not known any more, since another process was asked.
        shared: whether others may watch it.
        symbols: that its prompt was grounded on, which whoever watches has to be granted.
    """

    owner: Identity | None
    shared: bool = False
    symbols: tuple[str, ...] = ()
    _readable: dict[Grants, bool] = field(default_factory=dict, repr=False)

    def is_of(self, identity: Identity) -> bool:
        """Tell whether it is somebody's own."""
        return self.owner is not None and identity is not NOBODY and self.owner.is_of(identity)

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
