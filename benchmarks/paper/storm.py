"""The storm: zones are lost, and their subscribers come to the edges of the others.

A sample of the edges that stay is simulated by steps of time, with their share of the balancers and
of those that return: the balancer chooses by lot, so that each edge stands for many. Chance is
seeded.
"""

import math
import random
from dataclasses import dataclass

from .balancers import Balancers
from .clients import GIVES_UP_AFTER_S, Loss, crowd_of
from .costs import Costs
from .edge import Edge, Work
from .fleet import Fleet, balancing_cores, frame_s, intake_share
from .plan import Plan
from .running import Place, Running, Storm

_US, _MS = 1e-6, 1e-3


@dataclass(frozen=True, slots=True)
class Setting:
    """What breaks, and what is simulated of it.

    Attributes:
        loss: how the zones are lost.
        zones: how many are lost at the same time.
        edges: how many edges are simulated.
        drain_s: in which an edge that leaves sends its subscribers away.
        checked_s: for so long balancers still choose edges that are gone.
        seed: of chance.
    """

    loss: Loss = Loss.RESET
    zones: int = 1
    edges: int = 8
    drain_s: float = 30.0
    checked_s: float = 5.0
    seed: int = 1


def storm_of(plan: Plan, fleet: Fleet, costs: Costs, setting: Setting) -> Storm:
    """Simulate the loss of zones of a fleet.

    Raises:
        ValueError: no zone is left.
    """
    left = plan.zones - setting.zones
    if left < 1:
        raise ValueError(f"{setting.zones} of {plan.zones} zones cannot be lost: none is left")
    chance = random.Random(setting.seed)
    crowd = crowd_of(
        setting.loss,
        round(setting.edges * fleet.per_edge * setting.zones / left),
        fleet.per_edge,
        1 / plan.frames,
        setting.drain_s,
        chance=chance,
    )
    scale = fleet.edges * left / plan.zones / setting.edges
    # Edges that leave tell the balancer (/readyz) before they send anybody away.
    place = Place(
        most_connections=plan.most_connections,
        gone_share=setting.zones / plan.zones,
        gone_s=0.0 if setting.loss is Loss.LEAVING else setting.checked_s,
        patience_s=GIVES_UP_AFTER_S,
        frames_s=1 / plan.frames,
    )
    edges = [Edge(fleet.per_edge, _work(plan, costs)) for _ in range(setting.edges)]
    balancers = Balancers(
        fleet.balancer_cores * left / plan.zones / scale,
        balancing_cores(plan, costs, 1),
        costs.balancer_join.value * _MS,
    )
    storm = Running(crowd, edges, balancers, chance, place).run()
    storm.peak_attempts = math.ceil(storm.peak_attempts * scale)
    return storm


def measured_storm(costs: Costs, crowd_size: int, seed: int = 1) -> Storm:
    """Simulate what `feed bench storm` measures: a crowd comes back to one process in a second.

    There 200 ticks/s are read by all, 500 stay, nothing balances, positions are up to ten seconds
    old, and a frame is cut for each tick while there is time for that.
    """
    ticks, others, history_s = 200.0, 500, 10.0
    plan = Plan(selected=ticks, ticks=ticks, frames=ticks, shared=True)
    chance = random.Random(seed)
    crowd = crowd_of(Loss.RESET, crowd_size, crowd_size, history_s, 0.0, chance=chance)
    crowd.first_s = [chance.random() for _ in crowd.first_s]
    place = Place(most_connections=crowd_size + others, patience_s=60.0, frames_s=1 / ticks)
    edge = Edge(others, _work(plan, costs))
    return Running(crowd, [edge], Balancers(math.inf, 0.0, 0.0), chance, place).run()


def _work(plan: Plan, costs: Costs) -> Work:
    return Work(
        intake_share(plan, costs),
        plan.frames * frame_s(plan, costs),
        costs.join.value * _MS,
        costs.refusal.value * _MS,
        plan.selected * costs.catch_up.value * _US,
    )
