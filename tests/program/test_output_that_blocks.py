"""A server whose output nobody reads, or nobody can: it serves, and it ends when it is told to."""

import asyncio
import fcntl
import os
import re
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import open_reader
from tests.fakes.wire import Wire

pytestmark = pytest.mark.programs

Address = tuple[str, int]
SERVE = [sys.executable, "-m", "feed", "serve", "--port", "0", "--rate", "200", "--seed", "1"]


@pytest.fixture(autouse=True)
async def close_connections() -> AsyncIterator[None]:
    yield
    Wire.abort_all()
    await asyncio.sleep(0)  # the loop closes them in its next turn


@asynccontextmanager
async def running(words: list[str], **streams: object) -> AsyncIterator[Process]:
    """Run a program; it is ended with the block, if it has not ended."""
    process = await asyncio.create_subprocess_exec(*words, **streams)  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(PROGRAM_PATIENCE_S):
            yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@asynccontextmanager
async def unread_pipe() -> AsyncIterator[int]:
    """Give the end to write to of a pipe of 4 KiB that nobody reads."""
    read_fd, write_fd = os.pipe()
    fcntl.fcntl(write_fd, fcntl.F_SETPIPE_SZ, 4096)
    try:
        yield write_fd
    finally:
        os.close(read_fd)
        os.close(write_fd)


async def read_ticks(address: Address) -> None:
    """See that a subscriber gets something."""
    reader = await open_reader("sse-json", address)
    try:
        await reader.read()
    finally:
        reader.abort()


async def address_of(process: Process) -> Address:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if found := re.search(rb"http://127\.0\.0\.1:(\d+)/", line):
            return "127.0.0.1", int(found[1])
    raise AssertionError("the server ended")


async def lost_records(address: Address) -> float:
    answer = await RawHttp.get(address, "/metrics")
    found = re.search(rb"^feed_log_records_lost_total (\S+)$", await answer.body(), re.MULTILINE)
    assert found is not None
    return float(found[1])


async def end(process: Process) -> int:
    process.send_signal(signal.SIGTERM)
    return await process.wait()


async def test_a_server_whose_log_nobody_reads_serves_and_ends() -> None:
    async with (
        unread_pipe() as stderr,
        running(SERVE, stdout=PIPE, stderr=stderr) as process,
    ):
        address = await address_of(process)
        # Each is two lines of the log: some 40 KB.
        for _ in range(100):
            await read_ticks(address)
        assert await lost_records(address) == 0  # they wait for a reader
        assert await end(process) == 0


async def test_a_log_that_cannot_be_written_is_counted() -> None:
    words = ["sh", "-c", 'exec "$@" 2>/dev/full', "sh", *SERVE]
    async with running(words, stdout=PIPE) as process:
        address = await address_of(process)
        await read_ticks(address)
        while not await lost_records(address):  # a thread writes, when its turn comes
            await read_ticks(address)
        assert await end(process) == 0


async def test_a_server_whose_first_lines_nobody_reads_serves_and_ends() -> None:
    async with unread_pipe() as stdout:
        os.write(stdout, b"." * 4096)
        async with running(SERVE, stdout=stdout, stderr=PIPE) as process:
            assert process.stderr is not None
            while b'"serving"' not in (line := await process.stderr.readline()):
                assert line
            port = re.search(rb'"port": (\d+)', line)
            assert port is not None
            await read_ticks(("127.0.0.1", int(port[1])))
            assert await end(process) == 0


@pytest.mark.parametrize(
    ("redirection", "reason"),
    [(">/dev/full", "No space left on device"), (">&-", "Bad file descriptor")],
)
async def test_first_lines_that_cannot_be_printed_are_one_line_of_the_log(
    redirection: str, reason: str
) -> None:
    words = ["sh", "-c", f'exec "$@" {redirection}', "sh", *SERVE]
    async with running(words, stdout=DEVNULL, stderr=PIPE) as process:
        assert process.stderr is not None
        while b'"first_lines_not_printed"' not in (line := await process.stderr.readline()):
            assert line
        assert reason.encode() in line
        assert await end(process) == 0
        assert b"Traceback" not in await process.stderr.read()


async def test_a_server_without_standard_error_serves_and_ends() -> None:
    words = ["sh", "-c", 'exec "$@" 2>&-', "sh", *SERVE]
    async with running(words, stdout=PIPE, stderr=DEVNULL) as process:
        address = await address_of(process)
        await read_ticks(address)
        assert await end(process) == 0
