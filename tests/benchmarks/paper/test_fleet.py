"""The arithmetic of a fleet: what bounds an edge, and what a plan costs."""

from dataclasses import replace

import pytest

from benchmarks.paper.costs import Costs
from benchmarks.paper.fleet import fleet_of, frame_s, wire_bytes
from benchmarks.paper.plan import Plan, Prices
from benchmarks.paper.readers import READERS, Kind

COSTS = Costs()
DESK = Plan(selected=100, frames=20, frame_bytes=655)


def test_an_edge_takes_the_planned_share_of_a_core_once_a_zone_is_lost() -> None:
    fleet = fleet_of(DESK, COSTS)
    intake = DESK.ticks * COSTS.intake.value * 1e-6
    after = intake + fleet.per_edge * 1.5 * DESK.frames * frame_s(DESK, COSTS)
    assert fleet.bound_by == "CPU"
    assert 0.66 <= after <= DESK.cpu_share
    assert fleet.edges * fleet.per_edge == pytest.approx(DESK.subscribers, rel=0.01)


@pytest.mark.parametrize(
    ("plan", "bound_by"),
    [
        (replace(DESK, frames=1, selected=10), "connections"),
        (replace(DESK, frames=1, selected=10, core_memory_gb=0.6), "memory"),
        (replace(DESK, machine_gbit=1), "network"),
    ],
)
def test_what_is_used_up_first_bounds_an_edge(plan: Plan, bound_by: str) -> None:
    assert fleet_of(plan, COSTS).bound_by == bound_by


def test_a_plan_that_no_edge_carries_is_refused() -> None:
    with pytest.raises(ValueError, match="CPU is used up"):
        fleet_of(replace(DESK, ticks=1_000_000), COSTS)


def test_a_frame_on_the_wire_has_its_headers_and_those_of_every_segment() -> None:
    assert wire_bytes(replace(DESK, frame_bytes=1_400), COSTS) == 1_400 + 26 + 52
    assert wire_bytes(replace(DESK, frame_bytes=1_448), COSTS) == 1_448 + 26 + 2 * 52


def test_money_is_the_sum_of_cores_egress_and_crossings_at_their_prices() -> None:
    dear = fleet_of(replace(DESK, prices=Prices(0.08, 0.05, 0.02)), COSTS).money
    money = fleet_of(DESK, COSTS).money
    assert dear.cores == pytest.approx(2 * money.cores)
    assert money.total == money.cores + money.egress + money.zones
    idle = fleet_of(replace(DESK, loaded_hours=0), COSTS).money
    assert idle.egress == idle.zones == 0


def test_more_machines_than_a_mirror_feeds_have_more_mirrors() -> None:
    plan = replace(DESK, subscribers=10_000_000, ticks=50_000)
    assert fleet_of(plan, COSTS).mirrors > fleet_of(DESK, COSTS).mirrors == DESK.zones


def test_every_kind_of_reader_has_a_plan() -> None:
    assert set(READERS) == set(Kind)
