"""All of the chaos: a server, its readers, and what was found."""

import asyncio
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable
from dataclasses import dataclass

from tests.chaos.market import Market
from tests.chaos.outcome import Outcome
from tests.chaos.reader import Reader
from tests.chaos.server import RING_TICKS
from tests.chaos.times import Times
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.wire import Wire


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        seed: of the market, the clock, and everything that readers do.
        seconds: how long the market is open.
        rate: ticks a second.
        readers: how many.
        ring: how many ticks the server's ring holds; None: as few as are a trial for readers.
        drop_every: break the server: of so many ticks one is lost; None: do not.
    """

    seed: int
    seconds: float = 20.0
    rate: float = 5_000.0
    readers: int = 200
    drop_every: int | None = None
    ring: int | None = None


async def play(plan: Plan) -> Outcome:
    """Let the readers loose on a server, and return what was found."""
    outcome = Outcome()
    market, times = Market(plan.seed), Times()
    Wire.lead_to_programs()
    with tempfile.TemporaryFile() as log:
        process = await start_server(plan, log.fileno())
        try:
            assert process.stdout is not None
            port = int((await line_of(process)).removeprefix("port "))
            newest = asyncio.create_task(process.stdout.readline())
            readers = [Reader(n, plan.seed, market, times) for n in range(plan.readers)]

            def last() -> int | None:
                return int(newest.result().split()[1]) if newest.done() else None

            async with asyncio.TaskGroup() as tasks:
                for reader in readers:
                    tasks.create_task(_live(reader, port, last, outcome))
        finally:
            Wire.abort_all()
            if process.returncode is None:
                process.terminate()
            status = await process.wait()
        outcome.count(readers, last() or 0)
        log.seek(0)
        said = log.read().decode()
        if status or '"level": "error"' in said or "Traceback" in said:
            outcome.findings.append(f"the server ended with {status} and said:\n{said[-4_000:]}")
    return outcome


async def start_server(plan: Plan, log: int) -> Process:
    """Start the server under test, which prints its port first; what it logs goes to a file."""
    arguments = [plan.seed, plan.rate, plan.seconds, plan.ring or RING_TICKS]
    if plan.drop_every is not None:
        arguments.append(plan.drop_every)
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.chaos.server", *map(str, arguments)),
        stdout=PIPE,
        stderr=log,
    )


async def line_of(process: Process) -> str:
    """Return the next line that a program prints."""
    assert process.stdout is not None
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        return (await process.stdout.readline()).decode().strip()


async def _live(
    reader: Reader, port: int, last: Callable[[], int | None], outcome: Outcome
) -> None:
    try:
        await reader.live(("127.0.0.1", port), last)
    except Exception as error:  # noqa: BLE001 - whatever stops a reader is a finding
        outcome.find(reader, error)
