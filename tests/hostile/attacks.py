"""The attacks: each sends what it can within its time, and reads little or nothing.

An attacker that is refused, cut off or thrown out comes back for more.
"""

import asyncio
import itertools
import json
import random
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote

from tests.fakes.raw_http import RawHttp
from tests.fakes.wire import Address, Ended, Wire

_UPGRADE = (
    "GET /v1/ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
)
_DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
_OPEN_FILES_AT_ONCE = 200
_SELECTIONS = 400  # of 900 symbols: 70 kB each while they are there


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done.

    Attributes:
        seconds: the longest time that an attack takes.
        sockets: the most that are open at once.
    """

    seconds: float
    sockets: int


Attack = Callable[[Address, Size], Awaitable[None]]


def frame(opcode: int, data: bytes, *, deflated: bool = False) -> bytes:
    """Return a client's frame, masked with zeros."""
    first = bytes((0x80 | (0x40 if deflated else 0) | opcode,))
    if len(data) < 126:
        length = bytes((0x80 | len(data),))
    elif len(data) < 1 << 16:
        length = b"\xfe" + len(data).to_bytes(2, "big")
    else:
        length = b"\xff" + len(data).to_bytes(8, "big")
    return first + length + bytes(4) + data


def deflate(data: bytes) -> bytes:
    engine = zlib.compressobj(9, wbits=-15)
    return (engine.compress(data) + engine.flush(zlib.Z_SYNC_FLUSH))[:-4]


async def upgrade(address: Address, *, deflated: bool = False, small: bool = False) -> Wire:
    wire = await Wire.connect(address, receive_buffer_bytes=4_096 if small else None)
    wire.writer.write(f"{_UPGRADE}{_DEFLATE if deflated else ''}\r\n".encode())
    while await wire.line() != b"\r\n":
        pass
    return wire


