"""The ways in which a subscriber can be served: every codec in every framing."""

from feed.wire.codec import CODECS, Codec
from feed.wire.framing import Delimiter, Framing, SseFraming, StreamFraming, WebSocketFraming
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.protobuf_codec import PROTOBUF
from feed.wire.websocket_frame import Opcode

TEXT_SOCKET = WebSocketFraming(Opcode.TEXT)
BINARY_SOCKET = WebSocketFraming(Opcode.BINARY)
DELIMITERS = {
    JSON.name: Delimiter.LINE_FEED,
    MESSAGE_PACK.name: Delimiter.NONE,
    PROTOBUF.name: Delimiter.LENGTH,
}
# Every way in which a subscriber can be served.
Way = tuple[Codec, Framing]
WAYS: tuple[Way, ...] = (
    (JSON, TEXT_SOCKET),
    (MESSAGE_PACK, BINARY_SOCKET),
    (PROTOBUF, BINARY_SOCKET),
    *(
        (codec, SseFraming(base64=not codec.is_text, chunked=chunked))
        for codec in CODECS.values()
        for chunked in (True, False)
    ),
    *(
        (CODECS[name], StreamFraming(delimiter, chunked=chunked))
        for name, delimiter in DELIMITERS.items()
        for chunked in (True, False)
    ),
)


def way_name(way: Way) -> str:
    """Name a way in the id of a test, the same in every process."""
    codec, framing = way
    name = type(framing).__name__.removesuffix("Framing").lower()
    chunked = isinstance(framing, SseFraming | StreamFraming) and framing.chunked
    return f"{name} {codec.name}{' chunked' if chunked else ''}"
