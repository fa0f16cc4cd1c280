"""Clients in Go: the dialect's SDK, two libraries of WebSockets, and lines as Go reads them."""

import json
import re
import shutil
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from feed.market.ticks import Tick
from feed.wire.protobuf_codec import PROTOBUF
from tests.e2e.conftest import Program, Run
from tests.fakes.chaos import ChaosProxy
from tests.fakes.servers import Feed, Serve, trades
from tests.fakes.short_key import guarded, outcomes
from tests.toolchains.foreign import Foreign, Start, build, fetch, once, tool

pytestmark = [pytest.mark.toolchains, pytest.mark.timeout(300)]

SOURCES = Path(__file__).parent / "go"
START = "2026-01-02T14:30:58.5Z"  # 1.5 s before a minute bar is finished
CLASSES = {
    "stocks": ("/v2", ["AAPL", "MSFT"], ["NVDA"]),
    "crypto": ("/v1beta3/crypto", ["BTC/USD", "ETH/USD"], ["SOL/USD"]),
}
EACH_CLASS = pytest.mark.parametrize("asset_class", CLASSES)
CUTS = 3  # amid deflated messages
DEFAULT_LIMIT_BYTES = 32 * 1024  # of a message, in coder/websocket
# What is not tuned is compiled in two thirds of the time, standard library and all.
UNTUNED = ["-gcflags=all=-N -l -dwarf=false", "-ldflags=-s -w"]
SCANNED_BYTES = 64 * 1024  # of a line, in bufio


@pytest.fixture(scope="session")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the programs of `go/`, by the ordinary caches of whoever runs the tests."""
    go = tool("go", package="golang-go", folders=["/usr/local/go/bin"])

    def make(folder: Path) -> None:
        shutil.copytree(SOURCES, folder, dirs_exist_ok=True)
        fetch([go, "mod", "download"], folder)
        build([go, "build", *UNTUNED, "-o", "clients", "."], folder)

    return once(tmp_path_factory, "go", make) / "clients"


# The dialect's SDK.


async def hear(sdk: Foreign, *, amid_cuts: bool = False) -> dict[str, Any]:
    """Return what the SDK said next; it understands all, drops nothing, and is told no error.

    Amid cuts it may not: its WebSocket library takes deflated messages that are cut for whole ones.
    """
    heard: dict[str, Any] = json.loads(await sdk.next())
    words = heard.get("words", "")
    assert heard["what"] != "error" or (amid_cuts and "could not handle message" in words), heard
    assert not re.search("error from server|dropped", words), heard
    return heard


async def hear_kinds(
    sdk: Foreign, *, amid_cuts: bool = False, **least: int
) -> dict[str, list[dict[str, Any]]]:
    """Listen until so much of each kind was heard."""
    kinds: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    while any(len(kinds[kind]) < count for kind, count in least.items()):
        heard = await hear(sdk, amid_cuts=amid_cuts)
        kinds[heard["what"]].append(heard)
    return kinds


def base(proxy: ChaosProxy, path: str) -> str:
    """Return the base URL of a class's streams, through the proxy."""
    return f"http://127.0.0.1:{proxy.port}{path}"


async def restart(run: Run, program: Program, proxy: ChaosProxy, *arguments: str) -> Program:
    """Let a server leave, and another one come in its place; all was deflated."""
    program.terminate()
    _, log = await program.ended()
    logged = (json.loads(line) for line in log.splitlines())
    assert {line["compressed"] for line in logged if line["event"] == "connected"} == {True}
    program = await run(*arguments)
    proxy.server_port = program.port
    return program


