"""The WebSocket `/v1/ingest`: a batch a message, and what becomes of each as messages.

Its messages are read one by one, each when the one before is applied: a flood waits where it comes
from. Who comes without a credential may say who it is in the first message, as on other WebSockets.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

import msgpack
import orjson
from aiohttp import WSMessage, WSMsgType, hdrs, web

from feed.errors import CredentialRefused, FeedError, InvalidParameter, SourceError, Unauthenticated
from feed.http.answers import refuse_parameters
from feed.http.handshake import accept, check_handshake
from feed.http.pings import Pings
from feed.http.problems import problem_for
from feed.http.push.asked import owner_for, producer_of
from feed.http.push.body import MOST_BODY_BYTES
from feed.http.push.refusals import problem_of_batch
from feed.http.push.visit import Visit
from feed.http.server import Server
from feed.http.websocket_response import Socket
from feed.hub.connection import Connection
from feed.sources.pushed.decoding import Coding
from feed.sources.pushed.flaws import BatchRefused
from feed.sources.pushed.splitting import Part
from feed.trust.credentials import bearer, key_pair
from feed.trust.denial import Denial
from feed.trust.identity import NOBODY, Identity
from feed.wire.codec import CODECS
from feed.wire.control import Auth, parse_control
from feed.wire.dialect import AUTHENTICATED_BEFORE, CANNOT_REFRESH
from feed.wire.disconnect import Disconnect, Reason
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.messages import (
    AUTHENTICATED,
    Message,
    error_message,
    error_of,
    leaving_message,
)
from feed.wire.protobuf_codec import PROTOBUF
from feed.wire.websocket_frame import Opcode, close_frame, websocket_frame

PARAMETERS = ("source", "producer", "codec")
_ENDS = {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}
_BEAT_S = 1.0

Redeem = Callable[[str], Awaitable[Identity]]


async def ingest_socket(request: web.Request, server: Server) -> web.StreamResponse:
    """Serve one connection that pushes."""
    try:
        server.origins.check_named(request)
        server.access.arrive(request)
        check_handshake(request)
        refuse_parameters(request, PARAMETERS)
        entrance = server.desk.entrance(request.query.get("source"))
        producer = producer_of(request.query.get("producer"))
        codec = _codec_of(request)
        identity = await _identity_of(request, server)
        owner = owner_for(request, identity, entrance, producer)
        server.desk.check_visitor(owner)
        socket = await accept(
            request, server.last_words_s, compress=False, most_bytes=MOST_BODY_BYTES
        )
    except BatchRefused as refused:
        return problem_of_batch(refused)
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        return problem_for(error, request.path)
    connection = server.connection_of(request)
    if connection is None:
        return socket
    pusher = Pusher(socket, connection, server, codec)
    visit = Visit(server, entrance, identity, producer=producer, owner=owner, say=pusher.say)
    redeem = partial(server.access.browsers.redeem, request.headers.get(hdrs.ORIGIN, ""))
    server.forget_head(request, socket)
    try:
        await pusher.run(visit, redeem)
    finally:
        await pusher.end()
    return socket


async def _identity_of(request: web.Request, server: Server) -> Identity:
    """Return who asks; NOBODY: it has some time to say.

    Raises:
        CredentialRefused: what is shown is not accepted.
    """
    try:
        return await server.access.identify(request)
    except Unauthenticated:
        return NOBODY


def _codec_of(request: web.Request) -> str:
    """Return the codec that was asked for.

    Raises:
        InvalidParameter: there is no such codec.
    """
    codec = request.query.get("codec", JSON.name)
    if codec not in CODECS:
        raise InvalidParameter("codec", codec, ", ".join(CODECS))
    return codec


class Pusher:
    """The words between one producer and the server, over a WebSocket."""

    def __init__(self, socket: Socket, connection: Connection, server: Server, codec: str) -> None:
        """Begin; nothing is said before `run`.

        Args:
            socket: reads the producer's messages.
            connection: takes our frames.
            server: whose it is.
            codec: of our messages: MessagePack, or else JSON; and of binary ones.
        """
        self._socket = socket
        self._connection = connection
        self._server = server
        self._packs = codec == MESSAGE_PACK.name
        self._binary = Coding.PROTOBUF if codec == PROTOBUF.name else Coding.MSGPACK
        hub = server.hub
        self._began_ns = hub.awake_ns()
        self._pings = Pings(connection, hub.settings.high_water_bytes, self._began_ns)
        self._said_goodbye = False
        self._messages = 0  # of batches
        self._busy = False  # a batch is being applied: what comes meanwhile waits
        self._beat: asyncio.TimerHandle | None = None

    async def run(self, visit: Visit, redeem: Redeem) -> None:
        """Talk until one side closes.

        Args:
            visit: takes batches.
            redeem: returns whose ticket it is.
        """
        source = visit.entrance.source
        forget = source.when_closed(self._leave)
        self._server.desk.enter(visit.owner)
        try:
            if not source.is_open:
                self._leave()
            elif visit.identity is not NOBODY or not self._server.hub.identities.required:
                visit.greet()
            self._look(visit)
            while True:
                message = await self._socket.receive()
                if message.type in _ENDS:
                    return
                await self._take(message, visit, redeem)
                del message  # it may be long, and the next one may be far off
        finally:
            visit.close()
            forget()
            self._server.desk.leave(visit.owner)
            if self._beat is not None:
                self._beat.cancel()

    async def end(self) -> None:
        """Give the socket time to take the last words."""
        self._socket.tell_before_close(None)
        await self._connection.finish()

    def say(self, message: Message) -> None:
        """Write a message."""
        if self._said_goodbye:
            return
        if self._packs:
            frame = websocket_frame(Opcode.BINARY, msgpack.packb(message))
        else:
            frame = websocket_frame(Opcode.TEXT, orjson.dumps(message))
        self._connection.write_last(frame)

    async def _take(self, message: WSMessage, visit: Visit, redeem: Redeem) -> None:
        if self._said_goodbye:
            return  # what is read all the same: unread bytes would reset the connection
        if message.type is WSMsgType.PING:
            self._pings.hear(bytes(message.data))
        elif message.type is WSMsgType.PONG:
            self._pings.hear_pong()
        else:
            self._busy = True
            try:
                await self._act(message.data, visit, redeem)
            except SourceError:
                self._leave()
            except CredentialRefused as refused:
                self._refuse(refused)
            finally:
                self._busy = False

    async def _act(self, data: str | bytes, visit: Visit, redeem: Redeem) -> None:
        """Act on one message.

        Raises:
            CredentialRefused: who it is, is not accepted, or not any more.
            SourceError: nothing is taken any more.
        """
        hub = self._server.hub
        is_unknown = visit.identity is NOBODY and hub.identities.required
        if is_unknown or _is_action(data):
            await self._authenticate(data, visit, redeem)
            return
        await self._connection.room(hub.settings.high_water_bytes)
        if wait_s := visit.entrance.wait_s(visit.owner):
            await asyncio.sleep(wait_s)
        self._messages += 1
        if isinstance(data, bytes):
            await visit.push(Part(data, self._messages), self._binary)
        else:
            await visit.push(Part(data.encode(), self._messages), Coding.JSON)

    async def _authenticate(self, data: str | bytes, visit: Visit, redeem: Redeem) -> None:
        """Learn who it is; or that it is the same still, which then goes on.

        A refresh that cannot be looked into changes nothing: who it was is good until its own end.
        """
        hub = self._server.hub
        try:
            control = parse_control((JSON if isinstance(data, str) else MESSAGE_PACK).decode(data))
        except FeedError as error:
            self.say(error_of(error))
            return
        is_first = visit.identity is NOBODY
        if not isinstance(control, Auth):
            if is_first:
                self._close(Reason.NOT_AUTHENTICATED.value)
            else:
                self.say(error_of(InvalidParameter("action", control.action, "auth, or a batch")))
            return
        if hub.identities.required:
            try:
                identity = await self._identity_shown(control, redeem)
            except CredentialRefused as refused:
                if is_first or refused.why != Denial.UNAVAILABLE:
                    raise
                self.say(CANNOT_REFRESH)
                return
            if not (is_first or identity.is_of(visit.identity)):
                self.say(AUTHENTICATED_BEFORE)
                return
            visit.identity = identity
        self.say(AUTHENTICATED)
        if is_first:
            visit.greet()

    async def _identity_shown(self, auth: Auth, redeem: Redeem) -> Identity:
        """Return whose credential it is.

        Raises:
            CredentialRefused: it is not accepted.
        """
        if auth.ticket:
            return await redeem(auth.ticket)
        hub = self._server.hub
        shown = bearer(auth.token) if auth.token else key_pair(auth.key, auth.secret)
        return await hub.identities.authenticate(shown, hub.clock.wall_ns())

    def _refuse(self, refused: CredentialRefused) -> None:
        """Say why a credential is not accepted, and end."""
        is_ours = refused.why == Denial.UNAVAILABLE
        told = (Reason.ERROR if is_ours else Reason.AUTH_FAILED).value
        self._close(replace(told, words=f"{told.words}: {refused}"))

    def _leave(self) -> None:
        """Say that nothing more is taken, and end."""
        if not self._said_goodbye:
            told = self._server.hub.departure.refusal()
            self.say(leaving_message(told.retry_ms or 0))
            self._close(told)

    def _close(self, told: Disconnect) -> None:
        """Say why, and close; then the peer's Close is waited for, not long."""
        if self._said_goodbye:
            return
        if told.error_code is not None:
            self.say(error_message(told.error_code, told.words))
        self._said_goodbye = True
        self._connection.write_last(close_frame(told.close_code, told.words))
        self._connection.cut_off_soon()
        # aiohttp would answer the peer's Close with one of its own.
        self._socket.tell_before_close(lambda _: self._connection.transport.close())

    def _look(self, visit: Visit) -> None:
        """See now and then whether the peer is there, and has said who it is."""
        if self._said_goodbye or self._connection.closing:
            return
        hub = self._server.hub
        settings, awake_ns = hub.settings, hub.awake_ns()
        self._pings.answer()
        is_known = visit.identity is not NOBODY or not hub.identities.required
        if not is_known and awake_ns - self._began_ns > settings.auth_timeout_s * 1e9:
            self._close(Reason.AUTH_TIMEOUT.value)
            return
        if self._busy or self._socket.has_unheard:
            self._pings.rest(awake_ns)  # its pong may be behind what was not heard yet
        elif not self._pings.beat(
            awake_ns, interval_s=settings.ping_interval_s, timeout_s=settings.pong_timeout_s
        ):
            self._close(Reason.UNRESPONSIVE.value)
            return
        self._beat = asyncio.get_running_loop().call_later(_BEAT_S, self._look, visit)


def _is_action(data: str | bytes) -> bool:
    """Tell whether a message begins as an action does, and not as a batch."""
    return '"action"' in data[:16] if isinstance(data, str) else b"\xa6action" in data[:8]
