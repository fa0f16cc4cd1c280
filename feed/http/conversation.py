"""The conversation of one WebSocket, in the market-data dialect.

It is: connected, auth, authenticated, subscribe, subscription, and then as often as the client
likes. aiohttp reads the client's messages; every frame to the client is built by `feed.wire` and
written straight to the transport. (aiohttp's own `send_*` would compress in a context of their own,
which silently corrupts all that follows.) Nothing follows a Close frame: a session leaves the hub
before one is written, whichever side closes.
"""

import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from aiohttp import WSCloseCode, WSMessage, WSMsgType, web

from feed.broadcast.allowance import Allowance
from feed.broadcast.payload_key import PayloadKey
from feed.errors import CredentialRefused, FeedError, LimitExceeded, NotGranted
from feed.hub.connection import Connection
from feed.hub.hub import Hub
from feed.hub.session import Session
from feed.hub.steps import Step
from feed.market.symbols import ALL
from feed.trust.credentials import bearer, key_pair
from feed.trust.denial import Denial
from feed.trust.identity import NOBODY, Identity
from feed.wire.codec import CODECS, Codec
from feed.wire.compression import Compression
from feed.wire.dialect import DIALECTS, opcode_of
from feed.wire.disconnect import Disconnect, Reason
from feed.wire.error_codes import ErrorCode
from feed.wire.framing import WebSocketFraming
from feed.wire.grants import Grants
from feed.wire.limit import Limit
from feed.wire.messages import leaving_message, refusal_words
from feed.wire.requests import Auth, Control, Feedback, Subscribe, Unsubscribe
from feed.wire.sdk import Sdk
from feed.wire.selection import Selection
from feed.wire.subscribed import NOTHING_SUBSCRIBED, Subscribed
from feed.wire.transport import Transport
from feed.wire.websocket_frame import Opcode, close_frame, websocket_frame

MAX_CONTROL_BYTES = 256 * 1024  # inflated; 5,000 symbols on three channels are 150 KiB
SUBPROTOCOLS = {f"feed.{name}": codec for name, codec in CODECS.items()}
_PROTOCOL_REASONS = {1002: Reason.PROTOCOL, 1007: Reason.PROTOCOL, 1009: Reason.TOO_BIG}
_ENDS = {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}
_PING = websocket_frame(Opcode.PING, b"")


class Incoming(Protocol):
    """Where the messages of a client come from, each when it is wanted."""

    def want(self, *, everything: bool = False) -> None:
        """Let the next message come; `everything`: from now on all of them."""


class Socket(web.WebSocketResponse):
    """aiohttp's WebSocket, which lets us leave the hub before it writes a Close frame.

    Its messages are asked for one by one, so that a flood of them waits where it comes from.

    Attributes:
        client_forgets: the client offered to compress each of its messages by itself.
    """

    _conversation: "Conversation | None" = None
    _incoming: Incoming | None = None

    def __init__(self, *, compress: bool, client_forgets: bool, last_words_s: float) -> None:
        super().__init__(
            protocols=tuple(SUBPROTOCOLS),
            autoping=False,
            max_msg_size=MAX_CONTROL_BYTES,
            compress=compress,
            timeout=last_words_s,
        )
        self.client_forgets = client_forgets

    def read_from(self, incoming: Incoming) -> None:
        """Ask for each message that is received."""
        self._incoming = incoming

    async def receive(self, timeout: float | None = None) -> WSMessage:  # noqa: ASYNC109 - aiohttp's own
        """Receive the next message, of any kind."""
        if self._incoming is not None:
            self._incoming.want()
        return await super().receive(timeout)

    async def close(self, *, code: int = 1000, message: bytes = b"", drain: bool = True) -> bool:  # noqa: ARG002 - a stalled reader never drains
        """Close; also called by aiohttp when the peer closes or breaks the protocol."""
        if self._incoming is not None:
            self._incoming.want(everything=True)  # it looks for the peer's Close among all else
        if isinstance(self.exception(), zlib.error):  # to aiohttp a failure like any other: 1000
            code = WSCloseCode.INVALID_TEXT
        if self._conversation is not None:
            self._conversation.before_close(code)
        return await super().close(code=code, message=message, drain=False)

    def belong_to(self, conversation: "Conversation | None") -> None:
        """Tell a conversation before a Close frame is written; None: it has ended."""
        self._conversation = conversation


