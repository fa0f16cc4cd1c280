"""Subscribers change edges with positions up to the age of the stream, and miss nothing."""

import pytest

from tests.cluster.moving import Outcome, Wanderer, wander
from tests.fakes.bus_edges import BusEdges
from tests.fakes.nats import BusWriter, needs_nats
from tests.fakes.servers import trades


def test_an_event_that_is_missing_or_comes_twice_is_found() -> None:
    outcome = Outcome()
    one = Wanderer([], int, outcome, "e")
    for number in (1, 2, 4, 4, 5):
        one.hear({"T": "t", "i": number}, one.stands, "edge 0")
    one.hear({"T": "gap", "from": "e-6", "to": "e-7"}, 5, "edge 0")
    assert outcome.counts == {"events": 5, "holes": 1, "doubles": 1, "gaps": 1}


@needs_nats
@pytest.mark.programs
async def test_every_sequence_comes_once_whoever_moves_where(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    for first in range(1, 4_001, 100):
        await writer.write(*trades(first, first + 99))
    edges = [await bus_edges(writer.address, ring=256) for _ in range(2)]
    for edge in edges:
        await edge.reach("k3f9-4000")
    outcome = await wander(
        writer,
        [edge.address for edge in edges],
        seed=20261130,
        moves=40,
        wanderers=4,
        ticks_per_s=1_000,
    )
    assert not outcome.findings
    assert outcome.counts["to a position of the past"] > 10
    assert outcome.counts["events"] > 5_000
