"""A storm: everybody comes, goes and is restarted at once, for a minute."""

import asyncio
import random
from dataclasses import dataclass, replace
from tempfile import TemporaryDirectory
from typing import Any

from tests.chaos.outcome import Outcome
from tests.fakes.wire import Wire
from tests.storm.house import House, log_file
from tests.storm.server import Orders


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        seed: of everything.
        seconds: how long the market is open, but for the times in which no server runs.
        rate: ticks a second.
        ring: the server's.
        guests: how many.
        restarts: how often the server is restarted, in the first half.
        intruders_per_s, half_joins_per_s: on average.
        slack_s: in which the server has to heed what changes about papers.
        weighs: memory is held against what it was in the middle, and steps against what they may
            take; not in short, where all of it happens for the first time.
        is_broken: the server is, on purpose: it loses ticks, and keeps grants and a lane.
        log: the file that keeps what the servers say; "": none does.
    """

    seed: int
    seconds: float = 60.0
    rate: float = 1_500.0
    ring: int = 8_192
    guests: int = 160
    restarts: int = 6
    intruders_per_s: float = 15.0
    half_joins_per_s: float = 25.0
    slack_s: float = 5.0
    weighs: bool = True
    is_broken: bool = False
    log: str = ""


async def storm(plan: Plan) -> Outcome:
    """Let a storm loose on a server, and return what was found."""
    Wire.lead_to_programs()
    chance = random.Random(plan.seed)
    with TemporaryDirectory() as folder, log_file(plan.log) as log:
        orders = Orders(plan.seed, plan.rate, plan.ring, folder, is_broken=plan.is_broken)
        if plan.is_broken:
            orders = replace(orders, quiet_within_s=1.0)
        house = House(orders, plan.guests, log, chance, slack_s=plan.slack_s)
        try:
            await house.begin()
            await _blow(plan, house, chance)
        finally:
            await house.end()
            house.note_log()
    house.count()
    return house.outcome


async def _blow(plan: Plan, house: House, chance: random.Random) -> None:
    scene = house.scene
    scene.open()
    async with asyncio.TaskGroup() as tasks:
        staying = [tasks.create_task(house.stay(guest)) for guest in house.guests]
        others = [
            tasks.create_task(work)
            for work in house.disturbances(plan.intruders_per_s, plan.half_joins_per_s)
        ]
        first = await _restarts(plan, house, chance)
        for other in others:
            other.cancel()
        scene.last = await house.program.close_market()
        await asyncio.wait(staying)
    last = await house.everybody_leaves("at the end")
    if plan.weighs:
        house.weigh(first, last)
        house.judge_steps(last["longest_ms"])


async def _restarts(plan: Plan, house: House, chance: random.Random) -> dict[str, Any]:
    """Restart the server while everybody comes and goes; return what it holds in the middle."""
    between_s = plan.seconds / 2 / (plan.restarts + 1)
    for _ in range(plan.restarts):
        await asyncio.sleep(between_s * (0.5 + chance.random()))
        await house.restart()
    await asyncio.sleep(max(plan.seconds / 4, plan.ring / plan.rate))
    first = await house.everybody_leaves("in the middle")
    house.scene.open()
    await asyncio.sleep(plan.seconds / 4)
    return first