@EACH_CLASS
async def test_the_sdk_in_go_hears_a_simulated_market_through_cuts_and_a_restart(
    run: Run, start: Start, clients: Path, asset_class: str
) -> None:
    path, symbols, others = CLASSES[asset_class]
    every = [*symbols, *others]
    foreign = [each for _, some, more in CLASSES.values() for each in [*some, *more]]
    market = (
        *("--symbols", ",".join(foreign), "--rate", "500", "--seed", "7"),
        *("--start", START, "--wait-for", "1"),
    )
    program = await run(*market)
    async with ChaosProxy(program.port, seed=7, mean_bytes=8_192, spared_bytes=8_192) as proxy:
        sdk = await start(
            *(clients, "alpaca", asset_class, base(proxy, path), ",".join(symbols), "*")
        )
        least = {"trade": 40, "quote": 80, "subscribed": 1, "connected": CUTS + 1}
        first = await hear_kinds(sdk, amid_cuts=True, **least)
        proxy.calm = True
        calm = await hear_kinds(sdk, amid_cuts=True, trade=40)
        trades = [*first["trade"], *calm["trade"]]
        history = await program.document(f"/v1/history?trades={','.join(symbols)}&limit=10000")
        known = {(tick["S"], tick["i"]): tick for tick in history["ticks"]}
        for trade in trades:
            tick = known[trade["symbol"], trade["id"]]
            assert (trade["price"], trade["size"]) == (tick["p"], tick["s"])
            assert trade["time_ns"] == nanoseconds(tick["t"])
        ids = [[trade["id"] for trade in trades if trade["symbol"] == name] for name in symbols]
        steps = [after - before for some in ids for before, after in pairwise(some)]
        assert min(steps) == 1, "nothing comes twice, and all in order"
        assert sum(step > 1 for step in steps) <= len(symbols) * proxy.connections, "but for cuts"
        await restart(run, program, proxy, *market)
        # The bars of a minute come once, and a cut may have hit the first server's.
        again = await hear_kinds(sdk, connected=1, trade=40, quote=80, bar=1)
    for kinds in (first, calm, again):
        assert {trade["symbol"] for trade in kinds["trade"]} <= set(symbols)
        assert {quote["symbol"] for quote in kinds["quote"]} <= set(every)
        assert {bar["symbol"] for bar in kinds["bar"]} <= set(symbols)
    assert {quote["symbol"] for quote in again["quote"]} > set(symbols), "every one of its class"


def nanoseconds(text: str) -> int:
    """Return a time of the wire in nanoseconds."""
    second = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
    return int(second.timestamp()) * 10**9 + int(text[20:29])


def recording(folder: Path) -> tuple[Path, list[dict[str, Any]]]:
    """Write what shares and pairs did in three minutes; return the trades."""
    begin = datetime(2026, 1, 2, 14, 30, tzinfo=UTC)
    rows: list[dict[str, Any]] = []
    for number in range(1, 181):
        time = (begin + timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S.000000000Z")
        share = {"S": ("AAPL", "MSFT")[number % 2], "t": time}
        pair = {"S": ("BTC/USD", "ETH/USD")[number % 2], "t": time}
        rows += [
            {"T": "t", **share, "i": number, "x": "V", "p": 190 + number / 4, "s": 100 * number},
            {"T": "t", **pair, "i": number, "x": "CBSE", "p": 60_000.5, "s": number / 8},
            {"T": "q", **share, "bp": 190.25, "bs": 7, "ap": 190.5, "as": 4_294_967_295},
            {"T": "q", **pair, "bp": 60_000.0, "bs": 0.25, "ap": 60_001.0, "as": 2},
        ]
    path = folder / "day.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path, [row for row in rows if row["T"] == "t"]


@EACH_CLASS
async def test_the_sdk_in_go_hears_every_trade_of_a_replay_and_of_the_next_one(
    run: Run, start: Start, clients: Path, asset_class: str, tmp_path: Path
) -> None:
    path, symbols, _ = CLASSES[asset_class]
    day, rows = recording(tmp_path)
    replay = ("--source", f"replay:{day}", "--speed", "max", "--wait-for", "1")
    due = [(row["S"], row["i"], row["s"]) for row in rows if row["S"] in symbols]
    program = await run(*replay)
    async with ChaosProxy(program.port, seed=7, mean_bytes=1, spared_bytes=0) as proxy:
        proxy.calm = True
        sdk = await start(clients, "alpaca", asset_class, base(proxy, path), "*", symbols[0])
        for _ in range(2):
            kinds = await hear_kinds(sdk, trade=len(due), quote=len(due) // 2, bar=3, connected=1)
            heard = [(trade["symbol"], trade["id"], trade["size"]) for trade in kinds["trade"]]
            assert heard == due
            assert {quote["symbol"] for quote in kinds["quote"]} == {symbols[0]}
            assert {bar["symbol"] for bar in kinds["bar"]} <= set(symbols)
            program = await restart(run, program, proxy, *replay)


async def test_the_sdk_in_go_lives_by_its_key(
    serve: Serve, start: Start, clients: Path, tmp_path: Path
) -> None:
    feed, keys = await guarded(serve, tmp_path)
    sdk = (clients, "alpaca", "stocks", feed.url("/v2"), "AAPL", "AAPL")
    go = await start(*sdk, keys.id, keys.secret)
    assert json.loads(await go.next()) == {"what": "connected"}
    await feed.publish(*trades(1, 5))
    heard = await hear_kinds(go, trade=5)
    assert [trade["id"] for trade in heard["trade"]] == [1, 2, 3, 4, 5]
    keys.expire()
    status, words = await ended(go)
    assert (status, "invalid credentials" in words) == (1, True), "it does not come back for ever"
    assert outcomes(feed) == {"accepted": 1, "expired": 1}
    for key, secret in ((keys.id, "another"), ("unknown", keys.secret)):
        status, words = await ended(await start(*sdk, key, secret))
        assert (status, "invalid credentials" in words) == (1, True)
    assert outcomes(feed) == {"accepted": 1, "expired": 1, "wrong": 1, "unknown": 1}


# WebSocket libraries.


def subscription(**asked: object) -> str:
    return json.dumps({"action": "subscribe", "trades": ["*"], "marks": True, **asked})


async def read_ids(client: Foreign, last: int) -> tuple[list[int], str, int]:
    """Read until a trade; return the ids, the last position, and the length of the longest."""
    ids: list[int] = []
    position, longest = "", 0
    while not ids or ids[-1] != last:
        data = await client.next()
        longest = max(longest, len(data))
        text = data.startswith(b"[{")  # control messages beside Protobuf are JSON too
        for message in json.loads(data) if text else PROTOBUF.decode(data):
            if message["T"] == "t":
                ids.append(message["i"])
            position = message["pos"] if message["T"] == "mark" else position
    return ids, position, longest


async def test_gorilla_reads_what_is_deflated(serve: Serve, start: Start, clients: Path) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 500))
    url = feed.url("/v1/ws", "ws")
    gorilla = await start(clients, "gorilla", url, "feed.json", subscription(after="0"))
    ids, _, _ = await read_ids(gorilla, 500)
    (session,) = feed.hub.sessions.values()
    compression = session.subscriber.lane.compression
    assert compression is not None, "it offered compression"
    assert not compression.shared, "and that the server's messages stand alone"
    await feed.publish(*trades(501, 505))
    more, _, _ = await read_ids(gorilla, 505)
    assert ids + more == list(range(1, 506))
    await feed.hub.departure.finish()
    assert await ended(gorilla) == (0, "")


