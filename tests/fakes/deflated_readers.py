"""Readers that offer compression, and inflate what comes with zlib, as strictly as agreed.

They keep the compressed bytes too, so that tests can tell what was shared.
"""

import zlib
from dataclasses import dataclass, field, replace
from hashlib import sha256
from urllib.parse import urlencode

from feed.market.ticks import Tick, Trade
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import Reader, read_beginning
from tests.fakes.servers import trade
from tests.fakes.sse_reader import SseReader
from tests.fakes.stream_readers import ArrayReader, BatchReader, LineReader
from tests.fakes.websocket_reader import CLOSE, PING, PONG, Frame, WebSocketReader
from tests.fakes.wire import Address, Wire

DEFLATE = "permessage-deflate"
RSV1 = 0x4  # of `Frame.rsv`
FLUSH_TAIL = b"\x00\x00\xff\xff"  # RFC 7692 §7.2.2
MEDIA_TYPES = {
    "json": "application/x-ndjson",
    "msgpack": "application/vnd.msgpack",
    "protobuf": "application/x-protobuf",
}
# As many symbols as fill more than the 512 bytes of the smallest window, each with a text of its
# own that repeats only when the symbol does.
_SYMBOLS = 40
_TEXTS = [sha256(bytes([which])).hexdigest()[:32] for which in range(_SYMBOLS)]


def salted(number: int) -> Tick:
    """Return a trade that is like the fortieth before it, and like none between."""
    which = number % _SYMBOLS
    return replace(trade(number, f"S{which}"), conditions=(_TEXTS[which],))


def salted_trades(first: int, last: int) -> list[Tick]:
    return [salted(number) for number in range(first, last + 1)]


def noisy(number: int) -> Tick:
    """Return a trade that hardly compresses, so that the buffers of who does not read fill soon."""
    tick = salted(number)
    assert isinstance(tick, Trade)
    noise = sha256(number.to_bytes(8, "big")).hexdigest()
    return replace(tick, conditions=(noise, noise[::-1]))


def noisy_trades(first: int, last: int) -> list[Tick]:
    return [noisy(number) for number in range(first, last + 1)]


class GzipHttp(RawHttp):
    """An answer whose body is one gzip stream, wherever its chunks end; or plain, as it says.

    Attributes:
        blocks: the body as it came, in the chunks (or reads) in which it came.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__(wire)
        self.blocks: list[bytes] = []
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    async def _more(self) -> bytes:
        if "Content-Encoding" not in self.headers:
            return await super()._more()
        while True:
            block = await super()._more()
            assert not self._inflate.eof, "curl and httpx read one member and no more"
            self.blocks.append(block)
            data = self._inflate.decompress(block)
            assert not self._inflate.unused_data, "nothing follows the end of the member"
            if data:
                return data


@dataclass
class DeflateReader(WebSocketReader):
    """A WebSocket client that inflates compressed messages.

    Attributes:
        blocks: the messages as they came, with their opcode and RSV bits.
        agreed: the server's answer to what was offered; None: no extension.
    """

    blocks: list[Frame] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.agreed = self.http.headers.get("Sec-WebSocket-Extensions")
        parts = [part.strip().partition("=") for part in (self.agreed or "").split(";")[1:]]
        parameters = {name: value for name, _, value in parts}
        self._window_bits = int(parameters.get("server_max_window_bits", zlib.MAX_WBITS))
        self._takeover = "server_no_context_takeover" not in parameters
        self._inflate = zlib.decompressobj(-self._window_bits)

    async def frame(self) -> Frame:
        frame = await super().frame()
        self.blocks.append(replace(frame))
        if frame.rsv:
            assert self.agreed is not None, "nothing was agreed on"
            assert frame.rsv == RSV1
            assert frame.opcode not in {CLOSE, PING, PONG}, "control frames are never compressed"
            if not self._takeover:
                self._inflate = zlib.decompressobj(-self._window_bits)
            frame.data = self._inflate.decompress(frame.data + FLUSH_TAIL)
        return frame

    async def block(self) -> Frame:
        """Return the next frame as it came; it is inflated all the same, as a client would."""
        await self.frame()
        return self.blocks[-1]


async def connect_deflated(
    address: Address,
    offer: str | None = DEFLATE,
    *,
    codec: str = "json",
    headers: dict[str, str] | None = None,
    receive_buffer_bytes: int | None = None,
) -> DeflateReader:
    """Shake hands with an offer of extensions, and hear `connected`."""
    headers = {"Sec-WebSocket-Protocol": f"feed.{codec}", **(headers or {})}
    if offer is not None:
        headers["Sec-WebSocket-Extensions"] = offer
    reader = await DeflateReader.connect(
        address,
        headers=headers,
        binary=codec == "msgpack",
        receive_buffer_bytes=receive_buffer_bytes,
    )
    assert isinstance(reader, DeflateReader)
    await reader.begin()
    return reader


async def open_deflated(
    transport: str,
    address: Address,
    *,
    channels: dict[str, list[str]] | None = None,
    conflate: dict[str, str] | None = None,
    after: str | None = None,
    on_lag: str | None = None,
    receive_buffer_bytes: int | None = None,
    compressed: bool = True,
) -> Reader:
    """Subscribe, compressed or plain, on one of `tests.fakes.readers.TRANSPORTS`.

    Who has no position is told where it begins, and that is read here.

    Args:
        transport: which, with its codec.
        address: of the server.
        channels: what; all trades by default.
        conflate: intervals by channel.
        after: a position.
        on_lag: what to do when the ring overran it.
        receive_buffer_bytes: SO_RCVBUF.
        compressed: whether to offer or accept compression.
    """
    channels = {"trades": ["*"]} if channels is None else channels
    options = {"after": after, "on_lag": on_lag}
    given = {key: value for key, value in options.items() if value is not None}
    reader = await _open(
        transport,
        address,
        channels,
        conflate,
        given,
        receive_buffer_bytes=receive_buffer_bytes,
        compressed=compressed,
    )
    if after is None:
        await read_beginning(reader)
    return reader


async def _open(
    transport: str,
    address: Address,
    channels: dict[str, list[str]],
    conflate: dict[str, str] | None,
    given: dict[str, str],
    *,
    receive_buffer_bytes: int | None,
    compressed: bool,
) -> Reader:
    name, _, codec = transport.partition("-")
    if name == "websocket":
        reader = await connect_deflated(
            address,
            DEFLATE if compressed else None,
            codec=codec,
            receive_buffer_bytes=receive_buffer_bytes,
        )
        intervals = {} if conflate is None else {"conflate": conflate}
        await reader.subscribe(**channels, marks=True, **intervals, **given)
        return reader
    query = {channel: ",".join(symbols) for channel, symbols in channels.items()} | given
    if conflate is not None:
        query["conflate"] = ",".join(f"{key}:{value}" for key, value in conflate.items())
    headers = {"Accept": "text/event-stream" if name == "sse" else MEDIA_TYPES[codec]}
    if compressed:
        headers["Accept-Encoding"] = "gzip"
    if name == "sse":
        query["codec"] = codec
    http = await (GzipHttp if compressed else RawHttp).get(
        address,
        f"/v1/{name}?{urlencode(query)}",
        headers,
        receive_buffer_bytes=receive_buffer_bytes,
    )
    assert http.status == 200, await http.body()
    assert http.headers.get("Content-Encoding") == ("gzip" if compressed else None)
    if name == "sse":
        return SseReader(http, codec)
    if codec == "protobuf":
        return BatchReader(http)
    return LineReader(http) if codec == "json" else ArrayReader(http)
