"""A link over WebSocket, in the market-data dialect."""

from typing import TYPE_CHECKING

import aiohttp
import orjson
from yarl import URL

from feed.client.errors import Malformed, Refused
from feed.client.events import Object
from feed.client.failure_words import words_of
from feed.client.link import Lost, Order
from feed.client.parsers import READINGS, Message, decode_json, stay_away_s
from feed.client.shown import Shown
from feed.client.sockets import open_socket, receive_frame
from feed.errors import shorten
from feed.wire.codec_name import CodecName
from feed.wire.error_codes import Consequence, consequence_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from feed.client.sockets import Socket


class WebSocketLink:
    """A WebSocket that speaks the market-data dialect."""

    __slots__ = ("_early", "_left", "_reading", "_socket", "conflate", "connection", "url")

    retry_ms = None  # only SSE has a word for it

    def __init__(self, url: URL, socket: "Socket", codec: CodecName) -> None:
        self.url = str(url)
        self._reading = READINGS[codec]
        self.conflate: Mapping[str, str] = {}
        self.connection: int | None = None
        self._socket = socket
        self._left: list[Message] = []  # came in one message with the end of the opening
        self._early: list[Message] = []  # came amid the opening, and are no step of it

    @classmethod
    async def open(cls, session: aiohttp.ClientSession, order: Order) -> "WebSocketLink":
        """Connect, authenticate where there is a key, and subscribe."""
        url = order.base / "v1" / "ws"
        protocol = f"feed.{order.codec}"
        socket = await open_socket(session, url, protocols=(protocol,), compress=order.compress)
        link = cls(url, socket, order.codec if socket.protocol == protocol else "json")
        try:
            await link._greet(order)
        except BaseException:
            await link.close()
            raise
        return link

    async def receive(self) -> tuple[list[Message], int]:
        """Return the next message, or none for a ping."""
        if self._left:
            return [self._left.pop(0)], 0
        frame = await receive_frame(self._socket, self.url)
        if frame.type is aiohttp.WSMsgType.TEXT:
            return [Message(decode_json(frame.data))], len(frame.data)
        if frame.type is aiohttp.WSMsgType.BINARY:
            return [Message(self._reading.decode(frame.data))], len(frame.data)
        return [], 0

    async def refresh(self, shown: Shown) -> bool:
        """Send `auth` again; the answer comes among what is received."""
        if shown.message is not None:
            await self._send(shown.message)
        return True

    async def close(self) -> None:
        """Say Close, and wait for the answer no longer than `CLOSE_TIMEOUT_S`."""
        await self._socket.close()

    async def _greet(self, order: Order) -> None:
        """Go through the dialect's opening: connected, authenticated, subscription."""
        try:
            connected = await self._expect("success", "connected")
        except Lost as lost:
            raise Lost(
                str(lost), retry_after_s=lost.retry_after_s, unanswered=True
            ) from lost.__cause__
        number = connected.get("connection")
        self.connection = number if type(number) is int else None
        auth = order.shown.message
        if auth is not None:
            await self._send(auth)
            await self._expect("success", "authenticated")
        await self._send(
            order.subscription.message(after=order.after, snapshot=order.snapshot, last=order.last)
        )
        subscription = await self._expect("subscription")
        self._left[:0] = self._early
        granted = subscription.get("conflate")
        if isinstance(granted, dict):
            self.conflate = {str(channel): str(every) for channel, every in granted.items()}

    async def _send(self, message: Object) -> None:
        try:
            if self._reading.encode is None:
                await self._socket.send_str(orjson.dumps(message).decode())
            else:
                await self._socket.send_bytes(self._reading.encode(message))
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(words_of(error, self.url)) from error

    async def _expect(self, kind: str, words: str | None = None) -> Object:
        """Wait for one step of the opening; return the message that takes it."""
        objects: list[Object] = []
        while not objects:
            for message in (await self.receive())[0]:
                # An identity that ends soon is told so at once, before any subscription.
                early = [item for item in message.objects if item["T"] == "expiring"]
                self._early += [Message([item]) for item in early]
                objects += [item for item in message.objects if item not in early]
        first, *rest = objects
        if rest:
            self._left.append(Message(rest))
        if first["T"] == "error":
            code, said = first.get("code"), str(first.get("msg", ""))
            number = code if type(code) is int else 0
            if consequence_of(number) is Consequence.ENDS_FOR_NOW:
                raise Lost(f"the server says: {said} ({number})")
            raise Refused(self.url, number, said, by_feed=True)
        if first["T"] == "leaving":
            raise Lost("the server leaves", stay_away_s=stay_away_s(first))
        if first["T"] != kind or (words is not None and first.get("msg") != words):
            raise Malformed(f"expected {kind} {words or ''}, not {shorten(first)}")
        return first
