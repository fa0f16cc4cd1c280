"""The recipes of `feed proxy`, each run with the real program in front of a real server."""

import asyncio
import shutil
import socket
import ssl
import sys
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiohttp import ClientSession, TCPConnector
from aiohttp.abc import AbstractResolver, ResolveResult

import feed.client
from feed.program.proxies import Proxy
from tests.e2e.conftest import Program, Run
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.ports import free_port
from tests.fakes.programs import kill_group, ran

NAME = "prices.example.com"
CLIENT, LIAR = "127.0.0.2", "198.51.100.66"
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


@dataclass
class Front:
    """A proxy in front of a server.

    Attributes:
        name: of the program.
        port: that it listens on.
    """

    name: str
    port: int

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"


Stand = Callable[..., AbstractAsyncContextManager[Front]]


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    """Return a context in which a proxy stands in front of a server, by its recipe."""

    @asynccontextmanager
    async def standing(proxy: str, program: Program, *settings: str) -> AsyncIterator[Front]:
        if shutil.which(proxy, path=_PATH) is None:
            pytest.skip(f"{proxy} is not installed; apt-get install {proxy}")
        folder, port = tmp_path / proxy, free_port()
        folder.mkdir()
        certificate, key = folder / "both.pem", folder / "key.pem"
        certificate.write_bytes(PAIR.private_key_and_cert_chain_pem.bytes())
        key.write_bytes(PAIR.private_key_pem.bytes())
        config = folder / "feed.toml"
        lines = (f"port = {program.port}", f'allow_host = ["{NAME}"]', *settings)
        config.write_text("\n".join(lines))
        status, recipe = await ran(
            folder,
            *(sys.executable, "-m", "feed", "proxy", proxy, "--config", str(config)),
            *("--listen", str(port), "--cert", str(certificate), "--cert-key", str(key)),
        )
        assert status == 0, recipe
        async with running(command_of(proxy, folder, recipe), folder, port):
            yield Front(proxy, port)

    return standing


def sessions() -> tuple[ClientSession, ClientSession]:
    """Return two sessions that find and trust the proxies; the first one inflates nothing."""
    connector = TCPConnector(ssl=trusting(), resolver=Here())
    raw = ClientSession(connector=connector, auto_decompress=False)
    return raw, ClientSession(connector=connector, connector_owner=False)


@pytest.mark.programs
@pytest.mark.parametrize("proxy", Proxy)
async def test_every_transport_passes_as_it_is(run: Run, stand: Stand, proxy: Proxy) -> None:
    # One tick in two minutes: what comes, comes alone, and a proxy that collects would keep it.
    options = "--allow-host", NAME, "--trust-proxy", "127.0.0.1", "--local-admin"
    program = await run("--symbols", "5", "--rate", "0.01", *options)
    async with stand(proxy, program) as front:
        first, second = sessions()
        async with first as raw, second as session:
            await wait_until_ready(raw, front.url)
            for transport in ("websocket", "stream", "sse"):
                async with feed.client.connect(
                    front.url, trades="*", transport=transport, session=session, give_up_after_s=0
                ) as stream:
                    event = await stream.next_event()
                    assert isinstance(event, feed.client.Connected)
                    assert isinstance(await stream.next_event(), feed.client.Mark)
            page = {"Origin": front.url, "Accept-Encoding": "gzip"}
            async with raw.get(f"{front.url}/v1/sse?trades=*", headers=page) as answer:
                assert answer.headers["Content-Encoding"] == "gzip"
                assert answer.headers["Access-Control-Allow-Origin"] == front.url, "its own page"
                inflated = b""
                inflater = zlib.decompressobj(31)
                while b"retry:" not in inflated:
                    inflated += inflater.decompress(await answer.content.readany())
        assert await _protocol(front.port) == "h2"
        assert await _peer_behind(program, front.url) == CLIENT, "whatever it says itself"


async def _peer_behind(program: Program, url: str) -> str:
    """Return who the server takes a client for that lies about its address."""
    connector = TCPConnector(ssl=trusting(), resolver=Here(), local_addr=(CLIENT, 0))
    lies = {"X-Forwarded-For": LIAR, "Forwarded": f"for={LIAR}", "X-Forwarded-Prefix": "/evil"}
    async with ClientSession(connector=connector) as liar, ClientSession() as here:
        async with liar.get(f"{url}/plain", headers=lies) as answer:
            assert "/evil" not in await answer.text()
        async with liar.get(f"{url}/v1/sse?trades=*", headers=lies) as answer:
            path = f"/v1/admin/connections/{answer.headers['Feed-Connection']}"
            async with here.get(program.url(path)) as told:
                peer: str = (await told.json())["peer"]
                return peer


async def wait_until_ready(session: ClientSession, url: str) -> None:
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
