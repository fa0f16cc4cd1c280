"""The server under test: the product as its users run it, killed at any moment, and begun again."""

import asyncio
import random
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.ports import free_port

SOURCE = "push"


class House:
    """A server on one port and one state, however often it is killed.

    Attributes:
        port: where it listens, each time.
        kills: how often it was killed.
    """

    def __init__(self, state: Path, log: IO[bytes], *, ring: int) -> None:
        """Make one that does not run.

        Args:
            state: the directory of what is kept over restarts.
            log: takes what it says.
            ring: how many ticks are kept for subscribers that come back.
        """
        self.port = free_port()
        self.kills = 0
        self._state = state
        self._log = log
        self._ring = ring
        self._process: Process | None = None

    async def __aenter__(self) -> Self:
        await self.begin()
        return self

    async def __aexit__(self, *_: object) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            await process.wait()

    async def begin(self) -> None:
        """Start it, and wait until it listens."""
        self._process = process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "feed", "serve", "--source", SOURCE),
            *("--port", str(self.port), "--state", str(self._state), "--ring", str(self._ring)),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=self._log,
        )
        assert process.stdout is not None
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            while f":{self.port}/" not in (line := (await process.stdout.readline()).decode()):
                if not line:
                    raise RuntimeError(f"the server ended with {await process.wait()}")

    async def kill(self) -> None:
        """Kill it, and begin again."""
        assert self._process is not None
        with suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGKILL)
        status = await self._process.wait()
        if status != -signal.SIGKILL:
            raise RuntimeError(f"the server ended by itself, with {status}")
        self.kills += 1
        await self.begin()

    async def be_killed(self, mean_s: float, most: int, chance: random.Random) -> None:
        """Be killed again and again; cancelled, it serves."""
        while self.kills < most:
            await asyncio.sleep(chance.expovariate(1 / mean_s))
            await asyncio.shield(self.kill())
