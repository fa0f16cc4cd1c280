"""The recipes of `feed proxy`, each run with the real program in front of a real server."""

import asyncio
import shutil
import socket
import ssl
import sys
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import ClientSession, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

import feed.client
from tests.e2e.conftest import Run
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.programs import kill_group, ran

NAME = "prices.example.com"
CA = trustme.CA()
PAIR = CA.issue_cert(NAME)


class Here(AbstractResolver):
    """Finds every name on this machine."""

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        del family
        flags = socket.AI_NUMERICHOST
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=flags,
            )
        ]

    async def close(self) -> None:
        """Nothing is open."""


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    CA.configure_trust(context)
    return context


def command_of(proxy: str, folder: Path, recipe: str) -> list[str]:
    """Write a recipe where the program looks for it; return how it is started."""
    if proxy == "nginx":
        (folder / "feed.conf").write_text(recipe)
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;\n"
            "events { worker_connections 512; }\n"
            f"http {{ access_log off; {_temporary(folder)} include {folder}/feed.conf; }}\n"
        )
        return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    if proxy == "haproxy":
        (folder / "haproxy.cfg").write_text(recipe)
        return ["haproxy", "-db", "-f", str(folder / "haproxy.cfg")]
    apart = "{\n\tadmin off\n\tauto_https disable_redirects\n}\n"  # from what else runs here
    (folder / "Caddyfile").write_text(apart + recipe)
    return ["caddy", "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]


def _temporary(folder: Path) -> str:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)


@asynccontextmanager
async def running(command: list[str], folder: Path, port: int) -> AsyncIterator[None]:
    """Run a proxy until the end of the block."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, env={"HOME": str(folder), "PATH": _PATH}, start_new_session=True
    )
    try:
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            while True:
                assert process.returncode is None, "it has ended"
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    break
        yield
    finally:
        kill_group(process.pid)
        await process.wait()


_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@pytest.mark.programs
@pytest.mark.parametrize("proxy", ["caddy", "nginx", "haproxy"])
async def test_every_transport_passes_as_it_is(run: Run, tmp_path: Path, proxy: str) -> None:
    if shutil.which(proxy, path=_PATH) is None:
        pytest.skip(f"{proxy} is not installed; apt-get install {proxy}")
    # One tick in two minutes: what comes, comes alone, and a proxy that collects would keep it.
    program = await run("--symbols", "5", "--rate", "0.01", "--allow-host", NAME)
    certificate, key, port = tmp_path / "both.pem", tmp_path / "key.pem", free_port()
    certificate.write_bytes(PAIR.private_key_and_cert_chain_pem.bytes())
    key.write_bytes(PAIR.private_key_pem.bytes())
    config = tmp_path / "feed.toml"
    config.write_text(f'port = {program.port}\nallow_host = ["{NAME}"]\n')
    status, recipe = await ran(
        tmp_path,
        *(sys.executable, "-m", "feed", "proxy", proxy, "--config", str(config)),
        *("--listen", str(port), "--cert", str(certificate), "--cert-key", str(key)),
    )
    assert status == 0, recipe
    url = f"https://{NAME}:{port}"
    async with running(command_of(proxy, tmp_path, recipe), tmp_path, port):
        connector = TCPConnector(ssl=trusting(), resolver=Here())
        async with (
            ClientSession(connector=connector, auto_decompress=False) as raw,
            ClientSession(connector=connector, connector_owner=False) as session,
        ):
            await _is_ready(raw, url)
            for transport in ("websocket", "stream", "sse"):
                async with feed.client.connect(
                    url, trades="*", transport=transport, session=session, give_up_after_s=0
                ) as stream:
                    event = await stream.next_event()
                    assert isinstance(event, feed.client.Connected)
                    assert isinstance(await stream.next_event(), feed.client.Mark)
            page = {"Origin": url, "Accept-Encoding": "gzip"}
            async with raw.get(f"{url}/v1/sse?trades=*", headers=page) as answer:
                assert answer.headers["Content-Encoding"] == "gzip"
                assert answer.headers["Access-Control-Allow-Origin"] == url, "it is its own page"
                inflated = b""
                inflater = zlib.decompressobj(31)
                while b"retry:" not in inflated:
                    inflated += inflater.decompress(await answer.content.readany())
        assert await _protocol(port) == "h2"


async def _is_ready(session: ClientSession, url: str) -> None:
    """Ask until the proxy has found the server."""
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        while True:
            async with session.get(f"{url}/readyz") as answer:
                if answer.status == 200:
                    return
            await asyncio.sleep(0.02)


async def _protocol(port: int) -> str | None:
    """Return what is spoken with a browser, which prefers HTTP/2."""
    context = trusting()
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=NAME)
    chosen: str | None = writer.get_extra_info("ssl_object").selected_alpn_protocol()
    writer.transport.abort()
    return chosen
