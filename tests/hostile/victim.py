"""The server that is attacked, and what can be seen of it from outside."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.raw_http import RawHttp
from tests.fakes.wire import Address

RING_TICKS = 16_384
RATE = 5_000
SYMBOLS = 900
_MB = 1 << 20


@dataclass
class Victim:
    """A server of its own process.

    Attributes:
        process: the process.
        port: where it listens.
    """

    process: Process
    port: int

    @property
    def address(self) -> Address:
        return "127.0.0.1", self.port

    @property
    def memory_mb(self) -> float:
        """What it has in memory now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / _MB

    async def text(self, path: str) -> str:
        answer = await RawHttp.get(self.address, path)
        text = (await answer.body()).decode()
        answer.wire.abort()
        return text

    async def metrics(self) -> dict[tuple[str, str, str], float]:
        """Return all samples by name, step and bound."""
        return {
            (sample.name, sample.labels.get("step", ""), sample.labels.get("le", "")): sample.value
            for family in text_string_to_metric_families(await self.text("/metrics"))
            for sample in family.samples
        }

    async def until(self, name: str, least: float) -> None:
        """Wait until a metric has reached a value."""
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            while (await self.metrics()).get((name, "", ""), 0) < least:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)

    def order(self, words: str) -> None:
        """Tell a steered market what to do."""
        assert self.process.stdin is not None
        self.process.stdin.write(words.encode() + b"\n")

    async def end(self) -> int:
        """Ask it to end; return its status."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            return await self.process.wait()


@asynccontextmanager
async def victim(
    *, module: str = "feed", stderr: int = DEVNULL, **tunables: object
) -> AsyncIterator[Victim]:
    """Run a server with the simulated market, until its ring is full.

    Args:
        module: "feed", or the module of a program with the same command line.
        stderr: where its log goes.
        tunables: further options, as variables.
    """
    variables = {f"FEED_{name.upper()}": str(value) for name, value in tunables.items()}
    known = {name: value for name, value in os.environ.items() if name[:5] != "FEED_"}
    program = ["feed", "serve"] if module == "feed" else [module]
    options = ["--symbols", SYMBOLS, "--rate", RATE, "--ring", RING_TICKS, "--port", 0]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *program, *map(str, options)),
        env=known | variables,
        stdin=PIPE,
        stdout=PIPE,
        stderr=stderr,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            found = None
            while not found:
                line = await process.stdout.readline()
                if not line:
                    raise AssertionError("the server did not start")
                found = re.search(rb"http://127\.0\.0\.1:(\d+)/", line)
        yield Victim(process, int(found[1]))
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
