"""The channel of a worker: what its supervisor says while it runs, and what it answers.

Lines of JSON. A supervisor says which `workers` there are, and that this one shall `leave` over a
span, since others serve; this one says once that it is `ready`. Where the channel ends there is no
supervisor any more, and the worker ends too: nobody would start it anew, or hold its socket.
"""

import asyncio
import json
import socket
from collections.abc import Callable
from typing import Any

from feed.hub.siblings import Worker
from feed.logger import logger_of
from feed.program.workers.role import line_of, worker_of

MOST_LINE_BYTES = 1 << 20

log = logger_of("feed.workers")


class Channel:
    """One end of it, in a worker.

    Attributes:
        leaving: done with the span in seconds, once this worker shall leave.
        ended: set once there is no supervisor any more.
    """

    def __init__(self, end: socket.socket, learn: Callable[[list[Worker]], None]) -> None:
        """Make it; `run` reads.

        Args:
            end: of the channel, behind the role.
            learn: told which workers there are.
        """
        self._end = end
        self._learn = learn
        self._writer: asyncio.StreamWriter | None = None
        self.leaving: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.ended = asyncio.Event()

    async def run(self) -> None:
        """Hear what the supervisor says, to the end."""
        try:
            reader, self._writer = await asyncio.open_unix_connection(
                sock=self._end, limit=MOST_LINE_BYTES
            )
            while line := await reader.readline():
                self._hear(json.loads(line))
        except OSError as error:
            log.warning("channel_broken", error=str(error))
        finally:
            (self._end if self._writer is None else self._writer).close()
        self.ended.set()  # not where this is cancelled: the supervisor is there still

    def say(self, **words: object) -> None:
        """Tell the supervisor."""
        if self._writer is not None:
            self._writer.write(line_of(words))

    def _hear(self, said: dict[str, Any]) -> None:
        if "workers" in said:
            self._learn([worker_of(each) for each in said["workers"]])
        if "leave" in said and not self.leaving.done():
            self.leaving.set_result(float(said["leave"]))
