"""Pages of strangers in a real browser: cross-site WebSockets, forged requests, DNS rebinding.

Each attack is tried as well where it is let in, so that it is known to work.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import BrowserContext, Page, Route

from tests.e2e.chromium import launched
from tests.e2e.conftest import Program, Run
from tests.e2e.test_tls import CA, write
from tests.fakes.keys import KeysFile

CALM = ("--symbols", "AAPL", "--rate", "20", "--seed", "7")
EVIL = "evil.example"
# Newer Chromiums keep such pages from this machine by themselves; others have nothing but us.
EVIL_IS_HERE = (
    f"--host-resolver-rules=MAP {EVIL} 127.0.0.1",
    "--disable-features=LocalNetworkAccessChecks",
)
PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><p>a kitten</p>'

# The first words of a server over a WebSocket; or that it was closed before it said any.
HEAR = """(url) => new Promise((resolve) => {
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => { resolve(JSON.parse(data)[0].msg); socket.close(); };
  socket.onclose = () => resolve("closed");
})"""
SUBSCRIBE = """(url) => new Promise((resolve) => {
  const socket = new WebSocket(url);
  socket.onopen = () => socket.send('{"action":"subscribe","trades":["AAPL"]}');
  socket.onmessage = ({ data }) => {
    const [{ T }] = JSON.parse(data);
    if (T === "success") return;
    resolve(T);
    socket.close();
  };
  socket.onclose = () => resolve("closed");
})"""
# What a form can do, without leave of the server; the answer is kept from the page in any case.
FORGE = """([url, method]) => fetch(url, {
  method, mode: "no-cors", credentials: "include", body: "{}",
}).catch(() => {})"""
STATUS = (
    """([url, method]) => fetch(url, { method }).then(({ status }) => status, () => "nothing")"""
)
LISTEN = """(url) => new Promise((resolve) => {
  const source = new EventSource(url);
  source.onopen = () => { resolve("open"); source.close(); };
  source.onerror = () => { resolve("refused"); source.close(); };
})"""

# What keeps a page from asking, if something does.
BROKEN_RULE = """(url) => new Promise((resolve) => {
  document.addEventListener(
    "securitypolicyviolation", (event) => resolve(event.effectiveDirective), { once: true },
  );
  (%s)(url).then(resolve, (error) => resolve(String(error)));
})"""


@pytest.fixture
async def strange_port() -> AsyncIterator[int]:
    """Serve a page of somebody else's."""

    async def answer(request: web.Request) -> web.Response:  # noqa: ARG001 - aiohttp's signature
        return web.Response(text=PAGE, content_type="text/html")

    app = web.Application()
    app.router.add_get("/", answer)
    async with TestServer(app) as server:
        assert server.port is not None
        yield server.port


async def signed_in(context: BrowserContext, program: Program, credential: str) -> Page:
    """Return a tab with the dashboard, and a visit's cookie in the browser."""
    page = await context.new_page()
    await page.goto(program.url("/"))
    await page.fill("#credential", credential)
    await page.click("#sign-in-form button")
    await page.wait_for_selector("#sign-in", state="hidden")
    return page


async def test_a_page_of_another_origin_cannot_use_a_visit(
    run: Run, tmp_path: Path, strange_port: int
) -> None:
    """Cross-site WebSocket hijacking, and forged requests, with the cookie in the browser."""
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("desk")
    # Of the same host, so of the same site: there the browser sends a cookie that is `Strict`.
    neighbour = f"http://127.0.0.1:{strange_port}"
    program = await run(*CALM, "--keys", str(keys.path))
    socket = program.url("/v1/ws", "ws")
    async with launched(*EVIL_IS_HERE) as chromium:
        context = await chromium.context()
        page = await signed_in(context, program, f"{key.id}.{key.secret}")
        assert await page.evaluate(SUBSCRIBE, socket) == "subscription", "the cookie is enough"
        for origin in (neighbour, f"http://{EVIL}:{strange_port}"):
            await page.goto(f"{origin}/")
            assert await page.evaluate(HEAR, socket) == "closed"
            assert await page.evaluate(SUBSCRIBE, program.url("/v2/iex", "ws")) == "closed"
            asked = [program.url("/v1/sign-out"), "POST"]
            await page.evaluate(FORGE, asked)
        await page.goto(program.url("/"))
        asked = [program.url("/v1/status"), "GET"]
        assert await page.evaluate(STATUS, asked) == 200, "nobody has signed out"


async def test_a_page_that_is_allowed_can(run: Run, tmp_path: Path, strange_port: int) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    key = keys.add("desk")
    neighbour = f"http://127.0.0.1:{strange_port}"
    program = await run(*CALM, "--keys", str(keys.path), "--allow-origin", neighbour)
    async with launched() as chromium:
        page = await signed_in(await chromium.context(), program, f"{key.id}.{key.secret}")
        await page.goto(f"{neighbour}/")
        assert await page.evaluate(SUBSCRIBE, program.url("/v1/ws", "ws")) == "subscription"
        asked = [program.url("/v1/sign-out"), "POST"]
        await page.evaluate(FORGE, asked)
        await page.goto(program.url("/"))
        asked = [program.url("/v1/status"), "GET"]
        assert await page.evaluate(STATUS, asked) == 401, "it has signed its reader out"


async def test_a_name_that_was_bound_anew_does_not_lead_in(run: Run) -> None:
    """DNS rebinding: the page came from its author, and its name now leads to this machine."""
    async with launched(*EVIL_IS_HERE) as chromium:
        context = await chromium.context()
        for more in ((), ("--allow-host", EVIL)):
            program = await run(*CALM, "--local-admin", *more)
            base = f"{EVIL}:{program.port}"
            page = await context.new_page()
            await page.route(f"http://{base}/", answer_strangely)
            await page.goto(f"http://{base}/")
            for path, method in (
                ("/v1/symbols", "GET"),
                ("/v1/admin/connections", "GET"),
                ("/v1/admin/connections?identity=desk", "DELETE"),
            ):
                assert await page.evaluate(STATUS, [path, method]) == (200 if more else 421)
            heard = await page.evaluate(HEAR, f"ws://{base}/v1/ws")
            assert heard == ("connected" if more else "closed")
            listened = await page.evaluate(LISTEN, "/v1/sse?trades=*")
            assert listened == ("open" if more else "refused")


async def answer_strangely(route: Route) -> None:
    await route.fulfill(body=PAGE, content_type="text/html")


async def test_a_page_of_ours_reads_from_its_own_server_and_from_no_other(
    run: Run, tmp_path: Path
) -> None:
    """Whatever is smuggled into a page has nowhere to send what it reads."""
    plain = await run(*CALM, "--allow-origin", "*")
    encrypted = await run(*CALM, *write(tmp_path, CA.issue_cert("127.0.0.1")))
    others = ((HEAR, plain.url("/v1/ws", "ws")), (LISTEN, plain.url("/v1/sse?trades=*")))
    async with launched("--ignore-certificate-errors", EVIL_IS_HERE[1]) as chromium:
        page = await (await chromium.context()).new_page()
        for program, scheme in ((plain, "http"), (encrypted, "https")):
            await page.goto(program.url("/", scheme))
            own = program.url("/v1/ws", scheme.replace("http", "ws"))
            assert await page.evaluate(BROKEN_RULE % HEAR, own) == "connected"
            assert await page.evaluate(BROKEN_RULE % LISTEN, "/v1/sse?trades=*") == "open"
        for ask, url in others:
            assert await page.evaluate(BROKEN_RULE % ask, url) == "connect-src"
