"""A server that another one takes over from: the same sockets and epoch, and nothing missed."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from feed.program.takeover.places import Place, place_of
from tests.e2e.conftest import Program, Run
from tests.e2e.test_workers import Follower, flows, knock

READERS = 5
# Takes what a server hands on at the cut, and dies.
DYING = """
import json, socket, sys
connection = socket.socket(socket.AF_UNIX)
connection.connect(sys.argv[1])
connection.sendall(b'{"takeover": 2, "how": "told"}\\n')
line, fds, _, _ = socket.recv_fds(connection, 4096, 8)
assert json.loads(line)["listening"] == len(fds) == 1, line
connection.sendall(b'{"ready": true}\\n')
assert b'"state"' in socket.recv_fds(connection, 4096, 8)[0]
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="sockets are passed on on Linux")


async def die_at_the_cut(place: Place) -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", DYING, str(place.asked))
    # Where it has half of a state, it is ended before that can be another's.
    assert await process.wait() in {0, -signal.SIGKILL}


async def epoch_of(program: Program) -> str:
    epoch: str = (await program.document("/v1/status"))["ring"]["epoch"]
    return epoch


async def goes_on(run: Run, old: Program, place: Place, *options: str) -> None:
    """Have a new one die at the cut, and another one take over, while subscribers read."""
    old.may_say = ("takeover_failed",)
    followers = [Follower(old.address) for _ in range(READERS)]
    answers: list[int] = []
    tasks = [asyncio.create_task(each.run()) for each in followers]
    try:
        await flows(followers)
        epoch = await epoch_of(old)
        await die_at_the_cut(place)
        await flows(followers)
        assert old.process.returncode is None
        if "--state" not in options:  # else it begins anew from its state
            assert [each.returns for each in followers] == [0] * READERS
        tasks.append(asyncio.create_task(knock(old.address, answers)))
        new = await run(*options, "--port", str(old.port), "--takeover")
        assert (await old.ended())[0] == 0
        await flows(followers)
        assert (new.port, await epoch_of(new)) == (old.port, epoch)
        assert not any(task.done() for task in tasks), [task for task in tasks if task.done()]
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert [each.faults for each in followers if each.faults] == []
    assert set(answers) == {200}
    new.terminate(signal.SIGTERM)
    assert (await new.ended())[0] == 0


async def test_a_new_server_goes_on_for_one_without_a_state(run: Run) -> None:
    options = ("--symbols", "5", "--rate", "100")
    old = await run(*options)
    await goes_on(run, old, place_of(None, "127.0.0.1", old.port), *options)


async def test_a_new_server_goes_on_for_one_with_a_state(run: Run, tmp_path: Path) -> None:
    assert len(str(tmp_path)) < 90, "its sockets have room for their names"
    options = ("--symbols", "5", "--rate", "100", "--state", str(tmp_path / "state"))
    old = await run(*options)
    await goes_on(run, old, Place(tmp_path / "state"), *options)