async def again(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Do something again and again, whatever becomes of it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                with suppress(Ended, OSError):
                    await work()
                await asyncio.sleep(0)


async def _say(address: Address, message: bytes, *, deflated: bool, times: int = 20) -> None:
    wire = await upgrade(address, deflated=deflated)
    try:
        for _ in range(times):
            wire.writer.write(message)
            await wire.writer.drain()
        await wire.some()
        await asyncio.sleep(0.05)
    finally:
        wire.abort()


async def deflated_symbols(address: Address, size: Size) -> None:
    """65,000 bad symbols in 318 bytes."""
    asked = json.dumps({"action": "subscribe", "trades": ["!"] * 65_000}, separators=(",", ":"))
    message = frame(1, deflate(asked.encode()), deflated=True)
    await again(lambda: _say(address, message, deflated=True), size.seconds)


async def numbers_for_symbols(address: Address, size: Size) -> None:
    """120,000 integers in place of symbols."""
    asked = json.dumps({"action": "subscribe", "quotes": [1] * 120_000}, separators=(",", ":"))
    message = frame(1, deflate(asked.encode()), deflated=True)
    await again(lambda: _say(address, message, deflated=True), size.seconds)


async def symbols_in_a_query(address: Address, size: Size) -> None:
    """62 kB of bad symbols in a query."""
    query = ",".join("!" * 31_000)

    async def ask() -> None:
        for path in ("stream", "history", "snapshot"):
            answer = await RawHttp.get(address, f"/v1/{path}?trades={query}")
            answer.wire.abort()

    await again(ask, size.seconds)


async def pings(address: Address, size: Size) -> None:
    """Pings to sockets that are not read."""
    many = frame(9, b"x" * 125) * 500

    async def ping() -> None:
        wire = await upgrade(address, small=True)
        try:
            while True:
                wire.writer.write(many)
                await wire.writer.drain()
                if wire.writer.is_closing():
                    return
        finally:
            wire.abort()

    await asyncio.gather(*(again(ping, size.seconds) for _ in range(8)))


async def unfinished_heads(address: Address, size: Size) -> None:
    """100 sockets with 100 headers of 60 kB each, and no end."""
    header = b"X-Filler: " + b"x" * 60_000 + b"\r\n"

    async def fill() -> None:
        wire = await Wire.connect(address)
        try:
            wire.writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n")
            for _ in range(100):
                wire.writer.write(header)
                await wire.writer.drain()
            await wire.some()
        finally:
            wire.abort()

    await asyncio.gather(*(again(fill, size.seconds) for _ in range(100)))


async def silent_sockets(address: Address, size: Size) -> None:
    """Thousands of sockets that say nothing, or half a head; a subscriber still comes in."""
    wires: list[Wire] = []
    try:
        while len(wires) < size.sockets:
            wires += await asyncio.gather(
                *(Wire.connect(address) for _ in range(_OPEN_FILES_AT_ONCE))
            )
        for wire in wires[::2]:
            wire.writer.write(b"GET / HTTP/1.1\r\nX-Half: ")
        answer = await RawHttp.get(address, "/v1/stream?trades=*")
        assert answer.status == 200, "a subscriber was locked out"
        await answer.more()
        answer.wire.abort()

        async def gone(wire: Wire) -> None:
            with suppress(Ended):
                await wire.rest()

        await asyncio.gather(*map(gone, wires))
    finally:
        for wire in wires:
            wire.abort()


async def large_selections(address: Address, size: Size) -> None:
    """Large random selections of the past, the state and the stream."""
    chance = random.Random(1)
    names = [f"N{number}" for number in range(20_000)]

    async def ask() -> None:
        path = chance.choice(["history?limit=10&", "history?limit=10&", "snapshot?"])
        symbols = quote(",".join(chance.sample(names, 4_500)))
        answer = await RawHttp.get(address, f"/v1/{path}trades={symbols}")
        await answer.body()
        answer.wire.abort()

    await asyncio.gather(*(again(ask, size.seconds) for _ in range(4)))


async def symbols_without_ticks(address: Address, size: Size) -> None:
    """The whole ring is asked for a symbol that it does not have."""
    chance = random.Random(2)

    async def ask() -> None:
        symbol = f"NO{chance.randrange(1_000_000)}"
        answer = await RawHttp.get(address, f"/v1/history?trades={symbol}&after=0")
        await answer.body()
        answer.wire.abort()

    await asyncio.gather(*(again(ask, size.seconds) for _ in range(4)))


async def fragments(address: Address, size: Size) -> None:
    """Messages in fragments of nothing, without an end, and compressed ones that inflate."""
    flood = b"\x01\x80" + bytes(4) + (b"\x00\x80" + bytes(4)) * 20_000
    inflating = frame(1, deflate(b" " * 250_000), deflated=True) * 50

    async def send(data: bytes) -> None:
        await _say(address, data, deflated=True)

    await asyncio.gather(*(again(lambda: send(flood), size.seconds) for _ in range(4)))
    await asyncio.gather(*(again(lambda: send(inflating), size.seconds) for _ in range(4)))


async def finite_answers(address: Address, size: Size) -> None:
    """Scrapes, listings and pages of the ring from 100 sockets at once; some are not read."""
    paths = itertools.cycle(["/metrics", "/v2/assets", "/v1/history?limit=10000", "/nothing"])

    async def ask() -> None:
        wire = await Wire.connect(address, receive_buffer_bytes=4_096)
        try:
            request = f"GET {next(paths)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            wire.writer.write(request.encode() * 20)
            async with asyncio.timeout(1):
                await wire.some()
                await asyncio.sleep(0.5)
        except TimeoutError:
            pass
        finally:
            wire.abort()

    await asyncio.gather(*(again(ask, size.seconds) for _ in range(100)))


async def leaving_together(address: Address, size: Size) -> None:
    """Subscribers that share hundreds of symbols leave at once."""
    listed = await RawHttp.get(address, "/v1/symbols")
    names = [each["symbol"] for each in (await listed.document())["symbols"]]
    listed.wire.abort()
    query = quote(",".join(names[:900]))
    answers: list[RawHttp] = []
    deadline_s = asyncio.get_running_loop().time() + 4 * size.seconds
    while len(answers) < size.sockets * 2 // 5:
        first = len(answers) % _SELECTIONS
        # Selections that differ, or there would be one lane; of a channel that is silent, since
        # the memory of sockets that are not read is not what is measured.
        targets = [f"/v1/stream?statuses={query}&quotes=N{first + number}" for number in range(20)]
        answers += await asyncio.gather(*(RawHttp.get(address, target) for target in targets))
        if asyncio.get_running_loop().time() > deadline_s:
            break
    for answer in answers:
        answer.wire.abort()


ATTACKS: tuple[Attack, ...] = (
    deflated_symbols,
    numbers_for_symbols,
    symbols_in_a_query,
    pings,
    unfinished_heads,
    silent_sockets,
    large_selections,
    symbols_without_ticks,
    fragments,
    finite_answers,
    leaving_together,
)
