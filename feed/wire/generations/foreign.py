"""What the codecs of all other APIs share: a word is one fragment, whole events of SSE.

Fragments follow each other as they are, so that no client has to read two objects in one event.
Feed messages (marks, gaps, farewells) have no place in these streams.

Source: WHATWG HTML §9.2.6 (SSE).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from feed.errors import InvalidMessage
from feed.market.generation_words import GenerationWord
from feed.wire.delimiter import Delimiter
from feed.wire.frame_shape import Joints
from feed.wire.messages import Message

NOTHING = Joints(b"", b"", b"")
DONE = b"[DONE]"
# Line ends to Python's `str.splitlines`, by which some clients read, though not to SSE.
_LINE_ENDS = (
    (b"\xc2\x85", b"\\u0085"),
    (b"\xe2\x80\xa8", b"\\u2028"),
    (b"\xe2\x80\xa9", b"\\u2029"),
)


class ForeignCodec:
    """A codec of one API; those that are real say how a word looks."""

    is_text = True
    is_both_ways = False
    media_types: tuple[str, ...] = ("text/event-stream",)
    delimiter = Delimiter.NONE
    joints: Joints | None = NOTHING
    around_bytes = 0
    between_bytes = 0
    is_loaded = True
    __slots__ = ()

    def encode_word(self, word: GenerationWord) -> bytes:
        """Return the events of a word; at least one."""
        raise NotImplementedError

    def load(self) -> None:
        """Do nothing: it is loaded."""

    def encode(
        self,
        ticks: Sequence[object],
        letters: frozenset[str] | None = None,  # noqa: ARG002 - for projections of ticks
    ) -> list[bytes]:
        """Return one fragment an event; b"" for all that are no words of a generation."""
        return [
            self.encode_word(event) if isinstance(event, GenerationWord) else b"" for event in ticks
        ]

    def fragment(self, message: Message) -> bytes:  # noqa: ARG002 - it has no place here
        """Return nothing."""
        return b""

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """Return the fragments, one after the other."""
        return b"".join(fragments)

    def array(self, messages: Sequence[Message]) -> bytes:  # noqa: ARG002 - they have no place here
        """Return nothing."""
        return b""

    def decode(self, data: bytes | str) -> object:
        """Refuse what a client sent: nobody speaks to these streams."""
        raise InvalidMessage(f"{len(data)} bytes on a stream that goes one way; accepted: nothing")


def json_line(data: Mapping[str, Any]) -> bytes:
    """Return an object as JSON without anything that a client may take for the end of a line."""
    line = orjson.dumps(data)
    if line.isascii():
        return line
    for raw, escaped in _LINE_ENDS:
        line = line.replace(raw, escaped)
    return line


def event(data: bytes, number: int | None = None, name: bytes = b"") -> bytes:
    """Return one event of SSE.

    Args:
        data: one line.
        number: its id; None: it has none. The id stands on the last event of a word, so that a word
            that was cut off within comes again as a whole.
        name: its type, beside an id; b"": it has none.
    """
    if number is None:
        return b"data: %b\n\n" % data
    if name:
        return b"id: %d\nevent: %b\ndata: %b\n\n" % (number, name, data)
    return b"id: %d\ndata: %b\n\n" % (number, data)


def events(datas: Sequence[bytes], number: int | None) -> bytes:
    """Return the events of one word, whose number, if any, stands on the last of them."""
    *before, last = datas
    return b"".join((*map(event, before), event(last, number)))
