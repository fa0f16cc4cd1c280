"""How tests talk to a WebSocket of the server."""

from tests.fakes.messages import Message
from tests.fakes.servers import Feed
from tests.fakes.websocket_reader import WebSocketReader


async def connect(feed: Feed, *, binary: bool = False, path: str = "/v1/ws") -> WebSocketReader:
    reader = await WebSocketReader.connect((feed.host, feed.port), path, binary=binary)
    return await reader.begin()


async def error(reader: WebSocketReader) -> Message:
    message = await reader.message()
    assert message.keys() - {"detail"} == {"T", "code", "msg"}
    assert message["T"] == "error"
    return message
