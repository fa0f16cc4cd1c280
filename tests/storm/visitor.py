"""A visitor: a subscriber that comes, discards what it is given, and goes; thousands fit here."""

import asyncio
import base64
import os
import random
from collections import Counter
from functools import partial
from typing import cast
from urllib.parse import urlencode

import orjson

from tests.chaos.market import SYMBOLS
from tests.fakes.websocket_reader import PING, PONG, TEXT, frame_of
from tests.storm.half_joins import head_of
from tests.storm.papers import IN_HEADERS, Account, auth_message
from tests.storm.scene import Entrance, Scene

_GOOD = (b"101", b"200")
ASKED_TOGETHER = 5  # symbols
_PING = bytes((0x80 | PING, 0))


class _Ear(asyncio.Protocol):
    """Takes what comes, and counts it."""

    def __init__(self, words: bytes, then: bytes) -> None:
        self.heard_bytes = 0
        self.status = b""
        self.gone = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self._has_left = False
        self._words = words
        self._then = then
        self._answers_pings = bool(then)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        if self._has_left:  # while it was being connected
            self.transport.abort()
        else:
            self.transport.write(self._words)

    def leave(self) -> None:
        """Be gone, also where it comes to be connected only later."""
        self._has_left = True
        if self.transport is not None:
            self.transport.abort()

    def data_received(self, data: bytes) -> None:
        if not self.heard_bytes:
            self.status = data[9:12]
            if self.status in _GOOD and self.transport is not None:
                self.transport.write(self._then)  # never before the answer (RFC 6455 §4.1)
        self.heard_bytes += len(data)
        assert self.transport is not None
        if self.status not in _GOOD:
            self.transport.abort()
        elif self._answers_pings and _PING in data:  # or what looks like one
            self.transport.write(frame_of(PONG, b""))

    def connection_lost(self, _: Exception | None) -> None:
        if not self.gone.done():
            self.gone.set_result(None)


def _itself(ear: _Ear) -> _Ear:
    return ear


class Visitor:
    """One who comes again and again."""

    def __init__(self, account: Account, scene: Scene, chance: random.Random) -> None:
        self._account = account
        self._scene = scene
        self._chance = chance

    async def visit_for_ever(self, life_s: float, counts: Counter[str]) -> None:
        """Come, stay for a while, go, and come back.

        Args:
            life_s: how long a visit takes on average.
            counts: takes what came of each.
        """
        chance, loop = self._chance, asyncio.get_running_loop()
        entrance = Entrance(self._scene, chance)
        while True:
            await entrance.wait()
            ear = _Ear(*self._words())
            try:
                async with asyncio.timeout(chance.expovariate(1 / life_s)):
                    await loop.create_connection(partial(_itself, ear), *self._scene.address)
                    await self._stays(ear)
            except ConnectionError:
                counts["visitors: nobody was there"] += 1
            except TimeoutError:
                pass
            finally:
                ear.leave()
            counts["visits"] += 1
            counts[f"visits: status {ear.status.decode()}"] += 1
            counts["visits: kB"] += ear.heard_bytes // 1_000
            if ear.status not in _GOOD:
                await asyncio.sleep(1)

    async def _stays(self, ear: _Ear) -> None:
        """Return when the connection, or the time of visits, is over."""
        while not ear.gone.done() and self._scene.is_open.is_set():
            await asyncio.wait((ear.gone,), timeout=1)

    def _words(self) -> tuple[bytes, bytes]:
        """Return its request, and all that it says once that is answered."""
        chance = self._chance
        bearer = self._account.paper(chance).bearer
        allowed = self._account.allowed
        channel, transport = chance.choice(allowed.channels), chance.choice(allowed.transports)
        first = chance.randrange(0, len(SYMBOLS), ASKED_TOGETHER)  # many ask for the same
        some = SYMBOLS[first : first + ASKED_TOGETHER]
        symbols = [name for name in some if allowed.may_read(channel, name)] or ["*"]
        gzip = {"Accept-Encoding": chance.choice(["gzip", "identity"])}
        if transport != "websocket":
            query = urlencode({channel: ",".join(symbols), "snapshot": "1"})
            headers = IN_HEADERS["bearer"](bearer) | gzip
            return head_of("GET", f"/v1/{transport}?{query}", headers), b""
        upgrade = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
        }
        if chance.random() < 0.5:
            upgrade["Sec-WebSocket-Extensions"] = "permessage-deflate"
        said = [auth_message(bearer), {"action": "subscribe", channel: symbols, "snapshot": True}]
        frames = [frame_of(TEXT, orjson.dumps(message)) for message in said]
        return head_of("GET", "/v1/ws", upgrade), b"".join(frames)
