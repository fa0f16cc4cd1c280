"""The chain: a server, one that follows it, one that follows that, their links and readers."""

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

import orjson

from tests.chaos.market import Market
from tests.chaos.outcome import Outcome
from tests.chaos.party import Plan as Party
from tests.chaos.party import line_of, start_server
from tests.chaos.reader import Reader
from tests.chaos.times import Times
from tests.chaos.wishes import Wish
from tests.fakes.chaos import ChaosProxy
from tests.fakes.messages import Message
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import Reader as Connection
from tests.fakes.wire import Address, Wire
from tests.follow_chain.edge import RING_TICKS

EDGES = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        seed: of the market, the clock, the links, and everything that readers do.
        seconds: how long the market is open.
        rate: ticks a second.
        readers: how many.
        link_bytes: that a link lets through before it is cut, on average; it is compressed.
        life_s: of a reader's connection, on average.
    """

    seed: int
    seconds: float = 20.0
    rate: float = 2_000.0
    readers: int = 60
    link_bytes: int = 200_000
    life_s: float = 6.0


class Wanderer(Reader):
    """A reader that is at home on all servers: each of its connections is to any of them."""

    may_end = Reader.may_end | {"not_ready"}  # before the first link stands

    def __init__(
        self, number: int, plan: Plan, market: Market, times: Times, addresses: Sequence[Address]
    ) -> None:
        super().__init__(number, plan.seed, market, times)
        self.life_s = plan.life_s
        self._addresses = addresses
        self._place = 0

    async def _connect(self, address: Address, wish: Wish, after: str | None) -> Connection:
        del address
        before = self._place
        self._place = self._chance.randrange(len(self._addresses))
        self.story.append(f"goes to server {self._place}")
        self.counts[f"to server {self._place}"] += 1
        if after not in {None, "0"} and before != self._place:
            self.counts["carried a position to another server"] += 1
        return await super()._connect(self._addresses[self._place], wish, after)

    def _hear_words(self, message: Message) -> None:
        if message["T"] == "feed":  # a link is down, or up again
            self.counts[f"feed {message['state']}"] += 1
            return
        super()._hear_words(message)


async def play(plan: Plan) -> Outcome:
    """Let the readers loose on the chain, and return what was found."""
    outcome = Outcome()
    market, times = Market(plan.seed), Times()
    Wire.lead_to_programs()
    with tempfile.TemporaryFile() as log:
        async with AsyncExitStack() as chain:
            links, edges = list[ChaosProxy](), list[Process]()
            for number in range(EDGES):  # they look for whom they follow until it is there
                link = ChaosProxy(
                    0, seed=plan.seed + number, mean_bytes=plan.link_bytes, spared_bytes=0
                )
                links.append(await chain.enter_async_context(link))
                edge = await _start_edge(f"http://127.0.0.1:{link.port}", log.fileno())
                edges.append(await chain.enter_async_context(_ended(edge)))
            ports = [await _port(edge) for edge in edges]
            party = Party(plan.seed, plan.seconds, plan.rate, plan.readers, ring=RING_TICKS)
            first = await chain.enter_async_context(_ended(await start_server(party, log.fileno())))
            ports.insert(0, await _port(first))
            for link, port in zip(links, ports, strict=False):
                link.server_port = port
            assert first.stdout is not None
            newest = asyncio.create_task(first.stdout.readline())

            def last() -> int | None:
                return int(newest.result().split()[1]) if newest.done() else None

            newest.add_done_callback(lambda _: _calm(links))
            addresses = [("127.0.0.1", port) for port in ports]
            readers = [
                Wanderer(number, plan, market, times, addresses) for number in range(plan.readers)
            ]
            async with asyncio.TaskGroup() as tasks:
                for reader in readers:
                    tasks.create_task(_live(reader, addresses[0], last, outcome))
            Wire.abort_all()
            for port in ports[1:]:
                await _reaches(port, last() or 0)
            for number, edge in enumerate(edges, 1):
                told = await _last_words(edge)
                _judge(told, number, last() or 0, outcome)
            outcome.count(readers, last() or 0)
        _read_log(log, outcome)
    return outcome


async def _reaches(port: int, newest: int) -> None:
    """Wait until a server has all, but not for ever: its link may have waited before it began."""
    with suppress(TimeoutError):
        async with asyncio.timeout(2 * PROGRAM_PATIENCE_S):
            while await _newest(port) < newest:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)


async def _newest(port: int) -> int:
    status = await (await RawHttp.get(("127.0.0.1", port), "/v1/status")).document()
    return int(status["pos"].rpartition("-")[2])


def _calm(links: Sequence[ChaosProxy]) -> None:
    for link in links:
        link.calm = True


def _judge(told: dict[str, Any], number: int, newest: int, outcome: Outcome) -> None:
    """Count what became of a link, and find what should not have become of it."""
    place = f"link to server {number}"
    outcome.counts[f"{place}: connections"] += told["connections"]
    outcome.counts[f"{place}: resumed"] += told["resumed"]
    for end, count in told["ends"].items():
        outcome.counts[f"{place}: {end}"] += count
    if told["epochs"] != 1 or told["missing"]:
        outcome.findings.append(f"{place}: {told}")
    if told["newest"] != newest:
        outcome.findings.append(f"{place}: ended at {told['newest']} of {newest}")
    if told["ends"].get("out_of_sequence") or told["ends"].get("malformed"):
        outcome.findings.append(f"{place}: {told}")


async def _start_edge(url: str, log: int) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.follow_chain.edge", url), stdout=PIPE, stderr=log
    )


async def _port(process: Process) -> int:
    return int((await line_of(process)).removeprefix("port "))


async def _last_words(process: Process) -> dict[str, Any]:
    process.terminate()
    told: dict[str, Any] = orjson.loads(await line_of(process))
    return told


@asynccontextmanager
async def _ended(process: Process) -> AsyncIterator[Process]:
    """Have a program ended when its time is over."""
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _read_log(log: IO[bytes], outcome: Outcome) -> None:
    """Find errors in what the servers said; that a link fails is what is tried."""
    log.seek(0)
    lines = log.read().decode().splitlines()
    errors = [line for line in lines if '"level": "error"' in line and "source_failed" not in line]
    if errors or any("Traceback" in line for line in lines):
        said = "\n".join([*errors, *lines[-20:]])
        outcome.findings.append(f"a server said:\n{said[-4_000:]}")


async def _live(
    reader: Reader, address: Address, last: Callable[[], int | None], outcome: Outcome
) -> None:
    try:
        await reader.live(address, last)
    except Exception as error:  # noqa: BLE001 - whatever stops a reader is a finding
        outcome.find(reader, error)
