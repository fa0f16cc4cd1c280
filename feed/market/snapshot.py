"""The snapshot: the last known state per symbol, for joiners and `/v1/snapshot`.

Theory of operation: one table per kind of tick, from symbol to the newest tick of that kind in
order of arrival, which is the order of sequences. So a joiner gets the ticks that it would have
seen last if it had been there all along. An updated bar is not a state of its own: it replaces the
bar that it corrects, if that is still the last one. Memory is bounded by the number of symbols; the
ticks are the ring's own objects. Knows neither positions nor time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from feed.market.asset_classes import BY_FORM, AssetClasses, has_wildcard
from feed.market.symbols import ALL
from feed.market.ticks import KIND_OF_CHANNEL, Bar, Channel, Kind, Quote, Tick, Trade

# The kinds that have a state, in the order of `Channel`. A correction has none: see above.
_CHANNEL_OF_STATE = {
    kind: channel for channel, kind in KIND_OF_CHANNEL.items() if kind is not Kind.UPDATED_BAR
}


class Snapshot:
    """Last trade, quote and status, and last bar of each length, per symbol."""

    __slots__ = ("_classes", "_latest", "_symbols", "_symbols_made_at")

    def __init__(self, classes: AssetClasses = BY_FORM) -> None:
        self._classes = classes
        self._latest: dict[Kind, dict[str, Tick]] = {kind: {} for kind in _CHANNEL_OF_STATE}
        self._symbols: list[str] = []
        self._symbols_made_at = 0  # entries in all tables when `_symbols` was sorted

    def copy(self) -> "Snapshot":
        """Return a snapshot of the same ticks, which goes its own way."""
        copied = Snapshot(self._classes)
        copied._latest = {kind: dict(table) for kind, table in self._latest.items()}
        return copied

    def clear(self) -> None:
        """Know nothing any more."""
        for table in self._latest.values():
            table.clear()
        self._symbols, self._symbols_made_at = [], 0

    def ticks(self) -> list[Tick]:
        """Return every tick that it holds; `update` of these makes an equal snapshot."""
        return [tick for table in self._latest.values() for tick in table.values()]

    @property
    def symbols(self) -> list[str]:
        """Every symbol that has a state, sorted. A new list only when there are more of them."""
        entries = sum(map(len, self._latest.values()))
        if entries != self._symbols_made_at:  # tables only grow, so equal counts are equal keys
            self._symbols = sorted(set().union(*self._latest.values()))
            self._symbols_made_at = entries
        return self._symbols

    def update(self, ticks: Sequence[Tick]) -> None:
        """Take in ticks, oldest first: O(1) each.

        Every tick of the feed goes through this loop, so it asks for the two common types first
        and by identity.
        """
        latest = self._latest
        trades = latest[Kind.TRADE]
        quotes = latest[Kind.QUOTE]
        for tick in ticks:
            tick_type = type(tick)
            if tick_type is Quote:
                quotes[tick.symbol] = tick
            elif tick_type is Trade:
                trades[tick.symbol] = tick
            elif isinstance(tick, Bar) and tick.kind is Kind.UPDATED_BAR:
                self._correct(tick)
            else:
                latest[tick.kind][tick.symbol] = tick

    def _correct(self, update: Bar) -> None:
        bars = self._latest[Kind.BAR]
        last = bars.get(update.symbol)
        if last is not None and last.event_ns == update.event_ns:
            bars[update.symbol] = replace(update, kind=Kind.BAR)

    def without_state(self, symbols: frozenset[str]) -> frozenset[str]:
        """Return those symbols of which nothing is known."""
        for table in self._latest.values():
            symbols = symbols.difference(table)
        return symbols

    def latest(self, kind: Kind) -> Mapping[str, Tick]:
        """Return the last ticks of a kind that has a state, by symbol; they go on changing."""
        return self._latest[kind]

    def get(self, symbol: str) -> list[Tick]:
        """Return all that is known of one symbol, in the order of `Channel`; [] if nothing is."""
        return [table[symbol] for table in self._latest.values() if symbol in table]

    def state(self, symbols_of_channel: Mapping[Channel, frozenset[str]]) -> list[Tick]:
        """Return the last ticks of channels × symbols, ordered by symbol, then by `Channel`.

        Args:
            symbols_of_channel: per channel its symbols; a set with "*" in it means every symbol,
                and another wildcard every symbol of its class, or that matches it.
                `updatedBars` has no state: a correction is in the bar that it corrects.
        """
        wanted: set[str] = set()
        tables: list[tuple[dict[str, Tick], frozenset[str] | None]] = []
        for kind, channel in _CHANNEL_OF_STATE.items():
            symbols = symbols_of_channel.get(channel)
            if symbols:
                everything = ALL in symbols
                if not everything and has_wildcard(symbols):
                    chosen = self._classes.chosen(symbols)
                    symbols = frozenset(each for each in self._latest[kind] if chosen[each])
                tables.append((self._latest[kind], None if everything else symbols))
                wanted.update(self._latest[kind] if everything else symbols)
        return [
            table[symbol]
            for symbol in sorted(wanted)
            for table, symbols in tables
            if symbol in table and (symbols is None or symbol in symbols)
        ]
