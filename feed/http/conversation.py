"""The conversation of one WebSocket, in the market-data dialect.

It is: connected, auth, authenticated, subscribe, subscription, and then as often as the client
likes. aiohttp reads the client's messages; every frame to the client is built by `feed.wire` and
written straight to the transport. Nothing follows a Close frame: a session leaves the hub before
one is written, whichever side closes.
"""

from collections.abc import Awaitable, Callable

from aiohttp import WSMessage, WSMsgType

from feed.broadcast.allowance import Allowance
from feed.broadcast.payload_key import PayloadKey
from feed.errors import CredentialRefused, FeedError, NotGranted
from feed.http.pings import Pings
from feed.http.rooms.conversation import RoomConversation
from feed.http.rooms.floor import Floor
from feed.http.standing_order import StandingOrder
from feed.http.websocket_response import Socket
from feed.hub.connection import Connection
from feed.hub.hub import Hub
from feed.hub.session import Session
from feed.hub.steps import Step
from feed.market.symbols import ALL
from feed.rooms.desk import Rooms
from feed.trust.credentials import bearer, key_pair
from feed.trust.denial import Denial
from feed.trust.identity import NOBODY, Identity
from feed.wire.codec import Codec
from feed.wire.compression import Compression
from feed.wire.control import Auth, Control, Feedback, InvalidAction, Subscribe, Unsubscribe
from feed.wire.dialect import DIALECTS, opcode_of
from feed.wire.disconnect import Disconnect, Reason
from feed.wire.error_codes import ErrorCode
from feed.wire.framing import WebSocketFraming
from feed.wire.limit import Limit
from feed.wire.messages import leaving_message
from feed.wire.sdk import Sdk
from feed.wire.selection import Selection
from feed.wire.transport import Transport
from feed.wire.websocket_frame import close_frame

_PROTOCOL_REASONS = {1002: Reason.PROTOCOL, 1007: Reason.PROTOCOL, 1009: Reason.TOO_BIG}
_ENDS = {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}


class Conversation:
    """The words between one client and the server, and the resulting state of both."""

    __slots__ = (
        "_allowance",
        "_authenticated",
        "_began_ns",
        "_connection",
        "_dialect",
        "_hub",
        "_order",
        "_pings",
        "_redeem",
        "_refusal",
        "_refused",
        "_rooms",
        "_sdk",
        "_session",
        "_socket",
        "_waits_for_room",
    )

    def __init__(
        self,
        socket: Socket,
        connection: Connection,
        hub: Hub,
        codec: Codec,
        agreed: Compression | None,
        *,
        rooms: Rooms,
        floor: Floor,
        shown: Identity | CredentialRefused,
        redeem: Callable[[str], Awaitable[Identity]],
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
            rooms: where the client may say something.
            floor: takes that.
            shown: who it is by the handshake, or why that is not accepted.
            redeem: returns whose ticket it is; raises CredentialRefused.
            sdk: how it reads errors.
            every: what a `*` stands for: all symbols, or all of an asset class.
        """
        self._socket = socket
        self._connection = connection
        self._hub = hub
        self._dialect = DIALECTS[codec.name]
        self._order = StandingOrder(hub, codec, agreed, every)
        self._sdk = sdk
        identity = NOBODY if isinstance(shown, CredentialRefused) else shown
        # Where nobody has an identity, `auth` is a form that is still gone through, once.
        self._authenticated = hub.identities.required and identity is not NOBODY
        self._redeem = redeem
        self._refused = shown if isinstance(shown, CredentialRefused) else None
        self._allowance = Allowance(hub.rates, hub.clock.mono_ns())
        self._began_ns = hub.awake_ns()
        self._pings = Pings(connection, hub.settings.high_water_bytes, self._began_ns)
        self._waits_for_room = False  # the client does not read what it has asked for
        socket.tell_before_close(self._before_close)
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
            reselect=self._order.follow_grants,
            hears_notices=self._hears_notices,
        )
        self._rooms = RoomConversation(rooms, floor, hub, self._session, self._dialect)

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
            self._hub.subscriptions.release(self._session)
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
        self._socket.tell_before_close(None)

    def _before_close(self, code: int) -> None:
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
        return self._order.marks or self._socket.ws_protocol is not None

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

    async def _take(self, message: WSMessage) -> None:
        """Act on a message of any kind, when it is its turn."""
        is_control = message.type in {WSMsgType.TEXT, WSMsgType.BINARY}
        # A client that does not read the answers is not asked for more questions.
        if is_control and not self._pings.has_room():
            self._waits_for_room = True
            await self._connection.room(self._hub.settings.high_water_bytes)
            self._waits_for_room = False
        hub = self._hub
        auth: Auth | None = None
        async with hub.turns.turn(Step.CONTROL):
            if self._session.ended.done():
                return  # what is read all the same: unread bytes would reset the connection
            began_ns = hub.steps.cpu_ns()
            if is_control:
                auth = self._hear(message.data)
            elif message.type is WSMsgType.PING and self._may_go_on():
                self._pings.hear(bytes(message.data))
            elif message.type is WSMsgType.PONG and (self._pings.awaits_pong or self._may_go_on()):
                self._pings.hear_pong()
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
        except InvalidAction as action:
            self._rooms.refuse(action)
        except NotGranted as error:
            words = f"{ErrorCode.INSUFFICIENT_SUBSCRIPTION.words}: {error}"
            self._hub.disconnect(self._session, Reason.NOT_GRANTED, words)
        except FeedError as error:
            hub.door.note(error)
            self._connection.write_last(self._dialect.refuse(error))
        return None

    async def _authenticate(self, auth: Auth) -> None:
        """Learn who it is; or that it is the same still, which keeps all that it has.

        A refresh that cannot be looked into changes nothing: who it was is good until its own end.
        """
        hub, session = self._hub, self._session
        try:
            if auth.ticket:
                identity = await self._redeem(auth.ticket)
            else:
                shown = bearer(auth.token) if auth.token else key_pair(auth.key, auth.secret)
                identity = await hub.identities.authenticate(shown, hub.clock.wall_ns())
        except CredentialRefused as refused:
            if self._authenticated and refused.why == Denial.UNAVAILABLE:
                self._connection.write_last(self._dialect.cannot_refresh)
            else:
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
        hub.entitlement.identify(session, identity)
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
            self._order.add(self._session, control)
        elif isinstance(control, Feedback):
            self._hub.age_reports.record(Transport.WEBSOCKET, control.ages_ms)
        elif isinstance(control, Unsubscribe):
            self._order.take_away(self._session, control)
        else:
            self._rooms.act(control)

    @property
    def _is_behind(self) -> bool:
        """Whether what the client has said waits for its turn here: then it is not the one late.

        A server that has too much to do would end everybody, and have more to do then.
        """
        return self._socket.has_unheard and not self._waits_for_room

    def _beat(self, awake_ns: int) -> None:
        """Ping when it is time; end a connection that did not answer, unless it is paused."""
        settings = self._hub.settings
        if self._hub.identities.required and not self._authenticated:
            is_late = awake_ns - self._began_ns > settings.auth_timeout_s * 1e9
            if is_late and not self._is_behind:
                self._hub.disconnect(self._session, Reason.AUTH_TIMEOUT)
            return
        self._pings.answer()
        if not self._session.subscriber.live:
            self._pings.rest(awake_ns)  # the ladder's business
            return
        is_there = self._pings.beat(
            awake_ns, interval_s=settings.ping_interval_s, timeout_s=settings.pong_timeout_s
        )
        if not (is_there or self._is_behind):
            self._hub.disconnect(self._session, Reason.UNRESPONSIVE)
