"""A real browser behind the recipes of `feed proxy`: many streams over one connection."""

import asyncio
import base64
import hashlib
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

from feed.program.proxies import SILENCES, Proxy
from tests.e2e.chromium import launched, until
from tests.e2e.conftest import Run
from tests.e2e.test_proxies import NAME, PAIR, Front, Stand, sessions, stand, wait_until_ready

if TYPE_CHECKING:
    from playwright.async_api import Page

__all__ = ["stand"]

STREAMS = 100  # of one page; HTTP/1.1 would let six come
HERE = f"--host-resolver-rules=MAP {NAME} 127.0.0.1"
BEAT_S = 1
IDLE_S = 9  # what the recipes say for beats of 3 s: a busy machine is late with its own
_OPEN = """(count) => {
  Object.assign(globalThis, { opens: 0, ends: 0 });
  for (let number = 0; number < count; number += 1) {
    const source = new EventSource("/v1/sse?trades=*");
    source.onopen = () => { globalThis.opens += 1; };
    source.onmessage = () => { globalThis.heard = true; };
    source.onerror = () => { globalThis.ends += 1; };
  }
}"""
_PROTOCOL = "() => performance.getEntriesByType('navigation')[0].nextHopProtocol"


def connections_to(port: int) -> int:
    """Return the number of TCP connections to a port of this machine that are open."""
    peer = f"{port:04X}"
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established = "01"
    return sum(row[2].endswith(f":{peer}") and row[3] == established for row in rows)


async def has_one_connection(front: Front) -> bool:
    """Tell whether a browser has let go of those that it has opened in vain."""
    return connections_to(front.port) == 1


async def answers(front: Front) -> None:
    """Wait until a proxy has found the server."""
    first, second = sessions()
    async with first as raw, second:
        await wait_until_ready(raw, front.url)


async def open_streams(page: "Page", front: Front) -> None:
    """Open the streams of a page, and wait until all of them are."""
    await page.goto(f"{front.url}/healthz")
    await page.evaluate(_OPEN, STREAMS)

    async def all_have_come() -> bool:
        opens, ends = await page.evaluate("() => [globalThis.opens, globalThis.ends]")
        assert ends == 0, f"{front} ended {ends} of {STREAMS} streams"
        return bool(opens == STREAMS)

    await until(all_have_come)


@pytest.mark.programs
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="connections cannot be counted here")
async def test_a_hundred_streams_of_a_page_share_a_connection_that_outlives_silence(
    run: Run, stand: Stand
) -> None:
    beats = dict.fromkeys(("keepalive_s", "mark_interval_s", "ping_interval_s"), BEAT_S)
    program = await run("--symbols", "5", "--rate", "0.01", "--allow-host", NAME, **beats)
    settings = [f"{name} = {IDLE_S / SILENCES}" for name in beats]
    async with AsyncExitStack() as stack:
        fronts = [
            await stack.enter_async_context(stand(proxy, program, *settings)) for proxy in Proxy
        ]
        chromium = await stack.enter_async_context(launched(HERE))
        pages = []
        for front in fronts:
            await answers(front)
            page = await (await chromium.context(ignore_https_errors=True)).new_page()
            await open_streams(page, front)
            assert await page.evaluate(_PROTOCOL) == "h2"
            pages.append(page)
        for front in fronts:
            await until(partial(has_one_connection, front))
        await asyncio.sleep(1.1 * IDLE_S)  # nothing but keepalives comes meanwhile
        assert [await page.evaluate("() => globalThis.ends") for page in pages] == [0] * len(pages)
        assert await program.metric("feed_connections") == STREAMS * len(pages)


def fingerprint() -> str:
    """Return the digest of the certificate's public key, by which Chromium trusts it."""
    certificate = load_pem_x509_certificate(PAIR.cert_chain_pems[0].bytes())
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(key).digest()).decode()


@pytest.mark.programs
async def test_caddy_speaks_http_3_with_a_browser(run: Run, stand: Stand) -> None:
    program = await run("--symbols", "5", "--rate", "100", "--allow-host", NAME)
    async with stand(Proxy.CADDY, program) as front:
        await answers(front)
        switches = (
            HERE,
            "--enable-quic",
            f"--origin-to-force-quic-on={NAME}:{front.port}",
            f"--ignore-certificate-errors-spki-list={fingerprint()}",
        )
        async with launched(*switches) as chromium:
            page = await (await chromium.context()).new_page()
            await open_streams(page, front)
            assert await page.evaluate(_PROTOCOL) == "h3"

            async def heard() -> Any:
                return await page.evaluate("() => globalThis.heard")

            await until(heard)
