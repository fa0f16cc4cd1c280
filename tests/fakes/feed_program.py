"""`feed` as a program of its own, on a free port."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.wire import Address

_SERVES = re.compile(r"http://127\.0\.0\.1:(\d+)/")


@dataclass
class FeedProgram:
    """A server that runs.

    Attributes:
        words: of its command line, but for the port.
        log: takes its log; None: nobody does.
        folder: the checkout that it runs from; None: this one.
        port: where it listens.
    """

    words: tuple[str, ...]
    log: Path | None = None
    port: int = 0
    folder: Path | None = None
    _process: Process | None = None
    _drain: "asyncio.Task[bytes] | None" = field(default=None)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.end(signal.SIGTERM)

    @property
    def address(self) -> Address:
        return "127.0.0.1", self.port

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it, on the same port as before, and return once it listens."""
        log = DEVNULL if self.log is None else self.log.open("ab")
        try:
            process = self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "feed", *self.words, "--port", str(self.port)),
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=log,
                cwd=self.folder,
                env=self._environment(),
            )
        finally:
            if not isinstance(log, int):
                log.close()
        assert process.stdout is not None
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            found = None
            while found is None:
                line = (await process.stdout.readline()).decode()
                if not line:
                    raise RuntimeError(f"it ended with {await process.wait()}")
                found = _SERVES.search(line)
        self.port = int(found[1])
        self._drain = asyncio.create_task(process.stdout.read())

    def _environment(self) -> dict[str, str] | None:
        return None if self.folder is None else {**os.environ, "PYTHONPATH": str(self.folder)}

    async def end(self, how: signal.Signals) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(how)
        try:
            async with asyncio.timeout(PROGRAM_PATIENCE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            raise
        if self._drain is not None:
            await self._drain
