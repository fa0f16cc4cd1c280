"""Half-joins: connections that are reset amid their first words, whichever these are."""

import asyncio
import base64
import os
import random
import socket
import struct
from contextlib import suppress

import orjson

from tests.fakes.websocket_reader import TEXT, frame_of
from tests.fakes.wire import Ended, Wire
from tests.storm.papers import IN_HEADERS, auth_message
from tests.storm.registrar import Registrar
from tests.storm.scene import Scene

_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: on, for no time


class HalfJoins:
    """Whoever is cut off before anything has begun."""

    def __init__(self, scene: Scene, registrar: Registrar, chance: random.Random) -> None:
        self._scene = scene
        self._registrar = registrar
        self._chance = chance

    async def work(self, per_s: float) -> None:
        """Begin to join, and be gone, again and again."""
        while True:
            await asyncio.sleep(self._chance.expovariate(per_s))
            await self._scene.is_open.wait()
            with suppress(Ended, ConnectionError):
                await self._join_by_half()

    async def _join_by_half(self) -> None:
        chance = self._chance
        words = self._words()
        cut = chance.randrange(len(words) + 1)
        wire = await Wire.connect(self._scene.address, receive_buffer_bytes=4_096)
        if wire.writer.is_closing():  # everybody has left meanwhile
            raise Ended
        sock = wire.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        try:
            first = chance.randrange(cut + 1)
            wire.writer.write(words[:first])
            await asyncio.sleep(chance.random() / 20)
            if not wire.writer.is_closing():
                wire.writer.write(words[first:cut])
            if chance.random() < 0.7:
                await asyncio.sleep(chance.random() / 10)
        finally:
            wire.abort()
        self._scene.counts["half-joins"] += 1

    def _words(self) -> bytes:
        """Return all that somebody says who joins."""
        chance = self._chance
        bearer = chance.choice(self._registrar.accounts).paper(chance).bearer
        headers = IN_HEADERS["bearer"](bearer)
        transport = chance.choice(["sse", "stream", "websocket", "websocket", "ticket"])
        if transport == "ticket":
            headers |= {"Content-Type": "application/json", "Content-Length": "100"}
            return head_of("POST", "/v1/tickets", headers) + b"{" + b" " * 99
        if transport != "websocket":
            headers |= {"Accept-Encoding": chance.choice(["gzip", "identity"])}
            return head_of("GET", f"/v1/{transport}?trades=*&quotes=*&snapshot=1&after=0", headers)
        upgrade = {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode(),
            "Sec-WebSocket-Extensions": "permessage-deflate",
        }
        said: list[dict[str, object]] = [
            {**auth_message(bearer)},
            {"action": "subscribe", "trades": ["*"], "snapshot": True, "after": "0"},
            {"action": "subscribe", "quotes": ["*"], "conflate": {"trades": "250ms"}},
            {"action": "unsubscribe", "trades": ["*"]},
        ]
        frames = [frame_of(TEXT, orjson.dumps(message)) for message in said]
        return head_of("GET", "/v1/ws", upgrade) + b"".join(frames)


def head_of(method: str, target: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode()
