"""Clients that hide nothing: every byte that a server sends, and readers of all its transports.

They are written for the tests and share no code with the server or with `feed.client`, but for what
Protobuf's fields are called in the dialect, which protoc and the golden bytes check.
"""

import asyncio
import base64
import os
import socket
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol
from urllib.parse import urlencode

import msgpack
import orjson
from google.protobuf.internal.decoder import _DecodeVarint
from multidict import CIMultiDict

from feed.wire.protobuf_codec import PROTOBUF
from tests.fakes.servers import PATIENCE_S

Message = dict[str, Any]
Address = tuple[str, int]


class Ended(Exception):
    """The server ended the connection."""


class Wire:
    """A TCP connection, whose receive buffer can be made small."""

    _connected: ClassVar[list["Wire"]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._connected.append(self)

    @classmethod
    def abort_all(cls) -> None:
        """Be gone everywhere: for the end of a test."""
        while cls._connected:
            cls._connected.pop().abort()

    @classmethod
    async def connect(cls, address: Address, *, receive_buffer_bytes: int | None = None) -> "Wire":
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        limit = 1 << 16
        if receive_buffer_bytes is not None:
            # Before connecting: the window is agreed on there.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
            limit = receive_buffer_bytes
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, address)
        except OSError:
            sock.close()
            raise
        return cls(*await asyncio.open_connection(sock=sock, limit=limit))

    async def exactly(self, count: int) -> bytes:
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.readexactly(count)
            except (asyncio.IncompleteReadError, ConnectionError) as error:
                raise Ended from error

    async def line(self) -> bytes:
        """Return up to and including the next line feed."""
        line = bytearray()
        async with asyncio.timeout(PATIENCE_S):
            while not line.endswith(b"\n"):
                try:
                    line += await self.reader.readuntil(b"\n")
                except asyncio.LimitOverrunError as error:
                    line += await self.reader.readexactly(error.consumed)
                except (asyncio.IncompleteReadError, ConnectionError) as error:
                    raise Ended from error
        return bytes(line)

    async def some(self) -> bytes:
        """Return whatever comes next."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                data = await self.reader.read(1 << 16)
            except ConnectionError as error:
                raise Ended from error
        if not data:
            raise Ended
        return data

    async def rest(self) -> bytes:
        """Return all bytes up to the end of the connection."""
        data = b""
        try:
            while True:
                data += await self.some()
        except Ended:
            return data

    def abort(self) -> None:
        """Be gone, without a word."""
        self.writer.transport.abort()


class RawHttp:
    """One request, and its answer as it comes over the wire."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.status = 0
        self.version = ""
        self.headers: CIMultiDict[str] = CIMultiDict()
        self._body = b""  # dechunked, not yet asked for

    @classmethod
    async def get(
        cls,
        address: Address,
        target: str,
        headers: dict[str, str] | None = None,
        *,
        version: str = "1.1",
        method: str = "GET",
        receive_buffer_bytes: int | None = None,
    ) -> "RawHttp":
        wire = await Wire.connect(address, receive_buffer_bytes=receive_buffer_bytes)
        lines = [f"{method} {target} HTTP/{version}", f"Host: {address[0]}:{address[1]}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        wire.writer.write("\r\n".join([*lines, "", ""]).encode())
        answer = cls(wire)
        await answer.head()
        return answer

    async def head(self) -> None:
        version, status, _ = (await self.wire.line()).decode().split(" ", 2)
        self.version, self.status = version, int(status)
        self.headers.clear()
        while (line := await self.wire.line()) != b"\r\n":
            name, _, value = line.decode().partition(":")
            self.headers.add(name, value.strip())

    @property
    def chunked(self) -> bool:
        return self.headers.get("Transfer-Encoding") == "chunked"

    async def chunk(self) -> bytes:
        """Return the data of the next chunk; b"" of the last one."""
        size = int(await self.wire.line(), 16)
        data = await self.wire.exactly(size)
        assert await self.wire.exactly(2) == b"\r\n"
        return data

    async def body(self) -> bytes:
        """Return the whole body of a finite answer."""
        if self.chunked:
            data = b""
            while chunk := await self.chunk():
                data += chunk
            return data
        return await self.wire.exactly(int(self.headers["Content-Length"]))

    async def document(self) -> Any:
        return orjson.loads(await self.body())

    async def up_to(self, marker: bytes) -> bytes:
        """Return the body up to and including a marker, whatever the chunks."""
        while marker not in self._body:
            self._body += await self._more()
        found, _, self._body = self._body.partition(marker)
        return found + marker

    async def more(self) -> bytes:
        """Return what comes next of the body."""
        data, self._body = self._body or await self._more(), b""
        return data

    async def _more(self) -> bytes:
        if not self.chunked:
            return await self.wire.some()
        chunk = await self.chunk()
        if not chunk:
            raise Ended
        return chunk


@dataclass
class Event:
    """One server-sent event."""

    name: str = "message"
    data: str = ""
    id: str | None = None
    retry_ms: int | None = None


class SseReader:
    """Reads events as WHATWG HTML §9.2.6 says."""

    def __init__(self, http: RawHttp, codec: str = "json") -> None:
        self.http = http
        self.codec = codec

    async def event(self) -> Event:
        event = Event()
        has_data = False
        while True:
            line = (await self.http.up_to(b"\n"))[:-1].decode()
            if not line and has_data:
                return event
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "event":
                event.name = value
            elif name == "data":
                assert not has_data, "ticks and messages are one line of data"
                event.data = value
                has_data = True
            elif name == "id":
                event.id = value
            elif name == "retry":
                event.retry_ms = int(value)

    async def read(self) -> tuple[list[Message], str | None]:
        event = await self.event()
        if event.name != "message":
            message = orjson.loads(event.data)
            assert message["T"] == event.name
            return [message], event.id
        if self.codec == "json":
            return orjson.loads(event.data), event.id
        data = base64.b64decode(event.data, validate=True)
        if self.codec == "protobuf":
            return PROTOBUF.decode(data), event.id
        return msgpack.unpackb(data, timestamp=3), event.id

    def abort(self) -> None:
        self.http.wire.abort()


class LineReader:
    """Reads a stream of NDJSON."""

    def __init__(self, http: RawHttp) -> None:
        self.http = http

    async def read(self) -> tuple[list[Message], str | None]:
        messages = orjson.loads(await self.http.up_to(b"\n"))
        return messages, _marked(messages)

    def abort(self) -> None:
        self.http.wire.abort()


class ArrayReader:
    """Reads a stream of concatenated MessagePack arrays."""

    def __init__(self, http: RawHttp) -> None:
        self.http = http
        self._unpacker = msgpack.Unpacker(timestamp=3)

    async def read(self) -> tuple[list[Message], str | None]:
        while True:
            for messages in self._unpacker:
                return messages, _marked(messages)
            self._unpacker.feed(await self.http.more())

    def abort(self) -> None:
        self.http.wire.abort()


class BatchReader:
    """Reads a stream of batches in Protobuf, each after its length."""

    def __init__(self, http: RawHttp) -> None:
        self.http = http
        self._data = b""

    async def read(self) -> tuple[list[Message], str | None]:
        while (batch := self._take()) is None:
            self._data += await self.http.more()
        messages = PROTOBUF.decode(batch)
        return messages, _marked(messages)

    def _take(self) -> bytes | None:
        try:
            length, start = _DecodeVarint(self._data, 0)
        except IndexError:
            return None
        end = start + length
        if len(self._data) < end:
            return None
        batch, self._data = self._data[start:end], self._data[end:]
        return batch

    def abort(self) -> None:
        self.http.wire.abort()


TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


@dataclass
class Frame:
    """A WebSocket frame from the server (RFC 6455 §5.2)."""

    opcode: int
    data: bytes
    rsv: int = 0

    @property
    def close_code(self) -> int:
        assert self.opcode == CLOSE
        return int.from_bytes(self.data[:2], "big")


@dataclass
class WebSocketReader:
    """A WebSocket client that shows every frame, and answers nothing by itself."""

    wire: Wire
    http: RawHttp
    binary: bool = False
    frames: list[Frame] = field(default_factory=list)

    @classmethod
    async def connect(
        cls,
        address: Address,
        path: str = "/v1/ws",
        headers: dict[str, str] | None = None,
        *,
        binary: bool = False,
        receive_buffer_bytes: int | None = None,
    ) -> "WebSocketReader":
        """Shake hands; `binary` asks for MessagePack as the dialect's SDKs do."""
        asked = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        }
        if binary:
            asked["Content-Type"] = "application/msgpack"
        http = await RawHttp.get(
            address, path, asked | (headers or {}), receive_buffer_bytes=receive_buffer_bytes
        )
        return cls(http.wire, http, binary)

    async def frame(self) -> Frame:
        """Return the next frame, a Ping or a Close too."""
        first, second = await self.wire.exactly(2)
        assert first & 0x80, "the server fragments nothing"
        assert second < 0x80, "the server masks nothing"
        length = second
        if second >= 126:
            length = int.from_bytes(await self.wire.exactly(2 if second == 126 else 8), "big")
        frame = Frame(first & 0xF, await self.wire.exactly(length), first >> 4 & 7)
        self.frames.append(frame)
        return frame

    async def read(self) -> tuple[list[Message], str | None]:
        """Return the next array; the end of the talk raises."""
        frame = await self.frame()
        while frame.opcode == PING:
            self.send_frame(PONG, frame.data)
            frame = await self.frame()
        if frame.opcode == CLOSE:
            raise Ended(frame.close_code)
        messages = self._decode(frame)
        return messages, _marked(messages)

    def _decode(self, frame: Frame) -> list[Message]:
        messages: list[Message]
        if self.http.headers.get("Sec-WebSocket-Protocol") == "feed.protobuf":
            if frame.opcode == BINARY:
                return PROTOBUF.decode(frame.data)
            assert frame.opcode == TEXT
            messages = orjson.loads(frame.data)
            assert messages[0]["T"] in {"success", "subscription", "error"}
            return messages
        assert frame.opcode == (BINARY if self.binary else TEXT)
        messages = (
            msgpack.unpackb(frame.data, timestamp=3) if self.binary else orjson.loads(frame.data)
        )
        return messages

    async def message(self) -> Message:
        """Return the next message, which stands alone in its array."""
        messages, _ = await self.read()
        assert len(messages) == 1
        return messages[0]

    def say(self, message: object) -> None:
        """Send a control message in the connection's codec; beside Protobuf, in JSON."""
        if self.binary:
            self.send_frame(BINARY, msgpack.packb(message))
        else:
            self.send_frame(TEXT, orjson.dumps(message))

    def send_frame(self, opcode: int, data: bytes, *, final: bool = True) -> None:
        """Send a frame, masked with zeros, unless the connection is gone."""
        if self.wire.writer.is_closing():
            return
        length = len(data)
        if length < 126:
            size = bytes((0x80 | length,))
        elif length < 1 << 16:
            size = bytes((0x80 | 126,)) + length.to_bytes(2, "big")
        else:
            size = bytes((0x80 | 127,)) + length.to_bytes(8, "big")
        first = bytes(((0x80 if final else 0) | opcode,))
        self.wire.writer.write(first + size + bytes(4) + data)

    async def subscribe(self, **keys: Any) -> Message:
        """Subscribe and return the acknowledgement."""
        self.say({"action": "subscribe", **keys})
        acknowledgement = await self.message()
        assert acknowledgement["T"] == "subscription", acknowledgement
        return acknowledgement

    async def begin(self) -> "WebSocketReader":
        """Hear `connected`."""
        assert await self.message() == {"T": "success", "msg": "connected"}
        return self

    def abort(self) -> None:
        self.wire.abort()


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
        await reader.subscribe(trades=["*"], marks=True, **position, **options)
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


def _marked(messages: list[Message]) -> str | None:
    """Return the position of the mark that is last in an array, or of a snapshot's end."""
    last = messages[-1]
    if last["T"] == "mark" or (last["T"] == "snapshot" and last["state"] == "end"):
        position: str = last["pos"]
        return position
    return None
