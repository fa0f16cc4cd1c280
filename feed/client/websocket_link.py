"""A link over WebSocket, in the market-data dialect."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
from yarl import URL

from feed.client.errors import Malformed, Refused
from feed.client.events import Object
from feed.client.failure_words import authority, words_of
from feed.client.link import Lost, Order, refusal
from feed.client.parsers import (
    MAX_MESSAGE_BYTES,
    READINGS,
    Message,
    decode_json,
    stay_away_s,
)
from feed.client.redirects import check
from feed.client.shown import Shown
from feed.errors import shorten
from feed.wire.codec_name import CodecName
from feed.wire.error_codes import Consequence, consequence_of

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOSE_TIMEOUT_S = 1.0  # for the other side to answer a Close


class WebSocketLink:
    """A WebSocket that speaks the market-data dialect."""

    __slots__ = ("_early", "_left", "_reading", "_socket", "conflate", "connection", "url")

    retry_ms = None  # only SSE has a word for it

    def __init__(
        self, url: URL, socket: "aiohttp.ClientWebSocketResponse[Any]", codec: CodecName
    ) -> None:
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
        try:
            socket = await session.ws_connect(
                url,
                protocols=(protocol,),
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
                autoping=False,  # a ping is a sign of life; we answer it ourselves
                max_msg_size=MAX_MESSAGE_BYTES,
                compress=15 if order.compress else 0,
                decode_text=False,
            )
        except aiohttp.WSServerHandshakeError as error:
            check(url, error.request_info.real_url, error.status)
            raise refusal(str(url), error.status, error.message, error.headers or {}) from error
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(words_of(error, url)) from error
        led = socket._response.url  # noqa: SLF001 - aiohttp follows, and tells nowhere else where
        try:
            check(url, led, HTTPStatus.SWITCHING_PROTOCOLS)
        except Refused:
            await socket.close()
            raise
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
        try:
            frame = await self._socket.receive()
            if frame.type is aiohttp.WSMsgType.PING:
                await self._socket.pong(frame.data)
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(words_of(error, self.url)) from error
        if frame.type is aiohttp.WSMsgType.TEXT:
            return [Message(decode_json(frame.data))], len(frame.data)
        if frame.type is aiohttp.WSMsgType.BINARY:
            return [Message(self._reading.decode(frame.data))], len(frame.data)
        if frame.type is aiohttp.WSMsgType.CLOSE:
            raise Lost(f"{self.url} closed: {frame.data} {frame.extra or ''}".rstrip())
        if frame.type is aiohttp.WSMsgType.ERROR:
            raise Lost(words_of(frame.data, self.url))
        if frame.type in {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}:
            raise Lost(f"the connection to {authority(URL(self.url))} was cut")
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
        await self._send(order.subscription.message(after=order.after, snapshot=order.snapshot))
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
