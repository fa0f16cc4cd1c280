"""A WebSocket client that shows every frame."""

import base64
import os
from dataclasses import dataclass, field
from typing import Any

import msgpack
import orjson

from feed.wire.protobuf_codec import PROTOBUF
from tests.fakes.messages import Message, marked
from tests.fakes.raw_http import RawHttp
from tests.fakes.wire import Address, Ended, Wire

TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def frame_of(opcode: int, data: bytes, *, final: bool = True) -> bytes:
    """Return a frame as a client sends it, masked with zeros."""
    length = len(data)
    if length < 126:
        size = bytes((0x80 | length,))
    elif length < 1 << 16:
        size = bytes((0x80 | 126,)) + length.to_bytes(2, "big")
    else:
        size = bytes((0x80 | 127,)) + length.to_bytes(8, "big")
    return bytes(((0x80 if final else 0) | opcode,)) + size + bytes(4) + data


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
        return messages, marked(messages)

    def _decode(self, frame: Frame) -> list[Message]:
        messages: list[Message]
        if self.http.headers.get("Sec-WebSocket-Protocol") == "feed.protobuf":
            if frame.opcode == BINARY:
                return PROTOBUF.decode(frame.data)
            assert frame.opcode == TEXT
            messages = orjson.loads(frame.data)
            assert messages[0]["T"] in {"success", "subscription", "error", "leaving"}
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
        """Send a frame, unless the connection is gone."""
        if not self.wire.writer.is_closing():
            self.wire.writer.write(frame_of(opcode, data, final=final))

    async def subscribe(self, **keys: Any) -> Message:
        """Subscribe and return the acknowledgement."""
        self.say({"action": "subscribe", **keys})
        acknowledgement = await self.message()
        assert acknowledgement["T"] == "subscription", acknowledgement
        return acknowledgement

    async def begin(self) -> "WebSocketReader":
        """Hear `connected`."""
        message = await self.message()
        assert message.pop("connection", 1) > 0
        assert message == {"T": "success", "msg": "connected"}
        return self

    def abort(self) -> None:
        self.wire.abort()
