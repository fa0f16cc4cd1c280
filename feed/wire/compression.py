"""The compression of a lane's frames, as a peer and the server agreed on it."""

from dataclasses import dataclass

MAX_WINDOW_BITS = 15


@dataclass(frozen=True, slots=True)
class Compression:
    """The compression of a lane's frames.

    Attributes:
        shared: in one context with keyframes; else each frame alone, for peers that asked for
            `server_no_context_takeover`.
        window_bits: the largest window that the peer allows, 9 to 15 (zlib cannot do 8).
    """

    shared: bool = True
    window_bits: int = MAX_WINDOW_BITS
