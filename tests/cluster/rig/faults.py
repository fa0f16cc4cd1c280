"""The faults: what is done to a cluster, and for how long."""

import asyncio
import os
import random
import signal
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import combinations

from tests.cluster.rig.audit import Audit
from tests.cluster.rig.cluster import EDGES, INGESTS, NATS, SMALL_DISK, Cluster
from tests.cluster.rig.programs import Program
from tests.cluster.rig.wiring import Trouble, Way

_LASTS_S = (2.0, 6.0)  # of most faults
_LOSSES = (0.02, 0.2)
_DELAYS_S = (0.02, 0.2)
_TWO = 0.4  # of faults by chance have another one beside them
_BLOCK = 1 << 20
_CUT = Trouble(cut=True)


class Fault(Enum):
    """What can be done."""

    KILL_NATS = "kill -9 of a NATS server"
    KILL_STREAM_LEADER = "kill -9 of the stream's leader"
    KILL_LEADING_INGEST = "kill -9 of the leading ingest"
    KILL_STANDBY_INGEST = "kill -9 of the ingest that stands by"
    KILL_EDGE = "kill -9 of an edge"
    STOP_STREAM_LEADER = "SIGSTOP of the stream's leader"
    STOP_NATS = "SIGSTOP of a NATS server"
    STOP_LEADING_INGEST = "SIGSTOP of the leading ingest"
    STOP_EDGE = "SIGSTOP of an edge"
    CUT = "a link is cut"
    CUT_ONE_WAY = "a link is cut in one direction"
    LOSS = "a machine loses packets"
    DELAY = "a machine is far away"
    PARTITION_STREAM_LEADER = "partition of the stream's leader"
    PARTITION_INGEST = "partition of the leading ingest"
    PARTITION_EDGE = "partition of an edge"
    FULL_DISK = "full disk of a NATS server"
    ROLLING_RESTART = "rolling restart of everything"


_KILLS = {
    *(Fault.KILL_NATS, Fault.KILL_STREAM_LEADER, Fault.KILL_EDGE),
    *(Fault.KILL_LEADING_INGEST, Fault.KILL_STANDBY_INGEST),
}
_STOPS = {Fault.STOP_STREAM_LEADER, Fault.STOP_NATS, Fault.STOP_LEADING_INGEST, Fault.STOP_EDGE}
_OF_NETWORK = {
    *(Fault.CUT, Fault.CUT_ONE_WAY, Fault.LOSS, Fault.DELAY),
    *(Fault.PARTITION_STREAM_LEADER, Fault.PARTITION_INGEST, Fault.PARTITION_EDGE),
}
_OF_STREAM_LEADER = {
    *(Fault.KILL_STREAM_LEADER, Fault.STOP_STREAM_LEADER, Fault.PARTITION_STREAM_LEADER),
}
_OF_LEADING_INGEST = {
    *(Fault.KILL_LEADING_INGEST, Fault.STOP_LEADING_INGEST, Fault.PARTITION_INGEST),
}
_OF_EDGES = {Fault.KILL_EDGE, Fault.STOP_EDGE, Fault.PARTITION_EDGE}


