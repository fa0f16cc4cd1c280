"""Selections in few words, and the slow and plain model of what they select."""

import re
from collections.abc import Iterable

from feed.market.asset_classes import EVERY_OF
from feed.market.symbols import ALL
from feed.market.ticks import Channel, Kind, Tick
from feed.wire.selection import Selection

EVERYTHING = Selection.of(dict.fromkeys(Channel, (ALL,)))


def select(selection: Selection, ticks: Iterable[Tick]) -> list[Tick]:
    """Select as slowly and plainly as can be: the model of every selection."""
    wanted = {Channel(channel): symbols for channel, symbols in selection.symbols}
    channels = {
        Kind.TRADE: Channel.TRADES,
        Kind.QUOTE: Channel.QUOTES,
        Kind.BAR: Channel.BARS,
        Kind.UPDATED_BAR: Channel.UPDATED_BARS,
        Kind.SECOND_BAR: Channel.SECOND_BARS,
        Kind.STATUS: Channel.STATUSES,
    }
    return [
        tick
        for tick in ticks
        if any(stands_for(value, tick.symbol) for value in wanted.get(channels[tick.kind], ()))
    ]


def stands_for(value: str, symbol: str) -> bool:
    """Tell whether a name or a wildcard stands for a symbol, where that is not listed."""
    return all(
        term == class_of(symbol) or ("[" not in term and glob_matches(term, symbol))
        for term in value.split(",")
    )


def glob_matches(glob: str, key: str) -> bool:
    """Match as slowly and plainly as can be."""
    pattern = ".*".join(re.escape(part) for part in glob.split("*"))
    return re.fullmatch(pattern, key, re.DOTALL) is not None


def class_of(symbol: str) -> str:
    """Return what stands for the class of a symbol, where it is not listed."""
    return EVERY_OF["crypto" if "/" in symbol else "us_equity"]


def of_channels(**symbols: Iterable[str]) -> Selection:
    """Make a selection: `of_channels(trades=["AAPL"], quotes="*")`."""
    return Selection.of({Channel(channel): some for channel, some in symbols.items()})
