"""Rates and tallies: exact for each, and bounded for very many."""

import tracemalloc

import pytest

from feed.errors import LimitExceeded
from feed.trust.rates import Rates
from feed.trust.tally import Tally

S = 1_000_000_000
NOON_NS = 43_200 * S


def let_through(rates: Rates, who: str, per_s: int, mono_ns: int, times: int) -> int:
    return sum(not rates.spend(who, per_s, mono_ns) for _ in range(times))


def test_a_burst_is_let_through_and_then_one_at_its_time() -> None:
    rates = Rates(burst_s=5)
    assert let_through(rates, "a", 10, NOON_NS, 1_000) == 50
    assert let_through(rates, "b", 10, NOON_NS, 1) == 1, "nobody else is hit"
    wait_ns = rates.wait_ns("a", 10, NOON_NS)
    assert wait_ns == S // 10
    assert rates.spend("a", 10, NOON_NS + wait_ns - 1) == 1
    assert rates.spend("a", 10, NOON_NS + wait_ns) == 0
    assert let_through(rates, "a", 10, NOON_NS + 3 * S + wait_ns, 1_000) == 30
    assert let_through(rates, "a", 10, NOON_NS + 3_600 * S, 1_000) == 50, "silence saves nothing up"


@pytest.mark.parametrize("per_s", [1, 7, 1_000_000])
def test_over_an_hour_the_rate_is_kept_whatever_the_rhythm(per_s: int) -> None:
    rates = Rates(burst_s=0.1)
    passed = sum(let_through(rates, "a", per_s, NOON_NS + at * S, 20) for at in range(3_600))
    most = max(1, min(20, per_s // 10))
    assert passed == most * 3_600


def test_what_is_refused_does_not_count_and_what_is_counted_does() -> None:
    rates = Rates(burst_s=1)
    assert let_through(rates, "a", 2, NOON_NS, 100) == 2
    assert rates.wait_ns("a", 2, NOON_NS) == S // 2
    rates.count("a", 2, NOON_NS)
    assert rates.wait_ns("a", 2, NOON_NS) == S


def test_100_000_addresses_take_no_more_than_the_most_that_are_known() -> None:
    rates = Rates(burst_s=10, most=1_000)
    traced = []
    for number in range(100_000):
        rates.spend(f"2001:db8:{number:x}::/64", 100, NOON_NS)
        if number == 97_000:
            tracemalloc.start()
        if number in {98_500, 99_999}:  # all that are known by then are traced
            traced.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert len(rates) == 1_000
    assert traced[1] < traced[0] * 1.1


@pytest.mark.parametrize("per_s", [S, S + 1, 10**18])
def test_a_rate_that_is_as_good_as_none_lets_everything_through(per_s: int) -> None:
    rates = Rates(burst_s=5)
    assert let_through(rates, "a", per_s, NOON_NS, 1_000) == 1_000
    assert let_through(rates, "b", 1, NOON_NS, 10) == 5
    assert let_through(rates, "a", per_s, NOON_NS, 1_000) == 1_000


def test_whoever_has_been_quiet_is_forgotten() -> None:
    rates = Rates(burst_s=10)
    for number in range(1_000):
        rates.spend(number, 100, NOON_NS)
    rates.spend("a", 100, NOON_NS + S)
    assert len(rates) == 1


def test_a_tally_is_of_each_owner_and_keeps_nobody_who_has_none() -> None:
    tally = Tally("connections of one address")
    for _ in range(2):
        tally.check("a", 2)
        tally.add("a")
    with pytest.raises(LimitExceeded, match="of one address: 3 would exceed the limit of 2"):
        tally.check("a", 2)
    tally.check("b", 2)
    tally.take("a")
    tally.check("a", 2)
    tally.take("a")
    tally.take("a")
    assert (len(tally), tally.of("a")) == (0, 0)
