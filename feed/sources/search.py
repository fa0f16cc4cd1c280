"""The search for instruments by a few letters, as the dashboard has it too."""

from collections.abc import Iterable

from feed.sources.source import Instrument


def found(instruments: Iterable[Instrument], query: str) -> list[Instrument]:
    """Return what matches, the best first: the symbol, its beginning, names, and then sectors."""
    wanted = query.casefold()
    ranked = [(rank, each) for each in instruments if (rank := _rank(each, wanted)) is not None]
    ranked.sort(key=lambda pair: (pair[0], pair[1].symbol))
    return [each for _, each in ranked]


def _rank(known: Instrument, wanted: str) -> int | None:
    """Return how well an instrument matches, 0 the best; None: it does not."""
    symbol, words = known.symbol.casefold(), f" {known.name.casefold()}"
    matches = (
        symbol == wanted,
        symbol.startswith(wanted),
        f" {wanted}" in words,
        wanted in symbol or wanted in words,
        known.sector.casefold().startswith(wanted),
    )
    return matches.index(True) if True in matches else None
