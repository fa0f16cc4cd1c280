"""Readers of all transports behind one Protocol, and how they are opened.

They are written for the tests and share no code with the server or with `feed.client`, but for what
Protobuf's fields are called in the dialect, which protoc and the golden bytes check.
"""

from typing import Any, Protocol
from urllib.parse import urlencode

from tests.fakes.messages import Message
from tests.fakes.raw_http import RawHttp
from tests.fakes.sse_reader import SseReader
from tests.fakes.stream_readers import ArrayReader, BatchReader, LineReader
from tests.fakes.websocket_reader import WebSocketReader
from tests.fakes.wire import Address


class Reader(Protocol):
    """A subscriber on any transport."""

    async def read(self) -> tuple[list[Message], str | None]:
        """Return the next messages, and the position after them; None: they move nobody."""

    def abort(self) -> None:
        """Be gone, without a word."""


TRANSPORTS = (
    "websocket-json",
    "websocket-msgpack",
    "websocket-protobuf",
    "sse-json",
    "sse-msgpack",
    "sse-protobuf",
    "stream-json",
    "stream-msgpack",
    "stream-protobuf",
)


_MEDIA_TYPES = {
    "json": "application/x-ndjson",
    "msgpack": "application/vnd.msgpack",
    "protobuf": "application/x-protobuf",
}


async def open_reader(
    transport: str,
    address: Address,
    *,
    after: str | None = None,
    receive_buffer_bytes: int | None = None,
    **options: str,
) -> Reader:
    """Subscribe to all trades on one of `TRANSPORTS`; who has no position is told where it begins.

    Args:
        transport: which.
        address: of the server.
        after: a position; on SSE it goes as `Last-Event-ID`, as an EventSource sends it.
        receive_buffer_bytes: SO_RCVBUF.
        options: further parameters, or keys, as text.
    """
    reader = await open_unread(
        transport, address, after=after, receive_buffer_bytes=receive_buffer_bytes, **options
    )
    if after is None and "snapshot" not in options and options.get("marks") != "0":
        await read_beginning(reader)
    return reader


async def read_beginning(reader: Reader) -> str:
    """Read the mark that says where a subscriber without a position begins; return where."""
    (mark,), position = await reader.read()
    assert mark.keys() == {"T", "pos", "t"}
    assert (mark["T"], mark["pos"]) == ("mark", position)
    return str(position)


async def open_unread(
    transport: str,
    address: Address,
    *,
    after: str | None = None,
    receive_buffer_bytes: int | None = None,
    **options: Any,
) -> Reader:
    """Subscribe as `open_reader` does, and leave all that follows to be read."""
    name, _, codec = transport.partition("-")
    if name == "websocket":
        reader = await WebSocketReader.connect(
            address,
            headers={"Sec-WebSocket-Protocol": "feed.protobuf"} if codec == "protobuf" else None,
            binary=codec == "msgpack",
            receive_buffer_bytes=receive_buffer_bytes,
        )
        await reader.begin()
        position = {} if after is None else {"after": after}
        await reader.subscribe(**({"trades": ["*"], "marks": True} | position | options))
        return reader
    query = {"trades": "*", **options}
    if name == "sse":
        headers = {} if after is None else {"Last-Event-ID": after}
        http = await RawHttp.get(
            address,
            f"/v1/sse?{urlencode(query | {'codec': codec})}",
            headers,
            receive_buffer_bytes=receive_buffer_bytes,
        )
        assert http.status == 200, await http.body()
        return SseReader(http, codec)
    if after is not None:
        query["after"] = after
    http = await RawHttp.get(
        address,
        f"/v1/stream?{urlencode(query)}",
        {"Accept": _MEDIA_TYPES[codec]},
        receive_buffer_bytes=receive_buffer_bytes,
    )
    assert http.status == 200, await http.body()
    if codec == "protobuf":
        return BatchReader(http)
    return LineReader(http) if codec == "json" else ArrayReader(http)
