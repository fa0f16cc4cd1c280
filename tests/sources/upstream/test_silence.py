"""Whether a connection that says nothing is given up: pings, and the time without anything told."""

import math

import pytest

from feed.sources.upstream.silence import (
    LONGEST_LIMIT_S,
    PING_AFTER_S,
    PONG_WITHIN_S,
    Due,
    SilenceWatch,
)


def watched(limit_s: float = 0.0, *, answers: bool = True) -> SilenceWatch:
    """Return the watch over a connection that opened at 0, and answered its ping at 1 or not."""
    watch = SilenceWatch(limit_s)
    watch.open(0.0)
    assert watch.due(0.0) is Due.PING
    watch.note_ping(0.0)
    if answers:
        watch.hear_pong(1.0)
    return watch


def test_a_connection_that_is_silent_is_pinged_and_stands_while_it_answers() -> None:
    watch, now_s = watched(), 1.0
    for _ in range(100):  # a quarter of an hour of a market that is closed
        assert watch.due(now_s + PING_AFTER_S - 0.1) is Due.NOTHING
        assert watch.wait_s(now_s) == pytest.approx(PING_AFTER_S)
        now_s += PING_AFTER_S
        assert watch.due(now_s) is Due.PING
        watch.note_ping(now_s)
        watch.hear_pong(now_s := now_s + 0.5)


def test_one_that_answered_and_does_not_any_more_is_given_up() -> None:
    watch = watched()
    watch.note_ping(11.0)
    assert watch.due(11.0 + PONG_WITHIN_S - 0.1) is Due.NOTHING
    assert watch.wait_s(11.0) == PONG_WITHIN_S
    assert watch.due(11.0 + PONG_WITHIN_S) is Due.GIVE_UP_UNANSWERED
    watch.open(30.0)  # the next connection, which is dead from the start
    watch.note_ping(30.0 + PING_AFTER_S)
    assert watch.due(30.0 + PING_AFTER_S + PONG_WITHIN_S) is Due.GIVE_UP_UNANSWERED


def test_whatever_comes_is_a_sign_of_life_though_the_pong_does_not() -> None:
    watch = watched()
    watch.note_ping(11.0)
    for now_s in range(12, 60, 5):
        watch.hear(now_s, told=False)
        assert watch.due(now_s + 1) is Due.NOTHING


def test_one_that_never_answered_a_ping_is_pinged_again_and_only_time_tells() -> None:
    watch = watched(limit_s=60.0, answers=False)
    for now_s in (10.0, 20.0, 30.0, 40.0, 50.0):
        assert watch.due(now_s) is Due.PING
        watch.note_ping(now_s)
    assert watch.due(60.0) is Due.GIVE_UP_SILENT
    assert watched(answers=False).due(1e6) is Due.PING  # without a limit it is never given up


def test_one_that_answers_and_tells_nothing_is_given_up_later_each_time() -> None:
    watch, limits = watched(limit_s=120.0), []
    for _ in range(9):
        watch.open(0.0)
        watch.note_ping(0.0)
        limits.append(watch.limit_s)
        watch.hear_pong(watch.limit_s - 1)
        assert watch.due(watch.limit_s - 0.5) is Due.NOTHING
        assert watch.due(watch.limit_s) is Due.GIVE_UP_SILENT
    assert limits == [120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600]
    watch.open(0.0)
    for now_s in range(20):
        watch.hear(1.0 + now_s / 10, told=True)
    assert watch.limit_s == 120  # once things are told


def test_one_that_had_told_something_is_given_up_at_the_first_limit_again() -> None:
    watch = watched(limit_s=60.0)
    watch.hear(5.0, told=True)
    watch.hear_pong(64.0)
    assert watch.due(64.9) is Due.NOTHING
    assert watch.wait_s(64.0) == 1.0
    assert watch.due(65.0) is Due.GIVE_UP_SILENT
    assert watch.limit_s == 60.0


def test_a_silence_that_ended_by_itself_is_one_that_is_waited_for() -> None:
    watch = watched(limit_s=60.0)
    watch.hear(50.0, told=True)
    assert watch.limit_s == 100.0
    watch.hear(140.0, told=True)
    assert watch.limit_s == 180.0


@pytest.mark.parametrize("limit_s", [0.0, 2 * LONGEST_LIMIT_S])
def test_a_limit_is_never_less_than_it_was_said_to_be(limit_s: float) -> None:
    watch = watched(limit_s=limit_s)
    watch.hear(1.0, told=True)
    assert watch.limit_s == limit_s or math.inf
    watch.hear(3 * LONGEST_LIMIT_S, told=True)
    assert watch.limit_s >= (limit_s or math.inf)
