"""What the old server does at the cut: it stops, hands on what it knows, and takes it back or goes.

At the cut no event gets a sequence here any more, and words that are said meanwhile are kept back.
Where the new server does not go on, all sources go on where they were, and what was kept back is
said: so nobody notices. With a state in a directory that is not so: the new server had that, and
this one begins anew from it.
"""

import asyncio
import os
from contextlib import AsyncExitStack, suppress
from dataclasses import replace

from aiohttp import web

from feed.errors import FeedError
from feed.http.app import ALERTS, GENERATIONS, HUB, INGEST, JOBS, KEEPER
from feed.ingest.pursuit import Pursuit
from feed.logger import logger_of
from feed.market.ticks import SECOND_NS
from feed.program.takeover.inheritance import Inheritance
from feed.sources.follow.source import FollowSource
from feed.sources.source import ReadsDescriptor
from feed.state import parts
from feed.state.followed import read_checkpoint

log = logger_of("feed.takeover")


class Handing:
    """Hands on what one server knows, once."""

    def __init__(self, app: web.Application) -> None:
        """Begin before the cut.

        Args:
            app: of the server.
        """
        self._app = app
        self._hub = app[HUB]
        self._ingest = app[INGEST]
        self._keeper = app.get(KEEPER)
        self._frozen = AsyncExitStack()  # sources, between two lists
        self._followed: FollowSource | None = None
        self._following: asyncio.Task[None] | None = None
        self._cut_ns = 0
        self._pipes: dict[str, int] = {}  # our own descriptors of what sources read, by their names

    @property
    def descriptors(self) -> list[int]:
        """The descriptors of pipes, and the one of the lock of the state where there is one."""
        locks = [] if self._keeper is None else [self._keeper.lock]
        return [*self._pipes.values(), *locks]

    async def cut(self) -> Inheritance:
        """Give no sequence from now on; return what is to be handed on."""
        hub, ingest, keeper = self._hub, self._ingest, self._keeper
        if keeper is not None:
            await keeper.rest()
            await self._app[JOBS].close()
            await self._app[ALERTS].close()
        self._hold_pipes()
        await ingest.give_rest()
        await self._frozen.enter_async_context(ingest.between_lists())
        hub.follow()
        self._cut_ns = hub.clock.mono_ns()
        given_before = ingest.given_before
        wall_offset_ns = hub.clock.wall_ns() - hub.clock.mono_ns()
        meta = parts.meta_of(ingest, given_before, wall_offset_ns)
        meta["windows"] = parts.windows_of(ingest)
        await ingest.halt()
        pipes = {name: each.header for name, each in self._piped if name in self._pipes}
        inheritance = Inheritance(meta, given_before + hub.broadcast.given, pipes=pipes)
        if keeper is None:
            return inheritance
        is_whole = await keeper.leave()
        hub.broadcast.forget_log()
        return replace(inheritance, is_whole=is_whole, deletions=keeper.eraser.left)

    @property
    def _piped(self) -> list[tuple[str, ReadsDescriptor]]:
        """The sources that read descriptors, with their names."""
        sources = [(side.name, side.source) for side in self._ingest.sides]
        return [(name, each) for name, each in sources if isinstance(each, ReadsDescriptor)]

    def _hold_pipes(self) -> None:
        """Have descriptors of our own of all pipes: their sources let go of theirs."""
        for name, source in self._piped:
            if source.descriptor is not None:
                self._pipes[name] = os.dup(source.descriptor)

    def _let_go_of_pipes(self) -> None:
        pipes, self._pipes = self._pipes, {}
        for descriptor in pipes.values():
            os.close(descriptor)

    @property
    def silent_s(self) -> float:
        """For how long nothing has got a sequence here."""
        return (self._hub.clock.mono_ns() - self._cut_ns) / SECOND_NS

    @property
    def can_take_back(self) -> bool:
        """Whether all is as it was, should nobody go on: nothing was left to another process."""
        return self._keeper is None

    async def take_back(self) -> None:
        """Go on as before: the new server has told nobody anything."""
        pipes, self._pipes = self._pipes, {}
        for name, source in self._piped:
            if name in pipes and source.descriptor is None:
                source.adopt(pipes.pop(name), source.header)
        for unneeded in pipes.values():
            os.close(unneeded)
        if self._hub.follows:
            await self._ingest.halt()
            self._hub.lead_again()
        self._ingest.go_on()
        await self._frozen.aclose()

    async def give_up(self) -> None:
        """Let this process end, where another one has had the state and is gone."""
        await self._frozen.aclose()

    async def follow(self, where: str) -> None:
        """Connect to the new server, behind what was told here; return once it tells.

        Args:
            where: it is, as `FollowSource` takes it.

        Raises:
            FeedError: it cannot be followed.
        """
        ring = self._hub.broadcast.ring
        source = FollowSource(where)
        source.stand(ring.position(ring.newest))
        try:
            await source.open()
        except FeedError:
            await source.close()
            raise
        self._followed = source

    def pursue(self) -> None:
        """Take what the new server tells: from now on nothing is taken back."""
        source, strand = self._followed, self._ingest.strands[0]
        assert source is not None, "it is followed"
        strand.bars.source_opened(source.recorded_kinds)
        pursuit = Pursuit(self._hub, strand.sides[0], strand.bars, strand.ticks, read_checkpoint)
        self._following = asyncio.create_task(_pursue(source, pursuit), name="following")

    async def leave(self) -> None:
        """Let go of what the new server has by now: it goes on."""
        self._let_go_of_pipes()
        if self._keeper is not None:
            self._keeper.let_go()
        await self._frozen.aclose()
        await self._app[GENERATIONS].close()  # the new one has said that they are interrupted
        if self._keeper is None:
            await self._app[JOBS].close()
            await self._app[ALERTS].close()

    async def close(self) -> None:
        """Follow nobody any more."""
        if self._following is not None:
            self._following.cancel()
            with suppress(asyncio.CancelledError):
                await self._following
        elif self._followed is not None:
            await self._followed.close()


async def _pursue(source: FollowSource, pursuit: Pursuit) -> None:
    """Take what the new server tells, for as long as it does."""
    try:
        async for step in source.steps():
            await pursuit.do(step)
            await asyncio.sleep(0)
    except FeedError as error:  # subscribers come to the new one soon
        log.warning("new_server_not_followed", error=str(error))
    finally:
        await source.close()
