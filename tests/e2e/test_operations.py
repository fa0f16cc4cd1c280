"""Every query of every panel and rule returns data, and changes when what it shows changes.

A real server under real load, a recording beside it, a real Prometheus with the committed rules:
scene after scene something happens to them, until every query that is about it has changed.
"""

import asyncio
import itertools
import os
import re
import resource
import shutil
import signal
import sys
import time
import warnings
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx
import pytest
import trustme

from tests.e2e.cluster_work import Cluster, open_cluster
from tests.e2e.conftest import Program, Run
from tests.e2e.desk_work import NEVER, NOWHERE, ROOM, SOON, acknowledge, export, rule, talk
from tests.e2e.steered_feed import QUIET_S
from tests.fakes.keys import KeysFile
from tests.fakes.nats import BINARY as NATS_SERVER
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.ports import free_port
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, Reader, open_reader
from tests.fakes.websocket_reader import WebSocketReader
from tests.fakes.wire import Ended, Wire

pytest.importorskip("grafana_foundation_sdk", reason="grafana-foundation-sdk is not installed")

from tests.e2e.expected_changes import (
    AGED_S,
    SCENES_WITH_NATS,
    Asked,
    Change,
    How,
    everything_asked,
)
from tests.e2e.prometheus import (
    RATE_INTERVAL,
    Prometheus,
    Values,
    matching,
    prometheus,
)

SYMBOLS = 20
RING = 2_048
MAX_CONNECTIONS = 60
NO_UPSTREAM = ("--llm", "http://127.0.0.1:9/v1", "--llm-first-token-s", "0.1")  # nobody listens
OPTIONS = (
    *("--symbols", str(SYMBOLS), "--rate", "2000", "--ring", str(RING), "--batch-ms", "50"),
    *NO_UPSTREAM,
)
SLOW_TIMEOUT_S = 8  # that a busy machine needs to overrun the others
TUNABLES = {
    "stale_floor_s": 0.2,
    "stale_after_gaps": 10,
    "slow_timeout_s": SLOW_TIMEOUT_S,
    "high_water_bytes": 4_096,
    "resume_window_s": 120,
    "max_connections": MAX_CONNECTIONS,
    "max_index_entries": 1_000,
    "alerts_allow_private": True,
    "alerts_webhook_s": 2,
}
SLOW, LATE = 6, 6
ANSWER_TOKENS = 16  # half a second
FAILING = 4  # at once
BASELINE_SCRAPES = 9
BASELINE_S = 5.0  # of which the last values are what was before
MARKET = "sim?seed=1&start=2026-01-02T14:30:00Z&rate=20"
LAST_TRADES = 60_000  # of the recording; bad rows are amid them, behind what is read ahead
_TOLD_ADDRESS = re.compile(rb"http://127\.0\.0\.1:(\d+)/")


@dataclass
class Stage:
    """What scenes act on.

    Attributes:
        server: the steered one.
        prometheus: which scrapes it.
        run: starts further servers.
        folder: for their files.
        symbols: of the server.
        bench: `feed bench`, while it is measuring the server.
        stack: of what ends with the test.
        cluster: once there is one.
    """

    server: Program
    prometheus: Prometheus
    run: Run
    folder: Path
    symbols: list[str] = field(default_factory=list)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)
    bench: "asyncio.Task[None] | None" = None
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    cluster: Cluster | None = None

    @property
    def instance(self) -> str:
        return f"127.0.0.1:{self.server.port}"

    async def order(self, words: str) -> None:
        stdin = self.server.process.stdin
        assert stdin is not None
        stdin.write(f"{words}\n".encode())
        await stdin.drain()

    def drain(self, wire: Wire) -> None:
        """Read whatever comes, until the end."""

        async def read() -> None:
            try:
                while True:
                    await wire.some()
            except (Ended, TimeoutError):
                pass

        self._tasks.append(asyncio.create_task(read()))

    async def everybody_leaves(self) -> None:
        if self.bench is not None:
            await self.bench
            self.bench = None
        Wire.abort_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def usual_readers(self) -> None:
        """One reader on each transport with each codec."""
        for transport in TRANSPORTS:
            self.drain(wire_of(await open_reader(transport, self.server.address)))


