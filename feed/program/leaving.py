"""Leaving: the order in which a server that is told to end does its last things.

1. It is not ready any more (`/readyz`), and lets nobody more in.
2. Answers that are being written end, as interrupted. Nothing gets a sequence any more, and what
   has one is cut.
3. State that is kept over restarts is written and marked clean: from here on no subscriber can
   come back with a position that the next server does not know.
4. Subscribers are sent away: in waves, where something else takes them in meanwhile; otherwise all
   of them at the end. A second signal ends the waves.

Then the sockets are closed, which is the runner's business.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Protocol

from feed.http.app import ALERTS, GENERATIONS, HUB, INGEST, JOBS, KEEPS
from feed.http.protocol.runner import Runner
from feed.hub.hub import Hub
from feed.logger import logger_of
from feed.program.end_signals import EndSignals

FIRST_REQUEST_S = 2.0  # that connections have for their request, which were just accepted
_LOOK_S = 0.02

log = logger_of("feed.server")


class Pausing(Protocol):
    """A place where connections are accepted, until it is told otherwise."""

    async def pause(self) -> None:
        """Accept no more; return once those that were accepted are being served."""


async def hand_over(
    runner: Runner, signals: EndSignals, give: Callable[[], Awaitable[bool]], span_s: float
) -> bool:
    """Leave to a new server; tell whether it serves.

    What was accepted is answered first; then all is let go of that the new one takes up, and once
    it serves, subscribers are sent away in waves.

    Args:
        runner: of the server; `cleanup` does what remains.
        signals: the first one hurries it.
        give: gives the state away; returns whether the new server serves.
        span_s: of the waves.
    """
    app = runner.app
    hub, ingest = app[HUB], app[INGEST]
    for site in list(runner.sites):
        await site.stop()
    await _answer_first_requests(hub)
    hub.departure.begin(span_s)
    await app[GENERATIONS].close()
    await app[JOBS].close()
    await ingest.stop()
    await app[ALERTS].close()
    hub.follow()
    await app[KEEPS].close(ingest)
    hub.broadcast.forget_log()
    if not await give():
        return False
    await _drain(hub, signals.first)
    return True


async def let_go(runner: Runner, signals: EndSignals, span_s: float) -> None:
    """Leave where a new server goes on, which is followed meanwhile.

    What was accepted is answered, and subscribers are sent away in waves.

    Args:
        runner: of the server; `cleanup` does what remains.
        signals: the first one hurries it.
        span_s: of the waves.
    """
    hub = runner.app[HUB]
    for site in list(runner.sites):
        await site.stop()
    await _answer_first_requests(hub)
    hub.departure.begin(span_s)
    await _drain(hub, signals.first)


async def leave(runner: Runner, signals: EndSignals, drain_s: float) -> None:
    """Do the last things, up to the goodbyes of subscribers that stay to the end.

    Args:
        runner: of the server; `cleanup` does what remains.
        signals: a second one ends the waves.
        drain_s: the span of the waves; 0: there are none, since nothing else takes anybody in. Then
            no connection is accepted from the first moment on: behind a socket that somebody else
            holds they wait for the next server.
    """
    hub, ingest = runner.app[HUB], runner.app[INGEST]
    if not drain_s:
        for site in list(runner.sites):
            await site.stop()
    hub.departure.begin(drain_s)
    await runner.app[GENERATIONS].close()
    await ingest.stop()
    if hub.broadcast.waiting_ticks:
        hub.cutter.cut()
    if KEEPS in runner.app:
        await runner.app[KEEPS].close(ingest)
    if drain_s:
        await _drain(hub, signals.second)


async def leave_to_others(
    runner: Runner, signals: EndSignals, sites: Sequence[Pausing], span_s: float
) -> None:
    """Do the last things of an edge whose siblings go on.

    It takes no connection more, and answers those that it has taken; its subscribers are sent away
    in waves while it still follows the writer, so that none misses anything that its ring has; and
    those that come back are taken in by others. A signal to end hurries it.

    Args:
        runner: of the worker; `cleanup` does what remains.
        signals: to end.
        sites: where it accepts.
        span_s: of the waves.
    """
    hub = runner.app[HUB]
    await asyncio.gather(*(site.pause() for site in sites))
    await _answer_first_requests(hub)
    hub.departure.begin(span_s)
    await runner.app[GENERATIONS].close()
    await _drain(hub, signals.first)
    await runner.app[INGEST].stop()


async def _answer_first_requests(hub: Hub) -> None:
    """Wait for the requests of connections that were just accepted, for a moment."""
    try:
        async with asyncio.timeout(FIRST_REQUEST_S):
            while hub.waiting.heads:  # noqa: ASYNC110 - no event
                await asyncio.sleep(_LOOK_S)
    except TimeoutError:
        log.info("silent_connections", connections=len(hub.waiting.heads))


async def _drain(hub: Hub, hurry: asyncio.Event) -> None:
    """Send everybody away in waves, until there is a hurry."""
    draining = asyncio.create_task(hub.departure.drain(), name="drain")
    hurrying = asyncio.create_task(hurry.wait(), name="second signal")
    await asyncio.wait((draining, hurrying), return_when=asyncio.FIRST_COMPLETED)
    hurrying.cancel()
    draining.cancel()
    with suppress(asyncio.CancelledError):
        await draining
