"""A reader of server-sent events."""

import base64
from dataclasses import dataclass

import msgpack
import orjson

from feed.wire.protobuf_codec import PROTOBUF
from tests.fakes.messages import Message
from tests.fakes.raw_http import RawHttp


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
