"""Workers that know of each other: what is counted over all, and who takes what comes."""

from dataclasses import replace
from pathlib import Path

import pytest

from feed.errors import TooOften
from feed.hub.door import Door
from feed.hub.siblings import SILENT_NS, Siblings, Worker, WorkerKind, may_accept
from feed.settings.options import Settings
from feed.trust.identity import ANONYMOUS, Identity, Kind
from feed.trust.shared_counts import OwnCounts, key_of
from feed.wire.disconnect import Reason

HERE = "192.0.2.1"


def worker(folder: Path, name: str, serial: int) -> Worker:
    kind = WorkerKind.WRITER if name == "writer" else WorkerKind.EDGE
    counts = str(folder / f"{serial}.counts")
    return Worker(name, kind, serial, 100 + serial, str(folder / f"{serial}.sock"), counts)


@pytest.fixture
def two(tmp_path: Path) -> tuple[Siblings, OwnCounts]:
    """An edge, and the table of another one that it knows of."""
    other = worker(tmp_path, "edge-2", 3)
    table = OwnCounts(Path(other.counts), 100)
    siblings = Siblings(worker(tmp_path, "edge-1", 2), 100)
    siblings.learn([siblings.own, other])
    return siblings, table


def test_an_edge_that_has_far_more_than_the_others_takes_none() -> None:
    assert may_accept(0, [])
    assert may_accept(110, [90])  # a tenth over the mean
    assert not may_accept(111, [90])
    assert may_accept(100, [100, 100, 100])
    assert not may_accept(150, [100, 100, 100])


def test_of_a_few_connections_one_more_than_the_others_is_not_far_more() -> None:
    assert may_accept(1, [0])
    assert may_accept(2, [0])
    assert not may_accept(3, [0])


def test_somebody_always_takes_what_comes() -> None:
    for loads in ([0, 0], [5, 3], [1_000, 1, 1], [7, 7, 8, 9]):
        takers = [may_accept(own, loads[:at] + loads[at + 1 :]) for at, own in enumerate(loads)]
        assert any(takers), loads


def test_who_is_silent_or_takes_none_is_not_waited_for(two: tuple[Siblings, OwnCounts]) -> None:
    siblings, table = two
    table.beat(1_000, 3, accepts=True)
    assert siblings.loads(1_000) == [3]
    assert siblings.loads(1_000 + SILENT_NS) == []
    table.beat(1_000, 3, accepts=False)
    assert siblings.loads(1_000) == []


def test_rates_count_over_all_edges_and_apart_at_the_writer(tmp_path: Path) -> None:
    settings = Settings(max_new_connections_per_s=1, max_requests_per_s=1)
    known = Identity(Kind.KEY, "k1", "desk", ANONYMOUS.grants)
    names = ("writer", "edge-1", "edge-2")
    writer, *edges = (
        Door(settings, Siblings(worker(tmp_path, name, serial), 100))
        for serial, name in enumerate(names, 1)
    )
    for _ in range(5):  # ten at once of connections, five of requests
        assert [edge.knock(HERE, 1) for edge in edges] == [None, None]
        edges[0].spend_request(known, HERE, 1)
    for edge in edges:
        assert edge.knock(HERE, 1) is not None
        with pytest.raises(TooOften):
            edge.spend_request(known, HERE, 1)
    assert writer.knock(HERE, 1) is None
    writer.spend_request(known, HERE, 1)  # an edge that has handed it on has counted it


def test_limits_count_over_all(two: tuple[Siblings, OwnCounts]) -> None:
    siblings, table = two
    settings = Settings(
        max_connections=4, max_connections_per_address=2, max_connections_per_identity=2
    )
    door, known = Door(settings, siblings), Identity(Kind.KEY, "k1", "desk", ANONYMOUS.grants)
    assert door.refusal(0, known, HERE) is None
    table.enter(key_of(HERE), key_of((Kind.KEY, "k1")))
    assert door.refusal(0, known, HERE) is None
    table.enter(key_of(HERE))
    refusal = door.refusal(0, ANONYMOUS, HERE)
    assert refusal is not None
    assert refusal.reason is Reason.TOO_MANY_CONNECTIONS
    assert "3" in refusal.told.words
    table.add(key_of((Kind.KEY, "k1")))
    assert door.refusal_of_identity(known) is not None
    assert door.refusal_of_identity(replace(known, id="k2")) is None
    assert door.refusal(1, ANONYMOUS, "192.0.2.9") is None
    assert door.refusal(2, ANONYMOUS, "192.0.2.9") is not None  # with the two elsewhere


def test_who_has_gone_counts_no_more(two: tuple[Siblings, OwnCounts]) -> None:
    siblings, table = two
    table.enter(key_of(HERE))
    assert (siblings.subscribers_elsewhere(), siblings.elsewhere(HERE)) == (1, 1)
    siblings.learn([siblings.own])
    assert (siblings.subscribers_elsewhere(), siblings.elsewhere(HERE)) == (0, 0)


def test_the_writers_subscribers_are_edges_and_count_for_nobody(tmp_path: Path) -> None:
    writer = worker(tmp_path, "writer", 1)
    OwnCounts(Path(writer.counts), 100).enter(key_of(HERE))
    siblings = Siblings(worker(tmp_path, "edge-1", 2), 100)
    siblings.learn([writer, siblings.own])
    assert siblings.writer == writer
    assert (siblings.subscribers_elsewhere(), siblings.elsewhere(HERE)) == (0, 0)
    assert siblings.loads(0) == []


def test_one_that_died_before_its_table_was_read_is_left_out(tmp_path: Path) -> None:
    siblings = Siblings(worker(tmp_path, "edge-1", 2), 100)
    siblings.learn([siblings.own, worker(tmp_path, "edge-2", 3)])
    assert siblings.subscribers_elsewhere() == 0


@pytest.mark.parametrize("shares_key", [False, True])
def test_a_writer_tells_a_server_that_it_follows_what_that_can_check(
    tmp_path: Path, *, shares_key: bool
) -> None:
    writer = Siblings(worker(tmp_path, "writer", 1), 100, shares_key=shares_key)
    edge = Siblings(worker(tmp_path, "edge-1", 2), 100, shares_key=shares_key)
    assert (writer.speaks_upward, edge.speaks_upward) == (shares_key, True)
