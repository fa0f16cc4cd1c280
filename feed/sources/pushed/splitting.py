"""A body that need not end, into the bytes of its batches, as they come.

Of lines each is a batch with its number; without a producer, all those that have come are one. Of
MessagePack each map is, and of Protobuf what follows each length. What is too long is skipped where
its end can be found; else the body cannot be split any further. Knows no row, and holds no more
than one batch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import msgpack

from feed.errors import InvalidMessage
from feed.sources.pushed.decoding import Coding
from feed.sources.pushed.flaws import BatchRefused, Flaw
from feed.wire.varint import read_varint

MOST_LINES = 512  # of ticks without a producer that are one batch: 1 ms
_LF = b"\n"


@dataclass(frozen=True, slots=True)
class Part:
    """One batch, or what is wrong in its place.

    Attributes:
        data: of it.
        line: of a body in lines, its last one, from 1; else its own number.
        flaw: why it cannot be read; it was skipped.
    """

    data: bytes
    line: int
    flaw: BatchRefused | None = None


class Unsplittable(InvalidMessage):
    """Where the next batch of a body begins cannot be told."""


class LineSplitter:
    """Splits lines.

    Attributes:
        held_bytes: of a line that is not whole.
    """

    __slots__ = ("_most_bytes", "_rest", "_skips", "_together", "line")

    def __init__(self, most_bytes: int, *, numbered: bool) -> None:
        """Begin.

        Args:
            most_bytes: of a line.
            numbered: whether each line is a batch.
        """
        self.line = 0
        self._most_bytes = most_bytes
        self._together = 1 if numbered else MOST_LINES
        self._rest = bytearray()
        self._skips = False  # the line at hand is too long

    @property
    def held_bytes(self) -> int:
        """How many bytes wait for their batch to be whole."""
        return len(self._rest)

    def split(self, data: bytes) -> Iterator[Part]:
        """Yield the batches that are whole by now; b"": nothing more comes."""
        lines: list[bytes] = []
        *whole, rest = data.split(_LF)
        if not data and (self._rest or self._skips):
            whole = [b""]  # so that the line that is there ends
        for piece in whole:
            self.line += 1
            if self._skips or len(self._rest) + len(piece) > self._most_bytes:
                self._rest.clear()
                self._skips = False
                if lines:
                    yield Part(_LF.join(lines), self.line - 1)
                    lines = []
                words = f"line {self.line} is longer than the {self._most_bytes} bytes accepted"
                yield Part(b"", self.line, BatchRefused(Flaw.TOO_LONG, words))
                continue
            line = bytes(self._rest) + piece if self._rest else piece
            self._rest.clear()
            if line and not line.isspace():
                lines.append(line)
            if len(lines) >= self._together:
                yield Part(_LF.join(lines), self.line)
                lines = []
        if lines:
            yield Part(_LF.join(lines), self.line)
        self._keep(rest)

    def _keep(self, data: bytes) -> None:
        if len(self._rest) + len(data) > self._most_bytes:
            self._skips = True
            self._rest.clear()
        if not self._skips:
            self._rest += data


class ValueSplitter:
    """Splits MessagePack.

    Attributes:
        line: the number of the value that came last.
    """

    __slots__ = ("_data", "_most_bytes", "_passed", "_together", "_unpacker", "line")

    def __init__(self, most_bytes: int, *, numbered: bool) -> None:
        """Begin; see `LineSplitter`."""
        self.line = 0
        self._most_bytes = most_bytes
        self._together = 1 if numbered else MOST_LINES
        self._unpacker = msgpack.Unpacker(max_buffer_size=0)  # it holds what `_data` does
        self._data = bytearray()
        self._passed = 0  # bytes before these

    @property
    def held_bytes(self) -> int:
        """How many bytes wait for their batch to be whole."""
        return len(self._data)

    def split(self, data: bytes) -> Iterator[Part]:
        """Yield the batches that are whole by now; b"": nothing more comes.

        Raises:
            Unsplittable: it is not MessagePack, or a batch is too long.
        """
        if not data and self._data:
            raise Unsplittable(f"value {self.line + 1} is not whole where the body ends")
        self._data += data
        self._unpacker.feed(data)
        begin = end = count = 0
        try:
            while self._skip():
                end = self._unpacker.tell() - self._passed
                count += 1
                self.line += 1
                if count >= self._together:
                    yield Part(bytes(self._data[begin:end]), self.line)
                    begin, count = end, 0
            if count:
                yield Part(bytes(self._data[begin:end]), self.line)
        finally:
            del self._data[:end]
            self._passed += end
        if len(self._data) > self._most_bytes:
            words = f"value {self.line + 1} is longer than the {self._most_bytes} bytes accepted"
            raise Unsplittable(words)

    def _skip(self) -> bool:
        """Go to the end of the next value; tell whether it is there."""
        try:
            self._unpacker.skip()
        except msgpack.OutOfData:
            return False
        except (ValueError, msgpack.UnpackException) as error:
            why = str(error) or type(error).__name__
            raise Unsplittable(f"value {self.line + 1} is not MessagePack: {why}") from None
        return True


class LengthSplitter:
    """Splits messages of Protobuf, each after its length.

    Attributes:
        line: the number of the message that came last.
    """

    __slots__ = ("_data", "_most_bytes", "line")

    def __init__(self, most_bytes: int) -> None:
        self.line = 0
        self._most_bytes = most_bytes
        self._data = bytearray()

    @property
    def held_bytes(self) -> int:
        """How many bytes wait for their batch to be whole."""
        return len(self._data)

    def split(self, data: bytes) -> Iterator[Part]:
        """Yield the batches that are whole by now; b"": nothing more comes.

        Raises:
            Unsplittable: a length is none, or too long.
        """
        if not data and self._data:
            raise Unsplittable(f"message {self.line + 1} is not whole where the body ends")
        self._data += data
        at = 0
        try:
            while (length := self._length(at)) is not None:
                size, begin = length
                if begin + size > len(self._data):
                    break
                at = begin + size
                self.line += 1
                yield Part(bytes(self._data[begin:at]), self.line)
        finally:
            del self._data[:at]

    def _length(self, at: int) -> tuple[int, int] | None:
        """Return the length that begins at a place, and where it ends; None: it is not there."""
        try:
            length = read_varint(self._data, at)
        except InvalidMessage as error:
            raise Unsplittable(f"message {self.line + 1}: {error}") from None
        if length is not None and length[0] > self._most_bytes:
            words = f"longer than the {self._most_bytes} bytes accepted"
            raise Unsplittable(f"message {self.line + 1} is {words}")
        return length


Splitter = LineSplitter | ValueSplitter | LengthSplitter


def splitter_of(coding: Coding, most_bytes: int, *, numbered: bool) -> Splitter | None:
    """Return what splits a body; None: it has to come whole, as JSON does."""
    if coding is Coding.NDJSON:
        return LineSplitter(most_bytes, numbered=numbered)
    if coding is Coding.MSGPACK:
        return ValueSplitter(most_bytes, numbered=numbered)
    return LengthSplitter(most_bytes) if coding is Coding.PROTOBUF else None
