"""The stage: runs contenders one after another, round after round, and keeps their figures.

Every contender is started anew for each of its samples and has the machine to itself. Rounds go
forward and backward by turns (A B C, C B A), so that a machine that gets slower or faster meanwhile
favours nobody; ratios compare samples of the same round. Where some per cent are asked about, the
contenders stand side by side instead, and are compared second by second.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from feed.wire.transport import Transport

from ..peers.base import Contender, PeerError, Running, Work
from .feed_server import MS_PER_S, Options, Server, Subscription, feed_server
from .outcome import SATURATED_SHARE, Row, Sample
from .own_process import SwarmError, in_own_process
from .plan import Event, Group, GroupResult, Plan, Result
from .recording import Recording
from .sample import LIVE_PAYLOADS
from .steady import run_side_by_side, run_steady

RECORD_S = 2.0  # of payloads that peers are given: 80 at 40 Hz
SETTLE_S = 0.5  # between the last subscriber's connecting and the steady window
KEEP_PAYLOADS = 500
INTERVAL_S = 0.25  # in which progress is told
SIDE_BY_SIDE_S = 1.0  # that servers side by side are compared again: 40 cuts, one more or less


@dataclass(frozen=True, slots=True)
class Settings:
    """The options of the user.

    Attributes:
        subscribers, rate: instead of the scenario's own; None for those.
        seconds: length of a steady window.
        rounds: how often everything is measured.
        url: of a server of ours that runs already.
        peers: parts of names; only peers with one of them take part. Empty: all do.
        record_s: how long our server is recorded for its peers.
        settle_s: time between the last subscriber's connecting and a steady window.
    """

    subscribers: int | None = None
    rate: float | None = None
    seconds: float = 2.0
    rounds: int = 3
    url: str | None = None
    peers: tuple[str, ...] = ()
    record_s: float = RECORD_S
    settle_s: float = SETTLE_S

    def wants(self, name: str) -> bool:
        """Tell whether a peer takes part."""
        return not self.peers or any(part.lower() in name.lower() for part in self.peers)


@dataclass(frozen=True, slots=True)
class Target:
    """The subject of one sample: the measured group first, others beside it.

    Attributes:
        groups: the subscribers that connect.
        pids: of the server.
        version: of the program, as far as it is known.
        settle_s: instead of the time that the user's settings give; None for that.
    """

    groups: tuple[Group, ...]
    pids: tuple[int, ...]
    version: str = ""
    settle_s: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A row in the making.

    Attributes:
        name: of the row.
        start: starts the contender within a context.
        ours: it is our server.
        missing: why it cannot be measured here, or "".
        payload_ticks, hz: as `Sample` has them.
    """

    name: str
    start: Callable[[], AbstractContextManager[Target]]
    ours: bool = False
    missing: str = ""
    payload_ticks: float = 0.0
    hz: float = 0.0


class Progress:
    """Hears of the stage while it runs; the base says nothing."""

    def begin(self, title: str, steps: int) -> None:
        """Begin a scenario of this many samples."""

    def step(self, name: str) -> None:
        """Begin the next sample."""

    def event(self, event: Event) -> None:
        """Hear an event of the swarm."""

    def end(self) -> None:
        """End the scenario."""


