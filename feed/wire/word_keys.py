"""The keys of channels of words: what each looks like, and where `*` stands for one's own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from feed.market.alert_words import OWNER_PATTERN
from feed.market.generation_words import ID_PATTERN, ID_SHAPE
from feed.market.job_words import JOB_PATTERN
from feed.market.symbols import ALL
from feed.market.word_channels import WordChannel

MOST_ROOM_LETTERS = 64
ROOM_PATTERN = rf"^[A-Za-z0-9][A-Za-z0-9._-]{{0,{MOST_ROOM_LETTERS - 1}}}$"
ROOM_SHAPE = (
    f"the name of a room: 1 to {MOST_ROOM_LETTERS} letters, digits, '-', '_' and '.', the first a "
    "letter or a digit"
)


@dataclass(frozen=True, slots=True)
class WordKeys:
    """The keys of one channel.

    Attributes:
        pattern: that each of them matches.
        shape: the same in words.
        whose: who may read one, for documents.
        own: whether `*` stands for one's own.
    """

    pattern: str
    shape: str
    whose: str
    own: bool = False
    _matches: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the pattern: a message may name thousands of keys."""
        # `$` matches before a newline at the end too, which no key may have.
        object.__setattr__(self, "_matches", re.compile(_unanchored(self.pattern)))

    def accept(self, key: str) -> bool:
        """Tell whether a text is such a key."""
        return self._matches.fullmatch(key) is not None


def _unanchored(pattern: str) -> str:
    return pattern.removeprefix("^").removesuffix("$")


_ROOMS = WordKeys(
    ROOM_PATTERN, ROOM_SHAPE, "of rooms that are granted (`rooms=GLOB`), whether used before or not"
)
WORD_KEYS: Mapping[WordChannel, WordKeys] = {
    WordChannel.GENERATIONS: WordKeys(
        ID_PATTERN, ID_SHAPE, "of answers that are yours or shared with you"
    ),
    WordChannel.ROOMS: _ROOMS,
    WordChannel.PRESENCE: _ROOMS,
    WordChannel.ALERTS: WordKeys(
        rf"^(\*|{_unanchored(OWNER_PATTERN)})$",
        "'*', for one's own alerts",
        "your own alerts, and no others",
        own=True,
    ),
    WordChannel.JOBS: WordKeys(
        JOB_PATTERN, "the id of a job: job_ and 32 hexadecimal digits", "of your own jobs"
    ),
}

# Channels where a `*` stands for one's own, which is one key.
OWN_CHANNELS = tuple(channel for channel, keys in WORD_KEYS.items() if keys.own)


def is_room(name: str) -> bool:
    """Tell whether a text may be the name of a room."""
    return _ROOMS.accept(name)


def is_own(channel: str) -> bool:
    """Tell whether a channel is of words that are one's own, whose key its client calls `*`."""
    return channel in OWN_CHANNELS


def told_key(channel: WordChannel, key: str) -> str:
    """Return a key as its client named it: what is one's own as `*`."""
    return ALL if WORD_KEYS[channel].own else key
