"""The body of one batch: read whole, within a size and a time, and inflated within a size.

A body that stalls is ended, and the bytes of all bodies on their way are bounded together.
"""

import asyncio
import io
import zlib
from collections.abc import Callable, Iterator
from typing import Self

import zstandard
from aiohttp import hdrs, web

from feed.http.protocol.handler import Handler
from feed.hub.hub import Hub
from feed.hub.steps import Step
from feed.ingest.desk import Owner
from feed.sources.pushed.flaws import BatchRefused, Flaw
from feed.sources.pushed.holdings import Holdings

MOST_BODY_BYTES = 4 << 20  # 10,000 ticks of 400 bytes each
WHOLE_BODY_S = 60.0  # in which it has to come; its pieces within the time of a head each
BUSY_S = 1.0  # after which a producer may come again for whose batch there is no room
_INFLATED_AT_ONCE = 64 << 10  # 0.2 ms
_MOST_WINDOW_BYTES = 8 << 20  # of zstd (RFC 9659)
_GZIP = 16 + zlib.MAX_WBITS


class Held:
    """The bytes that one request holds, given back at its end."""

    __slots__ = ("_holdings", "_owner", "held_bytes")

    def __init__(self, holdings: Holdings, owner: Owner) -> None:
        self._holdings = holdings
        self._owner = owner
        self.held_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.give_back()

    def give_back(self) -> None:
        """Hold nothing any more."""
        if self.held_bytes:
            self._holdings.give_back(self._owner, self.held_bytes)
            self.held_bytes = 0

    def take(self, size_bytes: int) -> None:
        """Hold more.

        Raises:
            BatchRefused: there is no room.
        """
        if not self._holdings.take(self._owner, size_bytes):
            words = "more is on its way than can be held; come back when it is applied"
            raise BatchRefused(Flaw.FLOOD, words, retry_s=BUSY_S)
        self.held_bytes += size_bytes


def too_long() -> BatchRefused:
    """Return the error of a batch that is too long."""
    words = f"the batch is too long; accepted: at most {MOST_BODY_BYTES} bytes"
    return BatchRefused(Flaw.TOO_LONG, words)


async def whole_body(request: web.Request, hub: Hub, held: Held) -> bytes:
    """Return the body of a request, inflated.

    Raises:
        BatchRefused: it is too long, there is no room for it, or it is not what it says.
        HTTPRequestTimeout: it does not come.
        HTTPUnsupportedMediaType: it is compressed in a way that is not read.
    """
    encoding = encoding_of(request)
    inflate = _INFLATED.get(encoding)
    if inflate is None:
        raise not_inflated(encoding, ", ".join(filter(None, _INFLATED)))
    length = request.content_length
    if length is not None:
        if length > MOST_BODY_BYTES:
            raise too_long()
        held.take(length)
    body = bytearray()
    content, loop = request.content, asyncio.get_running_loop()
    ends = loop.time() + WHOLE_BODY_S
    try:
        while not content.at_eof():
            piece = content.read_nowait()  # mostly there already, and no timer is needed
            if not piece:
                async with asyncio.timeout_at(min(ends, loop.time() + hub.settings.head_timeout_s)):
                    piece = await content.readany()
            if len(body) + len(piece) > MOST_BODY_BYTES:
                raise too_long()
            if length is None:
                held.take(len(piece))
            body += piece
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="the body of the request took too long") from None
    if not encoding or encoding == "identity":
        return bytes(body)
    return await _inflated(inflate, bytes(body), hub, held)


def encoding_of(request: web.Request) -> str:
    """Return how a body is compressed as it comes to us: a host's own protocol inflates it."""
    if not isinstance(request.protocol, Handler):
        return ""
    return request.headers.get(hdrs.CONTENT_ENCODING, "").strip().lower()


def not_inflated(encoding: str, accepted: str) -> web.HTTPUnsupportedMediaType:
    """Return the error of an encoding that is not read."""
    return web.HTTPUnsupportedMediaType(
        text=f"Content-Encoding: {encoding!r} is not read here; accepted: {accepted}",
        headers={hdrs.ACCEPT_ENCODING: accepted},
    )


async def _inflated(
    inflate: Callable[[bytes], Iterator[bytes]], body: bytes, hub: Hub, held: Held
) -> bytes:
    """Inflate a body, one piece a turn."""
    inflated = bytearray()
    pieces = inflate(body)
    while True:
        async with hub.turns.turn(Step.PUSH):
            try:
                piece = next(pieces, b"")
            except (zlib.error, zstandard.ZstdError) as error:
                words = f"the body is not what its Content-Encoding says: {error}"
                raise BatchRefused(Flaw.UNREADABLE, words) from None
            if not piece:
                return bytes(inflated)
            if len(inflated) + len(piece) > MOST_BODY_BYTES:
                raise too_long()
            held.take(len(piece))
            inflated += piece


def _ungzip(data: bytes) -> Iterator[bytes]:
    while data:
        inflater = zlib.decompressobj(_GZIP)
        while not inflater.eof:
            piece = inflater.decompress(data, _INFLATED_AT_ONCE)
            data = inflater.unconsumed_tail
            if piece:
                yield piece
            elif not (data or inflater.eof):
                raise zlib.error("it ends too early")
        data = inflater.unused_data  # gzip may be joined (RFC 1952 §2.2)


def _unzstd(data: bytes) -> Iterator[bytes]:
    inflater = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW_BYTES)
    with inflater.stream_reader(io.BytesIO(data), read_across_frames=True) as reader:
        while piece := reader.read(_INFLATED_AT_ONCE):
            yield piece


def _plain(data: bytes) -> Iterator[bytes]:
    yield data


_INFLATED: dict[str, Callable[[bytes], Iterator[bytes]]] = {
    "": _plain,
    "identity": _plain,
    "gzip": _ungzip,
    "zstd": _unzstd,
}
