"""The old side: a server that gives what it has to a new one, and leaves.

It waits to be asked, at a socket in the directory of its state that nobody but its user opens. From
the moment on when the new one is ready it accepts no connection (they wait in the queue of the
socket, which is the new one's too), gives no sequences, and lets go of its state. Then it sends its
subscribers away, and follows the new one meanwhile, so that none of them stands still.

Where the new one dies before it serves, this one cannot go on as it is: it says goodbye to all, and
begins anew with its own state, as the program that it was started as.
"""

import asyncio
import os
import socket
from contextlib import suppress
from pathlib import Path

from feed.errors import FeedError
from feed.http.app import HUB, INGEST
from feed.http.protocol.runner import Runner
from feed.hub.hub import Hub
from feed.ingest.pursuit import Pursuit
from feed.ingest.runner import Ingest
from feed.logger import logger_of
from feed.program.bus import listening_bus
from feed.program.takeover.words import MOST_BYTES, VERSION, line_of, read
from feed.sources.follow.source import FollowSource
from feed.state.followed import read_checkpoint

PATIENCE_S = 60.0  # with a new one, until it is ready, and from then on until it serves

log = logger_of("feed.takeover")


class Giver:
    """Waits for a new server.

    Attributes:
        asked: set once there is one that is ready.
        descriptors: of the sockets that listen, which the new one has too.
    """

    def __init__(self, place: Path, runner: Runner) -> None:
        """Wait at a place.

        Args:
            place: of the socket.
            runner: of this server, which listens.
        """
        self._place = place
        self._runner = runner
        self._connection: socket.socket | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        self.asked = asyncio.Event()
        self.descriptors: list[int] = []

    def begin(self) -> None:
        """Wait from now on, in a task of its own."""
        self._waiting = asyncio.create_task(self._run(), name="takeover")

    async def _run(self) -> None:
        """Answer those who ask, one at a time, until one is ready."""
        loop = asyncio.get_running_loop()
        with listening_bus(self._place) as listener:
            listener.listen()
            listener.setblocking(False)
            while not self.asked.is_set():
                connection, _ = await loop.sock_accept(listener)
                try:
                    async with asyncio.timeout(PATIENCE_S):
                        await self._hear(connection)
                except (OSError, TimeoutError, FeedError) as error:
                    connection.close()
                    log.warning("takeover_broken", error=str(error) or "it said nothing")

    async def _hear(self, connection: socket.socket) -> None:
        version = read(await _line(connection), "takeover")
        if version != VERSION:
            connection.sendall(line_of(refused=f"version {version}; accepted: {VERSION}"))
            connection.close()
            return
        fds = [each.fileno() for each in _sockets_of(self._runner)]
        connection.setblocking(True)
        socket.send_fds(connection, [line_of(listening=len(fds))], fds)
        connection.setblocking(False)
        read(await _line(connection), "ready")
        self.descriptors = [os.dup(fd) for fd in fds]
        self._connection = connection
        self.asked.set()

    async def give_state(self) -> bool:
        """Say that the state is the new one's; tell whether it serves."""
        assert self._connection is not None, "somebody has asked"
        hub = self._runner.app[HUB]
        ring = hub.broadcast.ring
        try:
            self._connection.sendall(line_of(state=str(ring.position(ring.newest))))
            async with asyncio.timeout(PATIENCE_S):
                where = read(await _line(self._connection), "serving")
        except (OSError, TimeoutError, FeedError) as error:
            log.error("takeover_failed", error=str(error) or "it took too long")  # noqa: TRY400 - it says all
            return False
        log.info("taken_over", by=where)
        self._following = asyncio.create_task(
            _follow(str(where), hub, self._runner.app[INGEST]), name="following the new one"
        )
        for fd in self.descriptors:
            os.close(fd)
        self.descriptors = []
        return True

    async def close(self) -> None:
        """Follow nobody any more."""
        for task in (self._waiting, self._following):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if self._connection is not None:
            self._connection.close()


async def _follow(where: str, hub: Hub, ingest: Ingest) -> None:
    """Take what the new server tells, behind what this one has told itself."""
    ring = hub.broadcast.ring
    source = FollowSource(where)
    source.stand(ring.position(ring.newest))
    strand = ingest.strands[0]
    pursuit = Pursuit(hub, strand.sides[0], strand.bars, strand.ticks, read_checkpoint)
    hub.relay.has_begun = True
    try:
        await source.open()
        async for step in source.steps():
            await pursuit.do(step)
            await asyncio.sleep(0)
    except FeedError as error:  # its subscribers come to the new one soon
        log.warning("new_server_not_followed", error=str(error))
    finally:
        await source.close()


def _sockets_of(runner: Runner) -> list[socket.socket]:
    """Return the TCP sockets that a server listens on."""
    servers = (getattr(site, "_server", None) for site in runner.sites)  # as aiohttp's `addresses`
    sockets = [each for server in servers for each in getattr(server, "sockets", ())]
    return [each for each in sockets if each.family in {socket.AF_INET, socket.AF_INET6}]


async def _line(connection: socket.socket) -> bytes:
    loop, line = asyncio.get_running_loop(), b""
    connection.setblocking(False)
    while not line.endswith(b"\n") and len(line) < MOST_BYTES:
        piece = await loop.sock_recv(connection, MOST_BYTES)
        if not piece:
            break
        line += piece
    return line
