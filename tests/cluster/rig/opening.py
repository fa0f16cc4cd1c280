"""Opening a connection to an edge, which may refuse it while a fault lasts."""

from urllib.parse import urlencode

from tests.fakes.messages import Message
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import Reader
from tests.fakes.sse_reader import SseReader
from tests.fakes.stream_readers import ArrayReader, BatchReader, LineReader
from tests.fakes.websocket_reader import WebSocketReader
from tests.fakes.wire import Address

CHANNELS = ("trades", "quotes")
_MEDIA_TYPES = {
    "json": "application/x-ndjson",
    "msgpack": "application/vnd.msgpack",
    "protobuf": "application/x-protobuf",
}
_OK, _SWITCHING = 200, 101


class Refused(Exception):
    """An edge does not take a subscriber, and says why."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words}")
        self.status = status


async def open_at(transport: str, address: Address, after: str | None) -> Reader:
    """Subscribe to all trades and quotes, from a position on; None: from now on.

    Raises:
        Refused: the edge does not take it.
        Ended: the connection ended.
        OSError: nobody is there.
    """
    name, _, codec = transport.partition("-")
    if name == "websocket":
        return await _open_websocket(codec, address, after)
    query = dict.fromkeys(CHANNELS, "*")
    headers = {"Accept": _MEDIA_TYPES[codec]}
    if name == "sse":
        query["codec"] = codec
        headers = {} if after is None else {"Last-Event-ID": after}
    elif after is not None:
        query["after"] = after
    http = await _get(address, f"/v1/{name}?{urlencode(query)}", headers)
    if name == "sse":
        return SseReader(http, codec)
    if codec == "protobuf":
        return BatchReader(http)
    return LineReader(http) if codec == "json" else ArrayReader(http)


async def _open_websocket(codec: str, address: Address, after: str | None) -> Reader:
    reader = await WebSocketReader.connect(
        address,
        headers={"Sec-WebSocket-Protocol": "feed.protobuf"} if codec == "protobuf" else None,
        binary=codec == "msgpack",
    )
    try:
        await _see(reader.http, _SWITCHING)
        wanted: dict[str, object] = {channel: ["*"] for channel in CHANNELS}
        if after is not None:
            wanted["after"] = after
        reader.say({"action": "subscribe", "marks": True, **wanted})
        _see_subscription(await reader.message(), await reader.message())
    except BaseException:  # whoever opens may be cancelled
        reader.abort()
        raise
    return reader


async def _get(address: Address, target: str, headers: dict[str, str]) -> RawHttp:
    http = await RawHttp.get(address, target, headers)
    try:
        await _see(http, _OK)
    except BaseException:
        http.wire.abort()
        raise
    return http


async def _see(http: RawHttp, status: int) -> None:
    if http.status != status:
        raise Refused(http.status, (await http.body()).decode(errors="replace"))


def _see_subscription(*messages: Message) -> None:
    """See that an edge said that it is there, and then to what one is subscribed."""
    for message in messages:
        if message["T"] == "error":
            raise Refused(int(message["code"]), message["msg"])
