"""Counting messages by stepping from header to header, without looking at a payload.

Nearly all of a swarm does only that, which is why it costs less than the server that it measures.
Counters look into one buffer that all connections share; a header that a read cut off is put back
before the next read of the same connection. Know WebSocket frames and HTTP/1.1 chunks, and nothing
of ticks.
"""

from typing import Protocol

from .wire import chunk_size

# Room before the bytes just received, where the header that an earlier read cut off is put back: a
# whole ping, whose payload is at most 125 bytes, or a chunk's header.
HEADROOM_BYTES = 256

_EMPTY_CHUNK_BYTES = 8  # `:\n`, or gzip's empty block: a keepalive says nothing
_LINE_FEED = 0x0A


class Counter(Protocol):
    """Counts messages by their headers.

    Attributes:
        partial: the beginning of a header that the last read cut off; its owner puts it before the
            bytes of the next read.
        control: (opcode, payload) of WebSocket control frames not looked at yet.
        ended: the stream has said that it is over.
    """

    partial: bytes
    control: list[tuple[int, bytes]]
    ended: bool

    def count(self, buffer: bytearray, start: int, end: int) -> int:
        """Return how many messages begin in `buffer[start:end]`, which includes `partial`."""


class WebSocketCounter:
    """Counts messages that a server sends."""

    __slots__ = ("_left", "control", "ended", "partial")

    def __init__(self) -> None:
        self._left = 0  # bytes of a payload that are still to come
        self.partial = b""
        self.control: list[tuple[int, bytes]] = []
        self.ended = False

    def count(self, buffer: bytearray, start: int, end: int) -> int:
        """Return how many messages begin in the bytes received."""
        at = start + self._left
        messages = 0
        while at + 2 <= end:
            length = buffer[at + 1]
            body = at + 2
            if length == 126:
                body = at + 4
                if body > end:
                    break
                length = buffer[at + 2] << 8 | buffer[at + 3]
            elif length == 127:
                body = at + 10
                if body > end:
                    break
                length = int.from_bytes(buffer[at + 2 : body], "big")
            first = buffer[at]
            if first & 0x08:  # a control frame: look at it whole
                if body + length > end:
                    break
                self.control.append((first & 0x0F, bytes(buffer[body : body + length])))
            elif first & 0x80:
                messages += 1
            at = body + length
        if at >= end:
            self._left = at - end
            self.partial = b""
        else:
            self._left = 0
            self.partial = bytes(buffer[at:end])
        return messages


class ChunkCounter:
    """Counts the chunks of an HTTP/1.1 body that are more than a keepalive."""

    __slots__ = ("_left", "control", "ended", "partial")

    def __init__(self) -> None:
        self._left = 0
        self.partial = b""
        self.control: list[tuple[int, bytes]] = []
        self.ended = False

    def count(self, buffer: bytearray, start: int, end: int) -> int:
        """Return how many chunks begin in the bytes received.

        Raises:
            WireError: the bytes where a chunk should begin are not one.
        """
        at = start + self._left
        chunks = 0
        while at < end:
            line_end = buffer.find(b"\r\n", at, end)
            if line_end < 0:
                break
            size = chunk_size(bytes(buffer[at:line_end]))
            if size == 0:
                self.ended = True
            chunks += size > _EMPTY_CHUNK_BYTES
            at = line_end + 2 + size + 2
        if at >= end:
            self._left = at - end
            self.partial = b""
        else:
            self._left = 0
            self.partial = bytes(buffer[at:end])
        return chunks


class EventCounter:
    """Counts Server-Sent Events in a body that just ends with its connection: by blank lines."""

    __slots__ = ("control", "ended", "partial")

    def __init__(self) -> None:
        self.partial = b""
        self.control: list[tuple[int, bytes]] = []
        self.ended = False

    def count(self, buffer: bytearray, start: int, end: int) -> int:
        """Return how many events end in the bytes received."""
        events = buffer.count(b"\n\n", start, end)
        # A blank line that a read cut in two: its first line feed is looked at again.
        cut = buffer[end - 1] == _LINE_FEED and not buffer.endswith(b"\n\n", start, end)
        self.partial = b"\n" if cut else b""
        return events
