"""Writers of one cluster, as programs, and what is done to them."""

import asyncio
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import aiohttp

from feed.cluster.address import BusAddress
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.ports import free_port
from tests.fakes.programs import kill_group

_LOOK_S = 0.02
_ANSWER_S = 10.0  # that a writer has to say what it is; one that is stopped is not asked


@dataclass
class Writer:
    """One `feed ingest`.

    Attributes:
        port: where it listens.
        process: that runs it now.
    """

    port: int
    process: Process | None = None

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)


@dataclass
class Writers:
    """All of them.

    Attributes:
        address: of the cluster.
        folder: for their logs.
        arguments: options of each.
        module: that is run, as the command `feed` is.
        writers: they.
    """

    address: BusAddress
    folder: Path
    arguments: Sequence[str]
    module: str = "feed"
    writers: list[Writer] = field(default_factory=lambda: [Writer(free_port()) for _ in range(2)])
    _http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_ANSWER_S))
        for writer in self.writers:
            await self.start(writer)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._http is not None
        await self._http.close()
        for writer in self.writers:
            await self.kill(writer)

    async def start(self, writer: Writer) -> None:
        with (self.folder / f"writer-{writer.port}.log").open("ab") as log:
            writer.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", self.module, "ingest", "--bus", str(self.address)),
                *("--port", str(writer.port), *self.arguments),
                stdin=DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def kill(self, writer: Writer) -> None:
        process, writer.process = writer.process, None
        if process is not None:
            kill_group(process.pid)
            await process.wait()

    async def ended(self, writer: Writer) -> None:
        """Wait for the end of one that was told to."""
        process = writer.process
        assert process is not None
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            await process.wait()
        writer.process = None

    async def leader(self, other_than: Writer | None = None) -> Writer:
        """Return the one that leads, once one does."""
        deadline_s = time.monotonic() + PROGRAM_PATIENCE_S
        while time.monotonic() < deadline_s:
            for writer in self.writers:
                if writer is not other_than and await self.status(writer) == "ready":
                    return writer
            await asyncio.sleep(_LOOK_S)
        raise AssertionError(f"nobody leads; see {self.folder}")

    async def settled(self) -> Writer:
        """Return the one that leads, once all others stand by.

        That may be another one than a moment ago: of a slow machine the lease lapses.
        """
        deadline_s = time.monotonic() + PROGRAM_PATIENCE_S
        while time.monotonic() < deadline_s:
            told = [await self.status(writer) for writer in self.writers]
            if sorted(told) == ["ready", *["standby"] * (len(told) - 1)]:
                return self.writers[told.index("ready")]
            await asyncio.sleep(_LOOK_S)
        raise AssertionError(f"some do not stand by; see {self.folder}")

    async def status(self, writer: Writer) -> str:
        """Return what a writer says that it is; "" where it says nothing."""
        assert self._http is not None
        try:
            async with self._http.get(f"http://127.0.0.1:{writer.port}/readyz") as answer:
                told = await answer.json()
                return str(told["status"])
        except (aiohttp.ClientError, TimeoutError, OSError):
            return ""