@dataclass
class Faults:
    """Does what is to be done.

    Attributes:
        cluster: to which.
        audit: knows which server of NATS leads the stream.
        chance: decides to whom, and for how long.
        settled: waits until all is well; between two restarts of a rolling one.
    """

    cluster: Cluster
    audit: Audit
    chance: random.Random
    settled: Callable[[], Awaitable[None]]

    async def do(self, fault: Fault) -> str:
        """Do one, and take it back; return to whom it was done."""
        if fault is Fault.FULL_DISK:
            return await self._fill_disk()
        if fault is Fault.ROLLING_RESTART:
            return await self._restart_all()
        if fault in _KILLS:
            return await self._kill(await self._whom(fault))
        if fault in _STOPS:
            return await self._stop(await self._whom(fault))
        return await self._trouble(fault)

    async def _whom(self, fault: Fault) -> str:
        """Return to which machine a fault is done."""
        if fault in _OF_STREAM_LEADER:
            return await self.audit.leader() or self.chance.choice(NATS)
        if fault in _OF_LEADING_INGEST:
            return await self.cluster.leading_ingest() or self.chance.choice(INGESTS)
        if fault is Fault.KILL_STANDBY_INGEST:
            leader = await self.cluster.leading_ingest()
            return next(name for name in INGESTS if name != leader)
        if fault in _OF_EDGES:
            return self.chance.choice(EDGES)
        if fault in {Fault.LOSS, Fault.DELAY}:
            return self.chance.choice(list(self.cluster.machines))
        return self.chance.choice(NATS)

    # To programs.

    async def _kill(self, name: str) -> str:
        await self.cluster.programs[name].kill()
        await self._last()
        await self.cluster.programs[name].start()
        return name

    async def _stop(self, name: str) -> str:
        program = self.cluster.programs[name]
        program.send(signal.SIGSTOP)
        try:
            await self._last()
        finally:
            program.send(signal.SIGCONT)
        return name

    async def _restart_all(self) -> str:
        for name in (*NATS, *INGESTS, *EDGES):
            program = self.cluster.programs[name]
            program.send(signal.SIGTERM)
            await program.ended()
            await program.start()
            await self.settled()
        return "all"

    # To what lies between them.

    async def _trouble(self, fault: Fault) -> str:
        trouble = _CUT
        if fault is Fault.LOSS:
            trouble = Trouble(loss=self.chance.uniform(*_LOSSES))
        elif fault is Fault.DELAY:
            trouble = Trouble(delay_s=self.chance.uniform(*_DELAYS_S))
        if fault in {Fault.CUT, Fault.CUT_ONE_WAY}:
            way = self.chance.choice(links())
            name = f"{way[0]} to {way[1]}"
            ways = [way] if fault is Fault.CUT_ONE_WAY else [way, (way[1], way[0])]
        else:
            name = await self._whom(fault)
            ways = self.cluster.ways_of(name)
        await self.cluster.trouble(fault.name, ways, trouble)
        try:
            await self._last()
        finally:
            await self.cluster.end_trouble(fault.name)
        return name

    # To a disk.

    async def _fill_disk(self) -> str:
        """Fill the small disk, and have its server begin anew once there is room again."""
        filler = self.cluster.store(SMALL_DISK) / "filler"
        fill(filler)
        try:
            await self._last()
        finally:
            filler.unlink()
        program: Program = self.cluster.programs[SMALL_DISK]
        await program.kill()
        await program.start()
        return SMALL_DISK

    async def _last(self) -> None:
        await asyncio.sleep(self.chance.uniform(*_LASTS_S))


def links() -> list[Way]:
    """Return the ways that something goes."""
    between_nats = list(combinations(NATS, 2))
    to_nats = [(name, node) for name in (*INGESTS, *EDGES) for node in NATS]
    ways = between_nats + to_nats
    return ways + [(target, source) for source, target in ways]


def fill(file: "os.PathLike[str]") -> None:
    """Fill the disk that a file is on."""
    with open(file, "wb", buffering=0) as filler:  # noqa: PTH123 - without a buffer of its own
        block = bytes(_BLOCK)
        while block:
            try:
                filler.write(block)
            except OSError:
                block = block[: len(block) // 2]


def turns(
    chance: random.Random, faults: Sequence[Fault], *, in_order: bool
) -> Iterator[tuple[Fault, ...]]:
    """Yield for ever what is done next: one fault, or a second one on the network meanwhile.

    Args:
        chance: decides the order.
        faults: all of them come before any comes again.
        in_order: each comes once, alone, in this order first.
    """
    if in_order:
        yield from ((fault,) for fault in faults)
    beside = [fault for fault in faults if fault in _OF_NETWORK]
    while True:
        for fault in chance.sample(list(faults), len(faults)):
            alone = fault in _OF_NETWORK or fault is Fault.ROLLING_RESTART or not beside
            if alone or chance.random() > _TWO:
                yield (fault,)
            else:
                yield fault, chance.choice(beside)
