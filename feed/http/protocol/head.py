"""The size of a request's head, counted while it comes.

Only lengths are looked at: where the request line ends, and where the empty line is. What a head
says, and whether it is one, the parser decides.
"""

MAX_LINE_BYTES = 64 * 1024  # 5,000 symbols in a query
MAX_REST_BYTES = 16 * 1024  # all other lines together
MAX_HEADERS = 128
_END = b"\r\n\r\n"


class Head:
    """One head after the other, of one connection.

    Attributes:
        line_bytes: of the request line, as far as it has come.
        rest_bytes: of all that follows it.
        headers: lines of headers so far; the empty line counts too.
        whole: the empty line has come.
    """

    __slots__ = ("_tail", "headers", "line_bytes", "rest_bytes", "whole")

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin another head."""
        self.line_bytes = 0
        self.rest_bytes = 0
        self.headers = 0
        self.whole = False
        self._tail = b""  # the last bytes, in which an end may have begun; b"" within the line

    @property
    def size_bytes(self) -> int:
        """Return how much of it has come."""
        return self.line_bytes + self.rest_bytes

    @property
    def fits(self) -> bool:
        """Whether it is within the limits so far."""
        return (
            self.line_bytes <= MAX_LINE_BYTES
            and self.rest_bytes <= MAX_REST_BYTES
            and self.headers <= MAX_HEADERS + 1
        )

    def read(self, data: bytes, at: int) -> int:
        """Count data from a place on; return the place where the head ends, or the data do."""
        if not self.line_bytes:
            while data[at : at + 1] in {b"\r", b"\n"}:  # allowed before it (RFC 9112 §2.2)
                at += 1
        if not self._tail:
            end = data.find(b"\n", at) + 1
            self.line_bytes += (end or len(data)) - at
            if not end:
                return len(data)
            at, self._tail = end, b"\r\n"
        seen = self._tail + data[at:]
        found = seen.find(_END)
        if found < 0:
            self.rest_bytes += len(data) - at
            self.headers += data.count(b"\n", at)
            self._tail = seen[1 - len(_END) :]
            return len(data)
        self.whole = True
        end = at + found + len(_END) - len(self._tail)
        self.rest_bytes += end - at
        self.headers += data.count(b"\n", at, end)
        return end
