"""A server of several processes: they die, are replaced and end, and no subscriber misses a trade.

Trades of the simulated market are numbered by symbol, so that a reader sees what it has missed, or
has twice, in what it reads.
"""

import asyncio
import os
import signal
import sys
from typing import Any

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.conftest import Program, Run
from tests.fakes.patience import PROGRAM_PATIENCE_S, until
from tests.fakes.programs import stop
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import Reader, open_reader
from tests.fakes.wire import Address, Ended

READERS = 8
SYMBOLS = 5
ORPHANED_S = 1.0  # within which a writer that waits for nobody would be gone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers need Linux")


class Follower:
    """Reads all trades, over one connection after the other, and notes what is not as it should.

    Attributes:
        faults: what it was told that is not the next trade of its symbol.
        trades: how many it has read.
        returns: how often it came back.
    """

    def __init__(self, address: Address) -> None:
        self._address = address
        self._position: str | None = None
        self._next: dict[str, int] = {}
        self.faults: list[object] = []
        self.trades = 0
        self.returns = 0

    async def run(self) -> None:
        while True:
            reader = await open_reader("stream-json", self._address, after=self._position)
            try:
                while True:
                    await self._read(reader)
            except Ended:
                self.returns += 1

    async def _read(self, reader: Reader) -> None:
        messages, position = await reader.read()
        for message in messages:
            if message["T"] == "t":
                symbol, number = message["S"], message["i"]
                if self._next.setdefault(symbol, number) != number:
                    self.faults.append((symbol, number, self._next[symbol]))
                self._next[symbol] = number + 1
                self.trades += 1
            elif message["T"] == "gap":
                self.faults.append(message)
        self._position = position or self._position


async def knock(address: Address, answers: list[int]) -> None:
    """Ask on one fresh connection after the other; each is answered, and none is reset."""
    while True:
        answer = await RawHttp.get(address, "/healthz")
        answers.append(answer.status)
        await answer.body()
        answer.wire.abort()
        await asyncio.sleep(0.005)


async def whole_status(program: Program, edges: int = 2) -> dict[str, Any]:
    """Return the status of all workers: one that is busy for 0.4 s is left out of others."""
    names = {"writer", *(f"edge-{number + 1}" for number in range(edges))}  # and leaving ones
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        while True:
            status: dict[str, Any] = await program.document("/v1/status")
            if names <= {each["name"] for each in status["workers"] if each["up"]}:
                return status
            await asyncio.sleep(0.1)


async def workers_of(program: Program, edges: int = 2) -> dict[str, Any]:
    """Return the workers by name, once all are there."""
    return {each["name"]: each for each in (await whole_status(program, edges))["workers"]}


async def flows(followers: list[Follower]) -> None:
    """Wait until everybody has read more than before."""
    wanted = [each.trades + 1 for each in followers]
    await until(
        lambda: all(each.trades >= count for each, count in zip(followers, wanted, strict=True)),
        PROGRAM_PATIENCE_S,
    )


@pytest.mark.timeout(300)  # eight programs are started, one after the other
async def test_nobody_misses_anything_whatever_becomes_of_workers(run: Run) -> None:
    program = await run(
        *("--symbols", str(SYMBOLS), "--rate", "100", "--workers", "2", "--local-admin"),
        *("--drain-s", "0.5"),
    )
    program.may_say = ("worker_died", "source_failed")
    followers = [Follower(program.address) for _ in range(READERS)]
    answers: list[int] = []
    tasks = [asyncio.create_task(each.run()) for each in followers]
    try:
        await flows(followers)
        first = await workers_of(program)
        await sees_everybody(program)
        await outlives(program, followers, first["edge-1"])
        await outlives(program, followers, first["writer"])
        killed = await workers_of(program)
        assert [killed[name]["restarts"] for name in ("edge-1", "writer")] == [1, 1]
        tasks.append(asyncio.create_task(knock(program.address, answers)))
        await is_replaced(program, followers, killed)
        assert not any(task.done() for task in tasks), [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert [each.faults for each in followers if each.faults] == []
    assert set(answers) == {200}
    program.terminate()
    status, _ = await program.ended()
    assert status == 0


async def sees_everybody(program: Program) -> None:
    """Ask whichever worker takes it for what is true of all of them."""
    status = await whole_status(program)
    assert sum(status["connections"].values()) == READERS
    assert status["source"]["name"] == "sim"
    edges = [each["connections"] for each in status["workers"] if each["kind"] == "edge"]
    assert sum(edges) == READERS
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        while len(ids := await listed(program)) < READERS + 2:  # noqa: ASYNC110 - one may be busy
            await asyncio.sleep(0.1)
    assert len(ids) == len(set(ids)) == READERS + 2  # with the edges, which follow the writer
    for number in (ids[0], ids[-1]):
        line = await program.document(f"/v1/admin/connections/{number}")
        assert line["id"] == number
    await until_all_are_scraped(program)


async def listed(program: Program) -> list[int]:
    """Return the ids of all connections, of two pages; none where workers were left out."""
    page = await program.document("/v1/admin/connections?limit=5")
    if page["next"] is None:
        return []
    rest = await program.document(f"/v1/admin/connections?limit=1000&after={page['next']}")
    ids = [each["id"] for each in (*page["connections"], *rest["connections"])]
    return ids if page["total"] == len(ids) else []


async def until_all_are_scraped(program: Program) -> None:
    """Scrape until every worker was: one that is busy for 0.4 s is left out."""
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        names: set[str] = set()
        while names != {"writer", "edge-1", "edge-2"}:
            names.clear()
            connections = 0.0
            for family in text_string_to_metric_families(await program.text("/metrics")):
                for sample in family.samples:
                    if sample.name != "feed_worker_up":
                        names.add(sample.labels["worker"])
                    if sample.name == "feed_connections" and sample.labels["worker"] != "writer":
                        connections += sample.value
    assert connections == READERS


async def outlives(program: Program, followers: list[Follower], victim: dict[str, Any]) -> None:
    """Kill a worker; another one takes its place, and everybody reads on."""
    os.kill(victim["pid"], signal.SIGKILL)
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        while (await workers_of(program))[victim["name"]]["pid"] == victim["pid"]:  # noqa: ASYNC110 - the server is another process
            await asyncio.sleep(0.1)
    await flows(followers)


async def is_replaced(program: Program, followers: list[Follower], before: dict[str, Any]) -> None:
    """Have all workers replaced, one by one, while everybody reads on."""
    program.terminate(signal.SIGHUP)
    now = before
    for name in ("edge-1", "edge-2", "writer"):  # in the order in which they are
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            while (now := await workers_of(program))[name]["pid"] == before[name]["pid"]:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)
    assert all(now[name]["restarts"] == before[name]["restarts"] for name in before)
    await flows(followers)


async def test_where_the_supervisor_dies_the_writer_leaves_last(run: Run) -> None:
    program = await run("--symbols", str(SYMBOLS), "--rate", "100", "--workers", "1")
    before = await workers_of(program, edges=1)
    edge, writer = (before[name]["pid"] for name in ("edge-1", "writer"))
    stop(edge)
    program.terminate(signal.SIGKILL)
    await asyncio.sleep(ORPHANED_S)
    os.kill(writer, 0)  # it is there, or this raises
    os.kill(edge, signal.SIGCONT)
    _, said = await program.ended()  # of all processes: who logs errors fails the test
    lines = [orjson.loads(line) for line in said.splitlines()]
    ends = [line["worker"] for line in lines if line["event"] == "leaving"]
    assert ends == ["edge-1", "writer"]
