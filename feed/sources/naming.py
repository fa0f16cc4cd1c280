"""The options that stand in the text of every source: the names by which its symbols are told."""

from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from feed.market.renames import Renames
from feed.market.symbols import is_symbol
from feed.sources.options import Accepts, Options, Tunes, split_at_commas

_BECOMES = ">"


def _parts(value: object) -> object:
    return split_at_commas(value)


def _is_rename(value: str) -> str:
    symbol, becomes, name = value.partition(_BECOMES)
    if not (becomes and is_symbol(symbol) and is_symbol(name)):
        raise ValueError("not a symbol and its name")
    return value


def _are_different(value: tuple[str, ...]) -> tuple[str, ...]:
    for side in zip(*(each.split(_BECOMES) for each in value), strict=True):
        if len(set(side)) < len(side):
            raise ValueError("a symbol, or a name, comes twice")
    return value


def _is_prefix(value: str) -> str:
    if not is_symbol(f"{value}A"):
        raise ValueError("not the beginning of a symbol")
    return value


class NamingOptions(Options):
    """How the symbols of one source are told."""

    prefix: Annotated[
        str,
        AfterValidator(_is_prefix),
        Accepts("the beginning of a symbol, such as FX:"),
        Tunes("Put before every symbol of the source that is not renamed."),
    ] = ""
    rename: Annotated[
        tuple[Annotated[str, AfterValidator(_is_rename)], ...],
        BeforeValidator(_parts),
        AfterValidator(_are_different),
        Accepts("symbols and their names, each once, such as XBT/USD>BTC/USD,ETH>ETH/USD"),
        Tunes("Other names for some of its symbols."),
    ] = ()

    def renames(self) -> Renames:
        """Return the names of its symbols."""
        return Renames(dict(each.split(_BECOMES) for each in self.rename), self.prefix)
