"""Reference data: what is known of instruments, from a file first, else from the source.

A file says what its author knows, field by field; the source says the rest. Of a symbol that nobody
describes the class goes by its form, and the price step by the prices that came. Knows neither
routes nor files: who reads the file hands over what is in it.
"""

from collections.abc import Callable, Iterable
from dataclasses import fields, replace

from feed.market.price_steps import LEAST_DECIMALS, decimals_of, prices_of
from feed.market.ticks import Tick
from feed.sources.source import Instrument

_FIELDS = [field.name for field in fields(Instrument) if field.name != "symbol"]


class Reference:
    """Every instrument, as well as it is known."""

    def __init__(
        self,
        given: Iterable[Instrument],
        listed: Callable[[], Iterable[Instrument]],
        find: Callable[[str], Instrument | None],
    ) -> None:
        """Begin with what is given.

        Args:
            given: of a file; fields that are not told are "" or None.
            listed: returns the instruments of the source; they may grow.
            find: returns one of them.
        """
        self._given = {each.symbol: each for each in given}
        self._listed = listed
        self._find = find
        self._merged: dict[str, tuple[Instrument | None, Instrument]] = {}
        self._decimals: dict[str, int] = {}  # with which prices came

    def instrument(self, symbol: str) -> Instrument | None:
        """Return what is told of a symbol; None: it is not listed."""
        known, given = self._find(symbol), self._given.get(symbol)
        return known if given is None else self._merge(given, known)

    def instruments(self) -> list[Instrument]:
        """Return all that are listed, sorted by symbol."""
        listed = {each.symbol: each for each in self._listed()}
        for symbol, given in self._given.items():
            listed[symbol] = self._merge(given, listed.get(symbol))
        return sorted(listed.values(), key=lambda each: each.symbol)

    def with_step(self, known: Instrument, ticks: Iterable[Tick]) -> Instrument:
        """Return an instrument with a price step, where that is told, or ticks of it show one.

        Args:
            known: of this reference.
            ticks: the last that came of it.
        """
        if known.price_step is not None:
            return known
        prices = list(prices_of(ticks))
        if not prices and known.symbol not in self._decimals:
            return known
        decimals = decimals_of(prices, self._decimals.get(known.symbol, LEAST_DECIMALS))
        self._decimals[known.symbol] = decimals
        return replace(known, price_step=float(f"1e-{decimals}"))

    def _merge(self, given: Instrument, known: Instrument | None) -> Instrument:
        """Return what a file tells, and of the rest what the source does."""
        before = self._merged.get(given.symbol)
        if before is not None and before[0] is known:
            return before[1]
        told = {name: getattr(given, name) for name in _FIELDS}
        if known is not None:
            told = {name: value or getattr(known, name) for name, value in told.items()}
        told["name"] = told["name"] or given.symbol
        told["asset_class"] = told["asset_class"] or class_by_form(given.symbol)
        merged = Instrument(given.symbol, **told)
        self._merged[given.symbol] = known, merged
        return merged


def class_by_form(symbol: str) -> str:
    """Return the class of a symbol that nobody describes: pairs have a slash."""
    return "crypto" if "/" in symbol else "us_equity"
