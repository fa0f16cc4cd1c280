"""Programs on machines: started, killed, stopped, and started again."""

import asyncio
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.rig.machines import Machine
from tests.fakes.patience import PROGRAM_PATIENCE_S


@dataclass
class Program:
    """One program, on a machine of its own.

    Attributes:
        machine: where it runs.
        words: its command line.
        environment: its variables.
        log: takes what it says.
    """

    machine: Machine
    words: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    _process: Process | None = field(default=None)

    @property
    def name(self) -> str:
        """That of its machine."""
        return self.machine.name

    @property
    def runs(self) -> bool:
        """Whether it was started, and has not ended."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """That of its process."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it."""
        assert not self.runs, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self.machine.entered(*self.words),
                env=dict(self.environment),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
            )

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    async def ended(self, patience_s: float = PROGRAM_PATIENCE_S) -> int:
        """Wait for its end; return its status.

        Raises:
            TimeoutError: it does not end.
        """
        assert self._process is not None
        async with asyncio.timeout(patience_s):
            return await self._process.wait()

    async def kill(self) -> None:
        """End it as a power cut would."""
        if self.runs:
            self.send(signal.SIGKILL)
            await self.ended()
