"""Chunks: runs of events on their way to the program that writes them, as bytes of a pipe.

A chunk is a head of fixed length, the sequences of its events, and their fragments of JSON with
line feeds between them, which JSON escapes. One without sequences is of events without positions.
"""

import struct
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

_HEAD = struct.Struct("<IIIq")
_ITEM_BYTES = array("q").itemsize
_BETWEEN = b"\n"
_LAST = -1  # in place of how far it was read: nothing comes any more
END = _HEAD.pack(0, 0, 0, _LAST)  # without it, whoever writes has gone


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some events.

    Attributes:
        reached: how far the source was read when they were: a sequence, a number of symbols, or
            millionths of a recording.
        fragments: of the events, as the JSON codec makes them.
        sequences: of each; none: they have no positions.
        gap: what is missing before them, as JSON; b"": nothing is.
    """

    reached: int
    fragments: Sequence[bytes] = ()
    sequences: Sequence[int] = ()
    gap: bytes = b""

    def pack(self) -> bytes:
        """Return it as bytes."""
        body = _BETWEEN.join(self.fragments)
        head = _HEAD.pack(len(self.sequences), len(self.gap), len(body), self.reached)
        return b"".join((head, array("q", self.sequences).tobytes(), self.gap, body))


def read_chunks(pipe: BinaryIO) -> Iterator[Chunk | None]:
    """Yield the chunks of a pipe, and last None where it was torn before its end."""
    while len(head := pipe.read(_HEAD.size)) == _HEAD.size:
        count, gap_bytes, body_bytes, reached = _HEAD.unpack(head)
        if reached == _LAST:
            return
        at = count * _ITEM_BYTES
        rest = pipe.read(at + gap_bytes + body_bytes)
        if len(rest) < at + gap_bytes + body_bytes:
            break
        sequences = array("q")
        sequences.frombytes(rest[:at])
        body = rest[at + gap_bytes :]
        fragments = body.split(_BETWEEN) if body else ()
        yield Chunk(reached, fragments, sequences, rest[at : at + gap_bytes])
    yield None
