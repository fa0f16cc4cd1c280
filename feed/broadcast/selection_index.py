"""The index that finds which selections a tick belongs to.

It maps (kind, symbol) to the selections' collectors: distributing a batch costs one dict look-up a
tick plus one append per selection that wants it, however many there are. Selections with a wildcard
stay outside the index and are scanned, one pass over the batch each: there are few different ones.
Knows nothing of codecs: what is distributed are fragments.
"""

from collections.abc import Callable, Mapping, Sequence

from feed.market.asset_classes import BY_FORM, AssetClasses
from feed.market.ticks import Kind, Tick
from feed.wire.selection import Selection, has_wildcard

Collect = Callable[[bytes], None]


class SelectionIndex:
    """(kind, symbol) → the collectors of all selections that want such a tick."""

    __slots__ = ("_by_kind", "_classes", "_scanned", "entries", "selections")

    def __init__(self, classes: AssetClasses = BY_FORM) -> None:
        self._classes = classes
        self.selections = 0  # how many are held
        self.entries = 0  # (channel, symbol) pairs held, for the limit on all of them together
        # Dicts for their order and O(1) removal: thousands that share a symbol may leave together.
        self._by_kind: dict[Kind, dict[str, dict[Collect, None]]] = {kind: {} for kind in Kind}
        self._scanned: dict[tuple[Selection, Collect], None] = {}

    def add(self, selection: Selection, collect: Collect) -> None:
        """Let `collect` be called with the fragment of every tick that is selected."""
        wanted = selection.by_kind()
        self.selections += 1
        self.entries += sum(map(len, wanted.values()))
        if _is_scanned(wanted):
            self._scanned[selection, collect] = None
            return
        for kind, symbols in wanted.items():
            table = self._by_kind[kind]
            for symbol in symbols:
                table.setdefault(symbol, {})[collect] = None

    def remove(self, selection: Selection, collect: Collect) -> None:
        """Forget what `add` was told with the same arguments."""
        wanted = selection.by_kind()
        self.selections -= 1
        self.entries -= sum(map(len, wanted.values()))
        if _is_scanned(wanted):
            del self._scanned[selection, collect]
            return
        for kind, symbols in wanted.items():
            table = self._by_kind[kind]
            for symbol in symbols:
                del table[symbol][collect]
                if not table[symbol]:
                    del table[symbol]

    def distribute(self, ticks: Sequence[Tick], fragments: Sequence[bytes]) -> None:
        """Give each tick's fragment to the collectors that want the tick; batch order is kept.

        Complexity: O(ticks × scanned selections + ticks + fragments given).
        """
        for selection, collect in self._scanned:
            for index in selection.select(ticks, self._classes):
                collect(fragments[index])
        by_kind = self._by_kind
        if any(by_kind.values()):
            for tick, fragment in zip(ticks, fragments, strict=True):
                for collect in by_kind[tick.kind].get(tick.symbol, ()):
                    collect(fragment)


def _is_scanned(wanted: Mapping[Kind, frozenset[str]]) -> bool:
    """Tell whether a kind is wanted whole, or a class of it, so that the index cannot hold it."""
    return any(map(has_wildcard, wanted.values()))
