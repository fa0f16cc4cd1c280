"""Returning every payload whole and inflated, for the few subscribers that are looked at.

Knows WebSocket with permessage-deflate (RFC 7692), HTTP/1.1 bodies with gzip, and Server-Sent
Events; nothing of ticks.
"""

import zlib
from typing import Protocol

from .wire import chunk_size

# The bytes of a message, and the position that an SSE event carries beside them (b"" for none).
Payload = tuple[bytes, bytes]


class Splitter(Protocol):
    """Finds whole payloads in the bytes received, inflated.

    Attributes:
        control: as `Counter` has it.
        ended: as `Counter` has it.
    """

    control: list[tuple[int, bytes]]
    ended: bool

    def split(self, received: bytes) -> list[Payload]:
        """Return the payloads that are complete with these bytes."""


class WebSocketSplitter:
    """Returns the messages of a WebSocket."""

    def __init__(self, extensions: str = "") -> None:
        """Make one for a connection whose server agreed to these `Sec-WebSocket-Extensions`."""
        self.control: list[tuple[int, bytes]] = []
        self.ended = False
        self._waiting = bytearray()
        self._fragments = bytearray()
        self._compressed = False  # of the message whose fragments are gathered
        self._keeps_context = "server_no_context_takeover" not in extensions
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    def split(self, received: bytes) -> list[Payload]:
        """Return the messages that are complete with these bytes."""
        self._waiting += received
        messages = []
        at = 0
        while (frame := _frame_at(self._waiting, at)) is not None:
            first, payload, at = frame
            if first & 0x08:
                self.control.append((first & 0x0F, payload))
                continue
            if first & 0x0F:  # not a continuation
                self._compressed = bool(first & 0x40)
            self._fragments += payload
            if first & 0x80:
                messages.append((self._message(), b""))
        del self._waiting[:at]
        return messages

    def _message(self) -> bytes:
        data = bytes(self._fragments)
        self._fragments.clear()
        if not self._compressed:
            return data
        inflated = self._inflate.decompress(data + b"\x00\x00\xff\xff")
        if not self._keeps_context:
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
        return inflated


def _frame_at(buffer: bytearray, at: int) -> tuple[int, bytes, int] | None:
    """Return the first byte, payload and end of the frame at `at`, if it is whole."""
    if at + 2 > len(buffer):
        return None
    length = buffer[at + 1]
    body = at + 2
    if length >= 126:
        body += 2 if length == 126 else 8
        if body > len(buffer):
            return None
        length = int.from_bytes(buffer[at + 2 : body], "big")
    if body + length > len(buffer):
        return None
    return buffer[at], bytes(buffer[body : body + length]), body + length


class BodySplitter:
    """Returns the lines of an NDJSON body, or the data of its Server-Sent Events."""

    def __init__(self, *, events: bool, chunked: bool = True, encoding: str = "") -> None:
        """Make one for a body with this `Content-Encoding`; `events` for Server-Sent Events."""
        self.control: list[tuple[int, bytes]] = []
        self.ended = False
        self._events = events
        self._chunked = chunked
        self._waiting = bytearray()
        self._text = bytearray()
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS) if encoding == "gzip" else None

    def split(self, received: bytes) -> list[Payload]:
        """Return the lines, or the events' data, that are complete with these bytes.

        Raises:
            WireError: the bytes where a chunk should begin are not one.
        """
        if self._chunked:
            self._unchunk(received)
        else:
            self._text += self._plain(received)
        separator = b"\n\n" if self._events else b"\n"
        *complete, rest = self._text.split(separator)
        self._text = rest
        if not self._events:
            return [(bytes(line), b"") for line in complete if line]
        return [found for event in complete if (found := _event(bytes(event))) is not None]

    def _unchunk(self, received: bytes) -> None:
        """Move the data of the chunks that are complete to the text."""
        waiting = self._waiting
        waiting += received
        at = 0
        while (line_end := waiting.find(b"\r\n", at)) >= 0:
            size = chunk_size(bytes(waiting[at:line_end]))
            body = line_end + 2
            if body + size + 2 > len(waiting):
                break
            if size == 0:
                self.ended = True
            self._text += self._plain(bytes(waiting[body : body + size]))
            at = body + size + 2
        del waiting[:at]

    def _plain(self, data: bytes) -> bytes:
        return data if self._inflate is None else self._inflate.decompress(data)


def _event(event: bytes) -> Payload | None:
    """Return data and id of a Server-Sent Event, or None for a retry or a comment."""
    fields: dict[bytes, bytes] = {}
    for line in event.split(b"\n"):
        name, _, value = line.partition(b":")
        fields[name] = value.removeprefix(b" ")
    if b"data" not in fields:
        return None
    return fields[b"data"], fields.get(b"id", b"")
