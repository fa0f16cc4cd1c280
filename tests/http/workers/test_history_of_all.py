"""Histories of several processes as one: added up, the largest, or the writer's, at one's times."""

from typing import Any

from feed.http.workers.history_of_all import history_of_all
from feed.hub.siblings import Worker, WorkerKind

WRITER = Worker("writer", WorkerKind.WRITER, 1, 1, "", "")
ONE = Worker("edge-1", WorkerKind.EDGE, 2, 2, "", "")
OTHER = Worker("edge-2", WorkerKind.EDGE, 3, 3, "", "")


def history(times: list[float], **series: list[float | None]) -> Any:
    return {"sample_s": 5.0, "window_s": 900.0, "times": times, "series": series}


def test_what_is_served_is_added_up_and_of_lags_the_largest_counts() -> None:
    whole = history_of_all(
        ONE,
        {
            ONE: history([10, 15], sse=[1, 2], largest_lag_ticks=[5, 0], ticks_per_s=[9, 9]),
            OTHER: history([11, 16], sse=[10, 20], largest_lag_ticks=[3, 8], ticks_per_s=[9, 9]),
            WRITER: history([9, 14], sse=[2, 2], largest_lag_ticks=[99, 99], ticks_per_s=[7, 8]),
        },
    )
    assert whole["times"] == [10, 15]
    assert whole["series"] == {
        "sse": [11, 22],
        "largest_lag_ticks": [5, 8],
        "ticks_per_s": [7, 8],
    }


def test_memory_is_everybodys() -> None:
    histories = {each: history([10], memory_bytes=[100]) for each in (ONE, OTHER, WRITER)}
    assert history_of_all(ONE, histories)["series"] == {"memory_bytes": [300]}


def test_one_that_began_later_adds_nothing_before() -> None:
    whole = history_of_all(
        ONE,
        {ONE: history([10, 15, 20], sse=[1, 1, None]), OTHER: history([21], sse=[5])},
    )
    assert whole["series"] == {"sse": [1, 1, 5]}


def test_without_a_writer_what_comes_in_is_as_who_was_asked_has_it() -> None:
    whole = history_of_all(ONE, {ONE: history([10], ticks_per_s=[3]), OTHER: history([], sse=[])})
    assert whole["series"] == {"ticks_per_s": [3]}
