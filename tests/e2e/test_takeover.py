"""A server that another one takes over from: the same sockets and epoch, and nothing missed."""

import asyncio
import json
import signal
import socket
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Program, Run
from tests.e2e.test_workers import Follower, flows, knock
from tests.fakes.patience import PROGRAM_PATIENCE_S

READERS = 5

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets are passed on on Linux")


def ask(place: Path) -> None:
    """Take the state of a server, and die."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PROGRAM_PATIENCE_S)
        connection.connect(str(place))
        connection.sendall(b'{"takeover": 1}\n')
        line, fds, _, _ = socket.recv_fds(connection, 4096, 8)
        assert json.loads(line) == {"listening": len(fds)} == {"listening": 1}
        connection.sendall(b'{"ready": true}\n')
        assert b'"state"' in connection.recv(4096)
        socket.close(fds[0])


async def test_a_new_server_goes_on_for_one_that_runs(run: Run, tmp_path: Path) -> None:
    assert len(str(tmp_path)) < 90, "its sockets have room for their names"
    state = ("--symbols", "5", "--rate", "100", "--state", str(tmp_path / "state"))
    old = await run(*state)
    old.may_say = ("takeover_failed",)
    followers = [Follower(old.address) for _ in range(READERS)]
    answers: list[int] = []
    tasks = [asyncio.create_task(each.run()) for each in followers]
    try:
        await flows(followers)
        epoch = await epoch_of(old)
        await asyncio.to_thread(ask, tmp_path / "state" / "takeover.sock")
        await flows(followers)  # the old one has begun anew, in the same process
        assert old.process.returncode is None
        tasks.append(asyncio.create_task(knock(old.address, answers)))
        new = await run(*state, "--takeover")
        assert (await old.ended())[0] == 0
        await flows(followers)
        assert (new.port, await epoch_of(new)) == (old.port, epoch)
        assert not any(task.done() for task in tasks), [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert [each.faults for each in followers if each.faults] == []
    assert answers
    assert set(answers) == {200}
    new.terminate(signal.SIGTERM)
    assert (await new.ended())[0] == 0


async def epoch_of(program: Program) -> str:
    epoch: str = (await program.document("/v1/status"))["ring"]["epoch"]
    return epoch