def wire_of(reader: Reader) -> Wire:
    http = getattr(reader, "http", None)
    wire = http.wire if http is not None else getattr(reader, "wire", None)
    assert isinstance(wire, Wire)
    return wire


async def load(stage: Stage) -> None:
    """All ticks, more readers with symbols or keys of their own, compressed; and `feed bench`."""
    await stage.order("every 0")
    for number, symbol in enumerate(stage.symbols):
        if number % 2:
            target = f"/v1/sse?trades={symbol}&quotes={symbol}"
            http = await RawHttp.get(stage.server.address, target, {"Accept-Encoding": "gzip"})
            stage.drain(http.wire)
        else:
            reader = await WebSocketReader.connect(stage.server.address)
            await reader.begin()
            kept = {"fields": ["p"]} if number else {}
            await reader.subscribe(trades=["*"], quotes=stage.symbols[number:], **kept)
            stage.drain(reader.wire)
    prices = await open_reader("stream-json", stage.server.address, fields="p")
    stage.drain(wire_of(prices))
    stage.bench = asyncio.create_task(_bench(stage))

    async def come_and_go() -> None:
        while True:  # until it is seen: of a busy machine a scrape may be missing
            reader = await open_reader("sse-json", stage.server.address)
            wire_of(reader).abort()
            await asyncio.sleep(0.2)

    stage._tasks.append(asyncio.create_task(come_and_go()))


async def _bench(stage: Stage) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    bench = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks", "fanout", "--url", stage.server.url("")),
        *("--subscribers", "20", "--seconds", "1", "--rounds", "1", "--peers", "none"),
        stdout=PIPE,
        stderr=PIPE,
        env=environment,
    )
    said, complained = await bench.communicate()
    assert bench.returncode == 0, (said + complained).decode()
    assert b"feed, stream" in said


async def slow(stage: Stage) -> None:
    """Some read nothing at all; others pause until the ring has overrun them, and then go on."""
    await stage.order("every 0")

    async def stalled(count: int) -> list[WebSocketReader]:
        readers = []
        for _ in range(count):
            reader = await WebSocketReader.connect(stage.server.address, receive_buffer_bytes=4_096)
            await reader.begin()
            await reader.subscribe(trades=["*"], quotes=["*"])
            readers.append(reader)
        return readers

    # Until it is seen: of a busy machine a scrape may be missing.
    async def be_dropped() -> None:
        while True:
            await stalled(SLOW)
            await asyncio.sleep(2 * SLOW_TIMEOUT_S)

    async def be_overrun() -> None:
        while True:
            readers = await stalled(LATE)
            # The largest lag is of one of them; by then the ring has overrun them all.
            await stage.server.until_metric("feed_largest_lag_ticks", 1.5 * RING)
            for reader in readers:
                stage.drain(reader.wire)
            await asyncio.sleep(1)
            for reader in readers:
                reader.wire.abort()

    stage._tasks += [asyncio.create_task(be_dropped()), asyncio.create_task(be_overrun())]


async def resumes(stage: Stage) -> None:
    """Some come back in time, some too late, some from before a restart."""
    status = await stage.server.document("/v1/status")
    epoch, _, newest = status["pos"].partition("-")
    for after in (f"{epoch}-{int(newest) - 1}", f"{epoch}-1", "elsewhere-7"):
        stage.drain(wire_of(await open_reader("stream-json", stage.server.address, after=after)))


async def refused(stage: Stage) -> None:
    """More readers than are let in; some come again and again."""
    for _ in range(MAX_CONNECTIONS):
        http = await RawHttp.get(stage.server.address, "/v1/sse?trades=*")
        stage.drain(http.wire)

    async def come_again() -> None:
        while True:  # until it is seen: of a busy machine a scrape may be missing
            http = await RawHttp.get(stage.server.address, "/v1/sse?trades=*")
            await http.wire.rest()
            http.wire.abort()
            await asyncio.sleep(0.1)

    stage._tasks.append(asyncio.create_task(come_again()))


async def silent(stage: Stage) -> None:
    """The source gives nothing any more, and says nothing."""
    await stage.order("stall")


async def muted(stage: Stage) -> None:
    """Most symbols stop, the others go on: of busy ones it is soon known that they are stale."""
    await stage.order("every 0")
    await stage.order(f"mute {','.join(stage.symbols[: SYMBOLS * 3 // 4])}")