class Conversation:
    """The words between one client and the server, and the resulting state of both."""

    __slots__ = (
        "_agreed",
        "_allowance",
        "_authenticated",
        "_awaits_pong",
        "_began_ns",
        "_codec",
        "_compress",
        "_connection",
        "_dialect",
        "_every",
        "_hub",
        "_marks",
        "_ping_ns",
        "_pong_due",
        "_redeem",
        "_refusal",
        "_refused",
        "_sdk",
        "_session",
        "_socket",
        "_subscribed",
    )

    def __init__(
        self,
        socket: Socket,
        connection: Connection,
        hub: Hub,
        codec: Codec,
        agreed: Compression | None,
        *,
        shown: Identity | CredentialRefused,
        redeem: Callable[[str], Identity],
        sdk: Sdk = Sdk.NONE,
        every: str = ALL,
    ) -> None:
        """Join the hub; nothing is said before `run`.

        Args:
            socket: reads the client's messages.
            connection: takes our frames.
            hub: where the session is opened.
            codec: of ticks, marks, gaps and snapshots.
            agreed: the compression that the handshake allows.
            shown: who it is by the handshake, or why that is not accepted.
            redeem: returns whose ticket it is; raises CredentialRefused.
            sdk: how it reads errors.
            every: what a `*` stands for: all symbols, or all of an asset class.
        """
        self._socket = socket
        self._connection = connection
        self._hub = hub
        self._codec = codec
        self._dialect = DIALECTS[codec.name]
        self._agreed = agreed
        self._sdk = sdk
        self._every = every
        self._compress = True  # unless the client asked for plain frames
        self._marks = False
        self._subscribed = NOTHING_SUBSCRIBED
        identity = NOBODY if isinstance(shown, CredentialRefused) else shown
        # Where nobody has an identity, `auth` is a form that is still gone through, once.
        self._authenticated = hub.identities.required and identity is not NOBODY
        self._redeem = redeem
        self._refused = shown if isinstance(shown, CredentialRefused) else None
        self._allowance = Allowance(hub.rates, hub.clock.mono_ns())
        self._pong_due: bytes | None = None  # the newest ping that was not answered yet
        self._began_ns = hub.awake_ns()
        self._ping_ns = self._began_ns  # when the last one went out, or was not due
        self._awaits_pong = False
        socket.belong_to(self)
        self._refusal = hub.refusal(identity, connection.place)
        key = PayloadKey(Selection(), codec, marks=False)
        framing = WebSocketFraming(opcode_of(codec))
        self._session = hub.open(
            connection,
            key,
            framing,
            self._say_goodbye,
            beat=self._beat,
            compression=agreed,
            identity=identity,
            reselect=self._reselect,
            hears_notices=self._hears_notices,
        )

    @property
    def session(self) -> Session:
        """What the hub knows of it."""
        return self._session

    async def run(self) -> None:
        """Talk until one side closes."""
        self._say_connected()
        if self._refusal is not None:
            self._hub.refuse(self._session, self._refusal)
        elif self._refused is not None:
            self._refuse(self._refused)
        else:
            if self._authenticated:
                self._connection.write_last(self._dialect.authenticated)
            self._hub.release(self._session)
        while True:
            message = await self._socket.receive()
            if message.type in _ENDS:
                break
            await self._take(message)
            del message  # it may be long, and the next one may be far off

    async def end(self) -> None:
        """Be out of the hub, and give the socket time to take the last words."""
        self.leave(Reason.CLIENT_LEFT)
        await self._connection.finish()

    def leave(self, reason: Reason) -> None:
        """Be out of the hub, if that has not happened yet."""
        self._hub.close(self._session, reason)
        self._session.release()
        self._socket.belong_to(None)

    def before_close(self, code: int) -> None:
        """Leave the hub, and say the dialect's error, before aiohttp writes a Close frame."""
        if self._session.ended.done():  # we closed, and aiohttp would do so once more
            self._connection.transport.close()
            return
        reason = _PROTOCOL_REASONS.get(code, Reason.CLIENT_LEFT)
        self.leave(reason)
        self._say_error(reason.value)

    def _say_connected(self) -> None:
        self._connection.write_last(self._dialect.greet(self._session.id))

    def _say_error(self, reason: Disconnect) -> None:
        error = self._dialect.last_words(reason, self._sdk)
        if error:
            self._connection.write_last(error)

    def _say_goodbye(self, reason: Disconnect) -> None:
        """Say the error and close; the hub has let the session go.

        Then the peer's Close is waited for, not long: messages that it still sends have to be read,
        or the kernel resets the connection, and the last words are lost with it.
        """
        # Clients of the dialect know no such message, and learn it by the close code.
        if reason.retry_ms is not None and self._knows_more():
            self._connection.write_last(self._dialect.say(leaving_message(reason.retry_ms)))
        self._say_error(reason)
        self._connection.write_last(close_frame(reason.close_code, reason.words))
        self._connection.cut_off_soon()

    def _knows_more(self) -> bool:
        """Whether the client has shown that it knows messages which the dialect does not have."""
        return self._marks or self._socket.ws_protocol is not None

    def _hears_notices(self) -> bool:
        """Whether a message may come that nothing was said for.

        The SDK in Go takes whatever follows `authenticated` for the answer to its `subscribe`, and
        comes back for ever if it is not that.
        """
        return self._sdk is Sdk.NONE or self._knows_more()

    def _may_go_on(self) -> bool:
        """Count a message of any kind; one too many ends the conversation."""
        if self._allowance.count(self._hub.clock.mono_ns()):
            return True
        self._break_off(Limit.CONTROL_MESSAGES)
        return False

    def _break_off(self, limit: Limit) -> None:
        """End, since the client says too much."""
        self._hub.door.limited[limit] += 1
        words = f"{Reason.POLICY.value.words}: {limit} are limited"
        self._hub.disconnect(self._session, Reason.POLICY, words)

    def _answer_ping(self) -> None:
        """Answer the newest ping, if there is one, and room (RFC 6455 §5.5.3).

        A reader that sends pings and reads nothing would have us keep a pong for each.
        """
        if self._pong_due is not None and self._has_room():
            self._connection.write_last(websocket_frame(Opcode.PONG, self._pong_due))
            self._pong_due = None

    def _has_room(self) -> bool:
        high_water_bytes = self._hub.settings.high_water_bytes
        return self._connection.buffered_bytes() <= high_water_bytes

    async def _take(self, message: WSMessage) -> None:
        """Act on a message of any kind, when it is its turn."""
        is_control = message.type in {WSMsgType.TEXT, WSMsgType.BINARY}
        # A client that does not read the answers is not asked for more questions.
        if is_control and not self._has_room():
            await self._connection.room(self._hub.settings.high_water_bytes)
        hub = self._hub
        auth: Auth | None = None
        async with hub.turns.turn(Step.CONTROL):
            if self._session.ended.done():
                return  # what is read all the same: unread bytes would reset the connection
            began_ns = hub.steps.cpu_ns()
            if is_control:
                auth = self._hear(message.data)
            elif message.type is WSMsgType.PING and self._may_go_on():
                self._pong_due = bytes(message.data)
                self._answer_ping()
            elif message.type is WSMsgType.PONG and (self._awaits_pong or self._may_go_on()):
                self._awaits_pong = False
            self.spend(hub.steps.cpu_ns() - began_ns)
        if auth is not None and not self._session.ended.done():
            await self._authenticate(auth)

    def _hear(self, data: str | bytes) -> Auth | None:
        """Act on one control message; an error is said, and the conversation goes on.

        An `auth` that has to be looked into is returned: it may take its time.
        """
        if not self._may_go_on():
            return None
        hub = self._hub
        if not self._allowance.weigh(len(data), hub.clock.mono_ns()):
            self._break_off(Limit.CONTROL_BYTES)
            return None
        try:
            control = self._dialect.hear(data, self._hub.settings.max_symbols_per_connection)
            if self._hub.identities.required:
                if isinstance(control, Auth):
                    return control
                if not self._authenticated:
                    self._hub.disconnect(self._session, Reason.NOT_AUTHENTICATED)
                    return None
            self._act(control)
        except NotGranted as error:
            words = f"{ErrorCode.INSUFFICIENT_SUBSCRIPTION.words}: {error}"
            self._hub.disconnect(self._session, Reason.NOT_GRANTED, words)
        except FeedError as error:
            hub.door.note(error)
            self._connection.write_last(self._dialect.refuse(error))
        return None

    async def _authenticate(self, auth: Auth) -> None:
        """Learn who it is; or that it is the same still, which keeps all that it has."""
        hub, session = self._hub, self._session
        try:
            if auth.ticket:
                identity = self._redeem(auth.ticket)
            else:
                shown = bearer(auth.token) if auth.token else key_pair(auth.key, auth.secret)
                identity = await hub.identities.authenticate(shown, hub.clock.wall_ns())
        except CredentialRefused as refused:
            self._refuse(refused)
            return
        if session.ended.done():
            return
        if self._authenticated and not identity.is_of(session.identity):
            self._connection.write_last(self._dialect.authenticated_before)
            return
        if not self._authenticated and (refusal := hub.door.refusal_of_identity(identity)):
            hub.refuse(session, refusal)
            return
        self._authenticated = True
        hub.identify(session, identity)
        self._connection.write_last(self._dialect.authenticated)

    def _refuse(self, refused: CredentialRefused) -> None:
        """Say why a credential is not accepted, and end: whoever guesses has to come back."""
        is_ours = refused.why == Denial.UNAVAILABLE  # not the client's fault: it may come back
        reason = Reason.ERROR if is_ours else Reason.AUTH_FAILED
        self._hub.disconnect(self._session, reason, f"{reason.value.words}: {refused}")

    def spend(self, cpu_ns: int) -> None:
        """Count the CPU time that the client's bytes took; too much ends the conversation."""
        within = self._allowance.spend(cpu_ns, self._hub.clock.mono_ns())
        if not (within or self._session.ended.done()):
            self._break_off(Limit.CONTROL_WORK)

    def _act(self, control: Control) -> None:
        if isinstance(control, Auth):
            dialect = self._dialect
            answer = dialect.authenticated_before if self._authenticated else dialect.authenticated
            self._connection.write_last(answer)
            self._authenticated = True
        elif isinstance(control, Subscribe):
            self._subscribe(control)
        elif isinstance(control, Feedback):
            self._hub.age_reports.record(Transport.WEBSOCKET, control.ages_ms)
        else:
            self._unsubscribe(control)

    def _subscribe(self, asked: Subscribe) -> None:
        marks = self._marks if asked.marks is None else asked.marks
        before = self._granted
        known, had = before.names, before.selection
        subscribed, added = before.more(asked, self._every)
        grants = subscribed.grants
        if Transport.WEBSOCKET not in grants.transports:
            raise NotGranted(f"the transport {Transport.WEBSOCKET}", grants.words())
        if added.refused and not subscribed.selection.symbols:
            raise NotGranted(refusal_words(added.refused), grants.words())
        self._compress = self._compress if asked.compress is None else asked.compress
        self._move(subscribed, marks=marks)
        self._hub.begin(
            self._session,
            added.selection,
            after=asked.after,
            snapshot=bool(asked.snapshot),
            on_lag=asked.on_lag,
            named=subscribed.names,
            known=known,
            silent=asked.silent_channels,
            refused=added.refused,
            had=had,
        )

    def _unsubscribe(self, unwanted: Unsubscribe) -> None:
        self._move(self._granted.less(unwanted, self._every), marks=self._marks)
        self._hub.release(self._session)

    @property
    def _granted(self) -> Subscribed:
        """The subscription under the grants that the session has now."""
        if self._subscribed.grants is self._session.identity.grants:
            return self._subscribed
        return self._subscribed.under(self._session.identity.grants)

    def _reselect(self) -> None:
        """Subscribe to what is granted now of what was subscribed to, and say so if it changes."""
        before = self._subscribed
        if before is NOTHING_SUBSCRIBED:
            return  # whatever it asks for later is seen under the grants of then
        granted = self._granted
        if before.selection.symbols and Transport.WEBSOCKET not in granted.grants.transports:
            self._hub.disconnect(self._session, Reason.NOT_GRANTED)
            return
        if granted.selection == before.selection:
            self._subscribed = granted
            self._hub.withdraw(self._session)
            return
        try:
            self._move(granted, marks=self._marks, grants=granted.grants)
        except LimitExceeded as error:  # it may not keep what it has
            self._hub.door.note(error)
            self._hub.disconnect(self._session, Reason.POLICY, str(error))
            return
        self._hub.release(self._session)

    def _move(self, subscribed: Subscribed, *, marks: bool, grants: Grants | None = None) -> None:
        """Change the subscription, and acknowledge it; the session is held after it.

        Args:
            subscribed: the new one.
            marks: whether positions are in the arrays.
            grants: of now, where it changes since these have changed.
        """
        key = PayloadKey(subscribed.selection, self._codec, marks)
        compression = self._agreed if self._compress else None
        self._hub.change(self._session, key, compression, beside=subscribed.beside, grants=grants)
        # Equal, and shared by the whole lane: a copy of the selection would take 1 kB.
        shared = self._session.subscriber.lane.payload.key.selection
        self._subscribed = replace(subscribed, selection=shared)
        self._marks = marks
        self._connection.write_last(self._dialect.acknowledge(subscribed))

    def _beat(self, awake_ns: int) -> None:
        """Ping when it is time; end a connection that did not answer, unless it is paused."""
        settings = self._hub.settings
        if self._hub.identities.required and not self._authenticated:
            if awake_ns - self._began_ns > settings.auth_timeout_s * 1e9:
                self._hub.disconnect(self._session, Reason.AUTH_TIMEOUT)
            return
        self._answer_ping()
        if not self._session.subscriber.live:
            self._ping_ns, self._awaits_pong = awake_ns, False  # the ladder's business
            return
        silent_s = (awake_ns - self._ping_ns) / 1e9
        if self._awaits_pong:
            if silent_s > settings.pong_timeout_s:
                self._hub.disconnect(self._session, Reason.UNRESPONSIVE)
        elif silent_s > settings.ping_interval_s:
            self._ping_ns, self._awaits_pong = awake_ns, True
            self._connection.write_last(_PING)
