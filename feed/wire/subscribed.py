"""The subscription of one connection, as its client named it, message by message.

The dialect's `subscribe` adds symbols and `unsubscribe` takes some away; a lane knows only the
resulting selection, in which `*` absorbs all names beside it, or stands for what is granted. Names
that are not granted are not kept: should they be granted later, they are asked for again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from feed.market.symbols import ALL
from feed.market.ticks import Channel
from feed.wire.grants import ALL_GRANTS, Grants, Refused, names_of, refused_of
from feed.wire.messages import Message, subscription_message
from feed.wire.requests import Channels, Request, lossy_only
from feed.wire.selection import ALL_CHANNELS, Selection

Symbols = Mapping[Channel, frozenset[str]]

_NOTHING: frozenset[str] = frozenset()
_FEW_SYMBOLS = 64  # of a first request: those with as few are remembered
_REQUESTS = 256  # that are remembered: at most 2 MB


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The symbols that a connection subscribed to.

    Attributes:
        selection: the resulting one.
        intervals_ms: of channels that were to be conflated, also those without symbols.
        named: the symbols per channel where the selection does not say them, since a `*` was named
            that stands for something else, or others besides; else None. A copy would take 1 kB of
            every connection.
        grants: under which it was subscribed to.
    """

    selection: Selection
    intervals_ms: Mapping[Channel, int]
    named: Symbols | None
    grants: Grants = ALL_GRANTS

    @property
    def symbols(self) -> Symbols:
        """The symbols per channel, as they were named."""
        if self.named is not None:
            return self.named
        selected = dict(self.selection.symbols)
        return {channel: selected.get(channel, _NOTHING) for channel in ALL_CHANNELS}

    @property
    def names(self) -> frozenset[str]:
        """All of these over all channels of ticks."""
        return names_of(self.symbols)

    @property
    def beside(self) -> int:
        """How many symbols it names that the selection does not say, over all channels."""
        if self.named is None:
            return 0
        selected = dict(self.selection.symbols)
        return sum(
            len(names - selected.get(channel, _NOTHING) - {ALL})
            for channel, names in self.named.items()
        )

    def more(self, asked: Request, every: str = ALL) -> tuple["Subscribed", "Added"]:
        """Return the subscription after a request, and what that request alone added.

        Args:
            asked: the request.
            every: what a `*` stands for, here and in `less` the same.

        Raises:
            LimitExceeded: it names more symbols than are granted.
        """
        wanted = asked.symbols(every)
        if self.is_new and sum(map(len, wanted.values())) <= _FEW_SYMBOLS:
            conflate = tuple((asked.conflate or {}).items())
            return _first(tuple(map(tuple, wanted.values())), conflate, self.grants)
        return _more(self, wanted, asked.conflate or {})

    def less(self, unwanted: Channels, every: str = ALL) -> "Subscribed":
        """Return the subscription without some symbols."""
        named, known = unwanted.symbols(every), self.symbols
        symbols = {channel: known[channel].difference(named[channel]) for channel in ALL_CHANNELS}
        return _subscribed(symbols, self.intervals_ms, self.grants)

    def under(self, grants: Grants) -> "Subscribed":
        """Return the part of the subscription that is granted under other grants.

        A `*` stands for all that is granted by these, which may be more.
        """
        if self.is_new:
            return _nothing(grants)
        symbols = {
            channel: grants.admitted(channel, names) for channel, names in self.symbols.items()
        }
        return _subscribed(symbols, self.intervals_ms, grants)

    @property
    def is_new(self) -> bool:
        """Whether nothing was subscribed to, and no interval was named."""
        return not (self.selection.symbols or self.intervals_ms or self.named)

    def message(self) -> Message:
        """Return the acknowledgement: the whole subscription, as it was named."""
        return subscription_message(self.symbols, self.grants.slowed(self.intervals_ms))


@dataclass(frozen=True, slots=True)
class Added:
    """What one request added.

    Attributes:
        selection: of it alone.
        refused: its symbols that are not granted.
    """

    selection: Selection
    refused: Refused


NOTHING_SUBSCRIBED = Subscribed(Selection(), MappingProxyType({}), None)


@lru_cache(_REQUESTS)
def _nothing(grants: Grants) -> Subscribed:
    """Return the subscription to nothing under some grants: with it every connection begins."""
    return _subscribed(NOTHING_SUBSCRIBED.symbols, NOTHING_SUBSCRIBED.intervals_ms, grants)


@lru_cache(_REQUESTS)
def _first(
    symbols: tuple[tuple[str, ...], ...], conflate: tuple[tuple[Channel, int], ...], grants: Grants
) -> tuple[Subscribed, Added]:
    """Return the first subscription of a connection: thousands come back with the same."""
    wanted = dict(zip(ALL_CHANNELS, symbols, strict=True))
    return _more(NOTHING_SUBSCRIBED.under(grants), wanted, dict(conflate))


def _more(
    subscribed: Subscribed,
    wanted: Mapping[Channel, Collection[str]],
    conflate: Mapping[Channel, int],
) -> tuple[Subscribed, Added]:
    known, grants = subscribed.symbols, subscribed.grants
    intervals_ms = lossy_only({**subscribed.intervals_ms, **conflate})
    admitted = {
        channel: grants.admitted(channel, frozenset(some)) for channel, some in wanted.items()
    }
    # The same object where nothing is new, for there are many of them.
    symbols = {
        channel: known[channel].union(admitted[channel]) if admitted[channel] else known[channel]
        for channel in ALL_CHANNELS
    }
    grants.check_number(symbols)
    added = Added(_selection(admitted, intervals_ms, grants), refused_of(wanted, admitted))
    return _subscribed(symbols, intervals_ms, grants), added


def _subscribed(
    symbols: Symbols, intervals_ms: Mapping[Channel, int], grants: Grants
) -> Subscribed:
    selection = _selection(symbols, intervals_ms, grants)
    selected = dict(selection.symbols)
    same = all(selected.get(channel, _NOTHING) == named for channel, named in symbols.items())
    return Subscribed(selection, intervals_ms, None if same else symbols, grants)


def _selection(symbols: Symbols, intervals_ms: Mapping[Channel, int], grants: Grants) -> Selection:
    return Selection.of(
        {channel: grants.granted(channel, some) for channel, some in symbols.items()},
        grants.slowed(intervals_ms),
    )
