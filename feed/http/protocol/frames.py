"""The frames of a WebSocket on their way to aiohttp's reader: looked at, and on demand.

aiohttp would read whatever comes, and keep it until somebody asks for the next message. Here it
gets one message, or a bounded number of fragments, and the next once that is asked for, so that
what a client sends in floods waits in its own socket.
"""

from typing import TYPE_CHECKING

from feed.wire.client_frames import ClientFrames

if TYPE_CHECKING:
    from aiohttp.http import WebSocketReader


class Frames:
    """A reader of WebSocket frames that sees what may be read.

    Attributes:
        wanted: the next message may be read.
    """

    __slots__ = ("_frames", "_reader", "_wants_all", "wanted")

    def __init__(self, reader: "WebSocketReader") -> None:
        self._reader = reader
        self._frames = ClientFrames()
        self._wants_all = False
        self.wanted = False

    @property
    def unfinished_bytes(self) -> int:
        """How many bytes of a message that is not whole the reader holds."""
        return self._frames.unfinished_bytes

    def want(self, *, everything: bool = False) -> None:
        """Let the next message be read; `everything`: from now on whatever comes."""
        self.wanted = True
        self._wants_all = self._wants_all or everything

    def take(self, data: bytes, at: int) -> tuple[bytes, int]:
        """Return a piece of data from a place on that may be read now, and where the next begins.

        A piece ends with a message at the latest.
        """
        frames = self._frames
        piece, at = frames.admit(data, at)
        if frames.ended:
            self.wanted = self._wants_all
        return piece, at

    # What aiohttp asks of a reader.

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Read a piece."""
        return self._reader.feed_data(data)

    def feed_eof(self) -> None:
        """Read the end."""
        self._reader.feed_eof()
