"""Six real clients inflate what is compressed once for all of them, whatever they missed of it.

Each joins in the middle of a stream that others share already, is paused until it has missed frames
and catches up, and is compared tick by tick with a reader that is not compressed.
"""

import asyncio
import os
import shutil
import signal
import time
from abc import ABC, abstractmethod
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx
import httpx_sse
import orjson
import pytest
import websockets
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory

from feed.broadcast.deflate import KEYFRAME_EVERY
from feed.broadcast.deflated_lane import DeflatedLane
from feed.market.ticks import Tick
from feed.wire.compression import Compression
from tests.fakes import serving as server_fixtures
from tests.fakes.deflated_readers import noisy, open_deflated, salted
from tests.fakes.patience import PROGRAM_PATIENCE_S, until
from tests.fakes.servers import Feed, Serve

if TYPE_CHECKING:
    from feed.hub.session import Session
    from tests.fakes.messages import Message

HIGH_WATER_BYTES = 8_192
FAR_BEHIND_TICKS = 2_000
MOST_FRAMES_UNREAD = 500  # who took so many is not paused
SUBSCRIBE = orjson.dumps({"action": "subscribe", "trades": ["*"]}).decode()
WS_CLIENT = Path(__file__).with_name("ws_client.js")
SHARED = Compression()

serve = server_fixtures.serve  # in this process, so that tests see who is in which lane


class Listener(ABC):
    """A client that listens to all trades.

    Attributes:
        compression: what it is due; None: plain bytes.
        ticks: what it heard.
        session: the server's side of it, once it is there.
    """

    def __init__(self, compression: Compression | None) -> None:
        self.compression = compression
        self.ticks: list[Message] = []
        self.session: Session | None = None

    def hear(self, text: str | bytes) -> None:
        """Take an array of messages as the client gave it."""
        self.ticks += [message for message in orjson.loads(text) if message["T"] == "t"]

    def has(self, number: int) -> bool:
        """Tell whether it heard the trade with this number as the last one; raise if it died."""
        return bool(self.ticks) and self.ticks[-1]["i"] == number

    @abstractmethod
    async def start(self, feed: Feed, stack: AsyncExitStack) -> None:
        """Subscribe; whatever is to be closed goes on the stack."""

    @abstractmethod
    async def pause(self) -> None:
        """Read no more for now."""

    @abstractmethod
    async def resume(self) -> None:
        """Read on."""

    async def catch_up(self, last: int) -> None:
        """Wait until it heard a trade."""
        await until(lambda: self.has(last), PROGRAM_PATIENCE_S)


class TaskListener(Listener):
    """One that reads in a task; between two reads it can be held, so that its buffers fill."""

    def __init__(self, compression: Compression | None) -> None:
        super().__init__(compression)
        self._may_read = asyncio.Event()
        self._may_read.set()
        self._reading: asyncio.Task[None] | None = None

    @abstractmethod
    def arrays(self, feed: Feed) -> AsyncGenerator[str | bytes, None]:
        """Connect, subscribe, and yield what comes."""

    def has(self, number: int) -> bool:
        assert self._reading is not None
        if self._reading.done():
            self._reading.result()
            raise AssertionError("the connection ended")
        return super().has(number)

    async def start(self, feed: Feed, stack: AsyncExitStack) -> None:
        self._reading = asyncio.create_task(self._read(feed))
        stack.push_async_callback(self._stop)

    async def pause(self) -> None:
        self._may_read.clear()

    async def resume(self) -> None:
        self._may_read.set()

    async def _read(self, feed: Feed) -> None:
        async with aclosing(self.arrays(feed)) as arrays:
            async for array in arrays:
                self.hear(array)
                await self._may_read.wait()

    async def _stop(self) -> None:
        assert self._reading is not None
        self._reading.cancel()
        await asyncio.wait([self._reading])


class RawListener(TaskListener):
    """A reader of `tests.fakes.readers`: what clients are compared with."""

    def __init__(self, transport: str, compression: Compression | None) -> None:
        super().__init__(compression)
        self._transport = transport

    async def arrays(self, feed: Feed) -> AsyncGenerator[str | bytes, None]:
        reader = await open_deflated(
            self._transport, (feed.host, feed.port), compressed=self.compression is not None
        )
        while True:
            messages, _ = await reader.read()
            yield orjson.dumps(messages)


