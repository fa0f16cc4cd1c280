"""Handshakes of TLS: how many are going on, for how long, and who may begin one at all.

A handshake costs a millisecond of work and tens of kilobytes, and its peer has shown nothing yet.
So whoever comes too often is let go before it, each has its time, and of too many the oldest goes:
a peer that is in earnest is done within some round trips. What is decided on plain connections in
`feed.http.protocol.intake` is decided here for those that encrypt.
"""

import asyncio
import ssl
from typing import Protocol, cast

from feed.http.callers import peer_of
from feed.hub.clock import Clock
from feed.hub.door import Door
from feed.hub.waiting import TurnedAway, Waiting


class Server(Protocol):
    """Makes the handler of a connection."""

    def __call__(self, *, knocks: bool = True) -> asyncio.Protocol:
        """Return one; `knocks`: it asks at the door whether it comes too often."""


class Handshakes:
    """The factory of connections that encrypt, and what is going on before each."""

    def __init__(
        self,
        server: Server,
        context: ssl.SSLContext,
        *,
        door: Door,
        waiting: Waiting,
        clock: Clock,
        most: int,
        timeout_s: float,
    ) -> None:
        """Begin without any.

        Args:
            server: makes the handlers of those that are done.
            context: of TLS.
            door: tells whether a peer comes too often.
            waiting: is told how many were turned away.
            clock: what the time is.
            most: going on at once.
            timeout_s: that each may take.
        """
        self._server = server
        self._context = context
        self._door = door
        self._waiting = waiting
        self._clock = clock
        self._most = most
        self._timeout_s = timeout_s
        self._going: dict[_Gate, asyncio.Task[None]] = {}  # the oldest first

    def __len__(self) -> int:
        return len(self._going)

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a connection that was just accepted."""
        return _Gate(self)

    def end(self) -> None:
        """Let all go that are not done."""
        for gate in list(self._going):
            self._let_go(gate)

    def begin(self, gate: "_Gate", transport: asyncio.Transport) -> None:
        """Begin one, unless its peer comes too often."""
        if self._door.knock_at_once(peer_of(transport), self._clock.mono_ns()) is not None:
            self._waiting.turned_away[TurnedAway.RATE] += 1
            transport.abort()
            return
        shaking = self._shake(gate, transport)
        self._going[gate] = asyncio.get_running_loop().create_task(shaking, name="handshake")
        self._waiting.note_handshakes(len(self._going))
        if len(self._going) > self._most:
            self._door.note_handshake()
            self._let_go(next(iter(self._going)))

    def _let_go(self, gate: "_Gate") -> None:
        self._going[gate].cancel()  # it may not even have begun
        self._forget(gate)
        gate.abort()

    def _forget(self, gate: "_Gate") -> None:
        """Count one that is not done, once."""
        if self._going.pop(gate, None) is not None:
            self._waiting.turned_away[TurnedAway.HANDSHAKE] += 1
            self._waiting.note_handshakes(len(self._going))

    async def _shake(self, gate: "_Gate", transport: asyncio.Transport) -> None:
        loop = asyncio.get_running_loop()
        transport.pause_reading()
        starting = loop.start_tls(
            transport,
            gate,
            self._context,
            server_side=True,
            ssl_handshake_timeout=self._timeout_s,
        )
        encrypting = loop.create_task(starting, name="handshake of TLS")
        try:
            await asyncio.sleep(0)  # from here on what comes goes to the handshake
            _feed(transport, gate.take())
            encrypted = await encrypting
            del self._going[gate]
            self._waiting.note_handshakes(len(self._going))
        except OSError:  # of TLS too: too late, gone, or no TLS at all
            transport.abort()
            return
        finally:
            self._forget(gate)
        if encrypted is not None:
            gate.hand_over(encrypted, self._server(knocks=False))


def _feed(transport: asyncio.Transport, early: bytes) -> None:
    """Give a handshake what came before it could take it: uvloop reads from the first moment on."""
    if early and not transport.is_closing():
        protocol = cast("asyncio.BufferedProtocol", transport.get_protocol())
        while early:
            buffer = memoryview(protocol.get_buffer(len(early)))
            taken = min(len(early), len(buffer))
            buffer[:taken] = early[:taken]
            protocol.buffer_updated(taken)
            early = early[taken:]


class _Gate(asyncio.Protocol):
    """A connection before its handler: what comes before the handshake, or with its end, waits."""

    __slots__ = ("_data", "_ended", "_handshakes", "_is_lost", "_transport")

    def __init__(self, handshakes: Handshakes) -> None:
        self._handshakes = handshakes
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._ended = False
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._handshakes.begin(self, self._transport)

    def data_received(self, data: bytes) -> None:
        """Keep it."""
        self._data += data

    def eof_received(self) -> None:
        """Note it; the transport closes."""
        self._ended = True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own
        """Note it."""
        self._is_lost = True

    def take(self) -> bytes:
        """Return what has come, once."""
        data, self._data = self._data, b""
        return data

    def abort(self) -> None:
        """End the connection, whose handshake is not done."""
        if self._transport is not None:
            self._transport.abort()

    def hand_over(self, transport: asyncio.Transport, handler: asyncio.Protocol) -> None:
        """Let a handler have the connection, and what has come meanwhile."""
        self._transport = None
        if self._is_lost or transport.is_closing():
            transport.abort()
            return
        transport.set_protocol(handler)
        handler.connection_made(transport)
        if data := self.take():
            handler.data_received(data)
        if self._ended:
            handler.eof_received()
