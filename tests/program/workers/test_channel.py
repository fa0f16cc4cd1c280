"""The channel of a worker: what a supervisor says, and that there is none any more."""

import asyncio
import socket

from feed.hub.siblings import Worker, WorkerKind
from feed.program.workers.channel import Channel
from feed.program.workers.process import told_of
from feed.program.workers.role import line_of
from tests.fakes.patience import PATIENCE_S

EDGE = Worker("edge-1", WorkerKind.EDGE, 2, 7, "/run/2.sock", "/run/2.counts")


async def test_a_worker_hears_of_the_others_and_that_it_shall_leave() -> None:
    ours, theirs = socket.socketpair()
    heard: list[list[Worker]] = []
    channel = Channel(theirs, heard.append)
    hearing = asyncio.create_task(channel.run())
    with ours:
        ours.sendall(line_of({"workers": [told_of(EDGE)]}) + line_of({"leave": 2.5}))
        async with asyncio.timeout(PATIENCE_S):
            assert await channel.leaving == 2.5
        assert heard == [[EDGE]]
        assert not channel.ended.is_set()
        channel.say(ready=True)
        ours.settimeout(PATIENCE_S)
        assert await asyncio.to_thread(ours.recv, 100) == b'{"ready": true}\n'
    async with asyncio.timeout(PATIENCE_S):
        await channel.ended.wait()
        await hearing


async def test_one_that_ends_by_itself_has_a_supervisor_still() -> None:
    ours, theirs = socket.socketpair()
    channel = Channel(theirs, lambda _: None)
    hearing = asyncio.create_task(channel.run())
    await asyncio.sleep(0)
    hearing.cancel()
    await asyncio.gather(hearing, return_exceptions=True)
    assert not channel.ended.is_set(), "whose directory it must not take away"
    ours.close()
