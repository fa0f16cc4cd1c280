"""A source as a server has it: with the name by which it is told, and those of its symbols."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from feed.market.renames import Renames
from feed.sources.source import Instrument, Source


@dataclass(frozen=True, slots=True)
class NamedSource:
    """A source, and how it is told.

    Attributes:
        name: by which it is told, in metrics, logs and `/v1/status`.
        source: the origin of ticks.
        renames: the names of its symbols.
    """

    name: str
    source: Source
    renames: Renames = field(default_factory=Renames)

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
