"""Floods: hundreds of connections at once, all of one address, or all of one identity.

Whoever is too many is told so, and the server counts it; whoever comes meanwhile from elsewhere is
let in. An address is told by a proxy, since this machine's own counts for nobody.
"""

import asyncio
import base64
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from enum import StrEnum
from urllib.parse import urlencode

import jwt
import orjson

from feed.hub.door import CONNECTIONS_BURST_S
from feed.wire.limit import Limit
from tests.chaos.conflated import Wrong
from tests.fakes.websocket_reader import PING, PONG, TEXT, frame_of
from tests.fakes.wire import Ended, Wire
from tests.storm.half_joins import head_of
from tests.storm.papers import IN_HEADERS, TRANSPORTS, auth_message
from tests.storm.scene import Scene
from tests.storm.server import NEW_CONNECTIONS_PER_S
from tests.trust.signing import SECRET, claims_of

BYSTANDERS = 10
MOST_OF_ONE = 40  # connections that the identity of a flood is granted
_AT_ONCE = 50  # that are being made
_ADDRESS = "203.0.113.7"  # RFC 5737: of documentation
_LIVES_S = 300
_PING = bytes((0x80 | PING, 0))
_MOST_BYTES = 1 << 16  # of an answer, until it is clear what it is


class Told(StrEnum):
    """What one of a flood is told."""

    LET_IN = "let in"
    TOO_OFTEN = "told 429"
    BYE = "told bye"
    CLOSED = "told 406 and 1013"


class Floods:
    """Floods of both kinds, one after the other.

    Attributes:
        have_come: one of each kind has.
    """

    def __init__(
        self,
        scene: Scene,
        chance: random.Random,
        limited: Callable[[], Awaitable[dict[str, int]]],
        connections: int,
    ) -> None:
        """Begin with none.

        Args:
            scene: where.
            chance: who comes how.
            limited: asks the server how often each of its limits had an effect.
            connections: of each flood, which are more than are let in at once.
        """
        self._scene = scene
        self._chance = chance
        self._limited = limited
        self._connections = connections
        self._floods = 0
        self.have_come = False

    async def work(self, every_s: float) -> None:
        """Flood the server, again and again.

        Raises:
            Wrong: somebody was let in, or turned away, who had not to be.
        """
        while True:
            await asyncio.sleep(every_s)
            await self._scene.is_open.wait()
            self._floods += 1
            boots = self._scene.boots
            try:
                await self._of_one_address()
                await self._of_one_identity()
                self.have_come = True
            except (Wrong, Ended, ConnectionError, TimeoutError):
                if self._is_undisturbed(boots):
                    raise

    def _is_undisturbed(self, boots: int) -> bool:
        return self._scene.is_open.is_set() and self._scene.boots == boots

    async def _of_one_address(self) -> None:
        """Come from one address under many names: of those only so many a second are let in."""
        headers = {"X-Forwarded-For": _ADDRESS}
        began_s = time.monotonic()
        told, counted, _ = await self._flood(
            "address",
            [(f"crowd{number}", headers) for number in range(self._connections)],
            Limit.NEW_CONNECTIONS,
        )
        passed_s = time.monotonic() - began_s
        most = int(NEW_CONNECTIONS_PER_S * (CONNECTIONS_BURST_S + passed_s)) + 1
        turned_away = told[Told.TOO_OFTEN] + told[Told.BYE]
        if told[Told.LET_IN] > most or told[Told.CLOSED]:
            raise Wrong(f"a flood of one address, in {passed_s:.1f} s: {dict(told)}")
        if counted < turned_away:
            raise Wrong(f"{turned_away} of a flood were turned away, and {counted} counted")

    async def _of_one_identity(self) -> None:
        """Come under one name: of that only so many are let in at the same time."""
        name = f"flood{self._floods}"
        told, counted, gone = await self._flood(
            "identity", [(name, {})] * self._connections, Limit.IDENTITY_CONNECTIONS
        )
        turned_away = told[Told.BYE] + told[Told.CLOSED]
        # Whose connection has ended meanwhile, on a slow machine, leaves room for another one.
        let_in = told[Told.LET_IN]
        if not let_in - gone <= MOST_OF_ONE <= let_in or told[Told.TOO_OFTEN]:
            raise Wrong(f"a flood of one identity: {dict(told)}")
        if counted < turned_away:
            raise Wrong(f"{turned_away} of a flood were turned away, and {counted} counted")

    async def _flood(
        self, kind: str, who: Iterable[tuple[str, dict[str, str]]], limit: Limit
    ) -> tuple[Counter[Told], int, int]:
        """Return what a flood was told, how many of it were counted, and how many had left by then.

        Raises:
            Wrong: a bystander was turned away.
        """
        scene, turns = self._scene, asyncio.Semaphore(_AT_ONCE)
        before = (await self._limited()).get(limit.label, 0)
        held, held_beside = _Held(), _Held()

        async def come(name: str, headers: dict[str, str]) -> Told:
            async with turns:
                return await self._come(name, headers, held)

        by = [
            (f"bystander{self._floods}.{number}", dict[str, str]()) for number in range(BYSTANDERS)
        ]
        try:
            # Whatever comes of one, none of them goes on when this is over.
            said = await asyncio.gather(
                *(come(*one) for one in who),
                *(self._come(*one, held_beside) for one in by),
                return_exceptions=True,
            )
        finally:
            gone = held.let_go()
            held_beside.let_go()
        counted = (await self._limited()).get(limit.label, 0) - before
        for each in said:
            if isinstance(each, BaseException):
                raise each
        answers = [each for each in said if isinstance(each, Told)]
        told, others = answers[:-BYSTANDERS], answers[-BYSTANDERS:]
        for each in told:
            scene.counts[f"flood of one {kind}: {each}"] += 1
        scene.counts[f"flood of one {kind}: counted"] += counted
        if any(each is not Told.LET_IN for each in others):
            raise Wrong(f"bystanders of a flood of one {kind}: {others}")
        scene.counts[f"flood of one {kind}: bystanders let in"] += len(others)
        return Counter(told), counted, gone

    async def _come(self, name: str, headers: dict[str, str], held: "_Held") -> Told:
        """Return what somebody is told; who is let in stays, among those that are held."""
        wire = await Wire.connect(self._scene.address)
        held.wires.append(wire)
        told = await self._ask(wire, name, headers)
        if told is Told.LET_IN:
            held.staying.append(asyncio.create_task(_stay(wire)))
        return told

    async def _ask(self, wire: Wire, name: str, headers: dict[str, str]) -> Told:
        transport, limits = self._chance.choice(TRANSPORTS), {"connections": MOST_OF_ONE}
        claims = claims_of(sub=name, exp=int(time.time()) + _LIVES_S, feed={"limits": limits})
        bearer = jwt.encode(claims, SECRET, "HS256")
        if transport == "websocket":
            return await _talk(wire, headers, bearer)
        query = urlencode({"trades": "S00", "marks": "1"})
        shown = headers | IN_HEADERS["bearer"](bearer)
        wire.writer.write(head_of("GET", f"/v1/{transport}?{query}", shown))
        return await _listen(wire)


