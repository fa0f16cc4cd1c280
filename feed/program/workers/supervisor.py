"""The supervisor: holds the listening sockets, and keeps a writer and N edges running.

It serves nobody, and loads nothing that serves: it has nothing to do but to start workers, to tell
each of the others, and to see them end.

- A worker that dies is started anew. Subscribers of an edge go to another one, or wait in the queue
  of the sockets, which lives on here. A writer goes on from its state, in the same epoch.
- SIGHUP replaces all workers, one by one. A new edge serves before the old one leaves; a new writer
  is loaded, and begins once the old one has written down its state.
- SIGTERM and SIGINT end the edges, then the writer, then this process; a second one hurries them.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from feed.errors import FeedError
from feed.hub.siblings import WorkerKind
from feed.logger import logger_of
from feed.program import logs
from feed.program.end_signals import SPAN_S, EndSignals
from feed.program.greeting import allow_many_files, first_lines, greet, in_words
from feed.program.holder import listen
from feed.program.listening import authority
from feed.program.takeover.taking import Taker
from feed.program.workers.directory import SharedDirectory, shared_directory
from feed.program.workers.post import Post
from feed.program.workers.process import WorkerProcess, start, told_of
from feed.program.workers.restarting import count_deaths, rest_s
from feed.program.workers.role import PATIENCE_S, Role
from feed.program.workers.watchdog import Watchdog
from feed.settings.options import Settings
from feed.sources.chosen import ChosenSource
from feed.trust.shared_counts import beat_in

BEGIN_S = 120.0  # that a worker has before it serves: what it takes up may be large
_LOOK_S = 1.0  # between two looks who hangs
_FAILED = 1
_FIRST = asyncio.FIRST_COMPLETED

log = logger_of("feed.supervisor")


def supervise(
    settings: Settings,
    sources: Sequence[ChosenSource],
    command: Sequence[str],
    held: Sequence[socket.socket] = (),
    taker: Taker | None = None,
) -> int:
    """Serve with several processes until SIGINT or SIGTERM; return the exit status.

    Args:
        settings: of the server.
        sources: where its ticks come from.
        command: runs a server with these settings.
        held: sockets that listen already; none: they are made.
        taker: has asked a server that runs to let this one go on; None: nobody was asked.

    Raises:
        FeedError: the address cannot be listened on, or there is no room for what workers share.
    """
    if sys.platform != "linux":
        raise FeedError("--workers needs Linux; elsewhere a server is one process")
    _, writer = logs.begin(
        sys.stderr.fileno(), interactive=sys.stderr.isatty(), worker="supervisor"
    )
    if taker is not None:
        held = taker.listeners
    listeners = held or listen(settings)
    allow_many_files()
    try:
        with shared_directory() as directory:
            supervisor = Supervisor(settings, sources, command, listeners, directory)
            return asyncio.run(supervisor.run(taker))
    finally:
        if taker is not None:
            taker.end()
        for each in listeners:
            each.close()
        writer.close()


class Supervisor:
    """Keeps the workers of one server running."""

    def __init__(
        self,
        settings: Settings,
        sources: Sequence[ChosenSource],
        command: Sequence[str],
        listeners: Sequence[socket.socket],
        directory: SharedDirectory,
    ) -> None:
        """Begin without workers.

        Args:
            settings: of the server.
            sources: where its ticks come from.
            command: runs a server with these settings.
            listeners: the sockets that edges share.
            directory: for what workers share.
        """
        assert settings.workers is not None
        self._settings = settings
        self._sources = sources
        self._command = command
        self._listeners = listeners
        self._directory = directory
        self._serial = 0
        self._writer = Post("writer", WorkerKind.WRITER)
        self._edges = [Post(f"edge-{n}", WorkerKind.EDGE) for n in range(1, settings.workers + 1)]
        self._leaving: list[WorkerProcess] = []  # whose place another one has
        self._signals = EndSignals()
        self._is_ending = False
        self._replacing: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None  # who hangs

    async def run(self, taker: Taker | None = None) -> int:
        """Keep workers until a signal ends this; return the exit status.

        Args:
            taker: whose server's state the writer takes up; None: there is none.
        """
        self._signals.listen()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, self._replace_soon)
        ending = asyncio.create_task(self._signals.first.wait(), name="signal to end")
        serving = asyncio.create_task(self._begin(taker), name="workers begin")
        await asyncio.wait((ending, serving), return_when=asyncio.FIRST_COMPLETED)
        status = 0
        if serving.done() and (status := serving.result()) == 0:
            await ending
        serving.cancel()
        return await self._end() or status

    # Beginning.

    async def _begin(self, taker: Taker | None) -> int:
        """Start everybody; return the status of one that ended before it served, else 0.

        All are loaded together; then the writer begins, and then the edges.
        """
        there = [await self._fill(post, waits=True) for post in self._posts()]
        for process in there:
            await asyncio.wait((process.loaded, process.ended), return_when=_FIRST)
            if process.ended.done():
                return process.ended.result() or _FAILED
        if taker is not None:
            await taker.wait_for_kept()
        if status := await self._let_begin(there[:1]) or await self._let_begin(there[1:]):
            return status
        if taker is not None:
            taker.serving(f"unix:{self._directory.writer_socket}")
        self._greet()
        for post in self._posts():
            self._watch(post)
        self._watching = asyncio.create_task(self._see_who_hangs(), name="watchdog")
        return 0

    async def _let_begin(self, there: Sequence[WorkerProcess]) -> int:
        """Let workers begin that are loaded; return the status of one that did not, else 0."""
        for process in there:
            process.go()
        self._tell()
        for process in there:
            if await process.ready is None:
                return await process.ended or _FAILED
        return 0

    def _greet(self) -> None:
        host, port = self._listeners[0].getsockname()[:2]
        scheme = "http" if self._settings.tls_cert is None else "https"
        first = self._edges[0].process
        why = (first.ready.result() or {}).get("why", "") if first is not None else ""
        count = len(self._edges)
        what = f"{in_words(self._sources)} with {count} worker{'s' * (count != 1)}"
        greet(first_lines(what, str(why), f"{scheme}://{authority(host, port)}"))
        log.info("supervising", workers=count, host=host, port=port, pid=os.getpid())

    async def _fill(self, post: Post, *, waits: bool = False) -> WorkerProcess:
        """Start a worker for a post, whoever has it now; `waits`: it begins when it is told so."""
        self._serial += 1
        directory, writes = self._directory, post.writes
        role = Role(
            post.worker(self._serial, directory),
            str(directory.writer_socket),
            str(self._settings.cluster_key or directory.cluster_key),
            self._state() if writes else "",
            () if writes else tuple(each.fileno() for each in self._listeners),
            len(self._edges),
            self._sockets_of_edges() if writes else (),
            waits,
        )
        process = await start(role, self._command)
        if post.process is not None:
            self._leaving.append(post.process)
        post.process = process
        process.ready.add_done_callback(lambda _: self._tell())
        self._tell()
        return process

    def _sockets_of_edges(self) -> tuple[str, ...]:
        """Return where edges can be asked for what a dead writer has lost."""
        there = (post.process for post in self._edges)
        return tuple(each.worker.socket for each in there if each is not None and each.is_ready)

    def _state(self) -> str:
        """Return the directory of the writer's state; "": a source that follows needs none."""
        if any(type(source.options).gives_sequences for source in self._sources):
            return ""
        return str(self._settings.state or self._directory.state)

    # What workers know of each other.

    def _posts(self) -> list[Post]:
        return [self._writer, *self._edges]

    def _everybody(self) -> list[WorkerProcess]:
        there = [post.process for post in self._posts() if post.process is not None]
        return [*there, *self._leaving]

    def _tell(self) -> None:
        """Tell all workers which there are."""
        known = [told_of(each.worker) for each in self._everybody() if each.is_ready]
        for each in self._everybody():
            each.say(workers=known)

    # Deaths.

    def _watch(self, post: Post) -> None:
        if self._is_ending:
            return
        post.watch = asyncio.create_task(self._keep(post), name=f"watch of {post.name}")

    async def _keep(self, post: Post) -> None:
        """Have a post filled again whenever whoever has it died."""
        process = post.process
        while process is not None:
            status = await asyncio.shield(process.ended)
            lived_ns = time.time_ns() - process.worker.began_wall_ns
            post.deaths = count_deaths(post.deaths, lived_ns)
            post.restarts += 1
            pause_s = rest_s(post.deaths - 1) if post.deaths else 0.0
            log.error("worker_died", name=post.name, status=status, again_s=round(pause_s, 3))
            self._forget(process)
            post.process = None
            self._tell()
            await asyncio.sleep(pause_s)
            process = await self._fill_at_last(post)

    async def _fill_at_last(self, post: Post) -> WorkerProcess:
        """Start a worker for a post, however often that fails."""
        while True:
            try:
                return await self._fill(post)
            except OSError as error:
                post.deaths += 1
                pause_s = rest_s(post.deaths)
                words = str(error)
                log.error("worker_not_started", name=post.name, error=words, again_s=pause_s)  # noqa: TRY400 - it says all
                await asyncio.sleep(pause_s)

    async def _see_who_hangs(self) -> None:
        """Kill workers that hang, or do not begin, so that others take their places; for ever."""
        watchdog, serials = Watchdog(), set[int]()
        while True:
            await asyncio.sleep(_LOOK_S)
            there = [each.worker for each in self._everybody() if each.is_ready]
            for serial in serials - {each.serial for each in there}:
                watchdog.forget(serial)
            serials = {each.serial for each in there}
            for each in self._everybody():
                worker, mono_ns = each.worker, time.monotonic_ns()
                if each.is_ready:
                    beat_ns = beat_in(Path(worker.counts))
                    hangs = watchdog.hangs(worker.serial, beat_ns, mono_ns)
                else:
                    hangs = each.begins_for_ns(mono_ns) > BEGIN_S * 1e9
                if hangs:
                    log.error("worker_hangs", name=worker.name, pid=worker.pid)
                    each.signal(signal.SIGKILL)

    def _forget(self, process: WorkerProcess) -> None:
        """Remove the files of a worker that has ended; its successor makes its own."""
        for path in (process.worker.counts, process.worker.socket):
            if process.worker.kind is WorkerKind.EDGE or path == process.worker.counts:
                Path(path).unlink(missing_ok=True)

    # Replacement.

    def _replace_soon(self) -> None:
        if self._watching is None:
            log.info("replacement_too_early")
        elif self._replacing is None or self._replacing.done():
            self._replacing = asyncio.create_task(self._replace_all(), name="replacement")
        else:
            log.info("replacement_goes_on")

    async def _replace_all(self) -> None:
        """Replace everybody, one by one; what fails leaves the others as they are."""
        log.info("replacing", workers=len(self._edges))
        for post in (*self._edges, self._writer):
            if post.process is None:
                continue  # it is being started anew as it is
            assert post.watch is not None, "the supervisor has begun"
            post.watch.cancel()  # until it is known who has the post
            replace_it = self._replace_writer if post.writes else self._replace_edge
            try:
                is_done = await replace_it(post, post.process)
            except OSError as error:
                log.error("replacement_failed", name=post.name, error=str(error))  # noqa: TRY400 - it says all
                is_done = False
            finally:
                self._watch(post)
            if not is_done:
                return
        log.info("replaced", workers=len(self._edges))

    async def _replace_edge(self, post: Post, old: WorkerProcess) -> bool:
        """Replace an edge by one that serves already; tell whether it does."""
        new = await self._fill(post)
        old.worker = replace(old.worker, name=f"{post.name}-leaving")
        self._tell()
        if await new.ready is None:
            await self._put_back(post, old, new)
            return False
        old.say(leave=self._settings.drain_s or SPAN_S)
        await self._see_end(old, self._settings.drain_s or SPAN_S)
        self._leaving.remove(old)
        self._forget(old)
        self._tell()
        return True

    async def _put_back(self, post: Post, old: WorkerProcess, new: WorkerProcess) -> None:
        """Leave a post to whoever had it, since the new one has ended."""
        log.error("replacement_failed", name=post.name, status=await new.ended)
        old.worker = replace(old.worker, name=post.name)
        self._leaving.remove(old)
        self._forget(new)
        post.process = old
        self._tell()

    async def _replace_writer(self, post: Post, old: WorkerProcess) -> bool:
        """Let the writer write its state, and another one take it up, which is loaded by then.

        Returns:
            Whether the new one serves; where it ended before that, yet another one will.
        """
        new = await self._fill(post, waits=True)
        await asyncio.wait((new.loaded, new.ended), return_when=_FIRST)
        if new.ended.done():
            await self._put_back(post, old, new)
            return False
        old.signal(signal.SIGTERM)
        await self._see_end(old, 0.0)
        self._leaving.remove(old)
        self._forget(old)
        new.go()
        self._tell()
        if await new.ready is None:
            log.error("replacement_failed", name=post.name, status=await new.ended)
            return False
        return True

    # The end.

    async def _end(self) -> int:
        """End everybody, edges first; return the first status that is none of an orderly end."""
        self._is_ending = True
        log.info("leaving", workers=len(self._everybody()))
        watches = [post.watch for post in self._posts()]
        for task in (self._replacing, self._watching, *watches):
            if task is not None:
                task.cancel()
        hurrying = asyncio.create_task(self._hurry(), name="second signal")
        statuses: list[int] = []
        edges = [each for each in self._everybody() if each.worker.kind is WorkerKind.EDGE]
        writers = [each for each in self._everybody() if each.worker.kind is WorkerKind.WRITER]
        for group in (edges, writers):
            for each in group:
                each.signal(signal.SIGTERM)
            statuses += await asyncio.gather(
                *(self._see_end(each, self._settings.drain_s) for each in group)
            )
        hurrying.cancel()
        with suppress(asyncio.CancelledError):
            await hurrying
        ends = {0, -signal.SIGTERM}  # before it was loaded
        return next((128 - each if each < 0 else each for each in statuses if each not in ends), 0)

    async def _hurry(self) -> None:
        """Pass a second signal on."""
        await self._signals.second.wait()
        for each in self._everybody():
            each.signal(signal.SIGTERM)

    async def _see_end(self, process: WorkerProcess, span_s: float) -> int:
        """Wait for the end of a worker that was told to; kill it where it does not come."""
        patience_s = span_s + self._settings.shutdown_timeout_s + PATIENCE_S
        try:
            async with asyncio.timeout(patience_s):
                return await asyncio.shield(process.ended)
        except TimeoutError:
            log.error("worker_hangs", name=process.worker.name, seconds=patience_s)  # noqa: TRY400 - the time is all
            process.signal(signal.SIGKILL)
            return await process.ended
