"""How long a client waits."""

import random

from feed.client.backoff import Backoff


def longest(low: float, high: float) -> float:
    """Draw the bound itself."""
    del low
    return high


def test_bounds_double_up_to_thirty_seconds() -> None:
    backoff = Backoff(longest)
    assert [backoff.next_s() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]


def test_jitter_is_full() -> None:
    backoff = Backoff(random.Random(1).uniform)
    waits = []
    for _ in range(2000):
        backoff.reset()
        waits.append(backoff.next_s())
    assert min(waits) < 0.01
    assert max(waits) > 0.99
    assert abs(sum(waits) / len(waits) - 0.5) < 0.05


def test_a_reset_begins_again() -> None:
    backoff = Backoff(longest)
    for _ in range(9):
        backoff.next_s()
    backoff.reset()
    assert backoff.next_s() == 1


def test_a_server_may_ask_for_another_bound_but_not_for_none() -> None:
    backoff = Backoff(longest)
    backoff.ask(5)
    assert [backoff.next_s() for _ in range(4)] == [5, 10, 20, 30]
    backoff.ask(60)
    assert backoff.next_s() == 60
    backoff.reset()
    backoff.ask(0)
    assert backoff.next_s() == 0.1


def test_what_a_server_asked_for_comes_first() -> None:
    assert Backoff(longest).next_s(at_least_s=7) == 8


def test_a_thousand_failures_are_no_trouble() -> None:
    backoff = Backoff(longest)
    assert {backoff.next_s() for _ in range(1000)} == {1, 2, 4, 8, 16, 30}