class Party:
    """A server, a plain reader, three that share a lane from the start, and who joins later."""

    def __init__(self, feed: Feed, transport: str) -> None:
        self.feed = feed
        self.plain = RawListener(transport, None)
        self.others = [RawListener(transport, SHARED) for _ in range(3)]
        self.joiners: dict[Listener, int] = {}  # and the first number that each is due
        self.last = 0

    async def publish(
        self, frames: int, ticks: int = 5, make: Callable[[int], Tick] = salted
    ) -> None:
        for _ in range(frames):
            numbers = range(self.last + 1, self.last + 1 + ticks)
            await self.feed.publish(*map(make, numbers))
            self.last = numbers[-1]

    async def begin(self, stack: AsyncExitStack) -> None:
        for other in (self.plain, *self.others):
            await other.start(self.feed, stack)
        await until(lambda: self._all_subscribed(4), PROGRAM_PATIENCE_S)
        await self.publish(10)

    async def join(self, listener: Listener, stack: AsyncExitStack) -> None:
        """Let one join in the middle."""
        known = set(self.feed.hub.sessions)
        await listener.start(self.feed, stack)
        await until(lambda: self._all_subscribed(len(known) + 1), PROGRAM_PATIENCE_S)
        (subscriber,) = set(self.feed.hub.sessions) - known
        listener.session = self.feed.hub.sessions[subscriber]
        assert subscriber.lane.compression == listener.compression
        self.joiners[listener] = self.last + 1
        await self.publish(3)

    async def be_silent(self) -> None:
        """Publish nothing until each lane has said so: keepalives, and marks."""
        since_ns = time.monotonic_ns()
        lanes = [reader.lane for reader in self.feed.hub.sessions]
        silent = [lane for lane in lanes if lane.framing.transport != "websocket"]
        await until(lambda: all(lane.spoke_ns > since_ns for lane in silent), PROGRAM_PATIENCE_S)

    async def hear_all(self) -> None:
        for listener in (self.plain, *self.others, *self.joiners):
            await listener.catch_up(self.last)

    async def pause_all(self) -> None:
        """Pause all who joined until each has missed frames, and let them catch up."""
        for listener in self.joiners:
            await listener.pause()
        for _ in range(MOST_FRAMES_UNREAD):
            await self.publish(1, ticks=200, make=noisy)
            if all(self._lag_ticks(listener) > FAR_BEHIND_TICKS for listener in self.joiners):
                break
        else:
            raise AssertionError("one that is paused read on")
        for listener in self.joiners:
            await listener.resume()
        await self.publish(KEYFRAME_EVERY)  # some of it while they catch up
        await until(lambda: not self.feed.hub.audience.behind, PROGRAM_PATIENCE_S)

    def check(self) -> None:
        """See that everybody heard what the plain reader heard."""
        assert [tick["i"] for tick in self.plain.ticks] == list(range(1, self.last + 1))
        for other in self.others:
            assert other.ticks == self.plain.ticks
        for listener, first in self.joiners.items():
            assert listener.ticks == self.plain.ticks[first - 1 :]
        hub = self.feed.hub
        assert hub.audience.ladder.paused >= len(self.joiners)
        assert hub.audience.ladder.gap == 0
        assert not hub.ended

    def check_sharing(self) -> None:
        """See that whoever may is in the context that all others are in."""
        for listener in self.joiners:
            assert listener.session is not None
            subscriber = listener.session.subscriber
            if listener.compression is not None and listener.compression.shared:
                assert isinstance(subscriber.lane, DeflatedLane)
                assert subscriber in subscriber.lane.live

    def _lag_ticks(self, listener: Listener) -> int:
        assert listener.session is not None
        return listener.session.subscriber.lag_ticks

    def _all_subscribed(self, count: int) -> bool:
        sessions = self.feed.hub.sessions
        return (
            len(sessions) == count
            and all(reader.lane.payload.key.selection.symbols for reader in sessions)
            and not self.feed.hub.audience.behind
        )


async def compare(serve: Serve, transport: str, *joiners: Listener) -> None:
    """Let listeners join in the middle, miss frames and catch up, and hear all of it."""
    feed = await serve(
        high_water_bytes=HIGH_WATER_BYTES,
        slow_timeout_s=60,  # who is paused is waited for, however busy the machine is
        keepalive_s=0.05,
        mark_interval_s=0.2,
        ping_interval_s=0.2,
    )
    party = Party(feed, transport)
    async with AsyncExitStack() as stack:
        await party.begin(stack)
        for listener in joiners:
            await party.join(listener, stack)
        await party.publish(KEYFRAME_EVERY)
        await party.be_silent()
        await party.hear_all()
        party.check_sharing()
        await party.pause_all()
        await party.be_silent()
        await party.publish(KEYFRAME_EVERY)
        await party.hear_all()
        party.check_sharing()
        party.check()


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
            feed.url("/v1/ws", "ws"), compression=None, extensions=extensions, max_queue=2
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
        self._process.send_signal(signal.SIGSTOP)

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

    def hold(self) -> None:
        """Block the page's only thread, so that it takes nothing any more."""
        if self.held is None:
            self.let_go.clear()
            self.held = asyncio.create_task(self.page.evaluate("hold()"))

    async def go_on(self) -> None:
        if self.held is not None:
            self.let_go.set()
            held, self.held = self.held, None
            await held

    async def _answer(self, route: Any) -> None:
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
        self._page.hold()

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
        browser = await started.chromium.launch(executable_path=chromium)
        yield Page(await browser.new_page())
        await browser.close()


async def test_chromium(serve: Serve, page: Page) -> None:
    await compare(serve, "websocket-json", InPage("socket", page), InPage("source", page))
