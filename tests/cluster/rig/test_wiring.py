import random

import pytest

from tests.cluster.rig.wiring import Trouble, Wiring

THERE, BACK = ("n1", "n2"), ("n2", "n1")


@pytest.fixture
def wiring() -> Wiring:
    return Wiring(random.Random(7))


def test_packets_arrive_at_once_where_nothing_is_wrong(wiring: Wiring) -> None:
    assert wiring.arrives_s(THERE, 5.0) == 5.0


def test_a_way_that_is_cut_takes_nothing_and_the_way_back_does(wiring: Wiring) -> None:
    wiring.set([(THERE, Trouble(cut=True))])
    assert wiring.arrives_s(THERE, 5.0) is None
    assert wiring.arrives_s(BACK, 5.0) == 5.0
    wiring.set([])
    assert wiring.arrives_s(THERE, 5.0) == 5.0
    assert wiring.counts == {"cut": 1, "passed": 2}


def test_a_share_of_packets_is_lost(wiring: Wiring) -> None:
    wiring.set([(THERE, Trouble(loss=0.25))])
    arrived = [wiring.arrives_s(THERE, 0.0) for _ in range(1_000)]
    assert 200 < arrived.count(None) < 300
    assert wiring.counts["lost"] == arrived.count(None)


def test_several_troubles_of_a_way_add_up_and_keep_the_order(wiring: Wiring) -> None:
    wiring.set([(THERE, Trouble(delay_s=0.5)), (THERE, Trouble(delay_s=0.25))])
    assert [wiring.arrives_s(THERE, now_s) for now_s in (1.0, 1.1)] == [1.75, 1.85]
    assert wiring.counts == {"delayed": 2}
