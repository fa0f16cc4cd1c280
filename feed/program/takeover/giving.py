"""The old side: a server that gives what it has to a new one, and leaves.

It waits to be asked, at a socket that nobody but its user opens, and answers one that asks at a
time. A new one that is gone, or silent, before it tells anybody anything changes nothing here: this
server goes on, and says so. Only where the directory of a state was in other hands it begins anew
from that, as the program that it was started as: so too where the new one dies before all
subscribers have gone to it.
"""

import asyncio
import os
import socket
from contextlib import AsyncExitStack, ExitStack, suppress
from enum import Enum, auto

from feed.errors import FeedError, InvalidMessage
from feed.http.app import HUB, INGEST
from feed.http.protocol.runner import Runner
from feed.logger import logger_of
from feed.program.bus import listening_bus
from feed.program.listening import Site
from feed.program.takeover import inheritance
from feed.program.takeover.handing import Handing
from feed.program.takeover.places import Place
from feed.program.takeover.talk import Talk
from feed.program.takeover.words import VERSION, How, line_of, read

PATIENCE_S = 60.0  # with a new one, until it is ready
CUT_PATIENCE_S = 10.0  # with one that has the state, until it serves

log = logger_of("feed.takeover")


class Outcome(Enum):
    """What has become of this server."""

    STAYS = auto()
    TAKEN = auto()  # the new one serves
    KEPT = auto()  # the new one waits for the state in its directory
    LOST = auto()  # the state is not here any more, and the new one is gone


