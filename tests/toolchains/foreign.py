"""A client of another language: a program that tells what it hears, a line in base64 each."""

import asyncio
import base64
import os
import re
import shutil
import signal
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import pytest

from tests.fakes.patience import PROGRAM_PATIENCE_S

_NO_NETWORK = re.compile(
    r"dial tcp|no such host|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|i/o timeout|E40\d"
)
_TOO_OLD = re.compile(r"requires go >= [\d.]+")


class Foreign:
    """One run of a client."""

    def __init__(self, process: Process) -> None:
        self.process = process
        assert process.stderr is not None
        self._words = asyncio.create_task(process.stderr.read())

    async def line(self) -> bytes | None:
        """Return what it heard next; None: it has ended."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            line = await self.process.stdout.readline()
        return base64.b64decode(line, validate=False) if line else None

    async def next(self) -> bytes:
        """Return what it heard next; it has not given up."""
        line = await self.line()
        assert line is not None, await self.ended()
        return line

    async def ended(self) -> tuple[int, str]:
        """Wait for its end; return its status, and why it ended."""
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            return await self.process.wait(), (await self._words).decode()


class Start(Protocol):
    """The `start` fixture: starts a client, and ends it with the test."""

    async def __call__(self, *command: str | Path) -> Foreign: ...


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    begun: list[Foreign] = []

    async def start(*command: str | Path) -> Foreign:
        process = await asyncio.create_subprocess_exec(
            *map(str, command), stdout=PIPE, stderr=PIPE, limit=1 << 20, start_new_session=True
        )
        begun.append(Foreign(process))
        return begun[-1]

    yield start
    for foreign in begun:
        # Its whole group: where Node comes from a wheel, what was started is a script before it.
        with suppress(ProcessLookupError):
            os.killpg(foreign.process.pid, signal.SIGKILL)
        await foreign.ended()


def tool(name: str, *, package: str, folders: Sequence[str] = ()) -> str:
    """Return the path of a tool; skip the test where it is not installed."""
    path = shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))
    if path is None:
        pytest.skip(f"{name} is not installed (Debian: {package})")
    return path


def fetch(command: Sequence[str], folder: Path) -> None:
    """Let a tool fetch what is built from; skip the test where that cannot be had here."""
    status, said = ran(command, folder)
    reason = _TOO_OLD.search(said) or _NO_NETWORK.search(said)
    if status and reason:
        pytest.skip(f"{Path(command[0]).name} cannot fetch what the test needs: {reason[0]}")
    assert status == 0, said


def build(command: Sequence[str], folder: Path) -> None:
    """Let a tool build what is there."""
    status, said = ran(command, folder)
    assert status == 0, said


def ran(command: Sequence[str], folder: Path) -> tuple[int, str]:
    ended = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout
