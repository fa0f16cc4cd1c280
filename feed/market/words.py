"""Words: events beside ticks, such as what a language model says, under keys that are no symbols.

They go through the same ring as ticks, under the same sequences; each has a key within its channel.
Those of a generation make a log, piece by piece. All others are of a part of their key, such as a
message of a room, and what is said of a part later takes the place of what was said before. A word
is never changed after it was published.
"""

from feed.market.alert_words import AlertWord
from feed.market.generation_words import GenerationWord
from feed.market.job_words import JobWord
from feed.market.presence_words import PresenceWord
from feed.market.room_words import EntryWord, MessageWord
from feed.market.ticks import Opaque, Tick

PartWord = MessageWord | EntryWord | PresenceWord | AlertWord | JobWord  # of a part of a key
Word = GenerationWord | PartWord  # of any channel
Event = Tick | Word
WORD_CLASSES: tuple[type[Word], ...] = (
    GenerationWord,
    MessageWord,
    EntryWord,
    PresenceWord,
    AlertWord,
    JobWord,
)
_CLASSES = frozenset(WORD_CLASSES)
_OTHERS = frozenset({Opaque, *WORD_CLASSES})


def is_word(event: object) -> bool:
    """Tell whether something among ticks is a word; words go through the ring with them."""
    return type(event) in _CLASSES


def is_other(event: object) -> bool:
    """Tell whether something among ticks is none: a word, or an event of an unknown kind."""
    return type(event) in _OTHERS
