"""Rates over several processes: as those of one, whichever of them is asked."""

from itertools import cycle
from pathlib import Path

import pytest

from feed.trust import shared_rates
from feed.trust.shared_rates import SharedRates

S = 1_000_000_000
NOON_NS = 43_200 * S


@pytest.fixture
def both(tmp_path: Path) -> tuple[SharedRates, SharedRates]:
    """The same rates, as two processes map them."""
    path = tmp_path / "rates"
    return SharedRates(path, "requests", 5), SharedRates(path, "requests", 5)


def let_through(both: tuple[SharedRates, SharedRates], mono_ns: int, times: int) -> int:
    turns = zip(range(times), cycle(both), strict=False)
    return sum(not rates.spend("a", 10, mono_ns) for _, rates in turns)


def test_a_burst_and_a_rate_are_of_all_together(both: tuple[SharedRates, SharedRates]) -> None:
    assert let_through(both, NOON_NS, 1_000) == 50
    assert [each.wait_ns("a", 10, NOON_NS) for each in both] == [S // 10, S // 10]
    assert let_through(both, NOON_NS + 3 * S, 1_000) == 30
    assert both[0].spend("b", 10, NOON_NS) == 0, "nobody else is hit"
    assert let_through(both, NOON_NS + 3_600 * S, 1_000) == 50, "silence saves nothing up"


def test_actions_are_counted_apart_and_what_is_counted_outlives_a_process(
    both: tuple[SharedRates, SharedRates], tmp_path: Path
) -> None:
    assert let_through(both, NOON_NS, 100) == 50
    for each in both:
        each.close()
    path = tmp_path / "rates"
    assert SharedRates(path, "requests", 5).wait_ns("a", 10, NOON_NS) == S // 10
    assert SharedRates(path, "connections", 5).wait_ns("a", 10, NOON_NS) == 0


def test_a_flood_makes_those_go_who_are_due_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_rates, "BUCKETS", 16)
    one, other = (SharedRates(tmp_path / "few", "requests", 5) for _ in range(2))
    one.count("a", 10, NOON_NS, 1_000)
    for number in range(2_000):
        other.count(number, 10, NOON_NS)
    assert len(one) == len(other) == 128
    assert one.wait_ns("a", 10, NOON_NS) > 90 * S
