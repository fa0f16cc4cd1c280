"""A server that encrypts by itself: every client of ours over it, and another certificate."""

import asyncio
import os
import re
import shutil
import ssl
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import trustme
from aiohttp import ClientSession, TCPConnector

import feed.client
from tests.e2e.conftest import Program, Run
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.programs import kill_group, ran

CA = trustme.CA()
FIRST, SECOND = (CA.issue_cert("localhost", "127.0.0.1") for _ in range(2))


def write(folder: Path, pair: trustme.LeafCert) -> tuple[str, ...]:
    """Write a pair; return the options that name it."""
    certificate, key = folder / "cert.pem", folder / "key.pem"
    certificate.write_bytes(b"".join(blob.bytes() for blob in pair.cert_chain_pems))
    key.write_bytes(pair.private_key_pem.bytes())
    return "--tls-cert", str(certificate), "--tls-key", str(key)


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context


def session() -> ClientSession:
    return ClientSession(connector=TCPConnector(ssl=trusting(), force_close=True))


async def text(program: Program, path: str) -> str:
    async with session() as http, http.get(program.url(path, "https")) as answer:
        assert answer.status == 200
        return await answer.text()


async def until_reloaded(program: Program) -> None:
    """Wait until another certificate counts; once more where its key was seen a look later."""
    applied = re.compile(r'^feed_certificate_reloads_total{outcome="applied"} [1-9]', re.MULTILINE)
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        while not applied.search(await text(program, "/metrics")):  # noqa: ASYNC110 - of another process
            await asyncio.sleep(0.02)


async def shown(program: Program) -> bytes | None:
    """Return the certificate that a new connection is given."""
    _, writer = await asyncio.open_connection("127.0.0.1", program.port, ssl=trusting())
    handshake = writer.get_extra_info("ssl_object")
    certificate: bytes | None = handshake.getpeercert(binary_form=True)
    writer.transport.abort()
    return certificate


def der(pair: trustme.LeafCert) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pair.cert_chain_pems[0].bytes().decode())


async def test_another_certificate_drops_nobody(run: Run, tmp_path: Path) -> None:
    program = await run("--symbols", "5", "--rate", "200", *write(tmp_path, FIRST))
    url = program.url("", "https")
    async with session() as http:
        streams = [
            feed.client.connect(url, trades="*", transport=transport, session=http)
            for transport in ("websocket", "stream", "sse")
        ]
        for stream in streams:
            await anext(stream)
        assert await shown(program) == der(FIRST)
        write(tmp_path, SECOND)
        await until_reloaded(program)
        assert await shown(program) == der(SECOND)
        for stream in streams:
            await anext(stream)
            assert (stream.counters.connects, stream.counters.gaps) == (1, 0)
            await stream.close()


async def test_plain_text_and_old_versions_are_no_conversation(run: Run, tmp_path: Path) -> None:
    program = await run("--symbols", "5", *write(tmp_path, FIRST))
    reader, writer = await asyncio.open_connection("127.0.0.1", program.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        assert b"HTTP" not in await reader.read()
    writer.transport.abort()
    assert "ok" in await text(program, "/healthz")


async def until_printed(words: str, command: Sequence[str], environment: dict[str, str]) -> None:
    """Run a command until it prints some words."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=PIPE, stderr=STDOUT, env=environment, start_new_session=True
    )
    assert process.stdout is not None
    printed = b""
    try:
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            while words.encode() not in printed:
                line = await process.stdout.readline()
                assert line, printed.decode()
                printed += line
    finally:
        kill_group(process.pid)
        await process.wait()


async def test_commands_of_ours_and_curl_read_it(run: Run, tmp_path: Path) -> None:
    program = await run("--symbols", "AAPL,MSFT", "--rate", "200", *write(tmp_path, FIRST))
    authority = tmp_path / "authority.pem"
    authority.write_bytes(CA.cert_pem.bytes())
    url = program.url("", "https")
    environment = os.environ | {"SSL_CERT_FILE": str(authority)}
    ours = (sys.executable, "-m", "feed")
    curl = ("curl", "--no-progress-meter", "--no-buffer", "--cacert", str(authority))
    printed = {
        '"T":"t"': (*ours, "tail", "--url", url, "--symbols", "*", "--channels", "trades"),
        "live over websocket": (*ours, "watch", "AAPL", "--url", url),
        "feed top  up": (*ours, "top", "--url", url),
        "id: ": (*curl, f"{url}/v1/sse?trades=*"),
    }
    if shutil.which("curl") is None:
        del printed["id: "]
    await asyncio.gather(
        *(until_printed(words, command, environment) for words, command in printed.items())
    )
    async with feed.client.connect(url, trades="*", give_up_after_s=0) as stream:
        with pytest.raises(feed.client.GaveUp, match="certificate"):
            await anext(stream)


@pytest.mark.parametrize(
    ("address", "is_told"), [((), False), (("--host", "0.0.0.0", "--allow-anonymous"), True)]
)
async def test_browsers_are_told_to_stay_encrypted_but_for_localhost(
    run: Run, tmp_path: Path, address: tuple[str, ...], is_told: bool
) -> None:
    """On a loopback address the name is `localhost`, which all servers of a developer share."""
    program = await run("--symbols", "5", *address, *write(tmp_path, FIRST))
    async with session() as http, http.get(program.url("/", "https")) as answer:
        assert ("Strict-Transport-Security" in answer.headers) is is_told


@pytest.mark.parametrize("spoil", [lambda path: path.write_text("?"), Path.unlink])
async def test_a_broken_pair_is_refused_at_the_start(
    tmp_path: Path, spoil: Callable[[Path], object]
) -> None:
    options = write(tmp_path, FIRST)
    spoil(tmp_path / "key.pem")
    status, words = await ran(tmp_path, sys.executable, "-m", "feed", "serve", *options)
    assert status == 2
    assert "key.pem" in words or "--tls-key" in words  # a long path is shortened
    assert "Traceback" not in words
