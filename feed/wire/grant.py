"""A grant: channels × globs of their keys, and how it is written.

`trades,quotes=AAPL,BTC/*` is one, `rooms=desk-*` another: the keys of its channels are of one kind.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

from feed.errors import InvalidParameter, LimitExceeded
from feed.market.globs import GLOB_SHAPE, fewest, is_glob
from feed.market.symbols import ALL
from feed.market.ticks import CHANNELS
from feed.market.word_channels import WordChannel
from feed.wire.messages import SILENT_CHANNELS
from feed.wire.validation import listed

SYMBOL_CHANNELS: tuple[str, ...] = (*CHANNELS, *SILENT_CHANNELS)
# Channels whose keys are not symbols; presence is of rooms, and alerts and jobs are one's own.
OTHER_CHANNELS: tuple[str, ...] = (WordChannel.ROOMS, WordChannel.GENERATIONS)
MOST_KEYS = 1_000  # globs of one identity, over all of its grants
MOST_WILD_KEYS = 100  # of these with a `*`: they are compared with all others
GRANT_SHAPE = "channels and globs of keys, such as trades,quotes=AAPL,BTC/* or rooms=desk-*"

Keys = frozenset[str]  # globs, none of which covers another
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
        names = channels_of(channels, parameter)
        if not (names.issubset(SYMBOL_CHANNELS) or names.isdisjoint(SYMBOL_CHANNELS)):
            accepted = f"channels of symbols, or of {', '.join(OTHER_CHANNELS)}, not both together"
            raise InvalidParameter(parameter, ",".join(sorted(names)), accepted)
        return cls(names, keys_of(keys, parameter))

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


def channels_of(names: Iterable[str], parameter: str) -> frozenset[str]:
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


def keys_of(keys: Iterable[str], parameter: str) -> Keys:
    """Return globs, few enough of them."""
    some = list(keys)
    check_number(len(some), sum(ALL in glob for glob in some))
    for glob in some:
        if not is_glob(glob):
            raise InvalidParameter(parameter, glob, GLOB_SHAPE)
    return fewest_keys(frozenset(some))


def check_number(keys: int, wild: int) -> None:
    """Refuse too many keys by their number alone, whatever they are."""
    if keys > MOST_KEYS:
        raise LimitExceeded("keys of an identity's grants", keys, MOST_KEYS)
    if wild > MOST_WILD_KEYS:
        raise LimitExceeded("keys with a '*' of an identity's grants", wild, MOST_WILD_KEYS)


@lru_cache(256)
def fewest_keys(globs: frozenset[str]) -> Keys:
    """Return the globs that no other one covers: the same object for equals."""
    return _EVERYTHING if ALL in globs else fewest(globs)
