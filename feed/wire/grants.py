"""Grants: what an identity may read and publish, and how.

They are a union of grants (`grant`), with the few terms on which these are given, and decide when
somebody subscribes or asks, never tick by tick. They are values: equal ones are equal however they
were written, so that all that ask for everything that is granted share a lane. Who has which is
another matter (`feed.trust`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import Field

from feed.errors import InvalidParameter, LimitExceeded
from feed.market.asset_classes import has_wildcard
from feed.market.globs import covers
from feed.market.intervals import format_interval, parse_interval
from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS, KIND_OF_CHANNEL, Channel
from feed.market.wildcards import both, marked, wildcards_of
from feed.market.word_channels import WORD_CHANNELS, WordChannel
from feed.wire.grant import (
    SYMBOL_CHANNELS,
    Grant,
    Keys,
    channels_of,
    check_number,
    fewest_keys,
    keys_of,
)
from feed.wire.limit import OF_THIS_IDENTITY, Limit
from feed.wire.messages import Message, WarningReason
from feed.wire.selection import Selection
from feed.wire.transport import Transport
from feed.wire.validation import Strict, map_of, validate

_NOTHING: Keys = frozenset()
_TICKS = frozenset(CHANNELS)
_WORDS: frozenset[object] = frozenset(WORD_CHANNELS)
_OF_ROOMS: frozenset[object] = frozenset({WordChannel.ROOMS, WordChannel.PRESENCE})
_Most = Annotated[int, Field(ge=1)] | None


class GrantLimits(Strict):
    """The most that one identity may have; None: what the server lets anybody have.

    Attributes:
        connections: at the same time.
        symbols: that one connection may name, over all channels.
        lanes: that its connections may be in together.
        requests_per_s: finite ones.
        egress_bytes_per_s: written to all of its connections.
    """

    connections: _Most = None
    symbols: _Most = None
    lanes: _Most = None
    requests_per_s: _Most = None
    egress_bytes_per_s: _Most = None


NO_LIMITS = GrantLimits()


class _Document(Strict):
    """Grants as a keys file and a token have them; see `Grants.of_document`."""

    channels: list[str] | None = None
    symbols: list[str] | None = None
    grants: list[str] | None = None
    transports: list[str] | None = None
    publish: list[str] = Field(default_factory=list)
    conflate: str | None = None
    limits: dict[str, Any] = Field(default_factory=dict)
    admin: bool = False
    follow: bool = False


GRANTS_KEYS = tuple(_Document.model_fields)  # of a document
_Granted = tuple[tuple[str, Keys], ...]


@dataclass(frozen=True, slots=True)
class Grants:
    """All that one identity may do.

    Attributes:
        read: per channel, sorted, the keys that may be read.
        publish: likewise, the keys under which something may be published.
        transports: the ways in which ticks may be subscribed to.
        conflate_ms: the shortest interval at which ticks come; 0: each of them.
        limits: the most that it may have.
        admin: whether it may administer the server.
        follow: whether it may follow the ring, as an edge does.
    """

    read: _Granted = ()
    publish: _Granted = ()
    transports: frozenset[Transport] = frozenset(Transport)
    conflate_ms: int = 0
    limits: GrantLimits = NO_LIMITS
    admin: bool = False
    follow: bool = False
    # Made of the others once: whoever subscribes asks for them.
    _keys: Mapping[str, Keys] = field(init=False, repr=False, compare=False)
    _on_some_channel: Keys = field(init=False, repr=False, compare=False)
    _hash: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make what is asked for often."""
        object.__setattr__(self, "_keys", dict(self.read))
        symbols = (keys for channel, keys in self.read if channel in KIND_OF_CHANNEL)
        object.__setattr__(self, "_on_some_channel", fewest_keys(_NOTHING.union(*symbols)))
        others = self.transports, self.conflate_ms, self.limits, self.admin, self.follow
        object.__setattr__(self, "_hash", hash((self.read, self.publish, others)))

    def __hash__(self) -> int:
        """Return a number that equal ones have: thousands of connections look up the same."""
        return self._hash

    @classmethod
    def of(
        cls,
        grants: Iterable[Grant],
        *,
        publish: Iterable[Grant] = (),
        transports: Iterable[Transport] = Transport,
        conflate_ms: int = 0,
        limits: GrantLimits = NO_LIMITS,
        admin: bool = False,
        follow: bool = False,
    ) -> Self:
        """Unite grants; the other arguments are the attributes.

        Raises:
            LimitExceeded: there are more keys than one identity may have.
        """
        return cls(
            _united(grants),
            _united(publish),
            frozenset(transports),
            conflate_ms,
            limits,
            admin,
            follow,
        )

    @classmethod
    def of_document(cls, document: object) -> Self:
        """Read grants as they stand in a keys file, and in the claim `feed` of a token.

        `channels` and `symbols` are the first grant: each stands for all where it is not given,
        but where there are `grants` and neither of them. `grants` are more, as `Grant.parse` reads
        them; `publish` likewise. `transports` are all where they are not given. `conflate` is the
        shortest interval, rounded up to one that is shared. `limits` is a map of `GrantLimits`.

        Raises:
            InvalidMessage: it is not a map with keys of text.
            InvalidParameter: a key of it is unknown, or its value is not accepted.
            LimitExceeded: there are more keys than one identity may have.
        """
        read = validate(_Document, map_of(document, "channels"))
        grants = [Grant.parse(text, "grants") for text in read.grants or ()]
        if read.channels is not None or read.symbols is not None or read.grants is None:
            channels = (ALL,) if read.channels is None else read.channels
            symbols = (ALL,) if read.symbols is None else read.symbols
            first = Grant(channels_of(channels, "channels"), keys_of(symbols, "symbols"))
            if not first.channels.issubset(SYMBOL_CHANNELS):
                accepted = f"channels of symbols: {', '.join(SYMBOL_CHANNELS)}; others in grants"
                raise InvalidParameter("channels", ",".join(sorted(first.channels)), accepted)
            grants.insert(0, first)
        transports = list(Transport) if read.transports is None else read.transports
        return cls.of(
            grants,
            publish=[Grant.parse(text, "publish") for text in read.publish],
            transports=[_transport(name) for name in transports],
            conflate_ms=0 if read.conflate is None else parse_interval(read.conflate),
            limits=validate(GrantLimits, read.limits),
            admin=read.admin,
            follow=read.follow,
        )

    def document(self) -> dict[str, Any]:
        """Return them as `of_document` reads them, without the terms that nobody has set."""
        document: dict[str, Any] = {"grants": [str(grant) for grant in _grouped(self.read)]}
        if self.publish:
            document["publish"] = [str(grant) for grant in _grouped(self.publish)]
        if self.transports != frozenset(Transport):
            document["transports"] = sorted(self.transports)
        if self.conflate_ms:
            document["conflate"] = format_interval(self.conflate_ms)
        if self.limits != NO_LIMITS:
            document["limits"] = self.limits.model_dump(exclude_none=True)
        return document | {name: True for name in ("admin", "follow") if getattr(self, name)}

    @property
    def grants(self) -> tuple[Grant, ...]:
        """What may be read, as few grants as say it."""
        return tuple(_grouped(self.read))

    def may_read(self, channel: str, key: str) -> bool:
        """Tell whether a key of a channel may be read."""
        return _allows(self._keys, channel, key)

    def may_read_any(self, symbol: str) -> bool:
        """Tell whether a symbol may be read on some channel."""
        keys = self._on_some_channel
        return ALL in keys or _is_among(symbol, keys)

    def may_publish(self, channel: str, key: str) -> bool:
        """Tell whether something may be published under a key of a channel."""
        return _allows(dict(self.publish), channel, key)

    def admitted(self, channel: str, symbols: frozenset[str]) -> frozenset[str]:
        """Return those symbols of a channel that are granted, as they were named.

        A `*`, or a class of assets, is granted where any key of the channel is. Who is in a room is
        granted with it; who may read other words is decided where it is known whose they are.
        """
        if channel in _WORDS:
            return self._rooms(symbols) if channel in _OF_ROOMS else symbols
        keys = self._keys.get(channel, _NOTHING)
        if ALL in keys or not keys:
            return symbols if keys else _NOTHING
        return frozenset(symbol for symbol in symbols if ALL in symbol or _is_among(symbol, keys))

    def _rooms(self, names: frozenset[str]) -> frozenset[str]:
        keys = self._keys.get(WordChannel.ROOMS, _NOTHING)
        return names if ALL in keys else frozenset(name for name in names if _is_among(name, keys))

    def granted(self, channel: str, symbols: frozenset[str]) -> frozenset[str]:
        """Return what some symbols stand for that were admitted, as a selection has it.

        A `*` stands for all that is granted, and absorbs what it covers: whoever asks for that has
        the same selection, in the same lane.
        """
        keys = self._keys.get(channel, _NOTHING)
        if ALL in keys or not has_wildcard(symbols):
            return symbols
        if ALL in symbols:
            return _every(keys, ALL)
        wild = wildcards_of(symbols)
        return marked((symbols - wild).union(*(_every(keys, value) for value in wild)))

    def select(self, selection: Selection) -> "Granted":
        """Return what is granted of a selection, and what is not."""
        return self.select_named(dict(selection.symbols), dict(selection.intervals_ms))

    def select_named(
        self, symbols: Mapping[Channel, Collection[str]], intervals_ms: Mapping[Channel, int]
    ) -> "Granted":
        """Return what is granted of symbols per channel, at intervals, and what is not."""
        asked = {channel: frozenset(some) for channel, some in symbols.items()}
        named = {channel: self.admitted(channel, some) for channel, some in asked.items()}
        selection = Selection.of(
            {channel: self.granted(channel, some) for channel, some in named.items()},
            self.slowed(intervals_ms),
        )
        return Granted(selection, named, refused_of(asked, named))

    def check_number(self, symbols: Mapping[Channel, Collection[str]]) -> None:
        """Refuse more symbols, over all channels, than one connection may name.

        Raises:
            LimitExceeded: there are.
        """
        most = self.limits.symbols
        if most is not None and (count := sum(map(len, symbols.values()))) > most:
            raise LimitExceeded(f"{Limit.SYMBOLS}{OF_THIS_IDENTITY}", count, most)

    def slowed(self, intervals_ms: Mapping[Channel, int]) -> Mapping[Channel, int]:
        """Return the intervals at which channels come that were asked for at others, or at none."""
        if not self.conflate_ms:
            return intervals_ms
        floor_ms = self.conflate_ms
        return {channel: max(intervals_ms.get(channel, 0), floor_ms) for channel in CHANNELS}

    def words(self) -> str:
        """Return what may be read, for a person."""
        return "; ".join(map(str, self.grants)) or "nothing"