class _Held:
    """Connections that are held until the flood is over.

    Attributes:
        wires: all of them.
        staying: those that were let in, reading, until they end.
    """

    def __init__(self) -> None:
        self.wires: list[Wire] = []
        self.staying: list[asyncio.Task[None]] = []

    def let_go(self) -> int:
        """End all; return how many of those that were let in had ended before."""
        gone = sum(task.done() for task in self.staying)
        for task in self.staying:
            task.cancel()
        for wire in self.wires:
            wire.abort()
        return gone


async def _stay(wire: Wire) -> None:
    """Read until the connection ends."""
    with suppress(Ended, TimeoutError):
        while True:
            if _PING in await wire.some():
                wire.writer.write(frame_of(PONG, b""))


async def _listen(wire: Wire) -> Told:
    """Return what a stream is told."""
    heard = await _up_to(wire, (b"\r\n\r\n",))
    if heard.startswith(b"HTTP/1.1 429 "):
        return Told.TOO_OFTEN
    if not heard.startswith(b"HTTP/1.1 200 "):
        raise Wrong(f"one of a flood was answered {heard!r}")
    heard = await _up_to(wire, (b"too_many_connections", b'"mark"', b"id: "), heard)
    return Told.BYE if b"too_many_connections" in heard else Told.LET_IN


async def _talk(wire: Wire, headers: dict[str, str], bearer: str) -> Told:
    """Return what a WebSocket is told."""
    upgrade = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
    }
    wire.writer.write(head_of("GET", "/v1/ws", headers | upgrade))
    heard = await _up_to(wire, (b"\r\n\r\n",))
    if heard.startswith(b"HTTP/1.1 429 "):
        return Told.TOO_OFTEN
    if not heard.startswith(b"HTTP/1.1 101 "):
        raise Wrong(f"one of a flood was answered {heard!r}")
    for said in (auth_message(bearer), {"action": "subscribe", "trades": ["S00"]}):
        wire.writer.write(frame_of(TEXT, orjson.dumps(said)))
    heard = await _up_to(wire, (b'"code":406', b'"subscription"'), heard)
    if b'"subscription"' in heard:
        return Told.LET_IN
    await _up_to(wire, ((1013).to_bytes(2, "big"),), heard)
    return Told.CLOSED


async def _up_to(wire: Wire, marks: tuple[bytes, ...], heard: bytes = b"") -> bytes:
    """Return what is heard up to one of some marks.

    Raises:
        Wrong: none of them comes.
    """
    while not any(mark in heard for mark in marks):
        try:
            some = await wire.some()
        except Ended:
            raise Wrong(f"one of a flood heard {heard!r} at the end") from None
        if _PING in some:  # a server that is asked much is late
            wire.writer.write(frame_of(PONG, b""))
        heard += some
        if len(heard) > _MOST_BYTES:
            raise Wrong(f"one of a flood heard {heard[:1_000]!r} …")
    return heard
