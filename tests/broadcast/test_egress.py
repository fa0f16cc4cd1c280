"""The bytes of one identity: a bucket, and what its subscribers are given once it runs over."""

from feed.broadcast.egress import BURST_S, LIMITED_S, Egress, Throttle
from feed.broadcast.memory import Memory, slowest_first

S = 1_000_000_000
RATE = 1_000


def test_a_burst_is_given_and_more_waits() -> None:
    egress = Egress(RATE, 0)
    assert egress.look(BURST_S * RATE, RATE, 0) is Throttle.NONE
    assert egress.look(1, RATE, 0) is Throttle.WAITS
    assert egress.look(0, RATE, S // 2) is Throttle.WAITS, "not oftener than once a second"
    assert egress.look(0, RATE, S) is Throttle.ONCE
    assert egress.look(0, RATE, S + S // 2) is Throttle.WAITS


def test_what_is_given_once_counts_too() -> None:
    egress = Egress(RATE, 0)
    assert egress.look(BURST_S * RATE + 1, RATE, 0) is Throttle.WAITS
    assert egress.look(0, RATE, S) is Throttle.ONCE
    assert egress.look(5 * RATE, RATE, 2 * S) is Throttle.WAITS, "the bucket runs over again"
    waits = [egress.look(0, RATE, at * S) for at in range(3, 8)]
    assert waits.index(Throttle.ONCE) >= 1


def test_after_its_time_it_is_let_live_again_if_the_bucket_is_nearly_empty() -> None:
    egress = Egress(RATE, 0)
    egress.look(BURST_S * RATE + 1, RATE, 0)
    given = [egress.look(0, RATE, at * S) for at in range(1, LIMITED_S + 1)]
    assert given == [Throttle.ONCE] * (LIMITED_S - 1) + [Throttle.NONE]
    assert not egress.is_limited


def test_on_average_no_more_is_written_than_the_rate() -> None:
    """A reader that takes 5,000 bytes a second live, and 800 a time conflated."""
    egress = Egress(RATE, 0)
    written, throttle = 0, Throttle.NONE
    seconds = 600
    for at in range(seconds):
        sent = {Throttle.NONE: 5_000, Throttle.ONCE: 800, Throttle.WAITS: 0}[throttle]
        written += sent
        throttle = egress.look(sent, RATE, at * S)
    assert RATE * seconds / 4 < written <= RATE * (seconds + BURST_S) + 5_000


def test_an_identity_that_is_away_pays_its_bytes_back_before_it_is_forgotten() -> None:
    egress = Egress(RATE, 0)
    egress.look(3 * RATE, RATE, 0)
    assert not egress.rest(2 * S)
    assert egress.rest(3 * S)


def test_memory_is_full_above_the_soft_limit_and_has_to_shrink_above_the_hard_one() -> None:
    memory = Memory(100, 200)
    memory.note(10, 80, 9)
    assert (memory.is_full, memory.excess_bytes) == (False, 0)
    memory.note(10, 80, 10)
    assert (memory.is_full, memory.excess_bytes) == (True, 0)
    memory.note(10, 191, 9)
    assert memory.excess_bytes == 10
    assert Memory(100, 50).is_full is False
    small = Memory(100, 50)
    small.note(0, 50, 0)
    assert small.is_full, "nobody comes in where some have to go"


def test_those_that_hold_the_most_go_first_and_no_more_than_have_to() -> None:
    held = [(10, "a"), (500, "b"), (0, "c"), (300, "d")]
    assert slowest_first(held, 1) == ["b"]
    assert slowest_first(held, 501) == ["b", "d"]
    assert slowest_first(held, 10_000) == ["b", "d", "a"]
    assert slowest_first(held, 0) == []
