"""The marks of keys: 64 bits of a key of words, by which a flight record has it.

The mark of a generation is half of its id, which says something by itself; of any other key it is a
digest, and names it as long as the key is kept.
"""

from collections.abc import Iterable
from hashlib import blake2b

from feed.market.generation_words import half_of_id, id_beginning
from feed.market.word_channels import WordChannel

_MARK_BYTES = 8


def mark_of(channel: WordChannel, key: str) -> int:
    """Return the mark of a key."""
    if channel is WordChannel.GENERATIONS:
        return half_of_id(key)
    return int.from_bytes(blake2b(key.encode(), digest_size=_MARK_BYTES).digest(), "big")


def key_of(channel: WordChannel, mark: int, kept: Iterable[tuple[WordChannel, str]]) -> str:
    """Return which of some kept keys has a mark, and what the mark says where none has.

    Args:
        channel: of the key.
        mark: of the key.
        kept: keys of all channels.
    """
    keys = (key for each, key in kept if each is channel)
    unknown = "…"
    if channel is WordChannel.GENERATIONS:
        unknown = f"{id_beginning(mark)}…"
    return next((key for key in keys if mark_of(channel, key) == mark), unknown)
