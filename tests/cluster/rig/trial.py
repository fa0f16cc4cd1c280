"""The trial: a crowd reads while faults are done, and all that came is held against the stream."""

import asyncio
import random
import resource
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from feed.cluster.errors import BusAway
from feed.reign.ending import end_tasks
from tests.chaos.outcome import Outcome
from tests.cluster.rig.account import Account
from tests.cluster.rig.audit import Audit
from tests.cluster.rig.cluster import EDGES, INGESTS, Cluster
from tests.cluster.rig.faults import Fault, Faults, turns
from tests.cluster.rig.subscriber import Subscriber
from tests.cluster.rig.talker import Talker
from tests.cluster.rig.waiting import until
from tests.fakes.wire import Wire

BEGINS_S = 90.0  # until all stand, on a busy machine
SETTLES_S = 90.0  # after a fault, until all is well again
ENDS_S = 90.0  # until all subscribers have all
_PAUSE_S = (0.5, 2.0)
_LONG_S = 3.0  # is told of what has to be waited for
_TALKERS = 4
_PROOF = 12  # subscribers of the edge that drops events
_PROOF_S = 60.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        seed: of all that is by chance.
        seconds: how long there are faults.
        subscribers: how many.
        rate: ticks a second.
        faults: that are done; all in this order first, where there is time, and then by chance.
        in_order: whether they are done in this order first.
        ingest: the module that is run as the command of a writer.
    """

    seed: int
    seconds: float = 600.0
    subscribers: int = 300
    rate: float = 100.0
    faults: tuple[Fault, ...] = tuple(Fault)
    in_order: bool = True
    ingest: str = "feed"


@dataclass
class Trial:
    """One trial.

    Attributes:
        plan: of it.
        cluster: that it is done to.
        outcome: what came of it.
        say: tells how it goes.
    """

    plan: Plan
    cluster: Cluster
    say: Callable[[str], None]
    outcome: Outcome = field(default_factory=Outcome)
    newest: int | None = None
    _recoveries_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.plan.seed)
        self.audit = Audit(self.cluster.bus(front=True))
        self._ended = asyncio.Event()
        self._talkers = [
            Talker(f"talker{at}", self.cluster.edges(), random.Random(self._chance.random()))
            for at in range(_TALKERS)
        ]
        self.faults = Faults(
            self.cluster, self.audit, random.Random(self._chance.random()), self.settled
        )

    async def play(self) -> None:
        """Do it."""
        async with AsyncExitStack() as tasks:
            await self._begin(tasks)
            crowd = [self._subscriber(number) for number in range(self.plan.subscribers)]
            reading = [asyncio.create_task(self._watched(one)) for one in crowd]
            tasks.push_async_callback(end_tasks, reading)
            talking = [asyncio.create_task(one.run(self._ended)) for one in self._talkers]
            tasks.push_async_callback(end_tasks, talking)
            await self._do_faults()
            self._ended.set()
            await asyncio.wait(talking)
            await self._end(crowd, reading)
            await self._prove()
        self._count(crowd)

    async def _begin(self, tasks: AsyncExitStack) -> None:
        """Start all, and wait until it stands."""
        for program in self.cluster.programs.values():
            await program.start()
        reading = asyncio.create_task(self.audit.run())
        tasks.push_async_callback(end_tasks, [reading])
        async with asyncio.timeout(BEGINS_S):
            await until(self._goes_beyond(0))
            await self.settled()
        self.audit.begin_times()
        self.say("all stands")

    def _subscriber(self, number: int) -> Subscriber:
        account = Account(str(number), self.audit.ledger)
        chance = random.Random(self._chance.random())
        return Subscriber(account, self.cluster.edges(), chance, lambda: self.newest)

    async def _watched(self, one: Subscriber) -> None:
        try:
            await one.live()
        except Exception as error:  # noqa: BLE001 - whatever stops a subscriber is a finding
            one.account.find(f"{one.account.where}: {error!r}")

    # The faults.

    async def _do_faults(self) -> None:
        ends_s = time.monotonic() + self.plan.seconds
        chance = random.Random(self._chance.random())
        coming = turns(chance, self.plan.faults, in_order=self.plan.in_order)
        while time.monotonic() < ends_s:
            chosen = next(coming)
            words = ", meanwhile ".join(fault.value for fault in chosen)
            try:
                await self._do(chosen, words)
            except (TimeoutError, BusAway) as error:
                self.outcome.findings.append(f"{words}: no recovery: {error!r}")
                return
            await asyncio.sleep(chance.uniform(*_PAUSE_S))

    async def _do(self, chosen: Sequence[Fault], words: str) -> None:
        """Do faults at once, and wait until all is well again."""
        began_s = time.monotonic()
        where = await asyncio.gather(*map(self.faults.do, chosen))
        done_s = time.monotonic()
        await self.settled()
        now_s = time.monotonic()
        for fault in chosen:
            self.outcome.counts[f"fault: {fault.value}"] += 1
        self.outcome.counts["two faults at once"] += len(chosen) > 1
        self._recoveries_s.append(now_s - done_s)
        self.say(
            f"{words}: {', '.join(where)}, {done_s - began_s:.1f} s; "
            f"well {now_s - done_s:.1f} s after; at {self.audit.ledger.newest}"
        )

    async def settled(self) -> None:
        """Wait until all is well: replicas have all, an ingest leads, edges follow, events come.

        Raises:
            TimeoutError: it does not come to that.
        """
        conditions = (
            ("replicas have all", self.audit.replicas_have_all),
            ("the ingests answer, and one leads", self._ingests_answer),
            ("events come", self._goes_beyond(self.audit.ledger.newest)),
            ("edges follow", self._edges_follow(self.audit.ledger.newest)),
        )
        for name, condition in conditions:
            began_s = time.monotonic()
            try:
                async with asyncio.timeout(SETTLES_S):
                    await until(condition)
            except TimeoutError:
                raise TimeoutError(f"not within {SETTLES_S:g} s: {name}") from None
            if (took_s := time.monotonic() - began_s) > _LONG_S:
                self.say(f"    {name}: after {took_s:.1f} s")

    def _goes_beyond(self, sequence: int) -> Callable[[], Awaitable[bool]]:
        async def goes() -> bool:
            return self.audit.ledger.newest > sequence

        return goes

    async def _ingests_answer(self) -> bool:
        answers = [await self.cluster.ask(name, "/readyz") for name in INGESTS]
        return all(answers) and await self.cluster.leading_ingest() is not None

    def _edges_follow(self, sequence: int) -> Callable[[], Awaitable[bool]]:
        async def follow() -> bool:
            return min([await self.cluster.reached(name) for name in EDGES]) >= sequence

        return follow

    # The end.

    async def _end(self, crowd: list[Subscriber], reading: list["asyncio.Task[None]"]) -> None:
        """End the writers; wait until all subscribers have all, and look at the stream again."""
        for name in INGESTS:
            self.cluster.programs[name].send(signal.SIGTERM)
        for name in INGESTS:
            status = await self.cluster.programs[name].ended()
            if status:
                self.outcome.findings.append(f"{name} ended with {status}")
        async with asyncio.timeout(ENDS_S):
            await until(self.audit.replicas_have_all)
            await until(self._all_is_read)
        self.newest = self.audit.ledger.newest
        self.say(f"the stream ends at {self.newest}")
        await asyncio.wait(reading, timeout=ENDS_S)
        for one in crowd:
            one.account.end(self.newest)
        await self.audit.read_again()

    async def _all_is_read(self) -> bool:
        return await self.audit.last() <= self.audit.ledger.read

    async def _prove(self) -> None:
        """See that an event is found that is dropped on purpose, by one edge."""
        assert self.newest is not None
        edge = self.cluster.programs[EDGES[0]]
        await edge.kill()
        edge.words = self.cluster.edge_words("tests.cluster.rig.dropping")
        await edge.start()
        crowd = []
        for number in range(_PROOF):
            one = self._subscriber(number)
            one.edges, one.stay_s = one.edges[:1], _PROOF_S
            one.account.stands = max(0, self.newest - 2_000)
            crowd.append(one)
        reading = [asyncio.create_task(self._watched(one)) for one in crowd]
        await asyncio.wait(reading, timeout=_PROOF_S)
        await end_tasks(reading)
        found = sum(bool(one.account.findings) for one in crowd)
        self.outcome.counts["proof: subscribers whose lack of an event was found"] = found
        if not found:
            self.outcome.findings.append("events that an edge dropped on purpose were not found")

    def _count(self, crowd: list[Subscriber]) -> None:
        """Take together what was counted, and found."""
        outcome, ledger = self.outcome, self.audit.ledger
        for one in crowd:
            outcome.counts += one.counts + one.account.counts
            outcome.findings += one.account.findings
        for talker in self._talkers:
            outcome.counts += talker.counts
            outcome.counts["messages acknowledged"] += len(talker.acknowledged)
            outcome.findings += talker.hold_against(ledger)
        for name in ("gaps told", "sequences in told gaps", "of those not holes"):
            outcome.counts[name] += 0  # it is told that there were none, too
        outcome.findings += ledger.findings
        outcome.counts["stream: sequences"] = ledger.newest
        for name, count in ledger.counts.items():
            outcome.counts[f"stream: {name}"] += count
        outcome.counts["takeovers"] = max(0, ledger.counts["terms"] - 1)
        outcome.counts["ms without a batch, at most"] = round(self.audit.longest_s * 1e3)
        outcome.counts["ms from a fault's end until all is well, at most"] = round(
            max(self._recoveries_s, default=0.0) * 1e3
        )


async def play(plan: Plan, folder: Path, say: Callable[[str], None]) -> Outcome:
    """Do what a plan says; return what came of it."""
    Wire.lead_to_programs()
    async with Cluster(folder, plan.rate, plan.seed, plan.ingest) as cluster:
        trial = Trial(plan, cluster, say)
        await trial.play()
        Wire.abort_all()
    for name, count in cluster.packets.items():
        trial.outcome.counts[f"packets: {name}"] = count
    _read_logs(folder, trial.outcome)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    trial.outcome.counts["CPU seconds of all programs"] = round(usage.ru_utime + usage.ru_stime)
    return trial.outcome


def _read_logs(folder: Path, outcome: Outcome) -> None:
    """Find errors that servers of ours did not expect."""
    for name in (*INGESTS, *EDGES):
        said = (folder / f"{name}.log").read_text(errors="replace")
        outcome.counts["log: errors"] += said.count('"level": "error"')
        if "Traceback" in said:
            begins = said.index("Traceback")
            outcome.findings.append(f"{name} said: {said[max(0, begins - 500) : begins + 2_500]}")
