"""Handshakes of TLS: how many are going on, for how long, and who may begin one at all.

A handshake costs a millisecond of work and 60 kB (measured), and its peer has shown nothing yet. So
whoever comes too often is let go before it; a connection costs next to nothing until its first
record is whole; then handshakes are done some at a time, and all others wait for their turn, as
thousands do that come back together. Each has its time, and of too many the oldest goes. What is
decided on plain connections in `feed.http.protocol.intake` is decided here for those that encrypt.
"""

import asyncio
import ssl
from collections import deque
from typing import Protocol, cast

from feed.http.callers import peer_of
from feed.hub.clock import Clock
from feed.hub.door import Door
from feed.hub.waiting import TurnedAway, Waiting

SHAKING = 256  # at once
PATIENCE_S = 1.0  # that each may take at least, though others wait for their turn
_RECORD = b"\x16"  # of a handshake (RFC 8446 §5.1)
_HEAD_BYTES = 5
_LONGEST_BYTES = 1 << 14  # of a record


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
            most: connections that are not done, at once.
            timeout_s: that each may take.
        """
        self._server = server
        self._context = context
        self._door = door
        self._waiting = waiting
        self._clock = clock
        self._most = most
        self._timeout_s = timeout_s
        self._going: dict[_Gate, asyncio.TimerHandle] = {}  # all of them, the oldest first
        self._ready: deque[_Gate] = deque()  # their first record is there
        self._shaking: dict[_Gate, tuple[asyncio.Task[None], float]] = {}  # and since when
        self._looking: asyncio.TimerHandle | None = None

    def __call__(self) -> asyncio.Protocol:
        """Return the protocol of a connection that was just accepted."""
        return _Gate(self)

    def end(self) -> None:
        """Let all go that are not done."""
        for gate in list(self._going):
            self.let_go(gate)

    def begin(self, gate: "_Gate", transport: asyncio.Transport) -> None:
        """Begin one, unless its peer comes too often."""
        if self._door.knock_at_once(peer_of(transport), self._clock.mono_ns()) is not None:
            self._waiting.turned_away[TurnedAway.RATE] += 1
            transport.abort()
            return
        loop = asyncio.get_running_loop()
        self._going[gate] = loop.call_later(self._timeout_s, self.let_go, gate)
        self._waiting.note_handshakes(len(self._going))
        if len(self._going) > self._most:
            self._door.note_handshake()
            self.let_go(next(iter(self._going)))

    def shake(self, gate: "_Gate") -> None:
        """Go on with one whose first record is there, when it is its turn."""
        if gate in self._going:
            self._ready.append(gate)
            self._go_on()

    def let_go(self, gate: "_Gate") -> None:
        """End one that is not done; harmless when it is, or has ended."""
        if gate in self._going:
            self._waiting.turned_away[TurnedAway.HANDSHAKE] += 1
            shaking = self._shaking.get(gate)
            self._forget(gate)
            if shaking is not None:
                shaking[0].cancel()
            gate.abort()

    def _forget(self, gate: "_Gate") -> None:
        self._going.pop(gate).cancel()
        self._waiting.note_handshakes(len(self._going))
        if self._shaking.pop(gate, None) is not None:
            self._go_on()

    def _go_on(self) -> None:
        """Let those shake hands whose turn it is: in place of some that have had their time."""
        loop = asyncio.get_running_loop()
        if self._looking is not None:
            self._looking.cancel()
            self._looking = None
        while self._ready:
            if self._ready[0] not in self._going:
                self._ready.popleft()
            elif len(self._shaking) < SHAKING:
                gate = self._ready.popleft()
                shaking = loop.create_task(self._shake(gate), name="handshake")
                self._shaking[gate] = shaking, loop.time()
            else:
                oldest, (_, since_s) = next(iter(self._shaking.items()))
                if loop.time() - since_s < PATIENCE_S:
                    self._looking = loop.call_at(since_s + PATIENCE_S, self._go_on)
                    return
                self.let_go(oldest)  # which calls this again
                return

    async def _shake(self, gate: "_Gate") -> None:
        loop, transport = asyncio.get_running_loop(), gate.transport
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
        except OSError:  # of TLS too: too late, gone, or no TLS at all
            self.let_go(gate)
            return
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
    """A connection before its handler: what comes before the handshake, or with its end, waits.

    Attributes:
        transport: of the connection, not encrypted.
    """

    __slots__ = ("_data", "_ended", "_handshakes", "_is_lost", "_is_whole", "transport")

    transport: asyncio.Transport

    def __init__(self, handshakes: Handshakes) -> None:
        self._handshakes = handshakes
        self._data = b""
        self._is_whole = False  # its first record is
        self._ended = False
        self._is_lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first record."""
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._handshakes.begin(self, self.transport)

    def data_received(self, data: bytes) -> None:
        """Keep it; begin the handshake once the first record is whole."""
        self._data += data
        if self._is_whole:
            return
        size_bytes = int.from_bytes(self._data[3:_HEAD_BYTES], "big")
        if not self._data.startswith(_RECORD) or size_bytes > _LONGEST_BYTES:
            self._handshakes.let_go(self)
        elif len(self._data) >= _HEAD_BYTES + size_bytes > _HEAD_BYTES:
            self._is_whole = True
            self.transport.pause_reading()
            self._handshakes.shake(self)

    def eof_received(self) -> None:
        """Note it; the transport closes."""
        self._ended = True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's own
        """Note it."""
        self._is_lost = True
        self._handshakes.let_go(self)

    def take(self) -> bytes:
        """Return what has come, once."""
        data, self._data = self._data, b""
        return data

    def abort(self) -> None:
        """End the connection, whose handshake is not done."""
        self.transport.abort()

    def hand_over(self, transport: asyncio.Transport, handler: asyncio.Protocol) -> None:
        """Let a handler have the connection, and what has come meanwhile."""
        if self._is_lost or transport.is_closing():
            transport.abort()
            return
        transport.set_protocol(handler)
        handler.connection_made(transport)
        if data := self.take():
            handler.data_received(data)
        if self._ended:
            handler.eof_received()
