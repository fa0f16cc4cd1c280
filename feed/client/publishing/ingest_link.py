"""A link that ticks go over: one WebSocket to a server's `/v1/ingest`, and the meaning of its end.

Batches go as MessagePack or JSON; what comes back is read in either. Who asks says so in the first
message, which no proxy writes down and no redirect takes along. Knows nothing of reconnecting.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohttp
import msgpack
import orjson
from yarl import URL

from feed.client.errors import Malformed, Refused
from feed.client.events import Object
from feed.client.failure_words import words_of
from feed.client.http_words import problem_words
from feed.client.link import Lost
from feed.client.parsers import MAX_AWAY_S, stay_away_s
from feed.client.publishing.messages import Answer, Greeting, read
from feed.client.redirects import send
from feed.client.shown import Shown
from feed.client.sockets import open_socket, receive_frame
from feed.errors import shorten
from feed.wire.error_codes import Consequence, consequence_of

if TYPE_CHECKING:
    from feed.client.sockets import Socket

_WORDS_BYTES = 16_384  # of a problem document
_HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "d29yZHMgb2YgcmVmdXNhbA==",  # of RFC 6455 §4.1: 16 bytes, any
}


@dataclass(frozen=True, slots=True)
class IngestOrder:
    """The purpose of a link that is to be opened.

    Attributes:
        base: the server's URL.
        producer: the name under which batches are numbered.
        source: the name of the push source; None: the server has one.
        shown: who asks.
        compress: offer permessage-deflate.
    """

    base: URL
    producer: str
    source: str | None
    shown: Shown
    compress: bool

    @property
    def url(self) -> URL:
        """The address of the socket."""
        query = {"producer": self.producer}
        if self.source is not None:
            query["source"] = self.source
        return (self.base / "v1" / "ingest").with_query(query)


class IngestLink:
    """A WebSocket that takes batches and tells what came of them.

    Attributes:
        url: its address.
        greeting: the server's first words.
    """

    __slots__ = ("_early", "_socket", "greeting", "url")

    def __init__(self, url: URL, socket: "Socket") -> None:
        self.url = str(url)
        self._socket = socket
        self._early: list[Object] = []  # came amid the opening, and are no step of it

    @classmethod
    async def open(cls, session: aiohttp.ClientSession, order: IngestOrder) -> "IngestLink":
        """Connect, say who asks, and wait for the greeting.

        Raises:
            Lost: there was none; come back.
            Refused: the server will not have us.
            Malformed: what came is not of the protocol.
        """
        try:
            socket = await open_socket(session, order.url, compress=order.compress)
        except Refused as refused:
            words = await _words(session, order.url, refused.code)
            if words is None:
                raise
            raise Refused(str(order.url), refused.code, words, by_feed=True) from None
        link = cls(order.url, socket)
        try:
            await link._greet(order.shown)
        except BaseException:
            await link.close()
            raise
        return link

    async def send(self, payload: bytes, *, is_text: bool) -> None:
        """Send a batch; return when the socket has taken it, or most of it.

        Raises:
            Lost: the connection ended.
        """
        try:
            if is_text:
                await self._socket.send_str(payload.decode())
            else:
                await self._socket.send_bytes(payload)
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(words_of(error, self.url)) from error

    async def receive(self) -> list[Object]:
        """Return the next messages; none for a mere sign of life.

        May be cancelled and called again; nothing is lost.

        Raises:
            Lost: the connection ended.
            Malformed: received bytes are not of the protocol.
        """
        if self._early:
            early, self._early = self._early, []
            return early
        frame = await receive_frame(self._socket, self.url)
        if frame.type is aiohttp.WSMsgType.TEXT:
            return _objects(_json(frame.data))
        if frame.type is aiohttp.WSMsgType.BINARY:
            return _objects(_msgpack(frame.data))
        return []

    async def ask(self) -> None:
        """Ask for a sign of life.

        Raises:
            Lost: the connection ended.
        """
        try:
            await self._socket.ping()
        except (aiohttp.ClientError, OSError) as error:
            raise Lost(words_of(error, self.url)) from error

    async def refresh(self, shown: Shown) -> bool:
        """Say `auth` again; the answer comes among what is received."""
        if shown.message is not None:
            await self.send(orjson.dumps(shown.message), is_text=True)
        return True

    async def close(self) -> None:
        """Say Close, and wait for the answer for a second at most."""
        await self._socket.close()

    async def _greet(self, shown: Shown) -> None:
        await self.refresh(shown)
        early: list[Object] = []
        while True:
            objects = await self.receive()
            for place, item in enumerate(objects):
                answer = self.read(item)
                if isinstance(answer, Greeting):
                    self.greeting = answer
                    self._early = early + objects[place + 1 :]
                    return
                if item["T"] == "expiring":
                    early.append(item)
                elif answer is not None:
                    raise Malformed(f"expected a greeting of T 'producer', not {shorten(item)}")

    def read(self, item: Object) -> Answer | None:
        """Return what a message says of batches; None: it is of something else.

        Raises:
            Lost: it says that the connection ends, and coming back may succeed.
            Refused: it says so, and coming back is useless.
            Malformed: it is not as the protocol has it.
        """
        kind = item["T"]
        if kind == "error":
            self._note_error(item)
        elif kind == "leaving":
            raise Lost("the server leaves", stay_away_s=stay_away_s(item))
        elif kind == "bye":
            words = str(item.get("msg") or item.get("reason") or "goodbye")
            if item.get("reconnect") is False:
                raise Refused(self.url, None, words, by_feed=True)
            raise Lost(f"the server says goodbye: {words}")
        return read(item)

    def _note_error(self, item: Object) -> None:
        code, said = item.get("code"), str(item.get("msg", ""))
        number = code if type(code) is int else 0
        consequence = consequence_of(number)
        if consequence is Consequence.GOES_ON:
            return
        if consequence is Consequence.ENDS_FOR_NOW:
            retry_s = item.get("retry_after_s")
            away_s = float(retry_s) if isinstance(retry_s, int | float) else 0.0
            words = f"the server says: {said} ({number})"
            raise Lost(words, retry_after_s=min(max(0.0, away_s), MAX_AWAY_S))
        # Also where it is a request that was refused: the same would be sent again, for ever.
        raise Refused(self.url, number, said, by_feed=True)


async def _words(session: aiohttp.ClientSession, url: URL, status: int | None) -> str | None:
    """Return the words of a refused handshake, which aiohttp does not keep: it is asked once more.

    None: there are none, or it is answered otherwise by now.
    """
    try:
        answer = await send(session, "GET", url, headers=_HANDSHAKE)
        async with answer:
            if answer.status != status:
                return None
            return problem_words(await answer.content.read(_WORDS_BYTES))
    except (aiohttp.ClientError, OSError, Refused):
        return None


def _json(data: bytes | str) -> object:
    try:
        value: object = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"not JSON: {error}, in {shorten(data[:100])}") from None
    return value


def _msgpack(data: bytes) -> object:
    try:
        value: object = msgpack.unpackb(data)
    except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
        words = str(error) or type(error).__name__
        raise Malformed(f"not MessagePack: {words}, in {shorten(data[:100])}") from None
    return value


def _objects(value: object) -> list[Object]:
    """Return the objects of a message: an array of them, or one alone."""
    objects: list[Object] = []
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, dict) or not isinstance(item.get("T"), str):
            raise Malformed(f"expected an object with a text T, not {shorten(item)}")
        objects.append(item)
    return objects