async def ended(client: Foreign) -> tuple[int, str]:
    """Wait for the end of a client that was told goodbye."""
    while await client.line() is not None:
        pass
    return await client.ended()


BURST = 5_000  # ticks at once: 0.7 MB of JSON


async def publish_burst(feed: Feed, first: int) -> int:
    """Publish as much as a market of 5,000 ticks/s does in a second; return the last number."""
    burst: list[Tick] = trades(first, first + BURST - 1)
    await feed.publish(*burst)
    return first + BURST - 1


@pytest.mark.parametrize("codec", ["json", "protobuf"])
async def test_coder_reads_all_of_it_with_its_limit_of_32_kib(
    serve: Serve, start: Start, clients: Path, codec: str
) -> None:
    """It comes back where it was, again and again: no message is too long for it, old or new."""
    feed = await serve(lag_max_ticks=1 << 20)
    last = await publish_burst(feed, 1)
    url = feed.url("/v1/ws", "ws")
    seen: list[int] = []
    position = "0"
    for _ in range(3):
        coder = await start(clients, "coder", url, f"feed.{codec}", subscription(after=position))
        last = await publish_burst(feed, last + 1)
        ids, position, longest = await read_ids(coder, last)
        seen += ids
        assert DEFAULT_LIMIT_BYTES // 2 < longest <= DEFAULT_LIMIT_BYTES
        await coder.kill()
        last = await publish_burst(feed, last + 1)
    assert seen == list(range(1, last - BURST + 1))


@pytest.mark.parametrize("path", ["/v1/stream", "/v1/sse"])
async def test_bufio_scans_every_line_of_a_gzipped_stream_to_its_end(
    serve: Serve, start: Start, clients: Path, path: str
) -> None:
    feed = await serve(lag_max_ticks=1 << 20)
    last = await publish_burst(feed, 1)
    scanner = await start(clients, "scanner", feed.url(f"{path}?trades=*&after=0"))
    last = await publish_burst(feed, last + 1)
    lines = [await scanner.next()]
    while f'"i":{last},' not in lines[-1].decode():
        lines.append(await scanner.next())
    assert SCANNED_BYTES // 4 < max(map(len, lines)) < SCANNED_BYTES
    arrays = [line.removeprefix(b"data: ") for line in lines if b'"T":"t"' in line]
    told = [message for array in arrays for message in json.loads(array)]
    assert [each["i"] for each in told if each["T"] == "t"] == list(range(1, last + 1))
    await feed.hub.departure.finish()
    assert await ended(scanner) == (0, ""), "the end of gzip is an end"
