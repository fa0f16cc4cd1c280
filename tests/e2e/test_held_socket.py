"""A restart behind a held socket: clients wait, and none is refused."""

import asyncio
import os
import re
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE

import pytest

from tests.e2e.conftest import Run
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.readers import Reader, open_reader
from tests.fakes.wire import Address, Ended

SUBSCRIBERS = 200
AS_SYSTEMD = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
variables = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execve(sys.argv[2], sys.argv[2:], os.environ | variables)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets are held on Linux")


async def position_of(reader: Reader) -> str:
    """Return a position that a subscriber was told."""
    while True:
        _, position = await reader.read()
        if position is not None:
            return position


async def comes_back(reader: Reader, position: str, address: Address) -> tuple[str, str]:
    """Hear the goodbye, and come back at once; return both epochs.

    A refused connection is an error.
    """
    try:
        while True:
            _, told = await reader.read()
            position = told or position
    except Ended:
        pass
    back = await open_reader("stream-json", address, after=position)
    (first, *_), _ = await back.read()
    assert (first["T"], first["reason"]) == ("gap", "epoch")
    later = await position_of(back)
    back.abort()
    return position.partition("-")[0], later.partition("-")[0]


async def test_nobody_is_refused_while_the_server_starts_anew(run: Run) -> None:
    program = await run("--symbols", "5", "--rate", "40", "--hold-socket")
    address = program.address
    readers = [await open_reader("stream-json", address) for _ in range(SUBSCRIBERS)]
    coming_back = [
        asyncio.create_task(comes_back(reader, await position_of(reader), address))
        for reader in readers
    ]
    program.terminate(signal.SIGHUP)
    async with asyncio.timeout(PROGRAM_PATIENCE_S):
        epochs = await asyncio.gather(*coming_back)
    assert len({before for before, _ in epochs}) == len({after for _, after in epochs}) == 1
    assert all(before != after for before, after in epochs)
    program.terminate()
    assert (await program.ended())[0] == 0


async def test_the_holder_ends_with_its_server(run: Run) -> None:
    program = await run("--symbols", "5", "--hold-socket")
    children = f"/proc/{program.process.pid}/task/{program.process.pid}/children"
    with open(children, encoding="ascii") as file:  # noqa: PTH123, ASYNC230 - of /proc
        (server,) = map(int, file.read().split())
    os.kill(server, signal.SIGKILL)
    assert (await program.ended())[0] == 128 + signal.SIGKILL


async def test_a_socket_that_systemd_would_pass_on_is_served() -> None:
    """A small program stands for systemd: it becomes the server, whose process it names."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", AS_SYSTEMD, str(listener.fileno())),
            *(sys.executable, "-m", "feed", "serve", "--symbols", "5"),
            pass_fds=[listener.fileno()],
            stdout=PIPE,
            stderr=DEVNULL,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(PROGRAM_PATIENCE_S):
                reader = await open_reader("sse-json", ("127.0.0.1", port))  # it waits in the queue
                await position_of(reader)
                reader.abort()
                first = await process.stdout.readline()
                second = await process.stdout.readline()
            assert b"feed: serving" in first
            assert re.search(rb"http://127\.0\.0\.1:(\d+)/", second)[1] == b"%d" % port  # type: ignore[index]
        finally:
            process.terminate()
            await process.communicate()
        assert process.returncode == 0
