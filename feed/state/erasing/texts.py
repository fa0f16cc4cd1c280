"""The texts of deleted messages among bytes of a state: where they are, and what comes over them.

Theory of operation: a record of the log has events as flat objects of JSON, and parts where one
ends and the next begins. In place of an object of a deleted message comes the word `deleted` that
whoever returns from before it is told, and spaces up to the same length: it is shorter, since a
text takes ten bytes more at least. So a record keeps its length, and only its CRC is another. In
files that were put aside nothing can be relied on: there texts are looked for byte by byte, and
spaces come over them. Knows no file.
"""

import re
from collections.abc import Collection, Iterator

import orjson

from feed.market.room_words import MessageWord, RoomType
from feed.state.cell import Unreadable
from feed.state.records import decode_one, lengths, with_ticks
from feed.wire.json_codec import JSON
from feed.wire.word_fields import word_of

Name = tuple[str, str]  # of a message: its room, and its id within it

LONGEST_BYTES = 1 << 16  # of an object that is a message: its text has 32,000 at most, escaped
_BEGIN = b'{"T":'
_SAYING = tuple(f'"{kind.value}",'.encode() for kind in (RoomType.MESSAGE, RoomType.EDITED))
_NAMED = rb'"room":"([^"]{1,64})","id":"([^"]{1,64})"'
_TEXT = re.compile(
    rb'\{"T":"(?:message|edited)",'
    + _NAMED
    + rb'(?:,"[a-z]{1,16}":"(?:[^"\\]|\\.)*+")*?,"text":"((?:[^"\\]|\\.)*+)',
    re.DOTALL,
)
_DELETED = re.compile(rb'\{"T":"deleted",' + _NAMED)


def records_without(data: bytes, deleted: Collection[Name]) -> Iterator[tuple[int, bytes | None]]:
    """Yield the records that hold texts of deleted messages as they are without these.

    Args:
        data: records, one behind the other, from the beginning of one to the end of one.
        deleted: which messages are.

    Yields:
        At which byte a record begins, and its bytes, as many as before. None: it is corrupt, and
        left alone, and there may be a text in it.
    """
    if not _may_say(data):
        return
    at = 0
    for length in lengths(data):
        record = data[at : at + length]
        if _may_say(record):
            try:
                found, _ = decode_one(record, 0)
            except Unreadable:
                yield at, None
            else:
                ticks = _without(found.ticks, deleted)
                if ticks != found.ticks:
                    yield at, with_ticks(record, ticks)
        at += length


def texts_of(data: bytes, deleted: Collection[Name]) -> Iterator[tuple[int, int]]:
    """Yield where the texts of deleted messages begin and end, in bytes of any kind."""
    for found in _TEXT.finditer(data):
        if found[3].strip() and _name(found) in deleted:
            yield found.span(3)


def deleted_in(data: bytes) -> Iterator[Name]:
    """Yield the messages that bytes of any kind say are deleted."""
    return map(_name, _DELETED.finditer(data))


def _may_say(data: bytes) -> bool:
    """Tell whether something may be said in there, as fast as bytes can be looked through."""
    return any(_BEGIN + saying in data for saying in _SAYING)


def _without(ticks: bytes, deleted: Collection[Name]) -> bytes:
    fragments = JSON.split(ticks)
    for index, fragment in enumerate(fragments):
        if fragment.startswith(_SAYING):
            word = word_of(orjson.loads(_BEGIN + fragment + b"}"))
            if isinstance(word, MessageWord) and (word.symbol, word.id) in deleted:
                [told] = JSON.encode([word.erased()])
                fragments[index] = told.ljust(len(fragment))
    return JSON.join(fragments)


def _name(found: "re.Match[bytes]") -> Name:
    return found[1].decode(errors="replace"), found[2].decode(errors="replace")
