"""Words: very many watch one generation, beside a busy market.

What does a frame of words cost per watcher, against a frame of a lane of ticks with as many
subscribers, how old are words at the watchers, and what do the readers of ticks notice? Costs are
net of what the same server takes without that crowd; for ages it is left to the cadence when to
cut, as by default.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from ..comparison import compare_crowds, difference
from ..feed_server import Options, Server, Subscription
from ..outcome import Aim, Outcome, Row, Sample, at_most, newest_p99_ms
from ..plan import Group, GroupResult, Look
from ..said import Said
from ..stage import Case, Stage, Target
from .two_lanes import RUNNING, WORDS_SERVER

WATCHERS = 1_000
READERS = 50  # of ticks, beside them
RATE = 5_000
BATCH_MS = 20  # 50 cuts/s, one for each token
SAID = Said(keys=1, per_s=50)
# A lane whose frames are nearly as small as a token's: a symbol that trades in most of the cuts.
FEW = Subscription(channels=("trades",), symbols=("NVDA",))
WATCHING = Subscription(channels=(), keys=SAID.names)
AIM_FRAME = 1.05
AIM_AGE_MS = 50
NOISE_MS = 10.0
TICKS = "readers of ticks"
ALONE, WATCHED, ONE_LANE = "feed, no crowd", "feed, watchers", "feed, a lane of ticks"
BY_LOAD = ", cuts by load"

Crowd = Callable[[Server], Group]


def run(stage: Stage) -> Outcome:
    """Measure costs at a fixed rate of cuts, and ages while the server cuts as it sees fit."""
    count = stage.settings.subscribers or WATCHERS
    fixed = Options(stage.settings.rate or RATE, BATCH_MS, said=SAID)
    by_load = replace(fixed, batch_ms=None)
    missing = "" if stage.settings.url is None else RUNNING

    def watchers(server: Server) -> Group:
        return server.group("watchers", count, WATCHING, look=Look.WORDS)

    def one_lane(server: Server) -> Group:
        return server.group("one lane", count, FEW)

    def case(name: str, options: Options, crowd: Crowd | None) -> Case:
        return Case(name, _starting(stage, options, crowd), ours=True, missing=missing)

    title = f"{count:,} watch {SAID.per_s:g} tokens/s beside {stage.pace(fixed.rate)}"
    rows = stage.compare(
        title,
        [
            case(ALONE, fixed, None),
            case(WATCHED, fixed, watchers),
            case(ONE_LANE, fixed, one_lane),
            case(ALONE + BY_LOAD, by_load, None),
            case(WATCHED + BY_LOAD, by_load, watchers),
        ],
    )
    alone, watched = rows[3:]
    notes = [_ages_of_ticks(row) for row in (alone, watched) if row.samples]
    return Outcome("words", title, rows, [_cost(*rows[:3]), *_ages(alone, watched)], notes)


def _starting(
    stage: Stage, options: Options, crowd: Crowd | None
) -> Callable[[], AbstractContextManager[Target]]:
    """Start a server that says words, for a crowd and a few readers of ticks."""

    @contextmanager
    def start() -> Iterator[Target]:
        with stage.server(options, WORDS_SERVER) as server:
            others = (
                server.group(TICKS, READERS, Subscription()),
                server.validators(keys=SAID.names),
            )
            groups = others if crowd is None else (crowd(server), *others)
            yield Target(groups, server.pids)

    return start


def _cost(alone: Row, watched: Row, one_lane: Row) -> Aim:
    why = next((row.skipped for row in (alone, watched, one_lane) if row.skipped), "")
    ratio = compare_crowds(watched, one_lane, alone)
    return at_most("CPU per frame, net, words ÷ a lane of ticks", ratio, AIM_FRAME, why)


def _ages(alone: Row, watched: Row) -> list[Aim]:
    why = alone.skipped or watched.skipped
    age = watched.spread(newest_p99_ms) if watched.samples else None
    grown = difference(watched, alone, _ticks_p99_ms)
    return [
        at_most("milliseconds, p99 age of a token at the watchers", age, AIM_AGE_MS, why),
        at_most("milliseconds that the p99 age of ticks grows", grown, NOISE_MS, why),
    ]


def _ages_of_ticks(row: Row) -> str:
    p50, p99 = row.median(_ticks_p50_ms), row.median(_ticks_p99_ms)
    return f"{row.name}: ticks are {p50:.1f} ms old at their readers, p99 {p99:.1f} ms"


def _ticks_p50_ms(sample: Sample) -> float:
    return _readers_of_ticks(sample).newest.p50_ms


def _ticks_p99_ms(sample: Sample) -> float:
    return _readers_of_ticks(sample).newest.p99_ms


def _readers_of_ticks(sample: Sample) -> GroupResult:
    return next(group for group in sample.result.groups if group.name == TICKS)
