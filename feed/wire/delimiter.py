"""How a plain HTTP stream tells where one payload ends; each codec has its own way.

Source: Protocol Buffers, "Techniques", section "Streaming Multiple Messages".
"""

from enum import Enum

from feed.wire.varint import varint


class Delimiter(Enum):
    """How a plain stream tells where one payload ends."""

    LINE_FEED = "line feed after it"
    LENGTH = "length before it, a varint"
    NONE = "none: it tells its own end"

    def enclose(self, payload: bytes) -> bytes:
        """Return a payload with its delimiter."""
        if self is Delimiter.LINE_FEED:
            return payload + b"\n"
        if self is Delimiter.LENGTH:
            return varint(len(payload)) + payload
        return payload
