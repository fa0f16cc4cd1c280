"""The script of a storm: a crowd is cut off at once, and all of it comes back with positions.

The crowd is followed until it is live; the other subscribers, and how old their ticks get, are
measured by a second swarm in a process of its own.
"""

import json
import random
import resource
import time
from dataclasses import replace

from .connection import Connection, Members
from .plan import Connecting, Group, Look, Opening, Scheduled, StormPlan, StormResult
from .process import Usage
from .sample import Newest, ReturnSampler, TickSampler
from .swarm import Swarm, Tell
from .wire import WireError

POSITION_EVERY_S = 0.1
LOOK_EVERY_S = 0.05  # at the live ones; the time until the last is live is as exact
SEED = 5


def run_storm(plan: StormPlan, tell: Tell) -> StormResult:
    """Connect, collect positions, cut off, come back, and follow everybody until live.

    Raises:
        WireError: the server refused somebody.
    """
    swarm = Swarm((plan.observers, plan.crowd))
    try:
        swarm.connect(
            swarm.connections,
            in_flight=plan.in_flight,
            timeout_s=plan.connect_timeout_s,
            tell=tell,
        )
        cut_ns = time.time_ns() + int(plan.history_s * 1e9)
        tell(Scheduled(cut_ns))
        observers, crowd = swarm.members
        positions = _collect(swarm, observers, cut_ns)
        for connection in crowd.connections:
            swarm.drop(connection)
        return _Return(swarm, observers, plan, positions).run(tell)
    finally:
        swarm.close()


def _observer(observers: Members) -> TickSampler:
    sampler = observers.connections[0].sampler
    assert isinstance(sampler, TickSampler)
    return sampler


def _collect(swarm: Swarm, observers: Members, until_ns: int) -> list[tuple[str, int]]:
    """Serve everybody until the cut; return the positions that were heard on the way."""
    observer = _observer(observers)
    positions = []
    while (left_s := (until_ns - time.time_ns()) / 1e9) > 0:
        swarm.serve_for(min(POSITION_EVERY_S, left_s))
        if observer.position is not None:
            positions.append(observer.position)
    if not positions:
        raise WireError("no position was heard before the cut")
    return positions


class _Return:
    """The crowd on its way back."""

    def __init__(
        self,
        swarm: Swarm,
        observers: Members,
        plan: StormPlan,
        positions: list[tuple[str, int]],
    ) -> None:
        choose = random.Random(SEED)
        self._swarm = swarm
        self._observer = _observer(observers)
        self._plan = plan
        self._newest = Newest()
        afters = [choose.choice(positions) for _ in range(plan.crowd.count)]
        self._members = swarm.join(_returning(plan.crowd, afters))
        for connection, (_, sequence) in zip(self._members.connections, afters, strict=True):
            connection.sampler = ReturnSampler(sequence, self._newest, self._members.findings)

    def run(self, tell: Tell) -> StormResult:
        """Begin the connections evenly over the time of the return, and follow them."""
        plan, swarm = self._plan, self._swarm
        waiting = self._members.connections[::-1]
        away = list(waiting)  # not live yet
        began_s, began_cpu_s = time.monotonic(), _cpu_s()
        before = Usage.of(plan.pids)
        connected_s = looked_s = all_live_s = 0.0
        while away and (now_s := time.monotonic() - began_s) < plan.timeout_s:
            due = plan.crowd.count * min(1.0, now_s / plan.return_s)
            while waiting and plan.crowd.count - len(waiting) < due:
                swarm.begin(waiting.pop())
            swarm.serve(0.002)
            if self._observer.position is not None:
                self._newest.sequence = self._observer.position[1]
            if now_s - looked_s < LOOK_EVERY_S:
                continue
            all_live_s += (now_s - looked_s) * (1 - len(away) / plan.crowd.count)
            looked_s = now_s
            away = [connection for connection in away if not _is_live(connection)]
            if not connected_s and not waiting and all(each.open for each in away):
                connected_s = now_s
            tell(Connecting(plan.crowd.count - len(away), plan.crowd.count))
        live_s = time.monotonic() - began_s
        server_cpu_s = (Usage.of(plan.pids).cpu_ns - before.cpu_ns) / 1e9
        swarm_cpu_share = (_cpu_s() - began_cpu_s) / live_s
        findings = self._members.findings
        for reason, count in self._members.lost.items():
            findings.fault(f"{count} lost on the way back: {reason}")
        return StormResult(
            count=plan.crowd.count,
            live=plan.crowd.count - len(away),
            connected_s=connected_s or live_s,
            live_s=live_s,
            ticks=sum(_sampler(each).ticks for each in self._members.connections),
            gaps=findings.gaps.total(),
            faults=tuple(findings.faults),
            fault_count=findings.fault_count,
            server_cpu_s=server_cpu_s,
            frames_cpu_s=all_live_s * self._calm_share(),
            swarm_cpu_share=swarm_cpu_share,
        )

    def _calm_share(self) -> float:
        """Return the share of a core that the server takes when nobody comes or goes."""
        before, began_s = Usage.of(self._plan.pids), time.monotonic()
        self._swarm.serve_for(self._plan.calm_s)
        cpu_s = (Usage.of(self._plan.pids).cpu_ns - before.cpu_ns) / 1e9
        return cpu_s / (time.monotonic() - began_s)


def _returning(crowd: Group, afters: list[tuple[str, int]]) -> Group:
    """Return the group that comes back, each asking to go on from its own position."""
    (opening,) = crowd.openings
    (hello,) = opening.hello
    message = json.loads(hello)
    openings = tuple(
        Opening(
            opening.path,
            (json.dumps(message | {"after": f"{epoch}-{sequence}"}).encode(),),
        )
        for epoch, sequence in afters
    )
    return replace(
        crowd,
        name="returned",
        openings=openings,
        look=Look.RETURN,
        sample_every=1,
        sample_limit=crowd.count,
    )


def _sampler(connection: Connection) -> ReturnSampler:
    assert isinstance(connection.sampler, ReturnSampler)
    return connection.sampler


def _is_live(connection: Connection) -> bool:
    return connection.open and _sampler(connection).live


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
