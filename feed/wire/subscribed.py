"""The subscription of one connection, as its client named it, message by message.

The dialect's `subscribe` adds symbols and `unsubscribe` takes some away; a lane knows only the
resulting selection, in which `*` absorbs all names beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS, Channel
from feed.wire.messages import Message, subscription_message
from feed.wire.requests import Channels, Request, lossy_only
from feed.wire.selection import Selection

Symbols = Mapping[Channel, frozenset[str]]

_NOTHING: frozenset[str] = frozenset()


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

    def more(self, asked: Request, every: str = ALL) -> tuple["Subscribed", Selection]:
        """Return the subscription after a request, and the selection of that request alone.

        Args:
            asked: the request.
            every: what a `*` stands for, here and in `less` the same.
        """
        wanted, known = asked.symbols(every), self.symbols
        intervals_ms = lossy_only({**self.intervals_ms, **(asked.conflate or {})})
        # The same object where nothing is new, for there are many of them.
        symbols = {
            channel: known[channel].union(wanted[channel]) if wanted[channel] else known[channel]
            for channel in CHANNELS
        }
        return _subscribed(symbols, intervals_ms), Selection.of(wanted, intervals_ms)

    def less(self, unwanted: Channels, every: str = ALL) -> "Subscribed":
        """Return the subscription without some symbols."""
        named, known = unwanted.symbols(every), self.symbols
        symbols = {channel: known[channel].difference(named[channel]) for channel in CHANNELS}
        return _subscribed(symbols, self.intervals_ms)

    def message(self) -> Message:
        """Return the acknowledgement: the whole subscription, as it was named."""
        return subscription_message(self.symbols, self.intervals_ms)


NOTHING_SUBSCRIBED = Subscribed(Selection(), MappingProxyType({}), None)


def _subscribed(symbols: Symbols, intervals_ms: Mapping[Channel, int]) -> Subscribed:
    selection = Selection.of(symbols, intervals_ms)
    selected = dict(selection.symbols)
    same = all(selected.get(channel, _NOTHING) == named for channel, named in symbols.items())
    return Subscribed(selection, intervals_ms, None if same else symbols)
