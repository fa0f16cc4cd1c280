"""The framing of streams of other APIs: their bytes as they are, and not a byte of our own.

Positions, marks, gaps, snapshots and farewells are no part of those APIs.
"""

from dataclasses import dataclass
from typing import ClassVar

from feed.wire.frame_shape import BARE, CHUNK, FrameShape, Joints
from feed.wire.framing import chunk
from feed.wire.transport import Transport

# Without a blank line: OpenAI's SDK for Python fails at empty events once it knows an id.
COMMENT = b":\n"


@dataclass(frozen=True, slots=True)
class ForeignFraming:
    """A payload is events of SSE already; it is never compressed.

    Attributes:
        chunked: HTTP/1.1 chunks; a client of HTTP/1.0 gets the bare body.
        keepalive: what is sent in silence.
    """

    chunked: bool
    keepalive: bytes = COMMENT
    transport: ClassVar[Transport] = Transport.SSE
    marks_keep_alive: ClassVar[bool] = False
    named_events: ClassVar[bool] = False  # since these carry positions
    one_stream: ClassVar[bool] = True

    def envelop_ticks(self, payload: bytes, position: bytes) -> bytes:  # noqa: ARG002 - ids are of words
        """Return the payload."""
        return payload

    def envelop_message(self, name: bytes, data: bytes, position: bytes) -> bytes:  # noqa: ARG002 - no part of these APIs
        """Return nothing."""
        return b""

    def shape(self, joints: Joints, position: bytes, most_bytes: int) -> FrameShape:  # noqa: ARG002 - ids are of words
        """Return the bare fragments; there is at least one, and none is empty."""
        return FrameShape(*joints, CHUNK if self.chunked else BARE, most_bytes)

    def wrap(self, data: bytes, *, compressed: bool = False) -> bytes:  # noqa: ARG002 - it is never compressed
        """Return the chunk, or the bare bytes; nothing of nothing: an empty chunk is the last."""
        return chunk(data) if self.chunked and data else data
