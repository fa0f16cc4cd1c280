"""Storm: five thousand subscribers are cut off at once and come back within a second.

Do they miss anything, what does a return cost the server, and what do five hundred others notice of
it? How long it takes until the last is live is told too; but two swarms share the other core with
the clients that they stand for, and that time is as much theirs as the server's.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from ..feed_server import EVERYTHING, Options, Server, Subscription
from ..outcome import Aim, Outcome, Row, Sample, Spread, at_most
from ..own_process import SwarmError, in_own_process
from ..plan import Event, Plan, Result, Scheduled, StormPlan, StormResult
from ..stage import Stage
from ..steady import run_steady
from ..storm import run_storm

CROWD = 5_000
OTHERS = 500
OTHERS_SAMPLED_EVERY = 8
RATE = 200
HISTORY_S = 10.0  # positions with which the crowd returns are up to so old
CALM_S = 1.0  # after the storm, in which the price of live frames alone is seen
WINDOW_S = 3.0  # after the cut, in which the others are watched
AIM_CPU_MS = 0.36
AIM_AGE_MS = 60.0


@dataclass(frozen=True, slots=True)
class Scale:
    """How large a storm is; see the constants above."""

    others: int = OTHERS
    history_s: float = HISTORY_S
    window_s: float = WINDOW_S
    calm_s: float = CALM_S


def run(stage: Stage, scale: Scale = Scale()) -> Outcome:
    """Let the storm break once a round."""
    count = stage.settings.subscribers or CROWD
    rate = stage.settings.rate or RATE
    title = (
        f"{count:,} cut off at once at {stage.pace(rate)}, back within 1 s; "
        f"{scale.others} others stay"
    )
    row = Row("feed, the others", ours=True)
    storms: list[StormResult] = []
    stage.progress.begin(title, stage.settings.rounds)
    for number in range(stage.settings.rounds):
        stage.progress.step("feed")
        try:
            with stage.server(Options(rate)) as server:
                others = _Others(stage, server, scale)
                plan = _plan(server, count, scale)
                storms.append(in_own_process(run_storm, plan, others.hear))
                row.samples.append(Sample(number, others.result()))
        except SwarmError as error:
            row.skipped = str(error)
    stage.progress.end()
    outcome = Outcome("storm", title, [row], _aims(storms, row, scale))
    outcome.notes = [_words(storm) for storm in storms]
    return outcome


def _plan(server: Server, count: int, scale: Scale) -> StormPlan:
    everything = Subscription(channels=EVERYTHING, marks=True)
    crowd = server.group("crowd", count, everything, sample_limit=0)
    return StormPlan(
        server.validators(),
        crowd,
        server.pids,
        history_s=scale.history_s,
        calm_s=scale.calm_s,
    )


class _Others:
    """The subscribers that stay: a swarm of their own, whose window begins with the cut."""

    def __init__(self, stage: Stage, server: Server, scale: Scale) -> None:
        self._stage = stage
        self._server = server
        self._scale = scale
        self._thread: threading.Thread | None = None
        self._found: list[Result | SwarmError] = []

    def hear(self, event: Event) -> None:
        """Start the others once it is known when the storm will break."""
        self._stage.progress.event(event)
        if isinstance(event, Scheduled):
            self._thread = threading.Thread(target=self._watch, args=(event.cut_ns,))
            self._thread.start()

    def _watch(self, cut_ns: int) -> None:
        group = self._server.group(
            "others",
            self._scale.others,
            Subscription(),
            sample_every=OTHERS_SAMPLED_EVERY,
            sample_limit=self._scale.others,
        )
        plan = Plan((group,), self._server.pids, steady_s=self._scale.window_s, begin_ns=cut_ns)
        try:
            self._found.append(in_own_process(run_steady, plan, lambda _: None))
        except SwarmError as error:
            self._found.append(error)

    def result(self) -> Result:
        """Return the result of their window."""
        if self._thread is None:
            raise SwarmError("the storm never broke")
        self._thread.join()
        (found,) = self._found
        if isinstance(found, SwarmError):
            raise found
        return found


def _aims(storms: list[StormResult], row: Row, scale: Scale) -> list[Aim]:
    def spread(figure: Callable[[StormResult], float]) -> Spread | None:
        return Spread.of(map(figure, storms)) if storms else None

    known = [storm for storm in storms if storm.server_cpu_s]
    cpu = Spread.of(storm.cpu_ms_per_return for storm in known) if known else None
    ages = row.spread(lambda sample: sample.readers.newest.p99_ms) if row.samples else None
    return [
        at_most("gaps told to the crowd", spread(lambda storm: storm.gaps), 0, row.skipped),
        at_most(
            "positions of the crowd with ticks missing, repeated, or never reached",
            spread(lambda storm: storm.fault_count + storm.count - storm.live),
            0,
            row.skipped,
        ),
        at_most(
            "milliseconds of the server's CPU per return",
            cpu,
            AIM_CPU_MS,
            row.skipped or "the server's processes are not known",
        ),
        at_most(
            f"milliseconds, p99 age of {scale.others} others, {scale.window_s:g} s from the cut",
            ages,
            AIM_AGE_MS,
            row.skipped,
        ),
    ]


def _words(storm: StormResult) -> str:
    said = (
        f"{storm.live:,} of {storm.count:,} live {storm.live_s:.2f} s after the cut (connected "
        f"after {storm.connected_s:.2f} s); {storm.ticks:,} ticks caught up with, {storm.gaps} "
        f"gaps, {storm.fault_count} faults; meanwhile the server took "
        f"{storm.server_cpu_s:.2f} s of CPU ({storm.net_cpu_ms_per_return:.3f} ms a return without "
        f"frames for those that were live), the swarm {storm.swarm_cpu_share:.0%} of a core"
    )
    return f"{said}: {storm.faults[0]}" if storm.faults else said
