"""The conversation of one WebSocket, in the market-data dialect.

It is: connected, auth, authenticated, subscribe, subscription, and then as often as the client
likes; in the codec of the ticks, and beside Protobuf in JSON as text messages. aiohttp reads what
the client sends; every frame to it is built here and written straight to the transport. (aiohttp's
own `send_*` would compress in a context of their own, which silently corrupts what follows.)
Nothing follows a Close frame: a session leaves the hub before one is written, whoever closes.
"""

import time
import zlib

from aiohttp import WSCloseCode, WSMsgType, web

from feed.broadcast.payload_key import PayloadKey
from feed.errors import FeedError, InvalidMessage
from feed.hub.connection import Connection
from feed.hub.hub import Hub
from feed.market.ticks import CHANNELS, Channel
from feed.wire.codec import CODECS, Codec
from feed.wire.compression import Compression
from feed.wire.disconnect import Reason
from feed.wire.error_codes import ErrorCode
from feed.wire.framing import WebSocketFraming
from feed.wire.json_codec import JSON
from feed.wire.messages import (
    AUTHENTICATED,
    CONNECTED,
    Message,
    error_message,
    error_of,
    subscription_message,
)
from feed.wire.requests import (
    Auth,
    Control,
    Feedback,
    Subscribe,
    Unsubscribe,
    lossy_only,
    parse_control,
)
from feed.wire.selection import Selection
from feed.wire.transport import Transport
from feed.wire.websocket_frame import Opcode, close_frame, websocket_frame

MAX_CONTROL_BYTES = 256 * 1024  # inflated; 5,000 symbols on three channels are 150 KiB
SUBPROTOCOLS = {f"feed.{name}": codec for name, codec in CODECS.items()}
_LAST_WORDS_S = 0.75  # at most one second, and less than the server takes to leave
_PROTOCOL_REASONS = {1002: Reason.PROTOCOL, 1007: Reason.PROTOCOL, 1009: Reason.TOO_BIG}
_NOTHING: frozenset[str] = frozenset()

Symbols = dict[Channel, frozenset[str]]


class Socket(web.WebSocketResponse):
    """aiohttp's WebSocket, which lets us leave the hub before it writes a Close frame.

    Attributes:
        conversation: who leaves.
    """

    conversation: "Conversation | None" = None

    def __init__(self, *, compress: bool) -> None:
        super().__init__(
            protocols=tuple(SUBPROTOCOLS),
            autoping=False,
            max_msg_size=MAX_CONTROL_BYTES,
            compress=compress,
            timeout=_LAST_WORDS_S,
        )

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:  # noqa: ARG002 - a stalled reader never drains
        """Close; also called by aiohttp when the peer closes or breaks the protocol."""
        if isinstance(self.exception(), zlib.error):  # to aiohttp a failure like any other: 1000
            code = WSCloseCode.INVALID_TEXT
        if self.conversation is not None:
            self.conversation.before_close(code)
        return await super().close(code=code, message=message, drain=False)


