"""What a subscriber asked for, and the index that finds who asked for a tick.

A selection is channels × symbols and equal by value, so that all who ask for the same share the
same bytes. The index maps (kind, symbol) to the selections' collectors: distributing a batch costs
one dict look-up a tick plus one append per selection that wants it, however many there are.
Selections with a `*` stay outside the index and are scanned, one pass over the batch each: there
are few different ones. Knows nothing of codecs: what is distributed are fragments.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from feed.market.ticks import CHANNELS, KIND_OF_CHANNEL, Channel, Kind, Tick

ALL = "*"  # every symbol, in place of a symbol
_EVERYTHING = frozenset({ALL})
_NOTHING: frozenset[str] = frozenset()

Collect = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Selection:
    """Channels × symbols.

    Attributes:
        symbols: per channel, in the order of `Channel`, its symbols; channels without any are left
            out, and `{"*"}` stands for every symbol.
        intervals_ms: per conflated channel its interval; channels without symbols are left out.
    """

    symbols: tuple[tuple[Channel, frozenset[str]], ...] = ()
    intervals_ms: tuple[tuple[Channel, int], ...] = ()

    @classmethod
    def of(
        cls,
        symbols: Mapping[Channel, Iterable[str]],
        intervals_ms: Mapping[Channel, int] | None = None,
    ) -> "Selection":
        """Make the selection of these symbols per channel; `*` among them absorbs the others."""
        chosen = ((channel, frozenset(symbols.get(channel, ()))) for channel in CHANNELS)
        kept = tuple(
            (channel, _EVERYTHING if ALL in some else some) for channel, some in chosen if some
        )
        intervals = intervals_ms or {}
        return cls(
            kept,
            tuple((channel, intervals[channel]) for channel, _ in kept if channel in intervals),
        )

    def parts(self) -> dict[int, "Selection"]:
        """Return what is selected by interval in milliseconds; 0: lossless."""
        intervals = dict(self.intervals_ms)
        by_interval: dict[int, dict[Channel, frozenset[str]]] = {}
        for channel, some in self.symbols:
            by_interval.setdefault(intervals.get(channel, 0), {})[channel] = some
        return {interval: Selection.of(symbols) for interval, symbols in by_interval.items()}

    @property
    def lossless(self) -> "Selection":
        """What of it is not conflated."""
        return self.parts().get(0, _NONE) if self.intervals_ms else self

    def within(self, other: "Selection") -> "Selection":
        """Return what of it another one selects too."""
        theirs = dict(other.symbols)
        shared: dict[Channel, frozenset[str]] = {}
        for channel, some in self.symbols:
            others = theirs.get(channel, _NOTHING)
            shared[channel] = some if ALL in others else others if ALL in some else some & others
        return Selection.of(shared, dict(self.intervals_ms))

    @property
    def entries(self) -> int:
        """How many symbols it names over all channels; a `*` counts as one."""
        return sum(len(some) for _, some in self.symbols)

    @property
    def scanned(self) -> bool:
        """Whether a channel is wanted whole, so that the index cannot hold the selection."""
        return any(some is _EVERYTHING or ALL in some for _, some in self.symbols)

    def by_kind(self) -> dict[Kind, frozenset[str]]:
        """Return the symbols wanted of each kind of tick."""
        return {KIND_OF_CHANNEL[channel]: some for channel, some in self.symbols}

    def select(self, ticks: Sequence[Tick]) -> list[int]:
        """Return the indices of the ticks that are wanted, in order."""
        wanted = self.by_kind()
        if len(wanted) == len(Kind) and all(some == _EVERYTHING for some in wanted.values()):
            return list(range(len(ticks)))
        whole = {kind for kind, some in wanted.items() if ALL in some}
        if len(whole) == len(wanted):
            return [index for index, tick in enumerate(ticks) if tick.kind in whole]
        return [
            index
            for index, tick in enumerate(ticks)
            if tick.kind in whole or tick.symbol in wanted.get(tick.kind, _NOTHING)
        ]


_NONE = Selection()


class SelectionIndex:
    """(kind, symbol) → the collectors of all selections that want such a tick."""

    __slots__ = ("_by_kind", "_scanned", "entries", "selections")

    def __init__(self) -> None:
        self.selections = 0  # how many are held
        self.entries = 0  # (channel, symbol) pairs held, for the limit on all of them together
        self._by_kind: dict[Kind, dict[str, list[Collect]]] = {kind: {} for kind in Kind}
        self._scanned: list[tuple[Selection, Collect]] = []

    def add(self, selection: Selection, collect: Collect) -> None:
        """Let `collect` be called with the fragment of every tick that is selected."""
        self.selections += 1
        self.entries += selection.entries
        if selection.scanned:
            self._scanned.append((selection, collect))
            return
        for kind, symbols in selection.by_kind().items():
            table = self._by_kind[kind]
            for symbol in symbols:
                table.setdefault(symbol, []).append(collect)

    def remove(self, selection: Selection, collect: Collect) -> None:
        """Forget what `add` was told with the same arguments."""
        self.selections -= 1
        self.entries -= selection.entries
        if selection.scanned:
            self._scanned.remove((selection, collect))
            return
        for kind, symbols in selection.by_kind().items():
            table = self._by_kind[kind]
            for symbol in symbols:
                table[symbol].remove(collect)
                if not table[symbol]:
                    del table[symbol]

    def distribute(self, ticks: Sequence[Tick], fragments: Sequence[bytes]) -> None:
        """Give each tick's fragment to whoever selected the tick; batch order is kept.

        Complexity: O(ticks × scanned selections + ticks + fragments given).
        """
        for selection, collect in self._scanned:
            for index in selection.select(ticks):
                collect(fragments[index])
        by_kind = self._by_kind
        if any(by_kind.values()):
            for tick, fragment in zip(ticks, fragments, strict=True):
                for collect in by_kind[tick.kind].get(tick.symbol, ()):
                    collect(fragment)
