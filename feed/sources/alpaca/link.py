"""One WebSocket to a server that speaks the dialect: the opening, frames, and pings.

The opening is: connected, auth, authenticated, subscribe, subscription. Whatever else comes amid it
is handed over after it. Errors of aiohttp end here: all that is raised is `Ended`. What the server
says is told with the key and its secret taken out, since it may repeat what it was sent.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import aiohttp
import msgpack
import orjson
from yarl import URL

from feed.client.errors import Malformed
from feed.client.http_words import USER_AGENT
from feed.client.link import refusal as refusal_by_status
from feed.client.parsers import load_json, load_msgpack
from feed.client.redirects import check
from feed.errors import FeedError, shorten
from feed.market.ticks import Channel
from feed.sources.alpaca.orders import refusal, subscriptions
from feed.sources.upstream.credentials import KeyPair
from feed.sources.upstream.endings import End, Ended, ended_by
from feed.sources.upstream.silence import Due, SilenceWatch
from feed.wire.codec_name import CodecName
from feed.wire.error_codes import ErrorCode

OPEN_TIMEOUT_S = 10.0  # to connect, and to be told that the subscription stands
CLOSE_TIMEOUT_S = 1.0  # for the other side to answer a Close
MAX_WAITING_BYTES = 1 << 20  # of frames that were read and not asked for yet; and one more frame
MAX_MESSAGE_BYTES = 4 << 20  # inflated; alpaca-py reads 1 MiB, and our own server writes 256 KiB
_STEPS = {"success", "subscription"}  # of the opening
_GONE = {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}
_LAST = {*_GONE, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR}
_DATA = {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}


@dataclass(frozen=True, slots=True)
class Wish:
    """What every connection of a source asks for.

    Attributes:
        url: of the server.
        channels, symbols: to subscribe to.
        codec: "json" or "msgpack".
    """

    url: URL
    channels: Sequence[Channel]
    symbols: Sequence[str]
    codec: CodecName


class Link:
    """A connection that is subscribed.

    Attributes:
        positions: the server tells positions, and so can go on from one: it is one of ours.
    """

    __slots__ = (
        "_binary",
        "_came",
        "_early",
        "_frames",
        "_is_open",
        "_keys",
        "_mono_s",
        "_reading",
        "_room",
        "_session",
        "_socket",
        "_url",
        "_waiting_bytes",
        "_watch",
        "positions",
    )

    def __init__(
        self,
        session: aiohttp.ClientSession,
        socket: "aiohttp.ClientWebSocketResponse[Any]",
        wish: Wish,
        *,
        keys: KeyPair | None,
        watch: SilenceWatch,
        mono_s: Callable[[], float],
    ) -> None:
        self.positions = False
        self._session = session
        self._socket = socket
        self._url = str(wish.url)
        self._binary = wish.codec == "msgpack"
        self._keys = keys
        self._watch = watch
        self._mono_s = mono_s
        self._is_open = False
        self._frames: deque[aiohttp.WSMessage] = deque()  # that were not asked for yet
        self._waiting_bytes = 0  # of these
        self._came = asyncio.Event()
        self._room = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None
        self._early: deque[list[Any]] = deque()  # came amid the opening, and is no step of it

    @classmethod
    async def open(
        cls,
        wish: Wish,
        *,
        keys: KeyPair | None,
        watch: SilenceWatch,
        after: str | None,
        mono_s: Callable[[], float],
    ) -> "Link":
        """Connect, authenticate where there is a key, and subscribe.

        Args:
            wish: what is asked for.
            keys: who asks.
            watch: over the silence of this connection.
            after: the position to go on from, if the server knows such.
            mono_s: the time, in seconds that only grow.

        Raises:
            Ended: it did not come to that.
        """
        session = aiohttp.ClientSession(headers=USER_AGENT)
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                socket = await _connect(session, wish)
                link = cls(session, socket, wish, keys=keys, watch=watch, mono_s=mono_s)
                watch.open(mono_s())
                try:
                    await link._subscribe(wish, after)
                except BaseException:
                    await socket.close()
                    raise
        except TimeoutError:
            await session.close()
            words = f"{wish.url} did not let us in within {OPEN_TIMEOUT_S:g} s"
            raise Ended(End.UNREACHABLE, words) from None
        except BaseException:
            await session.close()
            raise
        link._is_open = True
        link._reading = asyncio.create_task(link._read())
        return link

    async def receive(self) -> list[Any]:
        """Return what the next message holds: objects, if it is as it should be.

        Raises:
            Ended: the connection ended, or is silent for too long.
            Malformed: the message is no array of the codec; the connection goes on.
        """
        watch = self._watch
        while (value := await self.receive_ready()) is None:
            now_s = self._mono_s()
            due = watch.due(now_s)
            if due is Due.PING:
                await self._ping(now_s)
                continue  # something may have come meanwhile
            if due is not Due.NOTHING:
                raise self._silence(due)
            self._came.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(watch.wait_s(now_s)):
                    await self._came.wait()
        return value

    async def receive_ready(self) -> list[Any] | None:
        """Return what a message holds that has come already; None: there is none.

        Raises:
            Ended, Malformed: as `receive` does.
        """
        if self._early:
            return self._early.popleft()
        while self._frames:
            value = await self._take(self._next_frame())
            if value is not None:
                return value
        return None

    async def close(self) -> None:
        """Say Close, and wait for the answer no longer than `CLOSE_TIMEOUT_S`."""
        reading, self._reading = self._reading, None
        if reading is not None:
            reading.cancel()
            await asyncio.wait([reading])
        await self._socket.close()
        await self._session.close()

    def without_keys(self, words: str) -> str:
        """Return words of the server without what it was shown."""
        for secret in self._keys or ():
            words = words.replace(secret, "…")
        return words

    async def _read(self) -> None:
        """Read frames while there is room, so that those that came together are told together."""
        last = False
        while not last:
            try:
                frame = await self._socket.receive()
            except Exception as error:  # noqa: BLE001 - of any kind: it is told as the last frame
                frame = aiohttp.WSMessage(aiohttp.WSMsgType.ERROR, error, None)
            last = frame.type in _LAST
            self._frames.append(frame)
            self._waiting_bytes += _size(frame)
            self._came.set()
            while self._waiting_bytes > MAX_WAITING_BYTES and not last:
                self._room.clear()
                await self._room.wait()

    def _next_frame(self) -> aiohttp.WSMessage:
        frame = self._frames.popleft()
        self._waiting_bytes -= _size(frame)
        self._room.set()
        return frame

    async def _take(self, frame: aiohttp.WSMessage) -> list[Any] | None:
        """Return the array that a frame holds; None: it was a sign of life."""
        kind, data = frame.type, frame.data
        if kind is aiohttp.WSMsgType.TEXT or kind is aiohttp.WSMsgType.BINARY:
            self._watch.hear(self._mono_s(), told=self._is_open)
            # By the frame's own kind: a server may not have the codec that it was asked for.
            self._binary = kind is aiohttp.WSMsgType.BINARY
            value = load_msgpack(data) if self._binary else load_json(data)
            if not isinstance(value, list):
                raise Malformed(f"a message is an array, not {shorten(value)}")
            return value
        if kind is aiohttp.WSMsgType.PONG:
            self._watch.hear_pong(self._mono_s())
        elif kind is aiohttp.WSMsgType.PING:
            self._watch.hear(self._mono_s(), told=False)
            await self._saying(self._socket.pong(data))
        elif kind is aiohttp.WSMsgType.CLOSE:
            words = self.without_keys(f"{data} {frame.extra or ''}".rstrip())
            raise Ended(End.CLOSED, f"{self._url} closed: {words}")
        elif kind is aiohttp.WSMsgType.ERROR:
            raise self._broken(data)
        elif kind in _GONE:
            raise ended_by(ConnectionResetError("the server left"), self._url)
        return None

    def _broken(self, error: BaseException) -> Ended:
        """Return what an error of the protocol means, or of the connection."""
        if not isinstance(error, aiohttp.WebSocketError):
            return ended_by(error, self._url)
        if error.code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG:
            words = f"{self._url} sent a message of more than {MAX_MESSAGE_BYTES:,} bytes"
            return Ended(End.TOO_LARGE, words)
        return Ended(End.MALFORMED, f"{self._url} breaks the WebSocket protocol: {error}")

    def _silence(self, due: Due) -> Ended:
        if due is Due.GIVE_UP_UNANSWERED:
            words = "does not answer pings any more, on a connection that is open"
            return Ended(End.UNANSWERED, f"{self._url} {words}")
        words = "has told nothing for too long, on a connection that is open"
        return Ended(End.SILENT, f"{self._url} {words}")

    async def _ping(self, now_s: float) -> None:
        self._watch.note_ping(now_s)
        await self._saying(self._socket.ping())

    async def _say(self, message: dict[str, Any]) -> None:
        if self._binary:
            await self._saying(self._socket.send_bytes(msgpack.packb(message)))
        else:
            await self._saying(self._socket.send_str(orjson.dumps(message).decode()))

    async def _saying(self, said: Awaitable[None]) -> None:
        try:
            await said
        except (aiohttp.ClientError, OSError) as error:
            raise ended_by(error, self._url) from error

    # The opening.

    async def _subscribe(self, wish: Wish, after: str | None) -> None:
        connected = await self._expect("success", "connected")
        self.positions = type(connected.get("connection")) is int
        if self._keys is not None:
            auth = {"action": "auth", "key": self._keys.key, "secret": self._keys.secret}
            await self._say(auth)
            await self._expect("success", "authenticated")
        orders = list(
            subscriptions(wish.channels, wish.symbols, positions=self.positions, after=after)
        )
        for order in orders:
            await self._say(order)
        for _ in orders:
            await self._expect("subscription")

    async def _expect(self, kind: str, words: str | None = None) -> dict[str, Any]:
        """Wait for one step of the opening; return the message that takes it."""
        while True:
            message = self._step_in(await self._next())
            if message is None:
                continue
            if message["T"] == kind and (words is None or message.get("msg") == words):
                return message
            due = f"{kind} {words}" if words else kind
            came = self.without_keys(shorten(message))
            raise Ended(End.MALFORMED, f"{self._url} should say {due}, and says {came}")

    async def _next(self) -> list[Any]:
        """Return the next message of the opening."""
        while True:
            try:
                value = await self._take(await self._socket.receive())
            except (aiohttp.ClientError, OSError, Malformed) as error:
                raise ended_by(error, self._url) from error
            if value is not None:
                return value

    def _step_in(self, value: list[Any]) -> dict[str, Any] | None:
        """Return the step in a message; None: there is none, and it is kept for later."""
        for item in value:
            kind = item.get("T") if type(item) is dict else None
            if kind == "error":
                code, said = item.get("code"), self.without_keys(str(item.get("msg", "")))
                number = code if type(code) is int else 0
                if number == ErrorCode.ALREADY_AUTHENTICATED:
                    return {"T": "success", "msg": "authenticated"}
                ended = refusal(self._url, number, said, opening=True)
                assert ended is not None, "an opening that is refused has ended"
                raise ended
            if kind in _STEPS:
                rest = [other for other in value if other is not item]
                if rest:
                    self._early.append(rest)
                return dict(item)
        self._early.append(value)
        return None


def _size(frame: aiohttp.WSMessage) -> int:
    return len(frame.data) if frame.type in _DATA else 0


async def _connect(
    session: aiohttp.ClientSession, wish: Wish
) -> "aiohttp.ClientWebSocketResponse[Any]":
    headers = {"Content-Type": "application/msgpack"} if wish.codec == "msgpack" else {}
    try:
        socket = await session.ws_connect(
            wish.url,
            headers=headers,
            timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT_S),
            autoping=False,  # a ping is a sign of life, and a pong an answer
            max_msg_size=MAX_MESSAGE_BYTES,
            compress=15,
            decode_text=False,
        )
    except aiohttp.WSServerHandshakeError as error:
        check_redirect(wish.url, error.request_info.real_url, error.status)
        by_status = refusal_by_status(
            str(wish.url), error.status, error.message, error.headers or {}
        )
        raise ended_by(by_status, str(wish.url), End.REFUSED) from error
    except (aiohttp.ClientError, OSError) as error:
        raise ended_by(error, str(wish.url), End.UNREACHABLE) from error
    led = socket._response.url  # noqa: SLF001 - aiohttp follows, and tells nowhere else where
    try:
        check_redirect(wish.url, led, HTTPStatus.SWITCHING_PROTOCOLS)
    except Ended:
        await socket.close()
        raise
    return socket


def check_redirect(asked: URL, led: URL, status: int) -> None:
    """Refuse a redirect to where keys must not go.

    Raises:
        Ended: it is of another origin.
    """
    try:
        check(asked, led, status)
    except FeedError as error:
        raise ended_by(error, str(asked)) from error
