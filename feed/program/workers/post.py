"""Posts: the places that workers have, one after the other, and how one begins in each."""

import asyncio
import time
from dataclasses import dataclass

from feed.hub.siblings import Worker, WorkerKind
from feed.program.workers.directory import SharedDirectory
from feed.program.workers.process import WorkerProcess


@dataclass(slots=True)
class Post:
    """A place that a worker has, and after its death another one.

    Attributes:
        name, kind: of whoever has it.
        process: that has it; None: nobody does just now.
        restarts: how often somebody died there.
        deaths: how many of the last ones died young.
        watch: has it filled again when whoever has it died; there is never more than one.
    """

    name: str
    kind: WorkerKind
    process: WorkerProcess | None = None
    restarts: int = 0
    deaths: int = 0
    watch: asyncio.Task[None] | None = None

    @property
    def writes(self) -> bool:
        """Whether it is the writer's."""
        return self.kind is WorkerKind.WRITER

    def worker(self, serial: int, directory: SharedDirectory) -> Worker:
        """Return a worker that is about to have it; its process is not known yet."""
        path = directory.writer_socket if self.writes else directory.socket(serial)
        return Worker(
            self.name,
            self.kind,
            serial,
            0,
            str(path),
            str(directory.counts(serial)),
            self.restarts,
            time.time_ns(),
        )