async def down(stage: Stage) -> None:
    """The source dies, and cannot be opened again."""
    await stage.order("die")


async def held(stage: Stage) -> None:
    """Something holds the event loop between ticks and their cut, again and again."""
    await stage.order("every 0")
    await stage.order("hold 1.2")


async def reports(stage: Stage) -> None:
    """Readers report that prices are old, and too many of them."""
    reader = await WebSocketReader.connect(stage.server.address)
    await reader.begin()
    reader.say({"action": "feedback", "ages_ms": [7, 20_000]})
    stage.drain(reader.wire)

    async def post() -> None:
        body = {"transport": "sse", "ages_ms": [30_000] * 20}
        async with httpx.AsyncClient(timeout=None) as client:
            for number in itertools.count():  # until it is seen
                reader.say({"action": "feedback", "ages_ms": [9_000, 20_000]})
                for _ in range(120 if number % 4 == 0 else 1):
                    await client.post(stage.server.url("/v1/feedback"), json=body)
                await asyncio.sleep(0.1)

    stage._tasks.append(asyncio.create_task(post()))


async def answers(stage: Stage) -> None:
    """The built-in model answers, is read again and watched; an upstream that is gone does not."""
    question = {"input": "What moved?", "max_output_tokens": ANSWER_TOKENS}

    async def ask(client: httpx.AsyncClient) -> None:
        body = {**question, "model": "market", "stream": True}
        async with client.stream("POST", "/v1/responses", json=body) as answer:
            key = answer.headers["Feed-Generation"]
            watcher = await open_reader("sse-json", stage.server.address, generations=key)
            async for _ in answer.aiter_lines():
                pass
            watcher.abort()
        for after in ({}, {"starting_after": "3"}):
            again = await client.get(f"/v1/responses/{key}", params={"stream": "true", **after})
            assert "response.incomplete" in again.text

    async def fail(client: httpx.AsyncClient) -> None:
        answer = await client.post("/v1/responses", json={**question, "model": "gone"})
        assert answer.is_server_error, answer.text  # of a busy machine also that it was late

    async def go_on(step: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
        async with httpx.AsyncClient(base_url=stage.server.url(""), timeout=None) as client:
            while True:
                await step(client)

    steps = (ask, *(fail,) * FAILING)
    stage._tasks += [asyncio.create_task(go_on(step)) for step in steps]


async def desk(stage: Stage) -> None:
    """Somebody talks in a room, keeps its list, exports the ring, and is alerted."""

    async def go_on() -> None:
        async with httpx.AsyncClient(base_url=stage.server.url(""), timeout=None) as client:
            await rule(client, stage.symbols[0], NEVER)
            for number in itertools.count():
                fired = [await rule(client, symbol, SOON, NOWHERE) for symbol in stage.symbols]
                await talk(client, number)
                await export(client)
                for waiting in ("feed_alert_firings_waiting > 0", "feed_webhooks_waiting == 0"):
                    await stage.prometheus.until(waiting)
                await acknowledge(client)
                for path in fired:
                    await client.delete(path)

    stage._tasks.append(asyncio.create_task(go_on()))


async def odd(stage: Stage) -> None:
    """Ticks are old when they come, or late, or of another year; memory and time are taken."""

    async def go_on() -> None:
        while True:
            for order in ("odd", "collect", "eat", *["work 0.05"] * 5):
                await stage.order(order)
                await stage.server.text("/healthz")  # or orders would wait for a busy machine
                await asyncio.sleep(0.1)

    await stage.order("every 0")
    await stage.order(f"age {AGED_S}")
    stage._tasks.append(asyncio.create_task(go_on()))


async def recording(stage: Stage) -> None:
    """A second server replays a recording with bad rows to a reader that is slow, to its end."""
    file = stage.folder / "day.ndjson"
    with file.open("w") as out:
        for number in range(1, LAST_TRADES + 1):
            second = f"2020-02-22T00:{number // 6_000:02}:{number // 100 % 60:02}"
            out.write(
                f'{{"T":"t","S":"AAPL","i":{number},"x":"V","p":1.5,"s":1,"c":["@"],"z":"C",'
                f'"t":"{second}.{number % 100:02}Z"}}\n'
            )
            if number % 1_000 == 0:
                out.write("this is no tick\n")
    server = await stage.run(
        *("--source", f"replay:{file}", "--speed", "max", "--wait-for", "1", "--ring", "1024")
    )
    instance = f"127.0.0.1:{server.port}"
    stage.prometheus.scrape(stage.instance, instance)
    await stage.prometheus.until(f'feed_source_up{{instance="{instance}"}} == 1')
    http = await RawHttp.get(server.address, "/v1/stream?trades=*", receive_buffer_bytes=65_536)

    async def read_slowly() -> None:
        while True:
            await http.wire.some()
            await asyncio.sleep(0.05)

    stage._tasks.append(asyncio.create_task(read_slowly()))


async def following(stage: Stage) -> None:
    """A third server follows the first."""
    server = await stage.run("--source", f"feed:{stage.server.url('')}")
    server.may_say = ("source_failed",)  # when the first one is started anew
    instance = f"127.0.0.1:{server.port}"
    stage.prometheus.scrape(stage.instance, instance)
    await stage.prometheus.until(f'feed_source_up{{instance="{instance}"}} == 1')


async def keys(stage: Stage) -> None:
    """A server encrypts, and has to read a keys file that is broken by then.

    Its sources are a pair, and one that tells of the same symbols.
    """
    file = KeysFile(stage.folder / "keys.toml")
    file.add("desk")
    pair = trustme.CA().issue_cert(
        "127.0.0.1",
        not_before=datetime.now(UTC) - timedelta(days=30),
        not_after=datetime.now(UTC) + timedelta(days=1),
    )
    certificate = stage.folder / "certificate.pem"
    pair.private_key_and_cert_chain_pem.write_to_path(certificate)
    options = ("--tls-cert", str(certificate), "--tls-key", str(certificate))
    sides = ("--source", f"a={MARKET}", "--source", f"b={MARKET}", "--pair", "a,b")
    server = await stage.run(
        *("--keys", str(file.path), *options), *sides, *("--source", "c=sim?rate=20")
    )
    instance = f"127.0.0.1:{server.port}"
    stage.prometheus.scrape(stage.instance, encrypted=instance)
    await stage.prometheus.until(f'feed_keys{{instance="{instance}"}} == 1')
    file.path.write_text("this is no TOML")
    await stage.prometheus.until(f'feed_keys_file_broken{{instance="{instance}"}} == 1')


async def state(stage: Stage) -> None:
    """A server goes on where one that was killed had been, until its disk takes nothing more.

    Nor can what is exported then be written, or what is deleted be erased.
    """
    options = ("--state", str(stage.folder / "state"))
    killed = await stage.run(*options)
    await killed.until_metric("feed_state_written_bytes_total", 1)
    async with httpx.AsyncClient(base_url=killed.url(""), timeout=None) as client:
        await talk(client, 0)
    killed.terminate(signal.SIGKILL)
    await killed.ended()
    # Its files will end after 4 kB, and so would bytecode that it, or a job, is the first to keep.
    server = await stage.run(*options, environment={"PYTHONDONTWRITEBYTECODE": "1"})
    instance = f"127.0.0.1:{server.port}"
    stage.prometheus.scrape(stage.instance, instance)
    await stage.prometheus.until(f'feed_state_recovery{{instance="{instance}"}} == 1')
    await stage.prometheus.until(
        f'rate(feed_state_written_bytes_total{{instance="{instance}"}}[2s]) > 0'
    )
    async with httpx.AsyncClient(base_url=server.url(""), timeout=None) as client:
        await rule(client, stage.symbols[0], NEVER)
    server.may_say = (
        *("state_unlogged", "checkpoint_failed", "job_not_kept", "alerts_not_kept"),
        *("erasing_failed", "erasing_incomplete"),
    )
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (4_096, 4_096))
    await stage.prometheus.until(f'feed_state_unlogged{{instance="{instance}"}} == 1')

    failed = f'increase(feed_job_failures_total{{instance="{instance}"}}[5s]) > 0'
    async with (
        asyncio.timeout(2 * PROGRAM_PATIENCE_S),
        httpx.AsyncClient(base_url=server.url(""), timeout=None) as client,
    ):
        await client.delete(f"{ROOM}/messages/m0")
        while not await stage.prometheus.has(failed):  # of a busy machine scrapes may be missing
            await export(client)


