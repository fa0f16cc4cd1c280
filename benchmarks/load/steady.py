"""The script of a steady load: connect, settle, measure for a while, tell."""

import resource
import time
from collections.abc import Sequence
from itertools import islice

from .connection import Members
from .plan import GroupResult, Interval, Plan, Result
from .process import Usage
from .swarm import Swarm, Tell


def run_steady(plan: Plan, tell: Tell) -> Result:
    """Put a server under the load of a plan.

    Raises:
        WireError: the server refused a subscriber, or does not speak its protocol.
    """
    return run_side_by_side((plan,), tell)[0]


def run_side_by_side(plans: Sequence[Plan], tell: Tell) -> tuple[Result, ...]:
    """Put several servers under load at the same time, each under that of its plan.

    Whatever else the machine does then disturbs all of them alike. The first plan says when, and
    for how long; the cost of measuring is that of all.

    Raises:
        WireError: a server refused a subscriber, or does not speak its protocol.
    """
    first = plans[0]
    before = [Usage.of(plan.pids) for plan in plans]
    swarm = Swarm(group for plan in plans for group in plan.groups)
    try:
        connect_s = swarm.connect(
            swarm.connections,
            in_flight=first.in_flight,
            timeout_s=first.connect_timeout_s,
            tell=tell,
        )
        wait_ns = first.begin_ns - time.time_ns()
        swarm.serve_for(wait_ns / 1e9 if first.begin_ns else first.settle_s)
        members = iter(swarm.members)
        windows = [Window(list(islice(members, len(each.groups))), each.pids) for each in plans]
        while windows[0].elapsed_s < first.steady_s:
            swarm.serve_for(min(first.interval_s, first.steady_s - windows[0].elapsed_s))
            for window in windows:
                tell(window.step())
        return tuple(
            window.result(connect_s, used) for window, used in zip(windows, before, strict=True)
        )
    finally:
        swarm.close()


class Window:
    """The steady window of a server: resources used and frames received since it began."""

    def __init__(self, members: Sequence[Members], pids: tuple[int, ...]) -> None:
        for each in members:
            each.restart()
        self._members = members
        self._pids = pids
        self._steps: list[Interval] = []
        self._frames = 0  # until the last step
        self._received_bytes = 0
        self._began = self._last = _Reading(pids)

    @property
    def elapsed_s(self) -> float:
        """Seconds since the window began."""
        return (time.monotonic_ns() - self._began.now_ns) / 1e9

    def step(self) -> Interval:
        """End an interval and begin the next."""
        last, reading = self._last, _Reading(self._pids)
        members = self._members
        frames = sum(each.frames for each in members)
        received_bytes = sum(each.received_bytes for each in members)
        seconds = (reading.now_ns - last.now_ns) / 1e9
        interval = Interval(
            at_s=(reading.now_ns - self._began.now_ns) / 1e9,
            frames=frames - self._frames,
            received_bytes=received_bytes - self._received_bytes,
            server_cpu_share=(reading.server.cpu_ns - last.server.cpu_ns) / 1e9 / seconds,
            swarm_cpu_share=(reading.swarm_cpu_s - last.swarm_cpu_s) / seconds,
            server_memory_bytes=reading.server.memory_bytes,
            ages=members[0].newest.interval(),
        )
        self._steps.append(interval)
        self._last, self._frames, self._received_bytes = reading, frames, received_bytes
        return interval

    def result(self, connect_s: float, before: Usage) -> Result:
        """Return the figures until the last step."""
        began, last = self._began, self._last
        seconds = (last.now_ns - began.now_ns) / 1e9
        return Result(
            connect_s=connect_s,
            connect_cpu_s=(began.server.cpu_ns - before.cpu_ns) / 1e9,
            seconds=seconds,
            server_cpu_s=(last.server.cpu_ns - began.server.cpu_ns) / 1e9,
            server_memory_bytes=(before.memory_bytes, last.server.memory_bytes),
            swarm_cpu_share=(last.swarm_cpu_s - began.swarm_cpu_s) / seconds,
            groups=tuple(map(group_result, self._members)),
            intervals=tuple(self._steps),
        )


class _Reading:
    """The clocks, read together."""

    def __init__(self, pids: tuple[int, ...]) -> None:
        self.server = Usage.of(pids)
        used = resource.getrusage(resource.RUSAGE_SELF)
        self.swarm_cpu_s = used.ru_utime + used.ru_stime
        self.now_ns = time.monotonic_ns()


def group_result(members: Members) -> GroupResult:
    """Return the figures of a group."""
    findings = members.findings
    return GroupResult(
        name=members.group.name,
        count=sum(connection.open for connection in members.connections),
        frames=members.frames,
        received_bytes=members.received_bytes,
        sampled_messages=findings.messages,
        sampled_ticks=findings.ticks,
        newest=members.newest.total(),
        oldest=members.oldest.total(),
        gaps=dict(findings.gaps),
        faults=tuple(findings.faults),
        fault_count=findings.fault_count,
        lost=dict(members.lost),
        extensions=members.extensions,
        payloads=tuple(members.payloads),
        sizes=dict(findings.sizes),
    )
