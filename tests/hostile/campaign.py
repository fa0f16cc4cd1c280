"""All attacks after each other, and what each of them did to its server and to a bystander.

In the long form each has a server of its own, and is measured from its idle size. After thousands
of sockets have come and gone 29 MB more are resident, of which malloc has 1 MB in use and Python
5,000 blocks: pages that are free but for a little, and are not given back. In the short form all
attack the same server, which shows what they leave together.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.fakes.raw_http import RawHttp
from tests.fakes.wire import Address, Wire
from tests.hostile.attacks import ATTACKS, Attack, Size, again
from tests.hostile.victim import RING_TICKS, Victim, victim

SHORT = Size(seconds=0.75, sockets=1_000)
LONG = Size(seconds=10.0, sockets=5_000)
HEAD_TIMEOUT_S = 2.0
STEERED = "tests.e2e.steered_feed"
_LOOK_S = 0.05
_STEP_BOUNDS = ("0.05", "0.1", "0.5", "1.0")


@dataclass
class Row:
    """What an attack did.

    Attributes:
        name: of the attack.
        memory_mb: the server's most, over its idle size.
        silence_s: the bystander's longest; None: there was none that could be heard.
        lateness_s: how late the bystander itself was woken.
        long_steps: steps of the server's loop over 50 ms of CPU time, with their longest bound.
    """

    name: str
    memory_mb: float
    silence_s: float | None = None
    lateness_s: float = 0.0
    long_steps: str = ""

    @property
    def longest_step_s(self) -> float:
        """A bound that its longest step was over; 0: none took over 50 ms."""
        return float(self.long_steps.split()[-1]) if self.long_steps else 0.0


async def attack_all(size: Size, chosen: Iterable[str] = (), *, apart: bool = False) -> list[Row]:
    """Make the attacks, or some of them by name, and return a row for each.

    Args:
        size: how much is done.
        chosen: the names of some; by default all.
        apart: each on a server of its own.
    """
    wanted = set(chosen)
    rows: list[Row] = []
    Wire.lead_to_programs()
    try:
        attacks = [each for each in ATTACKS if not wanted or each.__name__ in wanted]
        if apart:
            for attack in attacks:
                rows += await _attack_all([attack], size)
        elif attacks:
            rows += await _attack_all(attacks, size)
        alone = (states_without_cuts, unread_standard_error)
        rows += [await last(size) for last in alone if not wanted or last.__name__ in wanted]
    finally:
        Wire.abort_all()
    return rows


async def _attack_all(attacks: Sequence[Attack], size: Size) -> list[Row]:
    """Make attacks on one server, after each other."""
    async with victim(head_timeout_s=HEAD_TIMEOUT_S) as server, bystander(server.port) as other:
        await server.until("feed_ring_ticks", RING_TICKS)
        await asyncio.sleep(1)
        idle_mb = server.memory_mb
        rows = [await _attack(server, other, attack, size, idle_mb) for attack in attacks]
        assert await server.end() == 0, "the server did not end well"
    return rows


async def states_without_cuts(size: Size) -> Row:
    """Snapshots of random selections, while the source gives nothing: what is kept is bounded."""
    async with victim(module=STEERED) as server:
        server.order("every 0")
        await server.until("feed_ring_ticks", RING_TICKS)
        server.order("stall")
        idle_mb = server.memory_mb
        names = [
            each["symbol"]
            for each in (await (await RawHttp.get(server.address, "/v1/symbols")).document())[
                "symbols"
            ]
        ]

        async def states(address: Address, bounds: Size) -> None:
            turn = 0

            async def ask() -> None:
                nonlocal turn
                turn += 7
                symbols = ",".join((names[turn % 400 :] + names[: turn % 300])[:600])
                answer = await RawHttp.get(
                    address, f"/v1/stream?quotes={symbols}&trades={names[turn % 900]}&snapshot=1"
                )
                await answer.more()
                answer.wire.abort()

            await asyncio.gather(*(again(ask, bounds.seconds) for _ in range(4)))

        most_mb = await _most_memory(server, states(server.address, size))
        row = Row("states_without_cuts", most_mb - idle_mb)
        server.order("go")
        return row


async def unread_standard_error(size: Size) -> Row:
    """Standard error is a pipe that nobody reads: the server serves, and ends when it is told."""
    unread, written = os.pipe()
    async with victim(stderr=written) as server, bystander(server.port) as other:
        idle_mb = server.memory_mb

        async def come_and_go() -> None:
            answer = await RawHttp.get(server.address, "/v1/stream?trades=NONE")
            answer.wire.abort()

        await other.look()
        most_mb = await _most_memory(
            server, asyncio.gather(*(again(come_and_go, 2 * size.seconds) for _ in range(4)))
        )
        silence_s, lateness_s = await other.look()
        assert await server.end() == 0, "the server did not end well"
        os.close(unread)
        os.close(written)
        return Row("unread_standard_error", most_mb - idle_mb, silence_s, lateness_s)


@dataclass
class Bystander:
    """The process of the bystander."""

    process: Process

    async def look(self) -> tuple[float, float]:
        """Return its longest silence since the last look, and how late it was woken."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        silence, lateness = (await self.process.stdout.readline()).split()
        return float(silence), float(lateness)


@asynccontextmanager
async def bystander(port: int) -> AsyncIterator[Bystander]:
    """Let a bystander read."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.hostile.bystander", str(port)), stdin=PIPE, stdout=PIPE
    )
    try:
        other = Bystander(process)
        await other.look()
        yield other
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _attack(
    server: Victim, other: Bystander, attack: Attack, size: Size, idle_mb: float
) -> Row:
    before = await server.metrics()
    await other.look()
    most_mb = await _most_memory(server, attack(server.address, size))
    silence_s, lateness_s = await other.look()
    after = await server.metrics()
    return Row(
        attack.__name__, most_mb - idle_mb, silence_s, lateness_s, _long_steps(before, after)
    )


def _long_steps(
    before: dict[tuple[str, str, str], float], after: dict[tuple[str, str, str], float]
) -> str:
    """Return the step of which one was the longest, and the bound that it was over; or ""."""
    found = ""
    for bound in _STEP_BOUNDS:
        for (name, step, le), value in after.items():
            if name != "feed_loop_step_seconds_bucket" or le != bound:
                continue
            whole = name, step, "+Inf"
            over = (after[whole] - value) - (before.get(whole, 0) - before.get((name, step, le), 0))
            if over > 0:
                found = f"{step} > {bound}"
    return found


async def _most_memory(server: Victim, work: Awaitable[object]) -> float:
    """Do something, and return the most memory that the server had meanwhile, in MB."""
    task = asyncio.ensure_future(work)
    most_mb = server.memory_mb
    while not task.done():
        most_mb = max(most_mb, server.memory_mb)
        await asyncio.wait([task], timeout=_LOOK_S)
    task.result()
    return max(most_mb, server.memory_mb)