async def workers(stage: Stage) -> None:
    """A process of a server dies, and so does the one in its place."""
    server = await stage.run("--workers", "1", "--source", "sim?rate=20")
    server.may_say = ("worker_died",)
    instance = f"127.0.0.1:{server.port}"
    stage.prometheus.scrape(stage.instance, instance)
    await stage.prometheus.until(f'feed_worker_up{{instance="{instance}"}} == 1')

    for count in (1, 2):
        status = await server.document("/v1/status")
        [edge] = [each["pid"] for each in status["workers"] if each["kind"] == "edge"]
        os.kill(edge, signal.SIGKILL)
        died = f'feed_worker_restarts_total{{instance="{instance}", worker="edge-1"}}'
        await stage.prometheus.until(f"{died} >= {count}")


async def bus(stage: Stage) -> None:
    """Two servers write to a log, of which one leads; and an edge follows it."""
    cluster = stage.cluster = await open_cluster(stage.folder, stage.stack)
    edge = await stage.run("--source", str(cluster.nats.address()))
    edge.may_say = ("source_failed",)
    instance = f"127.0.0.1:{edge.port}"
    stage.prometheus.scrape(stage.instance, *cluster.addresses, instance)
    await stage.prometheus.until(f'feed_source_up{{instance="{instance}"}} == 1')
    http = await RawHttp.get(edge.address, "/v1/sse?trades=*")
    stage.drain(http.wire)


