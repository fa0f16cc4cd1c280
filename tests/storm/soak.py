"""A soak: thousands of subscribers with identities come and go, while memory is watched.

Twice everybody leaves, and the server holds nothing for anybody: after a while, once all that grows
to its size has done so, and at the end. Between these the memory is a line, whose slope is told,
and now and then a flood of one address, and of one identity, comes beside them.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from statistics import linear_regression, median
from tempfile import TemporaryDirectory
from typing import Any

from tests.chaos.outcome import Outcome
from tests.fakes.wire import Wire
from tests.storm.house import MOST_GROWTH, House, log_file
from tests.storm.server import Orders
from tests.storm.visitor import Visitor

WARM_PART = 0.25  # of the time, at the beginning
SETTLED_PART = 0.15  # of the rest, in which thousands come back
SAMPLES = 60
LONGEST_BEGIN_S = 60.0
BEGIN_PART = 0.1  # of the time, if that is shorter
_QUIET_WITHIN_S = 45.0  # thousands leave at once


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        seed: of everything.
        seconds: how long.
        visitors: how many there are at the same time, besides the guests.
        guests: with a ledger.
        visit_s: how long a visit takes on average.
        rate: ticks a second.
        ring: the server's.
        batch_ms: between cuts.
        begin_s: over which they come at first, and again in the middle; None: over a minute, or a
            tenth of the time where that is shorter.
        floods_every_s: between two floods of each kind.
        flood: the connections of one.
        log: the file that keeps what the server says; "": none does.
        leaks: the server does, on purpose.
        traces: it tells what has grown, by line; slow.
    """

    seed: int
    seconds: float = 1_800.0
    visitors: int = 1_950
    guests: int = 50
    visit_s: float = 45.0
    rate: float = 300.0
    ring: int = 16_384
    batch_ms: float = 250.0
    begin_s: float | None = None
    floods_every_s: float = 60.0
    flood: int = 400
    log: str = ""
    leaks: bool = False
    traces: bool = False

    @property
    def spread_s(self) -> float:
        """Over how long everybody comes."""
        if self.begin_s is None:
            return min(LONGEST_BEGIN_S, self.seconds * BEGIN_PART)
        return self.begin_s


async def soak(plan: Plan) -> Outcome:
    """Let everybody come and go, and return what was found."""
    Wire.lead_to_programs()
    chance = random.Random(plan.seed)
    with TemporaryDirectory() as folder, log_file(plan.log) as log:
        orders = Orders(
            plan.seed,
            plan.rate,
            plan.ring,
            folder,
            batch_ms=plan.batch_ms,
            quiet_within_s=_QUIET_WITHIN_S,
            leaks=plan.leaks,
            traces=plan.traces,
        )
        house = House(orders, plan.guests, log, chance, slack_s=5.0, spread_s=plan.spread_s)
        try:
            await house.begin()
            await _soak(plan, house, chance)
        finally:
            await house.end()
            house.note_log()
    house.count()
    return house.outcome


async def _soak(plan: Plan, house: House, chance: random.Random) -> None:
    scene, registrar, counts = house.scene, house.registrar, Counter[str]()
    visitors = [
        Visitor(registrar.account(plan.guests + number), scene, chance)
        for number in range(plan.visitors)
    ]
    registrar.write()
    scene.open()
    async with asyncio.TaskGroup() as tasks:
        staying = [tasks.create_task(house.stay(guest)) for guest in house.guests]
        others = [
            tasks.create_task(visitor.visit_for_ever(plan.visit_s, counts)) for visitor in visitors
        ]
        others += [
            tasks.create_task(work)
            for work in house.disturbances(intruders_per_s=1, half_joins_per_s=2)
        ]
        floods, flooding = house.flood(plan.floods_every_s, plan.flood)
        others.append(flood := tasks.create_task(flooding))
        await asyncio.sleep(plan.seconds * WARM_PART)
        first = await house.everybody_leaves("once warm")
        scene.open()
        await _watch(plan, house, lambda: floods.have_come or flood.done())
        for other in others:
            other.cancel()
        scene.last = await house.program.close_market()
        await asyncio.wait(staying)
    last = await house.everybody_leaves("at the end")
    house.weigh(first, last)
    house.judge_steps(last["longest_ms"])
    house.outcome.counts += counts


async def _watch(plan: Plan, house: House, is_seen: Callable[[], bool]) -> None:
    """Look at the server's memory, tasks and files until the end, and tell their slope.

    The end is not before what has to be seen was, however long that takes a slow machine.
    """
    loop, seconds = asyncio.get_running_loop(), plan.seconds * (1 - WARM_PART)
    began_s, settled_s = loop.time(), max(seconds * SETTLED_PART, 2 * plan.spread_s)
    samples: list[tuple[float, dict[str, Any]]] = []
    while (passed_s := loop.time() - began_s) < seconds or not is_seen():
        await asyncio.sleep(seconds / SAMPLES)
        sample = await house.program.sample()
        if passed_s > settled_s:
            samples.append((passed_s, sample))
    for name in ("rss_bytes", "tasks", "files", "sockets", "sessions", "lanes"):
        times_s, values = [at_s for at_s, _ in samples], [each[name] for _, each in samples]
        slope = linear_regression(times_s, values).slope
        usual, grown = median(values), slope * (times_s[-1] - times_s[0])
        house.outcome.counts[f"usual {name}"] = round(usual)
        print(
            f"{name}: {usual:,.0f} (from {min(values):,} to {max(values):,}), "
            f"{slope * 3_600:+,.0f} an hour",
            flush=True,
        )
        if name == "rss_bytes" and grown > usual * (MOST_GROWTH - 1):
            house.outcome.findings.append(f"memory grows by {slope * 3_600:,.0f} bytes an hour")
