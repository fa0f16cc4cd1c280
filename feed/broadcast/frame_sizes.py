"""How long messages get: a batch, a state, or ticks caught up with, is cut into pieces of these.

Common clients read no more than 32 KiB at once (coder/websocket by default; Go's bufio.Scanner 64
KiB a line). The limit is a message's, not a write's: the pieces of a cut are one write. An event
that is longer by itself is sent whole.
"""

from dataclasses import dataclass

from feed.wire.codec import Codec
from feed.wire.framing import ENVELOPE_BYTES

MAX_MESSAGE_BYTES = 32_000
MARK_BYTES = 160  # the most that a mark takes of a payload, in any codec


@dataclass(frozen=True, slots=True)
class FrameSizes:
    """The most bytes of a message, event or line.

    Attributes:
        message_bytes: after base64, with id and mark; without chunk and WebSocket headers.
    """

    message_bytes: int = MAX_MESSAGE_BYTES

    def payload_bytes(self, codec: Codec) -> int:
        """Return the most bytes of a joined payload, so that it fits on every transport.

        SSE writes binary codecs in base64: four bytes for three.
        """
        room = self.message_bytes - ENVELOPE_BYTES
        return room if codec.is_text else room // 4 * 3
