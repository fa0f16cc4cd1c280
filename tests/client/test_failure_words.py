"""Failures of connections: one line, with the address and the system's words, never a repr."""

import asyncio
from collections.abc import AsyncIterator

import pytest

import feed
from feed.client.link import Lost
from feed.errors import FeedError
from feed.terminal.finite import Finite
from feed.wire.transport import TransportName
from tests.fakes.patience import PATIENCE_S
from tests.fakes.ports import free_port

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"

# What a server does with a connection, and the words for it.
ENDS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "the connection to {} was cut: the server left"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "{} does not answer in HTTP: "),
    "a head that is cut": (b"HTTP/1.1 200 OK\r\nConte", "{} "),
}


@pytest.fixture(params=list(ENDS))
async def ending(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, str]]:
    """Serve an end; give the address, and the words that are expected."""
    answer, words = ENDS[request.param]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65_536)  # a request's head, or a hello of TLS
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield address, words.format(address)


def looks_right(said: str) -> bool:
    return said.isprintable() and not any(mark in said for mark in ("<", "ssl:", "Errno", "url="))


async def failure(url: str, transport: TransportName) -> str:
    """Return the words of a stream that could not connect."""
    async with (
        asyncio.timeout(PATIENCE_S),
        feed.connect(url, trades="*", transport=transport, give_up_after_s=0) as stream,
    ):
        with pytest.raises(FeedError) as error:
            await stream.open()
        return str(error.value)


@pytest.mark.parametrize("transport", ["websocket", "stream", "sse"])
async def test_a_connection_that_ends_is_told_with_its_address(
    transport: TransportName, ending: tuple[str, str]
) -> None:
    address, words = ending
    said = await failure(f"http://{address}", transport)
    assert words in said
    assert looks_right(said)


async def test_so_are_finite_requests(ending: tuple[str, str]) -> None:
    address, words = ending
    async with Finite(f"http://{address}") as server:
        with pytest.raises(Lost) as error:
            await server.text("v1/status")
    assert words in str(error.value)
    assert looks_right(str(error.value))


@pytest.mark.parametrize("transport", ["websocket", "stream", "sse"])
@pytest.mark.parametrize(
    ("host", "reason"),
    [
        ("127.0.0.1", "Connection refused"),
        ("[::1]", ""),  # refused, or there is no IPv6 here
        ("localhost", ""),
    ],
)
async def test_an_address_that_nobody_listens_on_is_named(
    transport: TransportName, host: str, reason: str
) -> None:
    port = free_port()
    said = await failure(f"http://{host}:{port}", transport)
    assert f"cannot connect to {host}:{port}: {reason}" in said
    assert looks_right(said)


async def test_a_server_without_tls_is_told_as_one(ending: tuple[str, str]) -> None:
    address, _ = ending
    said = await failure(f"https://{address}", "sse")
    assert f"cannot connect to {address}: " in said
    assert looks_right(said)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "..", "a b", "x:0", "x:99999"])
def test_a_host_that_cannot_be_looked_up_is_refused_at_the_call(host: str) -> None:
    with pytest.raises(feed.errors.InvalidParameter, match="url"):
        feed.connect(f"http://{host}", trades="*")