async def takeover(stage: Stage) -> None:
    """The one that leads hangs, and the other takes its place; and the same once more."""
    assert stage.cluster is not None
    stage.prometheus.scrape(stage.instance, *stage.cluster.addresses)
    await stage.prometheus.until('feed_bus_role{role="standby"} == 1')
    for _ in range(2):
        await stage.cluster.take_over()


async def nats_away(stage: Stage) -> None:
    """NATS is gone, and then the one that leads."""
    assert stage.cluster is not None
    stage.prometheus.scrape(stage.instance, *stage.cluster.addresses)
    await stage.prometheus.until('feed_bus_role{role="standby"} == 1')
    await stage.cluster.nats.kill()
    await stage.prometheus.until('ALERTS{alertname="FeedBusLag", alertstate="firing"}')
    await stage.prometheus.until("rate(feed_bus_dropped_total[2s]) > 0")
    await stage.cluster.writers.kill(stage.cluster.leader)


async def restart(stage: Stage) -> None:
    """The server ends, is missed, and comes back at the same address; so do its readers."""
    position = (await stage.server.document("/v1/status"))["pos"]
    stage.server.terminate()
    await stage.server.ended()
    await stage.prometheus.until(f'up{{instance="{stage.instance}"}} == 0')
    stage.server = await start_steered(stage.server.port)

    async def come_back() -> None:
        while True:
            reader = await open_reader("sse-json", stage.server.address, after=position)
            wire_of(reader).abort()
            await asyncio.sleep(0.2)

    await stage.prometheus.until(f'up{{instance="{stage.instance}"}} == 1')
    stage._tasks.append(asyncio.create_task(come_back()))


SCENES = (
    *(load, slow, resumes, refused, silent, muted, down, held, reports, answers, desk, odd),
    *(workers, bus, takeover, nats_away),
    *(recording, following, keys, state, restart),
)


async def start_steered(port: int) -> Program:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.e2e.steered_feed", "--port", str(port), *OPTIONS),
        env={**os.environ, **{f"FEED_{name.upper()}": str(v) for name, v in TUNABLES.items()}},
        cwd=Path(__file__).parents[2],
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    log = asyncio.create_task(process.stderr.read())
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        while line := await process.stdout.readline():
            if match := _TOLD_ADDRESS.search(line):
                return Program(process, int(match[1]), log)
    raise AssertionError(f"the server did not start: {(await log).decode()}")


@pytest.fixture
async def stage(run: Run, tmp_path: Path) -> AsyncIterator[Stage]:
    if shutil.which("prometheus") is None:
        pytest.skip("prometheus is not installed (Debian: prometheus)")
    pytest.importorskip("hdrh", reason="the bench extra is not installed")
    # A port that it gets again once it was ended: see the last scene.
    server = await start_steered(free_port())
    try:
        async with prometheus(tmp_path, free_port()) as watching, AsyncExitStack() as ended:
            made = Stage(server, watching, run, tmp_path, stack=ended)
            listed = await server.document("/v1/symbols")
            made.symbols = [symbol["symbol"] for symbol in listed["symbols"]]
            watching.scrape(made.instance)
            yield made
            await made.everybody_leaves()
            server = made.server
    finally:
        if server.process.returncode is None:
            server.process.kill()
        await server.ended()


