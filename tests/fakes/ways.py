"""The ways in which a subscriber can be served: every codec in every framing."""

from feed.wire.codec import CODECS, Codec
from feed.wire.framing import Framing, SseFraming, StreamFraming, WebSocketFraming
from feed.wire.websocket_frame import Opcode

TEXT_SOCKET = WebSocketFraming(Opcode.TEXT)
BINARY_SOCKET = WebSocketFraming(Opcode.BINARY)
# Every way in which a subscriber can be served.
Way = tuple[Codec, Framing]
WAYS: tuple[Way, ...] = (
    *((codec, TEXT_SOCKET if codec.is_text else BINARY_SOCKET) for codec in CODECS.values()),
    *(
        (codec, SseFraming(base64=not codec.is_text, chunked=chunked))
        for codec in CODECS.values()
        for chunked in (True, False)
    ),
    *(
        (codec, StreamFraming(codec.delimiter, chunked=chunked))
        for codec in CODECS.values()
        for chunked in (True, False)
    ),
)
SOCKET = WAYS[0]
SSE = next(way for way in WAYS if way[1].transport == "sse")
STREAM = next(way for way in WAYS if way[1].transport == "stream")


def way_name(way: Way) -> str:
    """Name a way in the id of a test, the same in every process."""
    codec, framing = way
    name = type(framing).__name__.removesuffix("Framing").lower()
    chunked = isinstance(framing, SseFraming | StreamFraming) and framing.chunked
    return f"{name} {codec.name}{' chunked' if chunked else ''}"
