"""The allowance of a connection, second by second."""

from feed.broadcast.allowance import BURST_S, Allowance, Rates
from feed.market.ticks import SECOND_NS

MS = 1_000_000
NOON_NS = 43_200 * SECOND_NS
RATES = Rates(messages_per_s=3, bytes_per_s=1_000, work_ns_per_s=50 * MS)
BURST_NS = BURST_S * RATES.work_ns_per_s


def test_so_many_messages_are_taken_in_each_second() -> None:
    allowance = Allowance(RATES, NOON_NS)
    assert [allowance.count(NOON_NS + number) for number in range(5)] == [True] * 3 + [False] * 2
    assert allowance.count(NOON_NS + SECOND_NS)


def test_a_burst_of_work_is_taken_and_not_a_nanosecond_more() -> None:
    allowance = Allowance(RATES, NOON_NS)
    assert allowance.spend(BURST_NS, NOON_NS)
    assert not allowance.spend(1, NOON_NS)


def test_work_is_forgiven_as_time_goes() -> None:
    allowance = Allowance(RATES, NOON_NS)
    assert allowance.spend(BURST_NS, NOON_NS)
    assert allowance.spend(50 * MS, NOON_NS + SECOND_NS)
    assert not allowance.spend(50 * MS + 1, NOON_NS + 2 * SECOND_NS)


def test_a_long_silence_saves_nothing_up() -> None:
    allowance = Allowance(RATES, NOON_NS)
    assert allowance.spend(0, NOON_NS + 3_600 * SECOND_NS)
    assert not allowance.spend(BURST_NS + 1, NOON_NS + 3_600 * SECOND_NS)


def test_steady_work_below_the_rate_is_taken_for_ever() -> None:
    allowance = Allowance(RATES, NOON_NS)
    assert all(allowance.spend(5 * MS, NOON_NS + tenth * SECOND_NS // 10) for tenth in range(1_000))


def test_bytes_have_a_budget_of_their_own() -> None:
    allowance = Allowance(RATES, NOON_NS)
    assert allowance.weigh(BURST_S * RATES.bytes_per_s, NOON_NS)
    assert allowance.spend(BURST_NS, NOON_NS), "work is another one"
    assert not allowance.weigh(1, NOON_NS)
    assert allowance.weigh(RATES.bytes_per_s - 1, NOON_NS + SECOND_NS)
    assert not allowance.weigh(2, NOON_NS + SECOND_NS)
