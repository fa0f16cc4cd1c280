"""Handshakes of TLS: bounded in number and time, and refused before they cost."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from feed.http.app import HUB, make_app
from feed.http.protocol import handshakes
from feed.http.protocol.runner import Runner
from feed.hub.clock import SYSTEM_CLOCK, Clock
from feed.hub.door import CONNECTIONS_BURST_S
from feed.hub.hub import Hub
from feed.hub.waiting import TurnedAway
from feed.program import listening
from feed.program.listening import Site
from feed.settings.options import Settings
from feed.trust.certificate import read_pair
from feed.wire.limit import Limit
from tests.fakes.hand_clock import HandClock
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.servers import ScriptedSource

CA = trustme.CA()
PAIR = CA.issue_cert("localhost", "127.0.0.1")
TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
CA.configure_trust(TRUSTING)
HALF_OPEN = 300  # at 5,000 the same: what is kept is bounded
FIRST_BYTES = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # of a ClientHello


class Encrypted:
    """A server that encrypts, in this process."""

    def __init__(self, hub: Hub, port: int, site: Site) -> None:
        self.hub = hub
        self.port = port
        self._site = site

    def be_patient(self) -> None:
        """Give those that come from now on as long as they take."""
        assert self._site._handshakes is not None
        self._site._handshakes._timeout_s = PATIENCE_S

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect, and say nothing."""
        return await asyncio.open_connection("127.0.0.1", self.port)

    async def get(self, path: str = "/healthz") -> bytes:
        """Shake hands, ask, and return the answer."""
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port, ssl=TRUSTING)
            head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            answer = await reader.read()
            writer.close()
            return answer


Start = Callable[..., Awaitable[Encrypted]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in PAIR.cert_chain_pems))
    key.write_bytes(PAIR.private_key_pem.bytes())

    async with AsyncExitStack() as servers:

        async def begin(clock: Clock = SYSTEM_CLOCK, **settings: Any) -> Encrypted:
            app = await make_app(Settings(**settings), ScriptedSource(), clock)
            runner = Runner(app, app[HUB])
            await runner.setup()
            servers.push_async_callback(runner.cleanup)
            site = Site(runner, ("127.0.0.1", 0), read_pair(certificate, key).context)
            await site.start()
            return Encrypted(app[HUB], runner.addresses[0][1], site)

        yield begin


async def is_gone(reader: asyncio.StreamReader) -> None:
    """Wait until the server has ended a connection, without a word."""
    async with asyncio.timeout(PATIENCE_S):
        with suppress(ConnectionError):
            assert await reader.read() == b""


async def test_who_shakes_hands_is_answered(start: Start) -> None:
    server = await start()
    assert (await server.get()).startswith(b"HTTP/1.1 200 OK")
    assert server.hub.waiting.handshakes == 0


async def test_half_open_handshakes_are_bounded_and_the_oldest_goes(start: Start) -> None:
    server = await start(max_handshakes=20)
    waiting = server.hub.waiting
    silent = [await server.open() for _ in range(HALF_OPEN)]
    for _, writer in silent[::2]:
        writer.write(FIRST_BYTES)
    await until(lambda: waiting.turned_away[TurnedAway.HANDSHAKE] == HALF_OPEN - 20)
    assert waiting.handshakes == 20
    assert server.hub.door.limited == {Limit.HANDSHAKES: HALF_OPEN - 20}
    for reader, _ in silent[: HALF_OPEN - 20]:
        await is_gone(reader)
    assert (await server.get()).startswith(b"HTTP/1.1 200 OK"), "whoever is in earnest comes in"
    for _, writer in silent:
        writer.transport.abort()
    await until(lambda: waiting.handshakes == 0)


async def test_those_that_come_together_shake_hands_some_at_a_time(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshakes, "SHAKING", 2)
    server = await start()
    answers = await asyncio.gather(*(server.get() for _ in range(30)))
    assert all(answer.startswith(b"HTTP/1.1 200 OK") for answer in answers)
    assert server.hub.waiting.turned_away == {}


async def test_those_that_stall_within_it_have_their_time_and_then_others_have_theirs(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handshakes, "SHAKING", 2)
    monkeypatch.setattr(handshakes, "PATIENCE_S", PATIENCE_S)
    server = await start()
    stalled = [await server.open() for _ in range(5)]
    for _, writer in stalled:
        writer.write(hello())
    answers = iter(asyncio.as_completed([reader.read(5) for reader, _ in stalled]))
    async with asyncio.timeout(PATIENCE_S):
        for _ in range(handshakes.SHAKING):
            assert (await next(answers))[:1] == b"\x16", "the server has answered"
    monkeypatch.setattr(handshakes, "PATIENCE_S", 0.1)
    assert (await server.get()).startswith(b"HTTP/1.1 200 OK")
    for _, writer in stalled:
        writer.transport.abort()
    for answer in answers:
        with suppress(ConnectionError):
            await answer
    await until(lambda: server.hub.waiting.handshakes == 0)
    assert server.hub.waiting.turned_away == {TurnedAway.HANDSHAKE: len(stalled)}


def hello() -> bytes:
    """Return what a client says first."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = TRUSTING.wrap_bio(down, up, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    return up.read()


async def test_a_slow_handshake_is_ended_in_time_and_others_go_on(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HANDSHAKE_TIMEOUT_S", 0.2)
    server = await start()
    reader, writer = await server.open()

    async def drip() -> None:
        for byte in FIRST_BYTES * 1_000:
            writer.write(bytes((byte,)))
            await asyncio.sleep(0.01)

    dripping = asyncio.create_task(drip())
    await until(lambda: server.hub.waiting.handshakes == 1)
    server.be_patient()
    assert (await server.get()).startswith(b"HTTP/1.1 200 OK")
    await is_gone(reader)
    dripping.cancel()
    writer.transport.abort()
    await until(lambda: server.hub.waiting.turned_away == {TurnedAway.HANDSHAKE: 1})


async def test_what_is_no_tls_is_let_go(start: Start) -> None:
    server = await start()
    reader, writer = await server.open()
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(PATIENCE_S):
        assert b"HTTP" not in await reader.read()
    await until(lambda: server.hub.waiting.turned_away[TurnedAway.HANDSHAKE] == 1)
    writer.transport.abort()


async def test_who_comes_too_often_is_let_go_before_the_handshake(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feed.hub.door.place_of", str)  # this machine counts
    server = await start(HandClock().clock, max_new_connections_per_s=1)
    for _ in range(int(CONNECTIONS_BURST_S)):
        assert (await server.get()).startswith(b"HTTP/1.1 200 OK")
    with pytest.raises((ConnectionError, ssl.SSLError)):
        await server.get()
    assert server.hub.waiting.turned_away[TurnedAway.RATE] >= 1
    assert server.hub.waiting.turned_away[TurnedAway.HANDSHAKE] == 0
