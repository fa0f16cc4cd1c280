"""`python -m benchmarks.bus [--rates N,…] [--seconds S] [--rounds N]`: what the bus costs.

A simulated market goes through a writer, NATS and an edge to one subscriber, and for comparison
from one server to it; each is a process of its own. CPU time is that of a whole process, from the
scheduler's nanoseconds, with and without the subscriber. Medians of the rounds.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp

from tests.fakes.feed_program import FeedProgram
from tests.fakes.nats import NatsServer

WARM_S = 3.0
_NS = 1e9


def cpu_ns(pid: int) -> int:
    """Return the CPU time of all threads of a process."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks)


async def sequence(server: FeedProgram) -> int:
    """Return the newest sequence of a server."""
    url = f"http://127.0.0.1:{server.port}/v1/status"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        told = await answer.json()
    return int(told["pos"].rpartition("-")[2])


async def cost(server: FeedProgram, seconds: float, pid: int | None = None) -> float:
    """Return the CPU time of a process per tick of a server, in µs."""
    measured = server.pid if pid is None else pid
    before, first = cpu_ns(measured), await sequence(server)
    await asyncio.sleep(seconds)
    spent = cpu_ns(measured) - before
    return spent / 1e3 / max(1, await sequence(server) - first)


async def read(server: FeedProgram, seconds: float) -> dict[str, Any]:
    """Return what a subscriber saw."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.bus.reader"),
        *("127.0.0.1", str(server.port), str(seconds), str(WARM_S)),
        stdout=PIPE,
    )
    told, _ = await process.communicate()
    return dict(json.loads(told))


async def through_bus(rate: int, seconds: float, folder: Path) -> dict[str, Any]:
    """Measure an edge."""
    async with AsyncExitStack() as stack:
        bus = await stack.enter_async_context(NatsServer(folder))
        address = str(bus.address())
        source = f"sim?rate={rate}"
        ingest = FeedProgram(
            ("ingest", "--source", source, "--bus", address, "--bus-storage", "memory")
        )
        writer = await stack.enter_async_context(ingest)
        edge = await stack.enter_async_context(FeedProgram(("serve", "--source", address)))
        await asyncio.sleep(WARM_S)
        idle = await cost(edge, seconds)
        reading = asyncio.create_task(read(edge, seconds))
        await asyncio.sleep(WARM_S)
        busy, written = await asyncio.gather(
            cost(edge, seconds), cost(edge, seconds, pid=writer.pid)
        )
        seen = await reading
    return {**seen, "edge_us": idle, "edge_read_us": busy, "writer_us": written}


async def direct(rate: int, seconds: float) -> dict[str, Any]:
    """Measure one server."""
    async with FeedProgram(("serve", "--source", f"sim?rate={rate}")) as server:
        await asyncio.sleep(WARM_S)
        return await read(server, seconds)


async def measure(given: argparse.Namespace) -> None:
    """Measure, and print a table."""
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {given.seconds:g} s a window")
    print("rate     edge µs/tick  read  writer   bus p50 ms   p99   direct p50 ms   p99")
    for rate in given.rates:
        with_bus, without = [], []
        for _ in range(given.rounds):
            with tempfile.TemporaryDirectory(prefix="feed-bus") as folder:
                with_bus.append(await through_bus(rate, given.seconds, Path(folder)))
            without.append(await direct(rate, given.seconds))

        def mid(rows: list[dict[str, Any]], name: str) -> float:
            return float(statistics.median(row[name] for row in rows))

        print(
            f"{rate:>6,}  {mid(with_bus, 'edge_us'):>12.2f} {mid(with_bus, 'edge_read_us'):>6.2f}"
            f" {mid(with_bus, 'writer_us'):>7.2f} {mid(with_bus, 'oldest_p50_us') / 1e3:>12.2f}"
            f" {mid(with_bus, 'oldest_p99_us') / 1e3:>6.1f}"
            f" {mid(without, 'oldest_p50_us') / 1e3:>14.2f}"
            f" {mid(without, 'oldest_p99_us') / 1e3:>6.1f}",
            flush=True,
        )


def main() -> int:
    """Read the command line, and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bus", description=__doc__)
    parser.add_argument("--rates", type=lambda text: [*map(int, text.split(","))])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    given.rates = given.rates or [1_000, 5_000, 20_000]
    began_s = time.monotonic()
    asyncio.run(measure(given))
    print(f"{time.monotonic() - began_s:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
