"""Six real clients inflate what is compressed once for all of them, whatever they missed of it.

Each joins in the middle of a stream that others share already, is paused until it has missed frames
and catches up, and is compared tick by tick with a reader that is not compressed.
"""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import httpx_sse
import orjson
import pytest
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from feed.wire.compression import Compression
from tests.e2e.listeners import SUBSCRIBE, Listener, TaskListener
from tests.e2e.party import compare
from tests.fakes import serving as server_fixtures
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.programs import stop
from tests.fakes.servers import Feed, Serve

WS_CLIENT = Path(__file__).with_name("ws_client.js")
SHARED = Compression()

serve = server_fixtures.serve  # in this process, so that tests see who is in which lane


def program(name: str, *others: str, package: str) -> str:
    """Return the path of a program; skip the test where there is none."""
    for candidate in (name, *others):
        path = shutil.which(candidate)
        if path is not None:
            return path
    pytest.skip(f"{name} is not installed (Debian: {package})")


async def end(process: Process) -> None:
    """End a program that we started in a session of its own, and reap it.

    Its whole group: `node` of a virtual environment is a script that starts the real one, and who
    waits for the script waits for whoever holds its pipes.
    """
    if process.returncode is None:
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


# websockets


class Websockets(TaskListener):
    def __init__(self, compression: Compression | None, **offer: Any) -> None:
        super().__init__(compression)
        self._offer = offer

    async def arrays(self, feed: Feed) -> AsyncGenerator[str | bytes, None]:
        extensions = [ClientPerMessageDeflateFactory(**self._offer)] if self.compression else None
        async with websockets.connect(
            feed.url("/v1/ws", "ws"),
            compression=None,
            extensions=extensions,
            max_queue=2,
            ping_interval=None,  # while it is paused it hears no pong
        ) as socket:
            await socket.send(SUBSCRIBE)
            async for message in socket:
                yield message


async def test_websockets(serve: Serve) -> None:
    small = [
        Websockets(Compression(window_bits=min(bits, 14)), server_max_window_bits=bits)
        for bits in range(9, 16)
    ]
    alone = Websockets(Compression(shared=False), server_no_context_takeover=True)
    await compare(serve, "websocket-json", Websockets(SHARED), *small, alone, Websockets(None))


# aiohttp


class AiohttpWebSocket(TaskListener):
    def __init__(self, compression: Compression | None, compress: int) -> None:
        super().__init__(compression)
        self._compress = compress  # the window's bits; 0: none

    async def arrays(self, feed: Feed) -> AsyncGenerator[str | bytes, None]:
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(feed.url("/v1/ws", "ws"), compress=self._compress) as socket,
        ):
            await socket.send_str(SUBSCRIBE)
            async for message in socket:
                yield message.data


async def test_aiohttp_websocket(serve: Serve) -> None:
    small = AiohttpWebSocket(Compression(window_bits=10), compress=10)
    plain = AiohttpWebSocket(None, compress=0)
    await compare(serve, "websocket-json", AiohttpWebSocket(SHARED, compress=15), small, plain)


class AiohttpStream(TaskListener):
    def __init__(self, compression: Compression | None, accept_encoding: str) -> None:
        super().__init__(compression)
        self._headers = {"Accept-Encoding": accept_encoding}

    async def arrays(self, feed: Feed) -> AsyncGenerator[str | bytes, None]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(feed.url("/v1/stream?trades=*"), headers=self._headers) as response,
        ):
            async for line in response.content:
                yield line


async def test_aiohttp_stream(serve: Serve) -> None:
    refusals = ("identity", "gzip;q=0.5, identity")
    await compare(
        serve,
        "stream-json",
        AiohttpStream(SHARED, "gzip, deflate, br, zstd"),
        *(AiohttpStream(None, accepted) for accepted in refusals),
    )


# httpx


class Httpx(TaskListener):
    def __init__(self, compression: Compression | None, headers: dict[str, str]) -> None:
        super().__init__(compression)
        self._headers = headers

    async def arrays(self, feed: Feed) -> AsyncGenerator[str | bytes, None]:
        async with (
            httpx.AsyncClient(headers=self._headers) as client,  # its time-outs as they are
            httpx_sse.aconnect_sse(client, "GET", feed.url("/v1/sse?trades=*")) as source,
        ):
            async for event in source.aiter_sse():
                if event.event == "message":
                    yield event.data


