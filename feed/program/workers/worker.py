"""A worker: the writer, or an edge, of a server that is several processes.

The writer is the server that the command line describes, but for its address: only its siblings
reach it, over a Unix socket. An edge is a server with the same options that follows the writer, and
accepts from the sockets that its supervisor holds. Both end as a server does that is alone, at
SIGTERM; told by the supervisor, an edge leaves while the others serve (`leave_to_others`).
"""

import asyncio
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import structlog

from feed import __version__
from feed.http.app import HUB, INGEST, make_app
from feed.http.protocol.runner import Runner
from feed.hub.cores import usable_cores
from feed.hub.fan_out import MOST_THREADS
from feed.hub.hub import Hub
from feed.hub.session import number_from
from feed.hub.siblings import BEAT_S, IDS_OF_WORKER, Siblings, Worker, may_accept
from feed.ingest.runner import Ingest
from feed.program import logs
from feed.program.bus import listening_bus
from feed.program.end_signals import EndSignals
from feed.program.greeting import allow_many_files
from feed.program.leaving import leave, leave_to_others
from feed.program.listening import Site
from feed.program.log_writer import LogWriter
from feed.program.memory import collect_rarely, keep_imported, return_large_blocks
from feed.program.serve import (
    certificate_of,
    look_at,
    loop_factory,
    warn_of_unknown_variables,
)
from feed.program.workers.accepting import SharedSite
from feed.program.workers.channel import Channel
from feed.program.workers.furthest import records_of_furthest
from feed.program.workers.role import PATIENCE_S, Role, held_by, line_of, wait_for_turn
from feed.settings.options import Settings
from feed.sources.chosen import ChosenSource
from feed.sources.follow.options import FollowOptions
from feed.sources.source import Sequenced

CAUGHT_UP_TICKS = 1_000  # behind the writer, at which an edge begins to accept
CATCH_UP_S = 10.0  # after which it does in any case: it may be the only one
_LOOK_S = 0.02
_SOURCE = "feed"  # by which edges call the writer

log = structlog.get_logger("feed.server")


def work(
    role: Role, channel: socket.socket, settings: Settings, sources: Sequence[ChosenSource]
) -> None:
    """Be a worker until it is told to end.

    Args:
        role: which.
        channel: to the supervisor.
        settings: of the whole server.
        sources: of the whole server.

    Raises:
        InvalidInput: what is to be replayed is no recording.
        FeedError: an option is not accepted.
    """
    if role.waits:
        channel.sendall(line_of({"loaded": True}))
        if not wait_for_turn(channel):
            return
    name = role.own.name
    interactive = sys.stderr.isatty()
    repeats, writer = logs.begin(sys.stderr.fileno(), interactive=interactive, worker=name)
    if role.writes:
        warn_of_unknown_variables(sources)
    allow_many_files()
    return_large_blocks()
    keep_imported()
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            is_orphan = runner.run(_work(role, channel, settings, sources, repeats, writer))
        if is_orphan and role.writes:  # nobody else is left to do it
            shutil.rmtree(Path(role.own.socket).parent, ignore_errors=True)
    finally:
        writer.close()


