"""Grants: what an identity may read and publish, and how.

A grant is channels × globs of keys, and grants are a union of them with the few terms on which they
are given. They are values: equal ones are equal however they were written, so that everybody who
asks for all that is granted shares the same lane. Who has which is another matter (`feed.trust`).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import Field

from feed.errors import InvalidParameter, LimitExceeded
from feed.market.globs import GLOB_SHAPE, covers, fewest, is_glob
from feed.market.intervals import format_interval, parse_interval
from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS
from feed.wire.messages import SILENT_CHANNELS
from feed.wire.transport import Transport
from feed.wire.validation import Strict, listed, map_of, validate

SYMBOL_CHANNELS: tuple[str, ...] = (*CHANNELS, *SILENT_CHANNELS)
# Channels whose keys are not symbols. Their grants are kept for the parts that serve them.
OTHER_CHANNELS: tuple[str, ...] = ("rooms",)
MOST_KEYS = 1_000  # globs of one identity, over all of its grants
MOST_WILD_KEYS = 100  # of these with a `*`: they are compared with all others
GRANT_SHAPE = "channels and globs of keys, such as trades,quotes=AAPL,BTC/* or rooms=desk-*"

Keys = frozenset[str]  # globs, none of which covers another
_NOTHING: Keys = frozenset()
_EVERYTHING: Keys = frozenset({ALL})


@dataclass(frozen=True, slots=True)
class Grant:
    """Channels × globs of their keys.

    Attributes:
        channels: their names; their keys are of one kind.
        keys: globs; those that another one covers are left out.
    """

    channels: frozenset[str]
    keys: Keys

    @classmethod
    def of(cls, channels: Iterable[str], keys: Iterable[str], parameter: str = "grant") -> Self:
        """Make a grant.

        Args:
            channels: their names; `*` stands for every channel whose keys are symbols.
            keys: globs.
            parameter: the name under which they were given, for errors.

        Raises:
            InvalidParameter: there is no such channel, a key is not a glob, or there are channels
                whose keys are of different kinds.
            LimitExceeded: there are more keys than one identity may have.
        """
        names = _channels(channels, parameter)
        if not (names.issubset(SYMBOL_CHANNELS) or names.isdisjoint(SYMBOL_CHANNELS)):
            accepted = f"channels of symbols, or of {', '.join(OTHER_CHANNELS)}, not both together"
            raise InvalidParameter(parameter, ",".join(sorted(names)), accepted)
        return cls(names, _keys(keys, parameter))

    @classmethod
    def parse(cls, text: str, parameter: str = "grant") -> Self:
        """Read `trades,quotes=AAPL,BTC/*`.

        Raises:
            InvalidParameter: it is something else.
            LimitExceeded: there are more keys than one identity may have.
        """
        channels, equals, keys = text.partition("=")
        if not (channels and equals and keys):
            raise InvalidParameter(parameter, text, GRANT_SHAPE)
        return cls.of(parts(channels), parts(keys), parameter)

    def __str__(self) -> str:
        """Return it as `parse` reads it."""
        every = self.channels.issuperset(SYMBOL_CHANNELS)
        order = (*SYMBOL_CHANNELS, *OTHER_CHANNELS)
        channels = [ALL] if every else [name for name in order if name in self.channels]
        return f"{','.join(channels)}={','.join(sorted(self.keys))}"


def parts(text: str) -> list[str]:
    """Return the parts of a list that is written with commas."""
    return [part for each in text.split(",") if (part := each.strip())]


Limit = Annotated[int, Field(ge=1)] | None


class GrantLimits(Strict):
    """The most that one identity may have; None: what the server lets anybody have.

    Attributes:
        connections: at the same time.
        symbols: that one connection may name, over all channels.
        lanes: that its connections may be in together.
        requests_per_s: finite ones.
        egress_bytes_per_s: written to all of its connections.
    """

    connections: Limit = None
    symbols: Limit = None
    lanes: Limit = None
    requests_per_s: Limit = None
    egress_bytes_per_s: Limit = None


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
            first = Grant(_channels(channels, "channels"), _keys(symbols, "symbols"))
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
        return _allows(self.read, channel, key)

    def may_publish(self, channel: str, key: str) -> bool:
        """Tell whether something may be published under a key of a channel."""
        return _allows(self.publish, channel, key)


def _allows(granted: _Granted, channel: str, key: str) -> bool:
    keys = dict(granted).get(channel, _NOTHING)
    return ALL in keys or key in keys or any(covers(glob, key) for glob in keys if ALL in glob)


def _channels(names: Iterable[str], parameter: str) -> frozenset[str]:
    """Return channels by their names; `*` is every channel of symbols."""
    chosen: set[str] = set()
    for name in names:
        if name == ALL:
            chosen.update(SYMBOL_CHANNELS)
        elif name in SYMBOL_CHANNELS or name in OTHER_CHANNELS:
            chosen.add(name)
        else:
            known = (*SYMBOL_CHANNELS, *OTHER_CHANNELS)
            accepted = f"'*' for every channel of symbols, or {listed(name, known)}"
            raise InvalidParameter(parameter, name, accepted)
    return frozenset(chosen)


def _keys(keys: Iterable[str], parameter: str) -> Keys:
    """Return globs, few enough of them."""
    some = list(keys)
    _check_number(len(some), sum(ALL in glob for glob in some))
    for glob in some:
        if not is_glob(glob):
            raise InvalidParameter(parameter, glob, GLOB_SHAPE)
    return _fewest(frozenset(some))


def _check_number(keys: int, wild: int) -> None:
    if keys > MOST_KEYS:
        raise LimitExceeded("keys of an identity's grants", keys, MOST_KEYS)
    if wild > MOST_WILD_KEYS:
        raise LimitExceeded("keys with a '*' of an identity's grants", wild, MOST_WILD_KEYS)


@lru_cache(256)
def _fewest(globs: frozenset[str]) -> Keys:
    """Return the globs that no other one covers: the same object for equals."""
    return _EVERYTHING if ALL in globs else fewest(globs)


def _united(grants: Iterable[Grant]) -> _Granted:
    """Return all keys of each channel."""
    some = list(grants)
    named = [glob for grant in some for glob in grant.keys]
    _check_number(len(named), sum(ALL in glob for glob in named))
    keys: dict[str, Keys] = {}
    for grant in some:
        for channel in grant.channels:
            if grant.keys:
                keys[channel] = keys.get(channel, _NOTHING) | grant.keys
    return tuple((channel, _fewest(keys[channel])) for channel in sorted(keys))


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


_ANYTHING = (Grant.of((ALL,), (ALL,)), Grant.of(OTHER_CHANNELS, (ALL,)))
ALL_GRANTS = Grants.of(_ANYTHING, publish=_ANYTHING, follow=True)  # but admin
NO_GRANTS = Grants()
