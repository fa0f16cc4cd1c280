"""The last fifteen minutes of a server that is several processes, from what each has sampled.

Each samples when it likes, so that samples belong together that are nearest to each other. What is
served is the edges', and added up; of ages and lags the largest counts; what comes in is the
writer's; memory and CPU time are everybody's. Pure.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence

from feed.http.answer_models import StatusHistoryAnswer
from feed.hub.siblings import Worker, WorkerKind

_OF_THE_WRITER = frozenset(
    {
        *("ticks_per_s", "silent_s", "ring_window_s", "stale", "halted", "source_down"),
        *("source_age_p50_s", "source_age_p99_s"),
    }
)
_OF_ALL = frozenset({"cpu_share", "memory_bytes"})
_LARGEST = ("_p50_s", "_p99_s", "largest_lag_ticks")
_Numbers = Iterable[float]


def history_of_all(
    own: Worker, histories: Mapping[Worker, StatusHistoryAnswer]
) -> StatusHistoryAnswer:
    """Return the history of the whole server, at the times of one of its processes.

    Args:
        own: the process at whose times it is.
        histories: of all that answered, this one among them.
    """
    mine = histories[own]
    writers = [each for worker, each in histories.items() if worker.kind is WorkerKind.WRITER]
    edges = [each for worker, each in histories.items() if worker.kind is WorkerKind.EDGE]
    series: dict[str, list[float | None]] = {}
    for name in mine["series"]:
        if name in _OF_ALL:
            told: Sequence[StatusHistoryAnswer] = [*writers, *edges]
        else:
            told = (writers if name in _OF_THE_WRITER else edges) or [mine]
        together: Callable[[_Numbers], float] = max if name.endswith(_LARGEST) else sum
        columns = [_at(mine["times"], each, name, mine["sample_s"]) for each in told]
        series[name] = [
            together(numbers) if (numbers := [each for each in row if each is not None]) else None
            for row in zip(*columns, strict=True)
        ]
    return {**mine, "series": series}


def _at(
    times: Sequence[float], history: StatusHistoryAnswer, name: str, sample_s: float
) -> list[float | None]:
    """Return the numbers of a history that are nearest to some times; None: there is none near."""
    numbers, theirs = history["series"].get(name, ()), history["times"]
    found: list[float | None] = []
    for time_s in times:
        after = bisect_left(theirs, time_s)
        near = [
            (abs(theirs[at] - time_s), at) for at in (after - 1, after) if 0 <= at < len(theirs)
        ]
        far_s, at = min(near, default=(sample_s + 1, 0))
        found.append(numbers[at] if far_s <= sample_s and at < len(numbers) else None)
    return found
