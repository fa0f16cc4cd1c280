"""The subscription of one connection, as its client named it, message by message.

The dialect's `subscribe` adds symbols and `unsubscribe` takes some away; a lane knows only the
resulting selection, in which `*` absorbs all names beside it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS, Channel
from feed.wire.messages import Message, subscription_message
from feed.wire.requests import Channels, Request, lossy_only
from feed.wire.selection import Selection

Symbols = Mapping[Channel, frozenset[str]]

_NOTHING: frozenset[str] = frozenset()
_FEW_SYMBOLS = 64  # of a first request: those with as few are remembered
_REQUESTS = 256  # that are remembered: at most 2 MB


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The symbols that a connection subscribed to.

    Attributes:
        selection: the resulting one.
        intervals_ms: of channels that are conflated, also those without symbols.
        named: the symbols per channel where the selection does not say them, since `*` was named
            and others besides; else None. A copy would take 1 kB of every connection.
    """

    selection: Selection
    intervals_ms: Mapping[Channel, int]
    named: Symbols | None

    @property
    def symbols(self) -> Symbols:
        """The symbols per channel, as they were named."""
        if self.named is not None:
            return self.named
        selected = dict(self.selection.symbols)
        return {channel: selected.get(channel, _NOTHING) for channel in CHANNELS}

    @property
    def names(self) -> frozenset[str]:
        """All of these over all channels."""
        return _NOTHING.union(*self.symbols.values())

    @property
    def beside(self) -> int:
        """How many symbols it names that the selection does not say, over all channels."""
        if self.named is None:
            return 0
        return sum(map(len, self.named.values())) - self.selection.entries

    def more(self, asked: Request, every: str = ALL) -> tuple["Subscribed", Selection]:
        """Return the subscription after a request, and the selection of that request alone.

        Args:
            asked: the request.
            every: what a `*` stands for, here and in `less` the same.
        """
        wanted = asked.symbols(every)
        if self is NOTHING_SUBSCRIBED and sum(map(len, wanted.values())) <= _FEW_SYMBOLS:
            return _first(tuple(map(tuple, wanted.values())), tuple((asked.conflate or {}).items()))
        return _more(self, wanted, asked.conflate or {})

    def less(self, unwanted: Channels, every: str = ALL) -> "Subscribed":
        """Return the subscription without some symbols."""
        named, known = unwanted.symbols(every), self.symbols
        symbols = {channel: known[channel].difference(named[channel]) for channel in CHANNELS}
        return _subscribed(symbols, self.intervals_ms)

    def message(self) -> Message:
        """Return the acknowledgement: the whole subscription, as it was named."""
        return subscription_message(self.symbols, self.intervals_ms)


NOTHING_SUBSCRIBED = Subscribed(Selection(), MappingProxyType({}), None)


@lru_cache(_REQUESTS)
def _first(
    symbols: tuple[tuple[str, ...], ...], conflate: tuple[tuple[Channel, int], ...]
) -> tuple[Subscribed, Selection]:
    """Return the first subscription of a connection: thousands come back with the same."""
    wanted = dict(zip(CHANNELS, symbols, strict=True))
    return _more(NOTHING_SUBSCRIBED, wanted, dict(conflate))


def _more(
    subscribed: Subscribed,
    wanted: Mapping[Channel, Collection[str]],
    conflate: Mapping[Channel, int],
) -> tuple[Subscribed, Selection]:
    known = subscribed.symbols
    intervals_ms = lossy_only({**subscribed.intervals_ms, **conflate})
    # The same object where nothing is new, for there are many of them.
    symbols = {
        channel: known[channel].union(wanted[channel]) if wanted[channel] else known[channel]
        for channel in CHANNELS
    }
    return _subscribed(symbols, intervals_ms), Selection.of(wanted, intervals_ms)


def _subscribed(symbols: Symbols, intervals_ms: Mapping[Channel, int]) -> Subscribed:
    selection = Selection.of(symbols, intervals_ms)
    selected = dict(selection.symbols)
    same = all(selected.get(channel, _NOTHING) == named for channel, named in symbols.items())
    return Subscribed(selection, intervals_ms, None if same else symbols)
