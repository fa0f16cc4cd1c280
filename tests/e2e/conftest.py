"""What whole-program tests share: `feed serve` as a process of its own, on a free port."""

import asyncio
import os
import re
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

import pytest

from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.raw_http import RawHttp
from tests.fakes.wire import Address, Wire

_LOOK_AGAIN_S = 0.1


@dataclass
class Program:
    """A server that runs as its users run it.

    Attributes:
        process: its process.
        port: where it listens.
        log: what it has logged, once it has ended.
        may_say: the events that it may log as errors.
    """

    process: Process
    port: int
    log: "asyncio.Task[bytes]"
    may_say: tuple[str, ...] = ()

    @property
    def address(self) -> Address:
        return "127.0.0.1", self.port

    def url(self, path: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    async def document(self, path: str) -> Any:
        answer = await RawHttp.get(self.address, path)
        assert answer.status == 200, await answer.body()
        document = await answer.document()
        answer.wire.abort()
        return document

    async def text(self, path: str) -> str:
        answer = await RawHttp.get(self.address, path)
        text = (await answer.body()).decode()
        answer.wire.abort()
        return text

    async def metric(self, name: str) -> float:
        """Return a metric, summed over its labels; most of the text is not looked at."""
        samples = re.findall(
            rf"^{name}(?:{{.*}})? (\S+)$", await self.text("/metrics"), re.MULTILINE
        )
        return sum(map(float, samples))

    async def until_metric(self, name: str, least: float) -> float:
        """Look at a metric until it has reached a value; return it."""
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            while (value := await self.metric(name)) < least:  # noqa: ASYNC110 - the server is another process
                await asyncio.sleep(_LOOK_AGAIN_S)
        return value

    def terminate(self, number: signal.Signals = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    async def ended(self) -> tuple[int, str]:
        """Wait for its end; return the exit status and what it wrote to standard error."""
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            status = await self.process.wait()
            return status, (await self.log).decode()


class Run(Protocol):
    """The `run` fixture: starts `feed serve`, and ends it with the test."""

    async def __call__(
        self,
        *arguments: str,
        stdin: Any = None,
        environment: Any = MappingProxyType({}),
        **tunables: object,
    ) -> Program: ...


@pytest.fixture(autouse=True)
def _wires_lead_to_programs() -> Iterator[None]:
    Wire.lead_to_programs()
    yield
    Wire.abort_all()


@pytest.fixture
async def run() -> AsyncIterator[Run]:
    """Run `feed serve`; whatever it logs as an error fails the test."""
    programs: list[Program] = []
    ours = {name: value for name, value in os.environ.items() if name[:5] != "FEED_"}

    async def start(
        *arguments: str,
        stdin: int | None = None,
        environment: Mapping[str, str] = MappingProxyType({}),
        **tunables: object,
    ) -> Program:
        variables = {f"FEED_{name.upper()}": str(value) for name, value in tunables.items()}
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "feed", "serve", "--port", "0", *arguments),
            env={**ours, **environment, **variables},
            stdin=stdin,
            stdout=PIPE,
            stderr=PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        log = asyncio.create_task(process.stderr.read())
        program = Program(process, 0, log)
        programs.append(program)
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            while line := await process.stdout.readline():
                if match := re.search(rb"https?://[\d.]+:(\d+)/", line):
                    program.port = int(match[1])
                    return program
        raise AssertionError(f"the server did not start: {(await log).decode()}")

    yield start
    Wire.abort_all()
    for program in programs:  # all of them, whatever the first one is blamed for
        if program.process.returncode is None:
            program.process.kill()
    for program in programs:
        _, log = await program.ended()
        assert program.process.stdout is not None
        await program.process.stdout.read()  # to its end: workers of a dead supervisor had it open
        errors = [line for line in log.splitlines() if '"level": "error"' in line]
        faults = [line for line in errors if not any(map(line.__contains__, program.may_say))]
        assert not faults, f"{faults}, in\n{log}"
        assert "Traceback" not in log, log
