"""Storms of tiny size: all come back, by the same seed in the same way; and the measured one."""

import math
from dataclasses import replace

import pytest

from benchmarks.paper.clients import GIVES_UP_AFTER_S, NOTICES_AFTER_S, Loss
from benchmarks.paper.costs import Costs
from benchmarks.paper.fleet import fleet_of
from benchmarks.paper.plan import Plan
from benchmarks.paper.running import Storm
from benchmarks.paper.storm import Setting, measured_storm, storm_of

COSTS = Costs()
SMALL = Plan(
    subscribers=3_000, machine_cores=3, selected=100, frames=20, frame_bytes=655, cpu_share=0.3
)
ONE_EDGE = Setting(edges=1)


def stormy(plan: Plan = SMALL, setting: Setting = ONE_EDGE) -> Storm:
    return storm_of(plan, fleet_of(plan, COSTS), COSTS, setting)


@pytest.mark.parametrize("loss", Loss)
def test_all_come_back_whatever_became_of_their_zone(loss: Loss) -> None:
    storm = stormy(setting=Setting(loss, edges=1, drain_s=3))
    assert storm.returned > 100
    assert storm.half_s <= storm.most_s <= storm.all_s < math.inf
    assert storm.refused == 0
    assert storm.attempts >= 1
    assert 0 < storm.mean_cpu <= storm.peak_cpu <= 1.001


def test_clients_notice_silence_by_their_heartbeat() -> None:
    storm = stormy(setting=Setting(Loss.SILENCE, edges=1))
    assert storm.half_s >= NOTICES_AFTER_S - 0.05
    assert storm.unreached == 0, "by then the balancer knows"


def test_waves_of_a_zone_that_leaves_need_fewer_connections_a_second() -> None:
    leaving = stormy(setting=Setting(Loss.LEAVING, edges=1, drain_s=10))
    reset = stormy(setting=Setting(Loss.RESET, edges=1, checked_s=0))
    assert leaving.peak_attempts * 4 < reset.peak_attempts
    assert leaving.unreached == reset.unreached == 0
    assert leaving.all_s <= 20 + 0.5, "ten seconds of waves, as many away at most"


def test_the_same_seed_makes_the_same_storm() -> None:
    assert stormy() == stormy()
    assert stormy() != stormy(setting=Setting(edges=1, seed=2))


def test_edges_that_are_full_refuse_who_comes() -> None:
    fleet = fleet_of(SMALL, COSTS)
    full = replace(SMALL, most_connections=fleet.per_edge + 10)
    storm = storm_of(full, fleet, COSTS, Setting(edges=1))
    assert storm.refused > 0
    assert storm.all_s == math.inf


def test_clients_give_attempts_up_that_balancers_leave_waiting() -> None:
    fleet = replace(fleet_of(SMALL, COSTS), balancer_cores=1)
    slow = replace(COSTS, balancer_join=replace(COSTS.balancer_join, value=100))
    storm = storm_of(SMALL, fleet, slow, Setting(edges=1, checked_s=0))
    assert storm.gave_up > 0
    assert storm.all_s > GIVES_UP_AFTER_S


def test_not_all_zones_can_be_lost() -> None:
    with pytest.raises(ValueError, match="none is left"):
        stormy(setting=Setting(zones=3))


def test_the_storm_that_was_measured_takes_the_cpu_that_was_measured() -> None:
    """`feed bench storm` told 3.44 ms a return, and 19 s until the last was live."""
    storm = measured_storm(COSTS, 5_000)
    assert storm.used_s / storm.returned == pytest.approx(3.44e-3, rel=0.1)
    assert storm.all_s == pytest.approx(19, rel=0.2)