async def test_httpx(serve: Serve) -> None:
    refusals = ("gzip;q=0", "identity", "br", "")
    await compare(
        serve,
        "sse-json",
        Httpx(SHARED, {}),
        *(Httpx(None, {"Accept-Encoding": accepted}) for accepted in refusals),
    )


# curl


class Curl(Listener):
    def __init__(self, compression: Compression | None, *options: str) -> None:
        super().__init__(compression)
        self._options = options
        self._process: Process | None = None

    async def start(self, feed: Feed, stack: AsyncExitStack) -> None:
        self._process = process = await asyncio.create_subprocess_exec(
            program("curl", package="curl"),
            *("-sSN", *self._options, feed.url("/v1/stream?trades=*")),
            stdout=PIPE,
            limit=1 << 20,
            start_new_session=True,
        )
        stack.push_async_callback(end, process)
        stack.callback(asyncio.create_task(self._read(process)).cancel)

    def has(self, number: int) -> bool:
        assert self._process is not None
        assert self._process.returncode is None, "curl gave up"
        return super().has(number)

    async def pause(self) -> None:
        assert self._process is not None
        stop(self._process.pid)

    async def resume(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.hear(line)


async def test_curl(serve: Serve) -> None:
    await compare(
        serve,
        "stream-json",
        Curl(SHARED, "--compressed"),
        Curl(SHARED, "--compressed", "--http1.0"),
        Curl(None),
    )


# Node's ws


class NodeProgram:
    """A program of Node with several connections, each of which a listener speaks for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: Process | None = None
        self.listeners: list[NodeWs] = []

    async def connect(self, feed: Feed, listener: "NodeWs", stack: AsyncExitStack) -> None:
        if self._process is None:
            options = orjson.dumps([known.options for known in self.listeners])
            self._process = await asyncio.create_subprocess_exec(
                program("node", "nodejs", package="nodejs"),
                *(str(self._folder / WS_CLIENT.name), feed.url("/v1/ws", "ws"), options.decode()),
                stdin=PIPE,
                stdout=PIPE,
                limit=1 << 20,
                start_new_session=True,
            )
            stack.push_async_callback(end, self._process)
            stack.callback(asyncio.create_task(self._read(self._process)).cancel)
        self.command("connect", listener)

    def command(self, word: str, listener: "NodeWs") -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word} {self.listeners.index(listener)}\n".encode())

    def check(self) -> None:
        assert self._process is not None
        assert self._process.returncode is None, "see what it says on standard error"

    async def _read(self, process: Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            which, _, message = line.partition(b" ")
            self.listeners[int(which)].hear(message)


class NodeWs(Listener):
    def __init__(self, compression: Compression | None, node: NodeProgram, options: object) -> None:
        super().__init__(compression)
        self.options = options  # of perMessageDeflate
        self._node = node
        node.listeners.append(self)

    async def start(self, feed: Feed, stack: AsyncExitStack) -> None:
        await self._node.connect(feed, self, stack)

    def has(self, number: int) -> bool:
        self._node.check()
        return super().has(number)

    async def pause(self) -> None:
        self._node.command("pause", self)

    async def resume(self) -> None:
        self._node.command("resume", self)


@pytest.fixture
async def node_folder(tmp_path: Path) -> Path:
    """Install `ws` by its name from whatever registry npm is told to use."""
    npm = program("npm", package="npm")
    install = await asyncio.create_subprocess_exec(
        npm,
        *("install", "--no-audit", "--no-fund", "--no-package-lock", "ws@8"),
        cwd=tmp_path,
        stdout=DEVNULL,
        stderr=PIPE,
    )
    _, said = await install.communicate()
    if install.returncode:
        pytest.skip(f"npm cannot install ws: {said.decode().strip().splitlines()[0]}")
    shutil.copy(WS_CLIENT, tmp_path)
    return tmp_path


@pytest.mark.toolchains
async def test_node_ws(serve: Serve, node_folder: Path) -> None:
    node = NodeProgram(node_folder)
    await compare(
        serve,
        "websocket-json",
        NodeWs(SHARED, node, True),
        NodeWs(Compression(shared=False), node, {"serverNoContextTakeover": True}),
        NodeWs(Compression(window_bits=9), node, {"serverMaxWindowBits": 9}),
        NodeWs(SHARED, node, {"clientNoContextTakeover": True, "clientMaxWindowBits": 10}),
        NodeWs(None, node, False),
    )


# Chromium

_LISTEN = """
([webSocketUrl, eventSourceUrl]) => {
  window.heard = { socket: [], source: [] };
  window.problems = [];
  window.listen = {
    socket: () => {
      const socket = new WebSocket(webSocketUrl);
      socket.onopen = () => socket.send('{"action":"subscribe","trades":["*"]}');
      socket.onmessage = (event) => heard.socket.push(event.data);
      socket.onclose = (event) => problems.push(`socket: ${event.code} ${event.reason}`);
    },
    source: () => {
      const source = new EventSource(eventSourceUrl);
      source.onmessage = (event) => heard.source.push(event.data);
      source.onerror = () => problems.push("source");
    },
  };
  window.hold = () => {
    const request = new XMLHttpRequest();
    request.open("GET", "/hold", false);
    request.send();
  };
}
"""


class Page:
    """A page of Chromium with a WebSocket and an EventSource."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.listeners: list[InPage] = []
        self.held: asyncio.Task[None] | None = None
        self.is_held = asyncio.Event()
        self.let_go = asyncio.Event()

    async def open(self, feed: Feed) -> None:
        await self.page.route("**/hold", self._answer)
        await self.page.goto(feed.url("/healthz"))  # of the server's own origin, and without a CSP
        urls = [feed.url("/v1/ws", "ws"), feed.url("/v1/sse?trades=*")]
        await self.page.evaluate(_LISTEN, urls)

    async def take(self) -> None:
        """Give the listeners what came since this was last asked."""
        heard, problems = await self.page.evaluate(
            "[Object.entries(heard).map(([name, texts]) => [name, texts.splice(0)]), problems]"
        )
        assert problems == []
        for name, texts in heard:
            for listener in self.listeners:
                if listener.name == name:
                    for text in texts:
                        listener.hear(text)

    async def hold(self) -> None:
        """Block the page's only thread, so that it takes nothing any more."""
        if self.held is None:
            self.is_held.clear()
            self.let_go.clear()
            self.held = asyncio.create_task(self.page.evaluate("hold()"))
            async with asyncio.timeout(PROGRAM_PATIENCE_S):
                await self.is_held.wait()

    async def go_on(self) -> None:
        if self.held is not None:
            self.let_go.set()
            held, self.held = self.held, None
            await held

    async def _answer(self, route: Any) -> None:
        self.is_held.set()
        await self.let_go.wait()
        await route.fulfill(body="")


class InPage(Listener):
    """The page's WebSocket ("socket"), or its EventSource ("source")."""

    def __init__(self, name: str, page: Page) -> None:
        super().__init__(SHARED)
        self.name = name
        self._page = page
        page.listeners.append(self)

    async def start(self, feed: Feed, stack: AsyncExitStack) -> None:  # noqa: ARG002 - the fixture closes the browser
        if self is self._page.listeners[0]:
            await self._page.open(feed)
        await self._page.page.evaluate(f"listen.{self.name}()")

    async def pause(self) -> None:
        await self._page.hold()

    async def resume(self) -> None:
        await self._page.go_on()

    async def catch_up(self, last: int) -> None:
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            while not self.has(last):
                await self._page.take()


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    playwright = pytest.importorskip(
        "playwright.async_api", reason="playwright is not installed (the extra `clients`)"
    )
    chromium = program("chromium", "chromium-browser", "google-chrome", package="chromium")
    async with playwright.async_playwright() as started:
        patience_ms = PROGRAM_PATIENCE_S * 1_000
        browser = await started.chromium.launch(executable_path=chromium, timeout=patience_ms)
        page = await browser.new_page()
        page.set_default_timeout(patience_ms)
        yield Page(page)
        await browser.close()


async def test_chromium(serve: Serve, page: Page) -> None:
    await compare(serve, "websocket-json", InPage("socket", page), InPage("source", page))
