"""A source as a server has it: with the name by which it is told, and those of its symbols."""

from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass, field, replace

from feed.market.open_bar import OpenBar
from feed.market.past import Past, Recalled
from feed.market.renames import Renames
from feed.sources.preread import Preread
from feed.sources.source import HasPast, Instrument, Source


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A source, and how it is told.

    Attributes:
        name: by which it is told, in metrics, logs and `/v1/status`.
        source: the origin of ticks.
        renames: the names of its symbols.
        preread: what was read of it ahead, for the first time that it is opened.
    """

    name: str
    source: Source
    renames: Renames = field(default_factory=Renames)
    preread: Preread | None = None

    @classmethod
    def listed(cls, sources: "Source | Sequence[NamedSource]") -> "Sequence[NamedSource]":
        """Return a list of them; a source alone is called as it calls itself."""
        if isinstance(sources, Sequence):
            return sources
        return [cls(sources.name, sources)]

    def instruments(self) -> list[Instrument]:
        """Return its instruments as they are told, as far as they are known."""
        if not self.renames.changes:
            return self.source.instruments()
        return [
            replace(known, symbol=name)
            for known in self.source.instruments()
            if (name := self.renames.name(known.symbol)) is not None
        ]

    def instrument(self, name: str) -> Instrument | None:
        """Return one of them, by the name that it is told by."""
        if not self.renames.changes:
            return self.source.instrument(name)
        symbol = self.renames.symbol(name)
        known = self.source.instrument(symbol)
        if known is None or self.renames.name(symbol) != name:
            return None
        return replace(known, symbol=name)

    def past(self) -> Past | None:
        """Return what was before its first tick, under the names that are told; None: nothing."""
        if not isinstance(self.source, HasPast):
            return None
        past = self.source.past()
        return RenamedPast(past, self.renames) if self.renames.changes else past


class RenamedPast:
    """A past whose symbols have other names; see `feed.market.past.Past`."""

    def __init__(self, past: Past, renames: Renames) -> None:
        """Tell a past by other names."""
        self.until_ns = past.until_ns
        self._past = past
        self._renames = renames

    def symbols(self) -> Collection[str]:
        """Return the names that have a past."""
        names = (self._renames.name(symbol) for symbol in self._past.symbols())
        return [name for name in names if name is not None]

    def open_minute(self, symbol: str) -> OpenBar | None:
        """Return the trades of the minute that the past ends in."""
        return self._past.open_minute(self._renames.symbol(symbol))

    def previous_close(self, symbol: str) -> float | None:
        """Return the last price of the day before the one that it ends in."""
        return self._past.previous_close(self._renames.symbol(symbol))

    def opened(self, symbol: str) -> float | None:
        """Return the first price of the day that it ends in."""
        return self._past.opened(self._renames.symbol(symbol))

    def recall(self, symbol: str) -> Generator[None, None, Recalled]:
        """Return all that is known of a symbol, piece by piece."""
        return self._past.recall(self._renames.symbol(symbol))
