"""Handing on a WebSocket: messages of any kind go both ways, pings and the last words among them.

The writer greets, answers, pings and closes; the edge knows who comes by its handshake. Whoever
says that in its first message instead says it to the writer, which has to know its credential.
"""

import asyncio
import contextlib
from dataclasses import replace

import aiohttp
from aiohttp import WSMessage, WSMsgType, web

from feed.errors import CredentialRefused, Unauthenticated
from feed.http.edge.forward import Terms, asker_of, target_of
from feed.http.edge.link import Link
from feed.http.handshake import accept, check_handshake
from feed.http.problems import problem, problem_for
from feed.http.push.body import MOST_BODY_BYTES
from feed.http.server import Server
from feed.http.websocket_response import Socket
from feed.hub.connection import Connection
from feed.trust.identity import NOBODY, Identity
from feed.wire.disconnect import Disconnect, Reason
from feed.wire.websocket_frame import Opcode, close_frame, websocket_frame

_ENDS = {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR}
_OPCODES = {
    WSMsgType.TEXT: Opcode.TEXT,
    WSMsgType.BINARY: Opcode.BINARY,
    WSMsgType.PING: Opcode.PING,
    WSMsgType.PONG: Opcode.PONG,
}
_GOING_AWAY = 1001
_SENDABLE = range(1000, 5000)
_NEVER_SENT = {1004, 1005, 1006, 1015}  # RFC 6455 §7.4.1


async def forward_socket(
    request: web.Request,
    *,
    server: Server,
    link: Link,
    terms: Terms,  # noqa: ARG001 - those of all that pushes
) -> web.StreamResponse:
    """Hand a WebSocket on to the writer, until either side ends it."""
    try:
        server.origins.check_named(request)
        server.access.arrive(request)
        check_handshake(request)
        identity = await _identity_of(request, server)
        asker = asker_of(request, identity)
        writer = await link.open_socket(asker, target_of(request), most_bytes=MOST_BODY_BYTES)
    except aiohttp.WSServerHandshakeError as refused:
        words = (
            "the writer, which takes what is pushed, refuses this WebSocket; by POST it says why"
        )
        return problem(refused.status, words)
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        return problem_for(error, request.path)
    try:
        return await _relay(request, server, link, identity, writer)
    finally:
        await writer.close(code=_GOING_AWAY)


async def _identity_of(request: web.Request, server: Server) -> Identity:
    """Return who asks; NOBODY: it has some time to say.

    Raises:
        CredentialRefused: what is shown is not accepted.
    """
    try:
        return await server.access.identify(request)
    except Unauthenticated:
        return NOBODY


async def _relay(
    request: web.Request,
    server: Server,
    link: Link,
    identity: Identity,
    writer: aiohttp.ClientWebSocketResponse,
) -> web.StreamResponse:
    try:
        most, last_words_s = MOST_BODY_BYTES, server.last_words_s
        socket = await accept(request, last_words_s, compress=False, most_bytes=most)
    except Exception as error:  # noqa: BLE001 - any error is answered or raised again
        return problem_for(error, request.path)
    connection = server.connection_of(request)
    if connection is None:
        return socket
    server.forget_head(request, socket)
    relay = _Relay(server, socket, connection, writer, identity)
    with link.streaming(relay.leave):
        await relay.run()
    return socket


class _Relay:
    """One WebSocket, and the other one to the writer."""

    def __init__(
        self,
        server: Server,
        socket: Socket,
        connection: Connection,
        writer: aiohttp.ClientWebSocketResponse,
        identity: Identity,
    ) -> None:
        self._server = server
        self._socket = socket
        self._connection = connection
        self._writer = writer
        self._identity = identity
        self._said_goodbye = False

    async def run(self) -> None:
        """Hand messages on until the client is gone, and what it was told last has gone out."""
        hearing = asyncio.create_task(self._hear(), name="edge_socket")
        try:
            while True:
                message = await self._socket.receive()
                if message.type in _ENDS:
                    break
                await self._say(message)
                del message  # it may be long, and the next one may be far off
            if not hearing.done() and message.type is WSMsgType.CLOSE:
                code = message.data if _may_be_sent(message.data) else _GOING_AWAY
                hearing.cancel()
                await self._writer.close(code=code)
        finally:
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await hearing
            self._socket.tell_before_close(None)
            await self._connection.finish()

    def leave(self) -> None:
        """End, since this server does: the client comes back, to another one."""
        self._close(self._server.hub.departure.refusal())

    async def _say(self, message: WSMessage) -> None:
        """Hand on what the client says, as long as it may."""
        if self._said_goodbye:
            return  # what is read all the same: unread bytes would reset the connection
        try:
            self._server.access.renew(self._identity)
        except CredentialRefused as refused:
            told = Reason.AUTH_FAILED.value
            self._close(replace(told, words=f"{told.words}: {refused}"))
            return
        writer = self._writer
        with contextlib.suppress(aiohttp.ClientError, OSError):  # `_hear` tells that it has gone
            match message.type:
                case WSMsgType.TEXT:
                    await writer.send_str(message.data)
                case WSMsgType.BINARY:
                    await writer.send_bytes(message.data)
                case WSMsgType.PING:
                    await writer.ping(message.data)
                case WSMsgType.PONG:
                    await writer.pong(message.data)

    async def _hear(self) -> None:
        """Hand on what the writer says, until it ends."""
        high_water_bytes = self._server.hub.settings.high_water_bytes
        while True:
            message = await self._writer.receive()
            opcode = _OPCODES.get(message.type)
            if opcode is None:
                break
            data = message.data.encode() if opcode is Opcode.TEXT else bytes(message.data)
            if not self._said_goodbye:
                self._connection.write_last(websocket_frame(opcode, data))
            await self._connection.room(high_water_bytes)
        if message.type is WSMsgType.CLOSE and _may_be_sent(message.data):
            self._end(message.data, message.extra or "")
        else:
            self._close(replace(Reason.SHUTDOWN.value, words="the writer went away; come back"))

    def _close(self, told: Disconnect) -> None:
        self._end(told.close_code, told.words)

    def _end(self, code: int, words: str) -> None:
        """Say why, and close; then the client's Close is waited for, not long."""
        if self._said_goodbye:
            return
        self._said_goodbye = True
        self._connection.write_last(close_frame(code, words))
        self._connection.cut_off_soon()
        # aiohttp would answer the client's Close with one of its own.
        self._socket.tell_before_close(lambda _: self._connection.transport.close())


def _may_be_sent(code: object) -> bool:
    """Tell whether a code may stand in a Close frame."""
    return isinstance(code, int) and code in _SENDABLE and code not in _NEVER_SENT
