"""What happens to a cluster on a stage: two writers, of which one leads, and NATS behind them."""

import signal
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.takeovers.writers import Writer, Writers
from tests.fakes.nats import NatsServer

SOURCE = "sim?rate=1000"  # a megabyte in five seconds
OPTIONS = ("--source", SOURCE, "--bus-buffer", "1 MB", "--ring", "1024")


@dataclass
class Cluster:
    """One that runs.

    Attributes:
        nats: its only server.
        writers: both.
        leader: the one of them that leads.
    """

    nats: NatsServer
    writers: Writers
    leader: Writer

    @property
    def addresses(self) -> list[str]:
        """Where Prometheus finds the writers."""
        return [f"127.0.0.1:{writer.port}" for writer in self.writers.writers]

    async def take_over(self) -> None:
        """Stop the one that leads until the other does; then it goes on, and stands by."""
        before = self.leader
        before.send(signal.SIGSTOP)
        await self.writers.leader(before)
        before.send(signal.SIGCONT)
        self.leader = await self.writers.settled()


async def open_cluster(folder: Path, stack: AsyncExitStack) -> Cluster:
    """Start NATS and two writers, which end with the stack."""
    nats = await stack.enter_async_context(NatsServer(folder / "nats"))
    writers = await stack.enter_async_context(Writers(nats.address(), folder, OPTIONS))
    return Cluster(nats, writers, await writers.leader())
