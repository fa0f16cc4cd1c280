"""Readers of the plain HTTP streams, one for each codec."""

import msgpack
import orjson
from google.protobuf.internal.decoder import _DecodeVarint

from feed.wire.protobuf_codec import PROTOBUF
from tests.fakes.messages import Message, marked
from tests.fakes.raw_http import RawHttp


class LineReader:
    """Reads a stream of NDJSON."""

    def __init__(self, http: RawHttp) -> None:
        self.http = http

    async def read(self) -> tuple[list[Message], str | None]:
        messages = orjson.loads(await self.http.up_to(b"\n"))
        return messages, marked(messages)

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
                return messages, marked(messages)
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
        return messages, marked(messages)

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