class Conversation:
    """What one client and the server say to each other.

    Attributes:
        intervals_ms: at which interval channels are conflated.
        authenticated: whether `auth` was said.
    """

    __slots__ = (
        "_agreed",
        "_awaits_pong",
        "_codec",
        "_compress",
        "_connection",
        "_control",
        "_hub",
        "_key",
        "_messages_in_second",
        "_named",
        "_ping_ns",
        "_refusal",
        "_second",
        "_session",
        "_socket",
        "authenticated",
        "intervals_ms",
    )

    def __init__(
        self,
        socket: Socket,
        connection: Connection,
        hub: Hub,
        codec: Codec,
        agreed: Compression | None,
    ) -> None:
        self._socket = socket
        self._connection = connection
        self._hub = hub
        self._codec = codec  # of ticks, marks, gaps and snapshots
        self._control = codec if codec.is_both_ways else JSON
        self._key = PayloadKey(Selection(), codec, marks=False)
        self._agreed = agreed  # what compression the handshake allows
        self._compress = True  # unless the client asked for none
        self._named: Symbols | None = None  # where that is not what its lane selects
        self.intervals_ms: dict[Channel, int] = {}
        self.authenticated = False
        self._second = 0  # the second in which control messages are counted
        self._messages_in_second = 0
        self._ping_ns = time.monotonic_ns()  # when the last one went out, or was not due
        self._awaits_pong = False
        socket.conversation = self
        self._refusal = hub.refusal
        framing = WebSocketFraming(_opcode(codec))
        self._session = hub.open(connection, self._key, framing, self._say_goodbye, agreed)
        self._session.beat = self._beat

    @property
    def symbols(self) -> Symbols:
        """What is subscribed, per channel, as the client named it."""
        if self._named is not None:
            return self._named
        selected = dict(self._key.selection.symbols)
        return {channel: selected.get(channel, _NOTHING) for channel in CHANNELS}

    async def run(self) -> None:
        """Talk until one side closes."""
        self._say(CONNECTED)
        if self._refusal is not None:
            self._hub.disconnect(self._session, self._refusal)
        else:
            self._hub.start(self._session)
        while True:
            message = await self._socket.receive()
            match message.type:
                case WSMsgType.CLOSE | WSMsgType.CLOSING | WSMsgType.CLOSED | WSMsgType.ERROR:
                    break
                case _ if self._session.ended.done():
                    pass  # read all the same: unread bytes would reset the connection
                case WSMsgType.TEXT | WSMsgType.BINARY:
                    await self._hear(message.data)
                case WSMsgType.PING:
                    self._connection.write_last(websocket_frame(Opcode.PONG, message.data))
                case WSMsgType.PONG:
                    self._awaits_pong = False

    async def end(self) -> None:
        """Be out of the hub, and give the socket time to take the last words."""
        self.leave(Reason.CLIENT_LEFT)
        await self._connection.finish(_LAST_WORDS_S)

    def leave(self, reason: Reason) -> None:
        """Be out of the hub, whatever happened."""
        self._hub.close(self._session, reason)
        self._session.release()
        self._socket.conversation = None

    def before_close(self, code: int) -> None:
        """Leave the hub, and say the dialect's error, before a Close frame is written."""
        if self._session.ended.done():  # we closed, and aiohttp would do so once more
            self._connection.transport.close()
            return
        reason = _PROTOCOL_REASONS.get(code, Reason.CLIENT_LEFT)
        self.leave(reason)
        self._say_error(reason)

    def _say(self, message: Message) -> None:
        """Say a control message, alone in its array."""
        data = self._control.array([message])
        self._connection.write_last(websocket_frame(_opcode(self._control), data))

    def _say_error(self, reason: Reason) -> None:
        if reason.value.error_code is not None:
            self._say(error_message(reason.value.error_code, reason.value.words))

    def _say_goodbye(self, reason: Reason) -> None:
        """Say the error and close; the hub has let the session go.

        Then the peer's Close is waited for, not long: what it still sends has to be read, or the
        kernel resets the connection, and what was said here is lost with it.
        """
        self._say_error(reason)
        self._connection.write_last(close_frame(reason.value.close_code, reason.value.words))
        self._connection.cut_off_after(_LAST_WORDS_S)

    async def _hear(self, data: str | bytes) -> None:
        """Act on one control message; whatever is wrong with it is said, and the talk goes on."""
        if self._too_many_messages():
            self._hub.disconnect(self._session, Reason.POLICY)
            return
        # Whoever does not read the answers is not asked for more questions.
        await self._connection.room(self._hub.settings.high_water_bytes)
        if self._session.ended.done():
            return
        try:
            self._act(parse_control(self._decode(data)))
        except FeedError as error:
            self._say(error_of(error))

    def _decode(self, data: str | bytes) -> object:
        if isinstance(data, str) is not self._control.is_text:
            got, due = ("text", "binary") if isinstance(data, str) else ("binary", "text")
            raise InvalidMessage(
                f"a {got} message; accepted: {due} messages, as {self._control.name}"
            )
        return self._control.decode(data)

    def _act(self, control: Control) -> None:
        if isinstance(control, Auth):
            if self.authenticated:
                self._say(error_message(ErrorCode.ALREADY_AUTHENTICATED))
            else:
                self.authenticated = True
                self._say(AUTHENTICATED)
        elif isinstance(control, Subscribe):
            self._subscribe(control)
        elif isinstance(control, Feedback):
            self._hub.feedback.take(Transport.WEBSOCKET, control.ages_ms)
        else:
            self._unsubscribe(control)

    def _subscribe(self, asked: Subscribe) -> None:
        named, known = asked.symbols(), self.symbols
        symbols = {channel: _union(known[channel], named[channel]) for channel in CHANNELS}
        marks = self._key.marks if asked.marks is None else asked.marks
        self._compress = self._compress if asked.compress is None else asked.compress
        intervals = lossy_only({**self.intervals_ms, **(asked.conflate or {})})
        self._move(symbols, intervals, marks=marks)
        subscriber = self._session.subscriber
        if asked.on_lag is not None:
            subscriber.on_lag = asked.on_lag
        selection = Selection.of(named, intervals)
        if asked.after is not None:
            self._hub.resumes[subscriber.resume(selection, asked.after)] += 1
        if asked.snapshot:
            subscriber.request_snapshot(selection)
        elif asked.after is None:
            subscriber.tell_position(time.time_ns())
        self._hub.start(self._session)

    def _unsubscribe(self, asked: Unsubscribe) -> None:
        named, known = asked.symbols(), self.symbols
        symbols = {channel: known[channel].difference(named[channel]) for channel in CHANNELS}
        self._move(symbols, self.intervals_ms, marks=self._key.marks)
        self._session.subscriber.narrow()
        self._hub.start(self._session)

    def _move(self, symbols: Symbols, intervals_ms: dict[Channel, int], *, marks: bool) -> None:
        """Change what is subscribed, and acknowledge it; the session is held after it."""
        key = PayloadKey(Selection.of(symbols, intervals_ms), self._codec, marks)
        self._hub.change(self._session, key, self._agreed if self._compress else None)
        self._key = self._session.subscriber.lane.payload.key  # equal, and shared
        # The selection is shared, and a copy would take 1 kB. Hardly ever is it not what was named:
        # where somebody named all symbols, and some of them besides.
        selected = dict(self._key.selection.symbols)
        same = all(selected.get(channel, _NOTHING) == named for channel, named in symbols.items())
        self._named = None if same else symbols
        self.intervals_ms = intervals_ms
        self._say(subscription_message(symbols, intervals_ms))

    def _too_many_messages(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._messages_in_second = second, 0
        self._messages_in_second += 1
        return self._messages_in_second > self._hub.settings.max_control_messages_per_s

    def _beat(self, now_ns: int) -> None:
        """Ping when it is time; end a connection that did not answer, unless it is paused."""
        settings = self._hub.settings
        if not self._session.subscriber.live:
            self._ping_ns, self._awaits_pong = now_ns, False  # the ladder's business
            return
        silent_s = (now_ns - self._ping_ns) / 1e9
        if self._awaits_pong:
            if silent_s > settings.pong_timeout_s:
                self._hub.disconnect(self._session, Reason.UNRESPONSIVE)
        elif silent_s > settings.ping_interval_s:
            self._ping_ns, self._awaits_pong = now_ns, True
            self._connection.write_last(websocket_frame(Opcode.PING, b""))


def _opcode(codec: Codec) -> Opcode:
    return Opcode.TEXT if codec.is_text else Opcode.BINARY


def _union(known: frozenset[str], more: list[str]) -> frozenset[str]:
    """Return both together; the same object where nothing is new, for there are many of them."""
    return known.union(more) if more else known