def asked_of_prometheus(promql: str) -> str:
    """Put in what Grafana would."""
    return (
        promql.replace("$__rate_interval", RATE_INTERVAL)
        .replace("$instance", ".*")
        .replace("$source", ".*")
    )


def has_changed(change: Change, before: Values, now: Values) -> bool:
    """Tell whether a series of a query does what is expected of it."""
    found = matching(now, change.labels)
    return any(_does(change, before.get(series), values) for series, values in found.items())


def _does(change: Change, known: list[float] | None, values: list[float]) -> bool:
    if known is None:
        # A rate of what never happened is 0 and is data; no series at all is what appears.
        return change.how in {How.APPEARS, How.RISES, How.STANDS}
    usual = median(known)  # of a busy machine it may have been as high for a moment before
    return {
        How.RISES: max(values) > max(change.times * usual, 0),
        How.FALLS: min(values) < usual / change.times,
        How.REACHES: max(values) >= change.least,
        How.DIFFERS: bool(set(values) - set(known)),
        How.STANDS: True,
        How.APPEARS: False,
    }[change.how]


async def baseline(stage: Stage, queries: list[Asked]) -> dict[str, Values]:
    """Return what all queries were lately, once there is something that can fall or differ."""
    deadline_s = time.monotonic() + PROGRAM_PATIENCE_S
    while True:
        until_s = time.time()
        found = {
            asked.where: await stage.prometheus.values(
                asked_of_prometheus(asked.promql), until_s - BASELINE_S, until_s
            )
            for asked in queries
        }
        missing = [
            asked.where
            for asked in queries
            if asked.change.how in {How.FALLS, How.DIFFERS, How.REACHES}
            and not matching(found[asked.where], asked.change.labels)
        ]
        if not missing:
            return found
        assert time.monotonic() < deadline_s, f"nothing is told by {missing}"
        await asyncio.sleep(0.25)


async def unchanged(
    stage: Stage, queries: list[Asked], before: dict[str, Values], since_s: float
) -> list[str]:
    """Return those of the queries that have not changed since a time, with what they are."""
    found = []
    for asked in queries:
        promql = asked_of_prometheus(asked.promql)
        now = await stage.prometheus.values(promql, since_s, time.time())
        if not has_changed(asked.change, before[asked.where], now):
            seen = {tuple(sorted(series)): values[-3:] for series, values in now.items()}
            found.append(f"{asked.where} {asked.change}: {seen}; before {before[asked.where]}")
    return found


@pytest.mark.timeout(600)
async def test_every_query_of_every_panel_and_rule_follows_what_it_shows(stage: Stage) -> None:
    everything = list(everything_asked())
    scenes = {scene.__name__: scene for scene in SCENES}
    assert {asked.change.scene for asked in everything} <= set(scenes)
    if NATS_SERVER is None:
        warnings.warn("nats-server is not installed: panels of clusters are left out", stacklevel=1)
        for name in SCENES_WITH_NATS:
            del scenes[name]
        everything = [asked for asked in everything if asked.change.scene in scenes]
    await stage.usual_readers()
    await stage.prometheus.until(f"count_over_time(up[1m]) >= {BASELINE_SCRAPES}")
    before = await baseline(stage, everything)
    for name, act in scenes.items():
        began_s = time.time()
        await act(stage)
        waiting = [asked for asked in everything if asked.change.scene == name]
        left = await unchanged(stage, waiting, before, began_s)
        deadline_s = time.monotonic() + 2 * PROGRAM_PATIENCE_S
        while left and time.monotonic() < deadline_s:
            await asyncio.sleep(0.25)
            left = await unchanged(stage, waiting, before, began_s)
        assert not left, f"in the scene {name!r} nothing changed in:\n" + "\n".join(left)
        await stage.everybody_leaves()
        await stage.order("go")
        await stage.order(f"every {QUIET_S}")
        await stage.usual_readers()
