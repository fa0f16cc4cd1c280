"""A client of another language: a program that tells what it hears, a line in base64 each."""

import asyncio
import base64
import fcntl
import os
import re
import shutil
import signal
import subprocess
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

import pytest

from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.programs import kill_group, stop

TOOL_PATIENCE_S = 240.0  # to fetch, or to build, with nothing cached; a test has 300 for all
SHOWN_LINES, SHOWN_BYTES = 5, 300

_NO_NETWORK = re.compile(
    r"dial tcp|no such host|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|i/o timeout|E40\d"
)
_TOO_OLD = re.compile(r"requires go >= [\d.]+")


class Foreign:
    """One run of a client, which has a minute."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self._deadline_s = asyncio.get_running_loop().time() + PROGRAM_PATIENCE_S
        self._heard: deque[bytes] = deque(maxlen=SHOWN_LINES)
        self._complaints = bytearray()
        self._words = asyncio.create_task(self._read_words())

    async def _read_words(self) -> None:
        assert self.process.stderr is not None
        while said := await self.process.stderr.read(1 << 16):
            self._complaints += said

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """Fail with what it said, rather than wait for what does not come."""
        try:
            async with asyncio.timeout_at(self._deadline_s):
                yield
        except TimeoutError:
            last = b"\n".join(self._heard).decode(errors="replace")
            words = f"it heard last:\n{last}\nand complained: {self._complaints.decode()}"
            raise AssertionError(f"nothing more within {PROGRAM_PATIENCE_S:g} s; {words}") from None

    async def line(self) -> bytes | None:
        """Return what it heard next; None: it has ended."""
        assert self.process.stdout is not None
        async with self._in_time():
            line = await self.process.stdout.readline()
        if not line:
            return None
        heard = base64.b64decode(line, validate=False)
        self._heard.append(heard[:SHOWN_BYTES])
        return heard

    async def next(self) -> bytes:
        """Return what it heard next; it has not given up."""
        line = await self.line()
        assert line is not None, await self.ended()
        return line

    async def ended(self) -> tuple[int, str]:
        """Wait for its end; return its status, and why it ended."""
        async with self._in_time():
            status = await self.process.wait()
            await self._words
        return status, self._complaints.decode()

    def stall(self) -> None:
        """Let it do nothing, not even read, until it may go on."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        stop(self.process.pid)

    def go_on(self) -> None:
        """Let it go on where it was stalled."""
        os.killpg(self.process.pid, signal.SIGCONT)

    async def kill(self) -> None:
        """End it and what it has started: where Node comes from a wheel, a script is before it."""
        kill_group(self.process.pid)
        self._deadline_s = asyncio.get_running_loop().time() + PROGRAM_PATIENCE_S
        assert self.process.stdout is not None
        async with self._in_time():
            while await self.process.stdout.read(1 << 16):  # or the pipe would outlive the loop
                pass
        await self.ended()


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
        await foreign.kill()


def tool(name: str, *, package: str, folders: Sequence[str] = ()) -> str:
    """Return the path of a tool; skip the test where it is not installed."""
    path = shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))
    if path is None:
        pytest.skip(f"{name} is not installed (Debian: {package})")
    return path


def once(temporary: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return a folder that the first worker of a run of tests has made, and the others wait for."""
    base = temporary.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    folder = base / f"toolchain-{name}"
    whole = folder / ".whole"
    with (base / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # who holds it has a deadline
        if not whole.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that could not finish it
            folder.mkdir()
            make(folder)
            whole.touch()
    return folder


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
    """Run a tool to its end; return the status and what it said."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=os.environ | {"GOTOOLCHAIN": "local", "GOFLAGS": "-mod=readonly -buildvcs=false"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said, _ = process.communicate(timeout=TOOL_PATIENCE_S)
        except subprocess.TimeoutExpired:
            kill_group(process.pid)
            said, _ = process.communicate()
            raise AssertionError(f"{command} took over {TOOL_PATIENCE_S:g} s: {said}") from None
        except BaseException:
            kill_group(process.pid)
            raise
    return process.returncode, said
