import random
from itertools import islice
from pathlib import Path

from tests.cluster.rig.cluster import Cluster
from tests.cluster.rig.faults import Fault, links, turns


def test_each_fault_comes_alone_in_order_and_then_by_chance() -> None:
    faults = tuple(Fault)
    first = list(islice(turns(random.Random(1), faults, in_order=True), 5 * len(faults)))
    assert first[: len(faults)] == [(fault,) for fault in faults]
    by_chance = first[len(faults) :]
    assert {turn[0] for turn in by_chance[: len(faults)]} == set(faults)
    assert {len(turn) for turn in by_chance} == {1, 2}
    assert (Fault.ROLLING_RESTART,) in by_chance


def test_a_seed_repeats_itself() -> None:
    faults = tuple(Fault)
    one, other = (
        list(islice(turns(random.Random(7), faults, in_order=False), 40)) for _ in range(2)
    )
    assert one == other


def test_links_are_what_something_goes_over() -> None:
    assert len(links()) == len(set(links())) == 2 * (3 + 5 * 3)
    assert ("e1", "e2") not in links()


def test_all_ways_of_a_machine_are_there_and_back() -> None:
    ways = Cluster(Path(), 1.0, 1).ways_of("n1")
    assert len(ways) == len(set(ways)) == 14
    assert all("n1" in way for way in ways)
