"""Programs that a test starts, each as the first of a process group that ends with it."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
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


async def ran(folder: Path, *command: str) -> tuple[int, str]:
    """Run a command to its end; return the exit status and what it wrote."""
    process = await asyncio.create_subprocess_exec(
        *command, cwd=folder, stdin=DEVNULL, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    try:
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            kill_group(process.pid)
            await process.wait()
    assert process.returncode is not None
    return process.returncode, output.decode()