Refused = tuple[tuple[Channel, frozenset[str]], ...]  # symbols that are not granted, per channel


@dataclass(frozen=True, slots=True)
class Granted:
    """What is granted of a selection.

    Attributes:
        selection: the part of it that is; at the intervals that are granted.
        symbols: the same per channel, as it was named.
        refused: the rest.
    """

    selection: Selection
    symbols: Mapping[Channel, frozenset[str]]
    refused: Refused

    @property
    def names(self) -> frozenset[str]:
        """The symbols that are granted, over all channels of ticks, as they were named."""
        return names_of(self.symbols)


def names_of(symbols: Mapping[Channel, frozenset[str]]) -> frozenset[str]:
    """Return all symbols over all channels of ticks."""
    return frozenset[str]().union(*(some for channel, some in symbols.items() if channel in _TICKS))


def may_be_told(grants: Grants, message: Message) -> bool:
    """Tell whether a message that waits may be told under other grants than it was made under.

    Words on symbols are told of those that may be read; whatever else waits is of the connection.
    """
    if message.get("reason") != WarningReason.UNLISTED.value:
        return True
    return all(map(grants.may_read_any, (*message["names"], *message["nearest"].values())))


def refused_of(
    asked: Mapping[Channel, Collection[str]], granted: Mapping[Channel, Collection[str]]
) -> Refused:
    """Return the symbols that were asked for and are not granted."""
    return tuple(
        (channel, refused)
        for channel, some in asked.items()
        # Fewer may be granted since one was named twice.
        if len(some) > len(granted.get(channel, ()))
        and (refused := frozenset(some).difference(granted.get(channel, ())))
    )


