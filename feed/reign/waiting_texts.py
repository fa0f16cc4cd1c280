"""Deleted messages in what still waits to be sent: they are erased before they are."""

from collections.abc import Collection
from dataclasses import replace
from typing import cast

from feed.cluster.batching import Batching
from feed.market.room_words import MessageWord
from feed.market.ticks import Tick
from feed.wire.codec import Codec, encode_events

Name = tuple[str, str]  # of a message: its room, and its id within it


def has_texts(event: object) -> bool:
    """Tell whether an event is a word of a message of a room."""
    return isinstance(event, MessageWord)


def erase_waiting(batching: Batching, deleted: Collection[Name], codec: Codec) -> None:
    """Put what is left of deleted messages in the place of their texts.

    Args:
        batching: with what waits.
        deleted: messages.
        codec: of the frames.
    """
    for index, part in enumerate(batching.waiting()):
        if part.has_texts:
            events = [_without(event, deleted) for event in part.events]
            if any(new is not old for new, old in zip(events, part.events, strict=True)):
                fragments = encode_events(codec, events, opaque=True)
                size = sum(map(len, fragments))
                batching.replace(
                    index, replace(part, events=events, fragments=fragments, size=size)
                )


def _without(event: Tick, deleted: Collection[Name]) -> Tick:
    word: object = event
    if isinstance(word, MessageWord) and not word.is_gone and (word.symbol, word.id) in deleted:
        return cast("Tick", word.erased())
    return event
