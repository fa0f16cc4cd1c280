"""Programs that a test starts, each as the first of a process group that ends with it."""

import asyncio
import os
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.fakes.patience import PROGRAM_PATIENCE_S


def kill_group(leader: int) -> None:
    """End the group of a process that was started with `start_new_session`.

    What is started is often a script in front of the program, as those of Node's wheel and of npm
    are; ended alone it leaves the program behind, with our pipes open.
    """
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def stop(pid: int) -> None:
    """Let a process do nothing, and return once it does: its threads hear of it one by one."""
    _signal(pid, signal.SIGSTOP, "TZ")


def kill(pid: int) -> None:
    """Kill a process that is not our child, and return once nothing of it runs."""
    _signal(pid, signal.SIGKILL, "Z")


def _signal(pid: int, number: signal.Signals, states: str) -> None:
    os.kill(pid, number)
    tasks = Path(f"/proc/{pid}/task")
    with suppress(FileNotFoundError, ProcessLookupError):  # it is gone, or this is no Linux
        while not all(_state(task) in states for task in tasks.iterdir()):
            time.sleep(0.001)


def _state(task: Path) -> str:
    """Return a letter of proc(5)."""
    return (task / "stat").read_text().rpartition(")")[2].split()[0]


async def ran(
    folder: Path,
    *command: str,
    environment: Mapping[str, str] | None = None,
    patience_s: float = PROGRAM_PATIENCE_S,
) -> tuple[int, str]:
    """Run a command to its end; return the exit status and what it wrote.

    Args:
        folder: where it runs.
        command: its words.
        environment: its variables; None: as here.
        patience_s: after how long it is ended, and the test fails.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        env=environment,
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=STDOUT,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(patience_s):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            kill_group(process.pid)
            await process.wait()
    assert process.returncode is not None
    return process.returncode, output.decode()