class Stage:
    """Where scenarios run.

    Attributes:
        settings: the options of the user.
        folder: for files of this run.
        progress: hears of each step.
    """

    def __init__(self, settings: Settings, folder: Path, progress: Progress) -> None:
        self.settings = settings
        self.folder = folder
        self.progress = progress

    def pace(self, rate: float) -> str:
        """Return in words at which rate ticks come."""
        return f"{rate:,g} ticks/s" if self.settings.url is None else "the server's own rate"

    def compare(self, title: str, cases: Sequence[Case]) -> list[Row]:
        """Measure every case in every round; return their rows in the order given."""
        rows = [Row(case.name, case.ours, skipped=case.missing) for case in cases]
        pairs = [(case, row) for case, row in zip(cases, rows, strict=True) if not case.missing]
        rounds = self.settings.rounds
        self.progress.begin(title, len(pairs) * rounds)
        for number in range(rounds):
            for case, row in pairs if number % 2 == 0 else pairs[::-1]:
                self.progress.step(case.name)
                self._sample(case, row, number)
        self.progress.end()
        return rows

    def side_by_side(self, title: str, cases: Sequence[Case]) -> list[Row]:
        """Measure all cases at the same time, in every round; return their rows.

        Whatever else the machine does disturbs all of them alike, so that small differences show.
        Where one cannot be measured, none is.
        """
        rows = [Row(case.name, case.ours, skipped=case.missing) for case in cases]
        if any(case.missing for case in cases):
            return rows
        self.progress.begin(title, self.settings.rounds)
        for number in range(self.settings.rounds):
            self.progress.step(f"{len(cases)} side by side")
            self._sample_all(cases, rows, number)
        self.progress.end()
        return rows

    def _sample_all(self, cases: Sequence[Case], rows: Sequence[Row], number: int) -> None:
        turn = number % len(cases)  # whoever starts first is another one each round
        order = [*range(turn, len(cases)), *range(turn)]
        try:
            with ExitStack() as started:
                targets = [started.enter_context(cases[index].start()) for index in order]
                plans = tuple(self._plan(target, SIDE_BY_SIDE_S) for target in targets)
                results = in_own_process(run_side_by_side, plans, self.progress.event)
        except (PeerError, SwarmError) as error:
            for row in rows:
                row.skipped = str(error)
            return
        for index, target, result in zip(order, targets, results, strict=True):
            sample = Sample(number, result, hz=cases[index].hz)
            self._keep(rows[index], sample, target.version)

    def _sample(self, case: Case, row: Row, number: int) -> None:
        try:
            with case.start() as target:
                result = self.run(target)
        except (PeerError, SwarmError) as error:
            row.skipped = str(error)
            return
        sample = Sample(number, result, case.payload_ticks, case.hz)
        self._keep(row, sample, target.version)

    def _keep(self, row: Row, sample: Sample, version: str) -> None:
        """Keep a sample, unless it measured the swarm."""
        row.version = version
        result = sample.result
        if result.swarm_cpu_share > SATURATED_SHARE:
            row.skipped = (
                f"not reported: the swarm took {result.swarm_cpu_share:.0%} of a core, so it may "
                "have measured itself; try fewer subscribers"
            )
            return
        row.samples.append(sample)

    def run(self, target: Target) -> Result:
        """Put one running server under load.

        Raises:
            SwarmError: it could not be.
        """
        return in_own_process(run_steady, self._plan(target), self.progress.event)

    def _plan(self, target: Target, interval_s: float = INTERVAL_S) -> Plan:
        return Plan(
            target.groups,
            target.pids,
            settle_s=self.settings.settle_s if target.settle_s is None else target.settle_s,
            steady_s=self.settings.seconds,
            interval_s=interval_s,
        )

    @contextmanager
    def server(self, options: Options, module: str = "feed") -> Iterator[Server]:
        """Start our server, or take the one that the user named.

        Args:
            options: of `feed serve`.
            module: which understands them.
        """
        with feed_server(self.settings.url, options, module) as server:
            yield server

    def record(self, groups: Callable[[Server], Group], options: Options) -> Recording:
        """Let a few subscribers of our server write down their payloads.

        Args:
            groups: makes the group, every member of which is sampled.
            options: of `feed serve`; peers send at the rate of its cuts. Where the user named a
                server, or where cuts follow the load, at the rate that was seen.
        """
        group, hz = self._recorded(groups, options)
        payloads = [payload for payload in group.payloads if payload.startswith(LIVE_PAYLOADS)]
        if not payloads:
            raise SwarmError(f"{group.name}: our server sent no ticks to record")
        if self.settings.url is None and options.batch_ms is not None:
            hz = MS_PER_S / options.batch_ms
        return Recording.of(self._file(group), payloads, hz)

    def record_sizes(self, groups: Callable[[Server], Group], options: Options) -> Recording:
        """Count the lengths of the payloads that each subscriber of our server gets.

        Args:
            groups: makes the group, every member of which looks at `Look.SIZES`.
            options: of `feed serve`. Peers send at the rate that was seen: a selection that a cut
                has nothing for gets no frame.
        """
        group, hz = self._recorded(groups, options)
        if not group.sizes:
            raise SwarmError(f"{group.name}: our server sent no ticks to record")
        return Recording.of_sizes(self._file(group), group.sizes, group.count, hz)

    def _recorded(
        self, groups: Callable[[Server], Group], options: Options
    ) -> tuple[GroupResult, float]:
        """Return the figures of a group, and how many frames a second each member got."""
        settings = self.settings
        with self.server(options) as server:
            plan = Plan((groups(server),), settle_s=settings.settle_s, steady_s=settings.record_s)
            result = in_own_process(run_steady, plan, self.progress.event)
        group = result.groups[0]
        if not group.frames:
            raise SwarmError(f"{group.name}: our server sent no ticks to record")
        return group, group.frames / group.count / result.seconds

    def _file(self, group: GroupResult) -> Path:
        return self.folder / f"{group.name}.ndjson"

    def ours(
        self,
        name: str,
        count: int,
        subscription: Subscription,
        options: Options,
        *,
        validate: bool = True,
    ) -> Case:
        """Return the case of our server with subscribers that all ask for the same."""

        @contextmanager
        def start() -> Iterator[Target]:
            with self.server(options) as server:
                groups = [server.group(name, count, subscription)]
                if validate:
                    groups.append(server.validators(subscription.transport))
                yield Target(tuple(groups), server.pids)

        hz = options.frames_per_s if self.settings.url is None else 0.0
        return Case(name, start, ours=True, hz=hz)

    def peers(
        self,
        contenders: Sequence[Contender],
        count: int,
        recording: Recording,
        *,
        transport: Transport = Transport.WEBSOCKET,
        compress: bool = False,
        rotate: bool = False,
    ) -> list[Case]:
        """Return the cases of peers that are given a recording's payloads at its rate."""
        job = Work(recording.path, recording.hz, transport, compress, rotate)
        return [
            self._peer(contender, count, job, recording.ticks)
            for contender in contenders
            if self.settings.wants(contender.name)
        ]

    def _peer(self, contender: Contender, count: int, work: Work, ticks: float) -> Case:
        @contextmanager
        def start() -> Iterator[Target]:
            with contender.start(work) as running:
                yield target_of(running, count)

        name = contender.name
        if work.transport is not Transport.WEBSOCKET:
            name = f"{name}, {work.transport.value}"
        if work.compress:
            name = f"{name}, deflate"
        return Case(name, start, missing=contender.missing(work), payload_ticks=ticks, hz=work.hz)


def target_of(running: Running, count: int) -> Target:
    """Return the target that a running peer is."""
    return Target((running.subscribers(count),), running.pids, running.version)