class Giver:
    """Waits for a new server.

    Attributes:
        over: set once this server does not go on as it was.
        outcome: why.
        descriptors: of the sockets that listen, which the new one has too; to go on with them where
            it is gone.
    """

    def __init__(self, place: Place, runner: Runner) -> None:
        """Wait at a place.

        Args:
            place: of the sockets.
            runner: of this server, which listens.
        """
        self.over = asyncio.Event()
        self.outcome = Outcome.STAYS
        self.descriptors: list[int] = []
        self._place = place
        self._runner = runner
        self._talk: Talk | None = None  # with the one that takes over
        self._handing: Handing | None = None
        self._waiting: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Wait from now on, in a task of its own."""
        self._waiting = asyncio.create_task(self._run(), name="takeover")

    async def _run(self) -> None:
        """Answer those who ask, one at a time, until one takes over."""
        loop = asyncio.get_running_loop()
        try:
            with listening_bus(self._place.asked) as listener:
                listener.listen()
                listener.setblocking(False)
                while self.outcome is Outcome.STAYS:
                    connection, _ = await loop.sock_accept(listener)
                    talk = Talk(connection)
                    try:
                        await self._hear(talk)
                    except (OSError, TimeoutError, FeedError) as error:
                        talk.close()
                        log.warning("takeover_broken", error=str(error) or "it said nothing")
        except FeedError as error:
            log.info("no_takeover", error=str(error))
        if self.outcome is not Outcome.STAYS:
            self.over.set()

    async def _hear(self, talk: Talk) -> None:
        """Hear one that asks, to its end."""
        async with AsyncExitStack() as stack:
            with ExitStack() as held:
                async with asyncio.timeout(PATIENCE_S):
                    how = await self._greet(talk, stack, held)
                    if how is None:
                        return
                    read(await talk.hear(), "ready")
                log.info("takeover_begins", how=how.value)
                self._talk = talk
                self.descriptors = [os.dup(each.fileno()) for each in sockets_of(self._runner)]
                if how is How.KEPT:
                    self.outcome = Outcome.KEPT
                    return
                self.outcome = await self._hand_over(talk)
        if self.outcome is Outcome.STAYS:
            self._close_descriptors()
            talk.close()

    async def _greet(self, talk: Talk, stack: AsyncExitStack, held: ExitStack) -> How | None:
        """Give the sockets, and let the new one follow; None: it was refused.

        Args:
            talk: with it.
            stack: of the site where it follows.
            held: of the socket of that.
        """
        talk.watch_other()
        asked = await talk.hear()
        version = read(asked, "takeover")
        if version != VERSION:
            talk.say(refused=f"version {version}; accepted: {VERSION}")
            talk.close()
            return None
        word = read(asked, "how")
        if word not in list(How):
            talk.say(refused=f"how {word!r}; accepted: {' or '.join(How)}")
            talk.close()
            return None
        how = How(word)
        if how is How.TOLD:
            site = Site(self._runner, held.enter_context(listening_bus(self._place.followed)))
            await site.start()
            stack.push_async_callback(site.stop)
        app = self._runner.app
        fds = [each.fileno() for each in sockets_of(self._runner)]
        await talk.send(
            line_of(
                listening=len(fds),
                follow=str(self._place.followed),
                source=app[INGEST].name,
                follows=app[HUB].follows,
            ),
            fds,
        )
        return how

    async def _hand_over(self, talk: Talk) -> Outcome:
        """Hand the state on; return what has become of this server."""
        if self._runner.app[HUB].follows:
            return await self._let_follow(talk)
        handing = self._handing = Handing(self._runner.app)
        try:
            async with asyncio.timeout(PATIENCE_S):
                handed = await handing.cut()
            async with asyncio.timeout(CUT_PATIENCE_S):
                await self._tell_state(talk, handing, handed)
                where = str(read(await talk.hear(), "serving"))
                await handing.follow(where)
                talk.say(following=True)
                handing.pursue()
        except (OSError, TimeoutError, FeedError) as error:
            return await self._fail(talk, handing, str(error) or "it took too long")
        log.info(
            "taken_over",
            by=where,
            pos=f"{handed.meta['epoch']}-{handed.sequence}",
            silent_s=round(handing.silent_s, 3),
        )
        await handing.leave()
        self._watching = asyncio.create_task(self._watch(talk), name="the new server")
        return Outcome.TAKEN

    async def _tell_state(
        self, talk: Talk, handing: Handing, handed: inheritance.Inheritance
    ) -> None:
        data = inheritance.pack(handed)
        position = f"{handed.meta['epoch']}-{handed.sequence}"
        line = line_of(state=position, bytes=len(data))
        await talk.send(line, handing.descriptors)
        await talk.send(data)

    async def _let_follow(self, talk: Talk) -> Outcome:
        """Let a new server go on for one that follows another one itself, as the new one does."""
        try:
            async with asyncio.timeout(CUT_PATIENCE_S):
                await talk.send(line_of(state="", bytes=0))
                where = read(await talk.hear(), "serving")
                talk.say(following=True)
        except (OSError, TimeoutError, FeedError) as error:
            log.error("takeover_failed", error=str(error) or "it took too long", goes_on=True)  # noqa: TRY400 - it says all
            return Outcome.STAYS
        log.info("taken_over", by=where)
        self._watching = asyncio.create_task(self._watch(talk), name="the new server")
        return Outcome.TAKEN

    async def _fail(self, talk: Talk, handing: Handing, why: str) -> Outcome:
        """Go on as before, or as what the directory of the state says; whoever failed is ended."""
        log.error("takeover_failed", error=why, goes_on=handing.can_take_back)
        await handing.close()
        if handing.can_take_back:
            await handing.take_back()
            self._handing = None
            return Outcome.STAYS
        await handing.give_up()
        try:
            await talk.end_other()
        except TimeoutError:
            log.exception("new_server_stays")
        return Outcome.LOST

    async def _watch(self, talk: Talk) -> None:
        """See what becomes of the new server while this one leaves."""
        try:
            read(await talk.hear(), "ended")
        except (OSError, InvalidMessage):
            log.error("new_server_died", goes_on=True)  # noqa: TRY400 - it says all
            self.outcome = Outcome.LOST
            return
        self._close_descriptors()

    def left(self) -> list[int]:
        """Return the sockets that nobody serves any more once this server has ended."""
        lost = self.outcome is Outcome.LOST
        return self.descriptors if lost else []

    async def close(self) -> None:
        """Follow nobody any more, and let the new one be the only one."""
        for task in (self._waiting, self._watching):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if self._handing is not None:
            await self._handing.close()
        if self._talk is not None:
            self._talk.close()
        if self.outcome is not Outcome.LOST:
            self._close_descriptors()

    async def give_kept(self) -> bool:
        """Say that the state is in its directory; tell whether the new one serves."""
        assert self._talk is not None, "somebody has asked"
        talk, hub = self._talk, self._runner.app[HUB]
        ring = hub.broadcast.ring
        handing = self._handing = Handing(self._runner.app)
        try:
            talk.say(state=str(ring.position(ring.newest)), bytes=0)
            async with asyncio.timeout(PATIENCE_S):
                where = str(read(await talk.hear(), "serving"))
            await handing.follow(where)
            talk.say(following=True)
            handing.pursue()
        except (OSError, TimeoutError, FeedError) as error:
            log.error("takeover_failed", error=str(error) or "it took too long", goes_on=False)  # noqa: TRY400 - it says all
            self.outcome = Outcome.LOST
            return False
        log.info("taken_over", by=where)
        self._watching = asyncio.create_task(self._watch(talk), name="the new server")
        return True

    def _close_descriptors(self) -> None:
        descriptors, self.descriptors = self.descriptors, []
        for fd in descriptors:
            os.close(fd)


def sockets_of(runner: Runner) -> list[socket.socket]:
    """Return the TCP sockets that a server listens on."""
    servers = (getattr(site, "_server", None) for site in runner.sites)  # as aiohttp's `addresses`
    sockets = [each for server in servers for each in getattr(server, "sockets", ())]
    return [each for each in sockets if each.family in {socket.AF_INET, socket.AF_INET6}]
