"""Lines out of pieces of a body, as they come."""

from collections.abc import Iterator

from feed.errors import InvalidMessage

MOST_BYTES = 64 << 20  # of one line: an event of a kind that is unknown here may be long


class Lines:
    """Puts pieces together, and takes whole lines out."""

    __slots__ = ("_looked", "_rest")

    def __init__(self) -> None:
        """Begin with nothing."""
        self._rest = bytearray()
        self._looked = 0  # of the rest: there is no line feed in it

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Take a piece; yield the lines that it completes, without their line feeds.

        Raises:
            InvalidMessage: a line is longer than is read.
        """
        rest = self._rest
        rest += piece
        begin = 0
        while (end := rest.find(b"\n", max(begin, self._looked))) >= 0:
            yield bytes(rest[begin:end])
            begin = end + 1
        del rest[:begin]
        self._looked = len(rest)
        if len(rest) > MOST_BYTES:
            raise InvalidMessage(f"a line of more than {MOST_BYTES} bytes; accepted: shorter ones")
