"""Selections in few words, and the slow and plain model of what they select."""

from collections.abc import Iterable, Sequence

from feed.market.asset_classes import EVERY_OF
from feed.market.symbols import ALL
from feed.market.ticks import Channel, Kind, Tick
from feed.wire.selection import Selection

EVERYTHING = Selection.of(dict.fromkeys(Channel, (ALL,)))


def select(selection: Selection, ticks: Iterable[Tick]) -> list[Tick]:
    """Select as slowly and plainly as can be: the model of every selection."""
    wanted = {
        (Channel(channel), symbol) for channel, symbols in selection.symbols for symbol in symbols
    }
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
        if wanted
        & {(channels[tick.kind], each) for each in (tick.symbol, ALL, class_of(tick.symbol))}
    ]


def class_of(symbol: str) -> str:
    """Return what stands for the class of a symbol, where it is not listed."""
    return EVERY_OF["crypto" if "/" in symbol else "us_equity"]


def of_channels(**symbols: Sequence[str]) -> Selection:
    """Make a selection: `of_channels(trades=["AAPL"], quotes="*")`."""
    return Selection.of({Channel(channel): some for channel, some in symbols.items()})
