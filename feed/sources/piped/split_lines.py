"""Bytes as they come out of a pipe, into lines.

Knows nothing of their contents, and holds no more than one line, cut where it is too long.
"""

from collections.abc import Iterator

from feed.sources.replay.files.lines import MAX_LINE_BYTES


class SplitLines:
    """The lines of one pipe.

    Attributes:
        number: of the line that was yielded last, from 1.
    """

    __slots__ = ("_rest", "number")

    def __init__(self) -> None:
        self._rest = b""
        self.number = 0

    @property
    def in_line(self) -> bool:
        """Whether a line has begun, and has not ended."""
        return bool(self._rest)

    def split(self, data: bytes) -> Iterator[bytes]:
        """Yield the lines that end in what came now, without their line feeds.

        Args:
            data: what came; b"": nothing more comes, so that the line that is there ends.

        Yields:
            Line after line; one that is too long comes cut, but still over `MAX_LINE_BYTES`.
        """
        *lines, rest = data.split(b"\n")
        for line in lines:
            whole, self._rest = self._rest + line[: MAX_LINE_BYTES + 1], b""
            self.number += 1
            yield whole
        if data:
            self._rest += rest[: MAX_LINE_BYTES + 1 - len(self._rest)]
        elif self._rest:
            whole, self._rest = self._rest, b""
            self.number += 1
            yield whole
