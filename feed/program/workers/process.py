"""One worker's process, as its supervisor has it: started, spoken to, and waited for.

It is a program that is loaded anew, with the sockets passed on (`pass_fds`): nothing is forked that
has threads or a loop. SIGINT and SIGHUP are blocked in it, since a terminal sends them to all, and
the supervisor alone decides what they mean.
"""

import asyncio
import json
import os
import signal
import socket
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from feed.hub.siblings import Worker
from feed.logger import logger_of
from feed.program.workers.role import CHANNEL, Role, line_of

_OF_THE_SUPERVISOR = {signal.SIGINT, signal.SIGHUP}

log = logger_of("feed.workers")


class WorkerProcess:
    """A process that was started.

    Attributes:
        worker: which.
        ready: done with what it said of itself, once it serves; None: it ended before that.
        loaded: done once it has loaded all that it needs, and waits for its turn.
        ended: done with its exit status, negative where a signal ended it.
    """

    def __init__(
        self, worker: Worker, process: Process, end: socket.socket, *, waits: bool
    ) -> None:
        self.worker = worker
        self._waits = waits  # to be told that it may begin
        self._began_ns = time.monotonic_ns()
        self._process = process
        self._end = end
        self._writer: asyncio.StreamWriter | None = None
        loop = asyncio.get_running_loop()
        self.loaded: asyncio.Future[None] = loop.create_future()
        self.ready: asyncio.Future[dict[str, Any] | None] = loop.create_future()
        self._hearing = asyncio.create_task(self._hear(), name=f"channel of {worker.name}")
        self.ended = asyncio.create_task(self._wait(), name=worker.name)

    @property
    def is_ready(self) -> bool:
        """Whether it serves, or did."""
        return self.ready.done() and self.ready.result() is not None

    def begins_for_ns(self, mono_ns: int) -> int:
        """Return for how long it has been beginning; 0: it waits for its turn."""
        return 0 if self._waits and self.loaded.done() else mono_ns - self._began_ns

    def go(self) -> None:
        """Tell it that it may begin, if it waits for that."""
        self._waits, self._began_ns = False, time.monotonic_ns()
        self.say(go=True)

    def say(self, **words: object) -> None:
        """Tell it something, unless it has gone."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(line_of(words))

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal, unless it has ended."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def _hear(self) -> None:
        reader, self._writer = await asyncio.open_unix_connection(sock=self._end)
        try:
            while line := await reader.readline():
                said = json.loads(line)
                if "loaded" in said and not self.loaded.done():
                    self.loaded.set_result(None)
                if "ready" in said and not self.ready.done():
                    self.ready.set_result(said)
        except OSError as error:  # it was killed while we wrote
            log.debug("channel_broken", of=self.worker.name, error=str(error))
        finally:
            self._writer.close()

    async def _wait(self) -> int:
        status = await self._process.wait()
        if not self.ready.done():
            self.ready.set_result(None)
        self._hearing.cancel()
        return status


async def start(role: Role, command: Sequence[str]) -> WorkerProcess:
    """Start a worker.

    Args:
        role: its role; the process is not known in it yet.
        command: runs the server.

    Raises:
        OSError: it cannot be started.
    """
    ours, theirs = socket.socketpair()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _OF_THE_SUPERVISOR)
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            env=os.environ | {CHANNEL: str(theirs.fileno())},
            pass_fds=[theirs.fileno(), *role.descriptors],
            stdin=None if role.writes else DEVNULL,
        )
    except OSError:
        ours.close()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        theirs.close()
    worker = replace(role.own, pid=process.pid)
    ours.sendall(replace(role, own=worker).line())
    return WorkerProcess(worker, process, ours, waits=role.waits)


def told_of(worker: Worker) -> dict[str, object]:
    """Return a worker as its siblings are told of it."""
    return asdict(worker)