async def _work(  # noqa: PLR0917 - the parts of one program
    role: Role,
    end: socket.socket,
    settings: Settings,
    sources: Sequence[ChosenSource],
    repeats: logs.Repeats,
    writer: LogWriter,
) -> bool:
    """Work; tell whether the supervisor had gone when this ended."""
    siblings = Siblings(
        role.own, settings.max_connections, shares_key=settings.cluster_key is not None
    )
    number_from(role.own.serial * IDS_OF_WORKER + 1)
    signals = EndSignals()
    signals.listen([signal.SIGTERM])
    chosen = _sources_of(role, sources)
    await look_at(chosen)
    certificate = None if role.writes else certificate_of(settings)
    app = await make_app(
        settings_of(role, settings),
        [source.make() for source in chosen],
        lost_log_records=lambda: writer.lost,
        certificate=certificate,
        siblings=siblings,
        elsewhere=partial(records_of_furthest, role.edges) if role.edges else None,
    )
    channel = Channel(end, partial(_learn, siblings, app[INGEST]))
    runner = Runner(app, app[HUB])
    await runner.setup()
    held_up = ExitStack()  # until all is closed
    hearing = asyncio.create_task(channel.run(), name="channel")
    telling = asyncio.create_task(repeats.run(), name="repeats")
    try:
        listener = held_up.enter_context(listening_bus(Path(role.own.socket)))
        await Site(runner, listener).start()
        context = None if certificate is None else certificate.context
        sites: list[SharedSite] = []
        beating = asyncio.create_task(_beat(app[HUB], siblings, sites), name="beat")
        ready = asyncio.create_task(_until_caught_up(app[HUB], app[INGEST]), name="catching up")
        asked = _asked_to_end(signals, channel)
        await asyncio.wait((ready, asked), return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            for held in held_by(role):
                accepts = partial(_may_accept, app[HUB], siblings, sites)
                sites.append(SharedSite(runner, held, context, accepts))
                await sites[-1].start()
            _tell_others(app[HUB], siblings, sites)
            collect_rarely()
            fan_out = app[HUB].broadcast.fan_out
            channel.say(ready=True, why=fan_out.why)
            log.info(
                "serving",
                kind=role.own.kind,
                pid=os.getpid(),
                source=app[INGEST].name,
                version=__version__,
                fan_out=fan_out.engine.value,
                send_threads=fan_out.threads,
            )
        await asked
        if channel.ended.is_set() and role.writes:
            await _let_edges_leave(app[HUB], signals, settings)
        log.info("leaving", subscribers=len(app[HUB].sessions))
        if channel.leaving.done() and not role.writes:
            await leave_to_others(runner, signals, sites, channel.leaving.result())
        else:
            await leave(runner, signals, settings.drain_s)
        beating.cancel()
        ready.cancel()
    finally:
        telling.cancel()
        hearing.cancel()
        await runner.cleanup()
        held_up.close()
        siblings.close()
    return channel.ended.is_set()


def settings_of(role: Role, settings: Settings) -> Settings:
    """Return the settings of one worker of a server."""
    shared = {"cluster_key": Path(role.cluster_key)}
    if role.writes:
        state = Path(role.state) if role.state else None
        return settings.model_copy(update={**shared, "state": state, "send_threads": 1})
    threads = settings.send_threads or threads_of(usable_cores(), role.workers)
    return settings.model_copy(update={**shared, "state": None, "send_threads": threads})


def threads_of(cores: int, workers: int) -> int:
    """Return how many threads of an edge send: its share of the cores, its loop's among them."""
    return min(MOST_THREADS, max(1, cores // workers))


def _sources_of(role: Role, sources: Sequence[ChosenSource]) -> Sequence[ChosenSource]:
    if role.writes:
        return sources
    return [ChosenSource(_SOURCE, FollowOptions(place=f"unix:{role.writer_socket}"))]


def _learn(siblings: Siblings, ingest: Ingest, workers: Sequence[Worker]) -> None:
    """Hear which workers there are; where there is another writer, follow it at once."""
    before = siblings.writer
    siblings.learn(workers)
    writer = siblings.writer
    if writer is not None and (before is None or before.serial != writer.serial):
        ingest.hurry()


async def _until_caught_up(hub: Hub, ingest: Ingest) -> None:
    """Return once an edge has about all that the writer has, or after a while."""
    if not hub.follows:
        return
    try:
        async with asyncio.timeout(CATCH_UP_S):
            while not hub.knows_epoch or _lag_ticks(ingest) > CAUGHT_UP_TICKS:  # noqa: ASYNC110 - no event
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        log.warning("behind_the_writer", seconds=CATCH_UP_S)


async def _let_edges_leave(hub: Hub, signals: EndSignals, settings: Settings) -> None:
    """Return once no edge follows the writer, after a while, or at a signal."""
    with suppress(TimeoutError):
        async with asyncio.timeout(settings.drain_s + settings.shutdown_timeout_s + PATIENCE_S):
            while hub.sessions and not signals.first.is_set():  # noqa: ASYNC110 - no event
                await asyncio.sleep(_LOOK_S)


def _lag_ticks(ingest: Ingest) -> int:
    """Return how many events the writer is known to be ahead."""
    sources = (side.source for side in ingest.sides)
    return max((each.lag_events for each in sources if isinstance(each, Sequenced)), default=0)


async def _beat(hub: Hub, siblings: Siblings, sites: Sequence[SharedSite]) -> None:
    """Tell the others that this worker is well, and how many connections it has; for ever."""
    while True:
        _tell_others(hub, siblings, sites)
        await asyncio.sleep(BEAT_S)


def _tell_others(hub: Hub, siblings: Siblings, sites: Sequence[SharedSite]) -> None:
    accepts = bool(sites) and all(site.accepts for site in sites)
    siblings.counts.beat(time.monotonic_ns(), _connections(hub, sites), accepts=accepts)


def _may_accept(hub: Hub, siblings: Siblings, sites: Sequence[SharedSite]) -> bool:
    own, now_ns = _connections(hub, sites), time.monotonic_ns()
    siblings.counts.beat(now_ns, own, accepts=True)
    return may_accept(own, siblings.loads(now_ns))


def _connections(hub: Hub, sites: Sequence[SharedSite]) -> int:
    waiting = hub.waiting
    coming = sum(site.coming for site in sites)
    known = len(waiting.heads) + len(waiting.idle) + waiting.handshakes
    return len(hub.sessions) + known + coming


def _asked_to_end(signals: EndSignals, channel: Channel) -> "asyncio.Task[None]":
    """Return a task that is done once somebody wants this worker to end."""

    async def asked() -> None:
        waits = [
            asyncio.ensure_future(each)
            for each in (signals.first.wait(), channel.ended.wait(), channel.leaving)
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waits[:2]:
                each.cancel()

    return asyncio.create_task(asked(), name="asked to end")
