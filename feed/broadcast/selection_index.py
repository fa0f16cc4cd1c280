"""The index that finds which selections a tick belongs to.

It maps (kind, symbol) to the selections' collectors: distributing a batch costs one dict look-up a
tick plus one append per selection that wants it, however many there are. A set of symbols with
globs or classes in it is found by the sets that the symbol belongs to (`wildcard_sets`), once until
a selection comes or goes. Selections with a `*`, and nothing of these, stay outside the index and
are scanned, one pass over the batch each: there are few different ones. Knows nothing of codecs:
what is distributed are fragments.
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from feed.broadcast.wildcard_sets import WildcardSets
from feed.market.asset_classes import has_wildcard
from feed.market.symbols import ALL
from feed.market.ticks import Kind, Tick
from feed.wire.selection import KINDS, Selection

Collect = Callable[[bytes], None]


class SelectionIndex:
    """(kind, symbol) → the collectors of all selections that want such a tick."""

    __slots__ = ("_by_kind", "_by_set", "_found", "_scanned", "_sets", "entries", "selections")

    def __init__(self, sets: WildcardSets | None = None) -> None:
        """Begin without selections; `sets` may be shared by several indexes."""
        self.selections = 0  # how many are held
        self.entries = 0  # (channel, symbol) pairs held, for the limit on all of them together
        # Dicts for their order and O(1) removal: thousands that share a symbol may leave together.
        self._by_kind: dict[Kind, dict[str, dict[Collect, None]]] = {kind: {} for kind in KINDS}
        self._scanned: dict[tuple[Selection, Collect], None] = {}
        self._sets = WildcardSets() if sets is None else sets
        self._by_set: dict[Kind, dict[frozenset[str], dict[Collect, None]]] = {}
        # The collectors of symbols that had a tick since a selection came or went, if there are
        # sets: one look-up a tick, where there are four (measured: 0.2 us against 0.4).
        self._found: dict[Kind, dict[str, tuple[Collect, ...]]] = {kind: {} for kind in KINDS}

    def add(self, selection: Selection, collect: Collect) -> None:
        """Let `collect` be called with the fragment of every tick that is selected."""
        wanted = selection.by_kind()
        self._forget_found()
        self.selections += 1
        self.entries += sum(map(len, wanted.values()))
        if _is_scanned(wanted):
            self._scanned[selection, collect] = None
            return
        for kind, symbols in wanted.items():
            if has_wildcard(symbols):
                collectors = self._by_set.setdefault(kind, {}).setdefault(symbols, {})
                if not collectors:
                    self._sets.add(symbols)
                collectors[collect] = None
                continue
            table = self._by_kind[kind]
            for symbol in symbols:
                table.setdefault(symbol, {})[collect] = None

    def remove(self, selection: Selection, collect: Collect) -> None:
        """Forget what `add` was told with the same arguments."""
        wanted = selection.by_kind()
        self._forget_found()
        self.selections -= 1
        self.entries -= sum(map(len, wanted.values()))
        if _is_scanned(wanted):
            del self._scanned[selection, collect]
            return
        for kind, symbols in wanted.items():
            if has_wildcard(symbols):
                self._remove_set(kind, symbols, collect)
                continue
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
            for index in selection.select(ticks):
                collect(fragments[index])
        by_kind = self._by_kind
        if self._by_set:
            self._distribute_by_sets(ticks, fragments)
        elif any(by_kind.values()):
            for tick, fragment in zip(ticks, fragments, strict=True):
                for collect in by_kind[tick.kind].get(tick.symbol, ()):
                    collect(fragment)

    def _distribute_by_sets(self, ticks: Sequence[Tick], fragments: Sequence[bytes]) -> None:
        """Distribute by names and by sets with wildcards, a tick at a time."""
        found = self._found
        for tick, fragment in zip(ticks, fragments, strict=True):
            collectors = found[tick.kind].get(tick.symbol)
            if collectors is None:
                collectors = found[tick.kind][tick.symbol] = self._find(tick.kind, tick.symbol)
            for collect in collectors:
                collect(fragment)

    def _find(self, kind: Kind, symbol: str) -> tuple[Collect, ...]:
        """Return the collectors that want a symbol by its name, or by a set with wildcards."""
        of_kind = self._by_set.get(kind, {})
        by_sets = (of_kind.get(some, ()) for some in (self._sets[symbol] if of_kind else ()))
        return (*self._by_kind[kind].get(symbol, ()), *chain.from_iterable(by_sets))

    def _forget_found(self) -> None:
        for found in self._found.values():
            found.clear()

    def _remove_set(self, kind: Kind, symbols: frozenset[str], collect: Collect) -> None:
        of_kind = self._by_set[kind]
        del of_kind[symbols][collect]
        if not of_kind[symbols]:
            del of_kind[symbols]
            self._sets.remove(symbols)
        if not of_kind:
            del self._by_set[kind]


def _is_scanned(wanted: Mapping[Kind, frozenset[str]]) -> bool:
    """Tell whether a kind is wanted whole, and nothing by a wildcard of another kind."""
    wild = [symbols for symbols in wanted.values() if has_wildcard(symbols)]
    return bool(wild) and all(ALL in symbols for symbols in wild)
