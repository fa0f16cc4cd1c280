"""The event stream format of Server-Sent Events: bytes in pieces, events out.

The algorithm is WHATWG HTML §9.2.5 and §9.2.6, whole: a byte order mark, lines ended by LF, CR or
CRLF wherever chunks are cut, `event`, `data`, `id` and `retry`, sticky ids. It works on bytes, so
a UTF-8 character may be cut in two. Knows no JSON and no socket.
"""

import re
from dataclasses import dataclass

from feed.client.errors import Malformed

MAX_EVENT_BYTES = 16 << 20  # of one event; the server's frames end at 256 KiB
MAX_RETRY_DIGITS = 9  # milliseconds: eleven days; a longer wish is cut

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\n|\r")


@dataclass(frozen=True, slots=True)
class SseEvent:
    """One event.

    Attributes:
        name: its type; "message" for an unnamed one.
        data: its data lines joined by LF, in UTF-8 as they came.
        last_id: the last id that the stream gave, with this event or before it.
    """

    name: str
    data: bytes
    last_id: str


class SseParser:
    """Turn the bytes of one connection into events.

    Attributes:
        retry_ms: the reconnection time that the server asked for; None until it does.
        last_id: the last event id seen in a finished event, "" before the first.
        ignored: how many lines were neither a comment nor a field of the standard.
    """

    __slots__ = (
        "_begun",
        "_data",
        "_data_bytes",
        "_id",
        "_max_event_bytes",
        "_name",
        "_partial",
        "_skip_lf",
        "ignored",
        "last_id",
        "retry_ms",
    )

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.retry_ms: int | None = None
        self.last_id = ""
        self.ignored = 0
        self._max_event_bytes = max_event_bytes
        self._begun = False  # past the place where a byte order mark can stand
        self._partial = bytearray()  # a line whose end has not come
        self._skip_lf = False  # a line ended in CR; an LF right after it belongs to it
        self._name = b""
        self._data: list[bytes] = []
        self._data_bytes = 0
        self._id: str | None = None  # given in the event in progress

    def feed(self, data: bytes) -> list[SseEvent]:
        """Take the next bytes, cut anywhere; return the events that they complete.

        Raises:
            Malformed: one event is larger than `max_event_bytes`.
        """
        if not self._begun:
            data = self._skip_bom(data)
        if self._skip_lf and data:
            data = data.removeprefix(b"\n")
            self._skip_lf = False
        if not data:
            return []
        self._skip_lf = data.endswith(b"\r")
        lines = data.split(b"\n") if b"\r" not in data else _LINE_END.split(data)
        rest = lines.pop()
        if lines and self._partial:
            lines[0] = bytes(self._partial) + lines[0]
            self._partial.clear()
        self._partial += rest
        events: list[SseEvent] = []
        for line in lines:
            if line:
                self._read_line(line)
            elif (event := self._dispatch()) is not None:
                events.append(event)
        if len(self._partial) + self._data_bytes > self._max_event_bytes:
            raise Malformed(f"an event is larger than {self._max_event_bytes} bytes")
        return events

    def _skip_bom(self, data: bytes) -> bytes:
        data = bytes(self._partial) + data
        self._partial.clear()
        if len(data) < len(_BOM) and _BOM.startswith(data):
            self._partial += data  # it may become one
            return b""
        self._begun = True
        return data.removeprefix(_BOM)

    def _read_line(self, line: bytes) -> None:
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            self._data.append(value)
            self._data_bytes += len(value)
        elif field == b"id":
            if b"\0" not in value:
                self._id = value.decode(errors="replace")
        elif field == b"event":
            self._name = value
        elif field == b"retry":
            if value.isdigit():
                self.retry_ms = int(value[:MAX_RETRY_DIGITS])
        elif field:
            self.ignored += 1

    def _dispatch(self) -> SseEvent | None:
        if self._id is not None:
            self.last_id = self._id
            self._id = None
        name, self._name = self._name, b""
        if not self._data:
            return None
        data = b"\n".join(self._data)
        self._data.clear()
        self._data_bytes = 0
        return SseEvent(name.decode(errors="replace") or "message", data, self.last_id)
