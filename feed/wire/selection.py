"""Selections: the channels and symbols that subscribers asked for.

A selection is channels × symbols and equal by value, so that all subscribers that ask for the same
share the same bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from feed.market.asset_classes import BY_FORM, AssetClasses, has_wildcard
from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS, KIND_OF_CHANNEL, Channel, Kind, Opaque, Tick
from feed.market.wildcards import GLOBBED, both, marked, wildcards_of
from feed.market.word_channels import WORD_CHANNELS, WordChannel

# Selections, like the ring, have words among ticks; most code has to do with ticks alone.
ALL_CHANNELS = (*CHANNELS, *cast("tuple[Channel, ...]", WORD_CHANNELS))

_EVERYTHING = frozenset({ALL})
_WORDS: frozenset[object] = frozenset(WORD_CHANNELS)
_NOTHING: frozenset[str] = frozenset()
_KIND_OF = {
    **KIND_OF_CHANNEL,
    **{cast("Channel", each): cast("Kind", each) for each in WORD_CHANNELS},
}
KINDS = tuple(_KIND_OF.values())  # of ticks, and of words


@dataclass(frozen=True, slots=True)
class Selection:
    """Channels × symbols.

    Attributes:
        symbols: per channel, in the order of `Channel`, its symbols; channels without any are left
            out, and `{"*"}` stands for every symbol. A wildcard of another kind stands for those
            of a class, or for those that match a glob; others may be beside it. Behind them those
            of words, with their keys, each by its name.
        intervals_ms: per conflated channel its interval; channels without symbols are left out.
        every: it takes every event, of unknown kinds too: what a server that follows asks for.
    """

    symbols: tuple[tuple[Channel, frozenset[str]], ...] = ()
    intervals_ms: tuple[tuple[Channel, int], ...] = ()
    every: bool = False

    @classmethod
    def of(
        cls,
        symbols: Mapping[Channel, Iterable[str]],
        intervals_ms: Mapping[Channel, int] | None = None,
    ) -> "Selection":
        """Make the selection of these symbols per channel; `*` among them absorbs the others."""
        chosen = ((channel, frozenset(symbols.get(channel, ()))) for channel in ALL_CHANNELS)
        kept = tuple(
            (channel, _EVERYTHING if ALL in some else some) for channel, some in chosen if some
        )
        intervals = intervals_ms or {}
        return cls(
            kept,
            tuple((channel, intervals[channel]) for channel, _ in kept if channel in intervals),
        )

    @classmethod
    def of_words(cls, channel: WordChannel, keys: Iterable[str]) -> "Selection":
        """Make the selection of some keys of a channel of words."""
        return cls.of({cast("Channel", channel): keys})

    def parts(self) -> dict[int, "Selection"]:
        """Return its parts by conflation interval in milliseconds; 0 is the lossless part."""
        if self.every:
            return {0: self}
        intervals = dict(self.intervals_ms)
        by_interval: dict[int, dict[Channel, frozenset[str]]] = {}
        for channel, some in self.symbols:
            by_interval.setdefault(intervals.get(channel, 0), {})[channel] = some
        return {interval: Selection.of(symbols) for interval, symbols in by_interval.items()}

    @property
    def lossless(self) -> "Selection":
        """The part of it that is not conflated."""
        return self.parts().get(0, _NONE) if self.intervals_ms else self

    def within(self, other: "Selection", classes: AssetClasses = BY_FORM) -> "Selection":
        """Return the part of it that another one selects too."""
        theirs = dict(other.symbols)
        shared: dict[Channel, frozenset[str]] = {}
        for channel, some in self.symbols:
            others = theirs.get(channel, _NOTHING)
            shared[channel] = _shared(some, others, classes)
        return Selection.of(shared, dict(self.intervals_ms))

    @property
    def ticks(self) -> "Selection":
        """The part of it that selects ticks: all of it, where it selects no words."""
        return self if not self.words else replace(self, symbols=self.symbols[: -len(self.words)])

    @property
    def only_words(self) -> "Selection":
        """The part of it that selects words."""
        return Selection(cast("tuple[tuple[Channel, frozenset[str]], ...]", self.words))

    @property
    def words(self) -> tuple[tuple[WordChannel, frozenset[str]], ...]:
        """The channels of words that it selects, each with its keys."""
        symbols = self.symbols
        if not symbols or symbols[-1][0] not in _WORDS:
            return ()
        words = tuple((channel, keys) for channel, keys in symbols if channel in _WORDS)
        return cast("tuple[tuple[WordChannel, frozenset[str]], ...]", words)

    @property
    def entries(self) -> int:
        """How many symbols it names over all channels; a wildcard counts as one."""
        return sum(len(some) for _, some in self.symbols)

    def by_kind(self) -> dict[Kind, frozenset[str]]:
        """Return the symbols wanted of each kind of tick, and the keys of each kind of word."""
        kinds = {_KIND_OF[channel]: some for channel, some in self.symbols}
        return kinds | {Opaque.kind: _EVERYTHING} if self.every else kinds

    def select(self, ticks: Sequence[Tick], classes: AssetClasses = BY_FORM) -> list[int]:
        """Return the indices of the ticks that are wanted, in order.

        Whoever has events among them that are no ticks asks about those.
        """
        wanted = self.by_kind()
        if len(wanted) >= len(Kind) and all(some == _EVERYTHING for some in wanted.values()):
            return list(range(len(ticks)))
        whole = {kind for kind, some in wanted.items() if ALL in some}
        if len(whole) == len(wanted):
            return [index for index, tick in enumerate(ticks) if tick.kind in whole]
        chosen = {
            kind: classes.chosen(some)
            for kind, some in wanted.items()
            if kind not in whole and has_wildcard(some)
        }
        if chosen:
            return [
                index
                for index, tick in enumerate(ticks)
                if tick.kind in whole
                or (
                    chosen[tick.kind][tick.symbol]
                    if tick.kind in chosen
                    else tick.symbol in wanted.get(tick.kind, _NOTHING)
                )
            ]
        return [
            index
            for index, tick in enumerate(ticks)
            if tick.kind in whole or tick.symbol in wanted.get(tick.kind, _NOTHING)
        ]


def _shared(some: frozenset[str], others: frozenset[str], classes: AssetClasses) -> frozenset[str]:
    if ALL in others or some == others:
        return some
    if ALL in some:
        return others
    shared = some & others
    if not (has_wildcard(some) or has_wildcard(others)):
        return shared
    wild, wild_others = wildcards_of(some), wildcards_of(others)
    shared |= classes.among(some - wild - {GLOBBED}, others)
    shared |= classes.among(others - wild_others - {GLOBBED}, some)
    pairs = (both(one, other) for one in wild - others for other in wild_others - some)
    return marked([*shared, *filter(None, pairs)])


_NONE = Selection()
EVERY_EVENT = Selection(tuple((channel, _EVERYTHING) for channel in CHANNELS), every=True)