def _allows(granted: Mapping[str, Keys], channel: str, key: str) -> bool:
    keys = granted.get(channel, _NOTHING)
    return ALL in keys or _is_among(key, keys)


def _is_among(key: str, keys: Keys) -> bool:
    return key in keys or any(covers(glob, key) for glob in _wild(keys))


@lru_cache(1_024)
def _wild(keys: Keys) -> tuple[str, ...]:
    """Return the keys that are globs with a `*`."""
    return tuple(glob for glob in keys if ALL in glob)


@lru_cache(1_024)
def _every(keys: Keys, wildcard: str) -> frozenset[str]:
    """Return what a wildcard of a client stands for: the same object for equals."""
    return marked(filter(None, (both(key, wildcard) for key in keys)))


def _united(grants: Iterable[Grant]) -> _Granted:
    """Return all keys of each channel."""
    some = list(grants)
    named = [glob for grant in some for glob in grant.keys]
    check_number(len(named), sum(ALL in glob for glob in named))
    keys: dict[str, Keys] = {}
    for grant in some:
        for channel in grant.channels:
            if grant.keys:
                keys[channel] = keys.get(channel, _NOTHING) | grant.keys
    return tuple((channel, fewest_keys(keys[channel])) for channel in sorted(keys))


def _grouped(granted: _Granted) -> Iterator[Grant]:
    """Yield grants, each of the channels whose keys are the same."""
    channels: dict[tuple[bool, Keys], list[str]] = {}
    for channel, keys in granted:
        channels.setdefault((channel in SYMBOL_CHANNELS, keys), []).append(channel)
    for (_, keys), names in channels.items():
        yield Grant(frozenset(names), keys)


def _transport(name: str) -> Transport:
    if name not in list(Transport):
        raise InvalidParameter("transports", name, ", ".join(Transport))
    return Transport(name)


# A generation is read by its asker, and by others where it is shared.
_ANYTHING = (Grant.of((ALL,), (ALL,)), Grant.of((WordChannel.ROOMS,), (ALL,)))
ALL_GRANTS = Grants.of(_ANYTHING, publish=_ANYTHING, follow=True)  # but admin
NO_GRANTS = Grants()
