"""When the place of a worker that died is taken: at once, and later after each that dies young."""

from feed.program.workers.restarting import LONGEST_S, YOUNG_NS, count_deaths, rest_s


def test_the_first_death_is_made_good_at_once() -> None:
    assert rest_s(0) == 0


def test_each_young_death_waits_longer_up_to_a_limit() -> None:
    rests = [rest_s(deaths) for deaths in range(1, 40)]
    assert rests == sorted(rests)
    assert rests[0] < 0.2
    assert rests[-1] == LONGEST_S


def test_who_has_served_for_a_while_forgives_the_deaths_before() -> None:
    assert count_deaths(4, YOUNG_NS - 1) == 5
    assert count_deaths(4, YOUNG_NS) == 0
