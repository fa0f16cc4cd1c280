"""Sessions end with their connections, whatever the options of the host's runner are."""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
import uvloop
from aiohttp import ClientSession

import feed
from tests.fakes.patience import repeat_until, until
from tests.library.hosts import Host, hosted

ENDLESS = {
    "sse": "/v1/sse?trades=*",
    "stream": "/v1/stream?trades=*",
}


async def opened(host: Host, path: str) -> socket.socket:
    """Return a socket that asked for an answer without end, and was answered."""
    loop = asyncio.get_running_loop()
    sock = socket.socket()
    sock.setblocking(False)
    await loop.sock_connect(sock, ("127.0.0.1", host.port))
    await loop.sock_sendall(sock, f"GET /prices{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await until(lambda: len(host.hub.sessions) == 1)
    await loop.sock_recv(sock, 1 << 16)
    return sock


def leaves(sock: socket.socket) -> None:
    sock.close()


def resets(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()


def says_no_more(sock: socket.socket) -> None:
    sock.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("end", [leaves, resets, says_no_more])
@pytest.mark.parametrize("path", ENDLESS.values(), ids=ENDLESS)
async def test_a_session_ends_when_its_connection_does(
    path: str, end: Callable[[socket.socket], None]
) -> None:
    async with hosted(feed.Broadcaster()) as host:
        sock = await opened(host, path)
        end(sock)
        await until(lambda: not host.hub.sessions)
        sock.close()


async def test_a_websocket_that_leaves_without_a_word_ends() -> None:
    async with hosted(feed.Broadcaster()) as host:
        socket_ = await host.client.ws_connect(f"{host.url}/v1/ws")
        assert json.loads((await socket_.receive()).data)[0]["msg"] == "connected"
        transport = socket_.get_extra_info("socket")
        assert len(host.hub.sessions) == 1
        transport.shutdown(socket.SHUT_RDWR)
        await until(lambda: not host.hub.sessions)


async def test_a_reader_that_has_stalled_and_says_no_more_is_cut_off() -> None:
    """A transport that closes waits for ever for a peer that takes nothing."""
    async with hosted(feed.Broadcaster()) as host:
        sock = await opened(host, ENDLESS["stream"])
        [session] = host.hub.sessions.values()
        for _ in repeat_until(session.subscriber.buffered_bytes):
            await host.broadcaster.publish(
                [feed.Trade(symbol="OWN", price=1.0, size=1, exchange="x" * 256)] * 1_000
            )
        sock.shutdown(socket.SHUT_WR)
        await until(lambda: not host.hub.sessions)
        await until(lambda: session.connection.transport.get_write_buffer_size() == 0)
        sock.close()


def test_they_end_with_another_loop_too() -> None:
    async def leave() -> None:
        async with hosted(feed.Broadcaster()) as host:
            sock = await opened(host, ENDLESS["sse"])
            sock.close()
            await until(lambda: not host.hub.sessions)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(leave())


async def test_what_waits_for_a_cut_is_told_before_the_host_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with ClientSession() as client:
        async with hosted(feed.Broadcaster()) as host:
            answer = await client.get(f"{host.url}/v1/stream?trades=*")
            await until(lambda: len(host.hub.sessions) == 1 and not host.hub.audience.behind)
            monkeypatch.setattr(host.hub.cutter, "schedule", lambda: None)  # as if it were busy
            await host.broadcaster.publish([feed.Trade(symbol="OWN", price=1.0, size=1)])
        told = await answer.text()
    assert told.index('"OWN"') < told.index('"bye"')


async def test_a_line_that_the_host_refuses_is_the_hosts_to_allow() -> None:
    symbols = ",".join(f"S{number}" for number in range(2_000))
    by_options: list[tuple[dict[str, Any], int]] = [({}, 400), ({"max_line_size": 65_536}, 200)]
    for options, status in by_options:
        async with hosted(feed.Broadcaster(), **options) as host:
            answer = await host.client.get(f"{host.url}/v1/snapshot?trades={symbols}")
            assert answer.status == status
