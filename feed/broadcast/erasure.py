"""Erasing: what was deleted is gone from all that others may be given.

Theory of operation: that a message is deleted is an event of its own, and erasing is a part of its
cut, so that whoever has that event has erased too. Under the sequences of what was said before, the
ring has from then on that it is gone, and so have the fragments of every codec; what is remembered
for selections and states is made anew. A log is told what to erase. Knows no clock, no socket and
no file.
"""

from collections.abc import Collection, Sequence
from typing import cast

from feed.broadcast.fragments import Fragments
from feed.broadcast.keyed_states import KeyedStates
from feed.broadcast.log import Deletion
from feed.broadcast.ring import RingBuffer
from feed.market.room_words import MessageWord
from feed.market.ticks import Tick
from feed.market.words import Word


def erase_among(words: Sequence[Word]) -> list[Word]:
    """Return words that wait for one cut, without what others of them delete."""
    kept: list[Word] = []
    deleted = {_name(word) for word in words if isinstance(word, MessageWord) and word.is_gone}
    for word in words:
        if isinstance(word, MessageWord) and not word.is_gone and _name(word) in deleted:
            kept.append(word.erased())
        else:
            kept.append(word)
    return kept


def erase(
    words: Sequence[Word], keyed: KeyedStates, ring: RingBuffer, fragments: Fragments
) -> list[int]:
    """Erase what was said before of messages that some words delete.

    Args:
        words: of a cut, before they are in the keyed states.
        keyed: knows what was said of a message.
        ring: that holds it.
        fragments: of it.

    Returns:
        The sequences of what was erased, as far as the ring holds them.
    """
    erased: list[int] = []
    for word in words:
        if isinstance(word, MessageWord) and word.is_gone:
            sequences = keyed.sequences_of(word.kind, word.symbol, word.part)
            erased += _held(ring, word) if sequences is None else sequences
    erased = [sequence for sequence in erased if _erase_one(ring, sequence)]
    if erased:
        fragments.make_anew(erased)
    return erased


def deletions(words: Sequence[Word], keyed: KeyedStates, first: int) -> list[Deletion]:
    """Return what the words of a cut delete, one for each message.

    Args:
        words: of a cut, before they are in the keyed states.
        keyed: knows where a message began, unless another process had it.
        first: the sequence of the first of them.
    """
    found: dict[tuple[str, str], Deletion] = {}
    for sequence, word in enumerate(words, first):
        if isinstance(word, MessageWord) and word.is_gone:
            said = keyed.sequences_of(word.kind, word.symbol, word.part)
            found[_name(word)] = Deletion(word.symbol, word.id, min(said or [0]), sequence)
    return [*found.values()]


def erase_all(ring: RingBuffer, deleted: Collection[tuple[str, str]]) -> int:
    """Erase what is deleted within a ring that another process has filled; return how much.

    A log may have it still, where it is replayed from.

    Args:
        ring: that was filled.
        deleted: the room and id of every message that is known to be.
    """
    said = [(sequence, event) for sequence, event in ring.held() if type(event) is MessageWord]
    erased = [
        _erase_one(ring, sequence)
        for sequence, word in said
        if not word.is_gone and _name(word) in deleted
    ]
    return len(erased)


def has_texts(ring: RingBuffer) -> bool:
    """Tell whether a ring holds a message that is not deleted; nothing is read of one of ticks."""
    return ring.newest_other >= ring.oldest and any(
        type(event) is MessageWord and not event.is_gone for _, event in ring.held()
    )


def _held(ring: RingBuffer, word: MessageWord) -> list[int]:
    """Return the sequences of a message that the ring holds: 25 ns for each of the ring's."""
    name = _name(word)
    return [
        sequence
        for sequence, event in ring.held()
        if type(event) is MessageWord and _name(event) == name
    ]


def _erase_one(ring: RingBuffer, sequence: int) -> bool:
    """Let the ring have, under a sequence, that it is gone; tell whether there was something."""
    event: object = ring.at(sequence)
    if not isinstance(event, MessageWord) or event.is_gone:
        return False
    ring.replace(sequence, cast("Tick", event.erased()))  # the ring has it among ticks
    return True


def _name(word: MessageWord) -> tuple[str, str]:
    return word.symbol, word.id
