"""The trial: a leader is taken away, another one leads, and so on; then the stream is read."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from feed.cluster.address import BusAddress
from tests.cluster.takeovers.ledger import Ledger, read_all
from tests.cluster.takeovers.talker import Talker
from tests.cluster.takeovers.writers import Writer, Writers
from tests.fakes.nats import NatsServer
from tests.fakes.ports import free_port

MOST_TAKEOVER_S = 3.0
_HEARD = 2  # messages that each leader acknowledges before it is taken away


class Act(Enum):
    """What is done to a leader."""

    KILL = "kill -9"
    STOP = "SIGSTOP, and SIGCONT once another leads"
    END = "SIGTERM"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        takeovers: how many.
        nodes: servers of NATS.
        rate: ticks a second of the simulated market.
        seed: of what is done when.
        terms: whether the fence has its rule of terms.
        acts: what is done, in turns.
        most_rest_s: between two of them.
        kills_nodes: whether a server of NATS is killed before each, and started after it.
    """

    takeovers: int = 60
    nodes: int = 1
    rate: int = 5_000
    seed: int = 1
    terms: bool = True
    acts: tuple[Act, ...] = tuple(Act)
    most_rest_s: float = 1.5
    kills_nodes: bool = False


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        ledger: of the stream.
        seconds: each takeover took, from what was done to a leader that is ready.
        acts: how often each was done.
        refused: how often a message was not taken, and said again.
    """

    ledger: Ledger = field(default_factory=Ledger)
    seconds: list[float] = field(default_factory=list)
    acts: Counter[str] = field(default_factory=Counter)
    refused: int = 0


async def try_takeovers(plan: Plan, folder: Path) -> Outcome:
    """Do what a plan says; return what came of it."""
    outcome, chance = Outcome(), random.Random(plan.seed)
    async with AsyncExitStack() as stack:
        nodes = await start_nodes(plan.nodes, folder, stack)
        address = address_of(nodes)
        module = "feed" if plan.terms else "tests.cluster.takeovers.lawless"
        arguments = (
            *("--source", "sim", "--rate", str(plan.rate), "--seed", "7"),
            *("--bus-replicas", str(plan.nodes), "--bus-max-bytes", str(2_000_000_000)),
            *("--rooms-messages-per-s", "1000"),
        )
        writers = await stack.enter_async_context(Writers(address, folder, arguments, module))
        leader = await writers.leader()
        talker = Talker(lambda: leader.port)
        talking = asyncio.create_task(talker.run())
        stack.callback(talking.cancel)
        for number in range(plan.takeovers):
            leader = await writers.settled()
            await talker.heard(_HEARD)
            await asyncio.sleep(chance.uniform(0.2, plan.most_rest_s))
            node = chance.choice(nodes) if plan.kills_nodes else None
            if node is not None:
                outcome.acts["kill -9 of a server of NATS"] += 1
                await node.kill()
            act = plan.acts[number % len(plan.acts)]
            outcome.acts[act.value] += 1
            began_s = time.monotonic()
            leader = await _take_over(writers, leader, act)
            outcome.seconds.append(time.monotonic() - began_s)
            if node is not None:
                await node.start()
        await talker.heard(_HEARD)
        await asyncio.sleep(plan.most_rest_s)
        talking.cancel()
        outcome.refused = talker.refused
        leader.send(signal.SIGTERM)
        await writers.ended(leader)
        for writer in writers.writers:
            await writers.kill(writer)
        outcome.ledger = await read_all(address)
        outcome.ledger.hold_against(talker.acknowledged)
    return outcome


async def _take_over(writers: Writers, leader: Writer, act: Act) -> Writer:
    """Take a leader away; return the next one, once it is ready."""
    if act is Act.KILL:
        await writers.kill(leader)
    else:
        leader.send(signal.SIGSTOP if act is Act.STOP else signal.SIGTERM)
    following = await writers.leader(other_than=leader)
    if act is Act.STOP:
        leader.send(signal.SIGCONT)
    else:
        if act is Act.END:
            await writers.ended(leader)
        await writers.start(leader)
    return following


async def start_nodes(nodes: int, folder: Path, stack: AsyncExitStack) -> list[NatsServer]:
    """Start servers of NATS, which are one cluster."""
    if nodes == 1:
        return [await stack.enter_async_context(NatsServer(folder / "nats"))]
    routes = [free_port() for _ in range(nodes)]
    known = ", ".join(f"nats-route://127.0.0.1:{port}" for port in routes)
    servers = []
    for number, port in enumerate(routes):
        configuration = (
            f"server_name: n{number}\n"
            f"cluster {{ name: c, listen: 127.0.0.1:{port}, routes: [{known}] }}"
        )
        server = NatsServer(folder / f"nats-{number}", configuration)
        servers.append(await stack.enter_async_context(server))
    return servers


def address_of(nodes: Sequence[NatsServer]) -> BusAddress:
    """Return the address of what is in servers of NATS."""
    places = ",".join(server.place for server in nodes)
    return BusAddress.parse(f"nats://{places}/feed", "bus")
