"""The succession: what a new server learns of the old one before it goes on for it.

It follows the old one as an edge does, from as far back as that one's ring goes, and takes its
checkpoint; both fill a ring that is taken up whole. At the cut the old one hands on the rest.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from feed.broadcast.keyed_states import KeptLog
from feed.broadcast.ring import RingBuffer
from feed.errors import FeedError, InvalidMessage, InvalidTick
from feed.market.ticks import Tick
from feed.market.words import is_other, is_word
from feed.program.takeover.inheritance import Inheritance
from feed.sources.follow.source import FollowSource
from feed.sources.follow.steps import Checkpoint, Events, Step
from feed.state import checkpoint
from feed.state.cell import Unreadable
from feed.state.handed import Handed
from feed.state.replayed import Replayed
from feed.state.restore import Restored, parts_of
from feed.wire.json_ticks import TickReader
from feed.wire.messages import GapReason
from feed.wire.reckoning import Begin, Missing

PATIENCE_S = 60.0  # that catching up may take


class Succession:
    """Follows one server until it is taken over from."""

    def __init__(self, where: str, capacity: int) -> None:
        """Follow nobody yet.

        Args:
            where: the server is, as `FollowSource` takes it.
            capacity: of the ring.
        """
        self._source = FollowSource(where)
        self._capacity = capacity
        self._replayed: Replayed | None = None  # None: nothing is known yet
        self._meta: dict[str, Any] | None = None  # of the checkpoint, with the next three
        self._snapshot: list[Tick] = []
        self._logs: Sequence[KeptLog] = ()
        self._bars: Sequence[tuple[str, str, bytes]] = ()
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Follow, in a task of its own."""
        self._task = asyncio.create_task(self._run(), name="succession")

    async def close(self) -> None:
        """Follow no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def catch_up(self) -> None:
        """Wait until all is here that the old server has told so far.

        Raises:
            FeedError: it cannot be followed.
        """
        await self._until(lambda: self._is_known and not self._source.lag_events)

    async def reach(self, sequence: int) -> None:
        """Wait until an event is here.

        Raises:
            FeedError: it cannot be followed up to there.
        """
        await self._until(lambda: self._is_known and self._newest >= sequence)

    def rehearse(self) -> Handed:
        """Return what could be taken up now, without the ring: to see that it can be.

        Raises:
            FeedError: there is nothing yet.
        """
        meta, replayed = self._known()
        ring = RingBuffer(self._capacity, epoch=replayed.epoch, newest=meta["sequence"])
        return Handed(self._restored(ring, meta, meta["source_given"]))

    def inherit(self, inheritance: Inheritance, descriptors: Sequence[int]) -> Handed:
        """Return what is taken up, of the very end.

        Args:
            inheritance: what the old server has handed on; all events before it are here.
            descriptors: that came along: of pipes, and behind them the lock of the directory of the
                state, where there is one.

        Raises:
            FeedError: it does not fit to what is here.
        """
        known, replayed = self._known()
        if inheritance.meta["epoch"] != replayed.epoch or self._newest != inheritance.sequence:
            at = f"{inheritance.meta['epoch']}-{inheritance.sequence}"
            raise FeedError(f"takeover: the state is of {at}, and the ring of {self.position}")
        assert replayed.ring is not None, "it has reached an event"
        restored = self._restored(replayed.ring, inherited(inheritance.meta, known), 0)
        restored = replace(
            restored,
            given=inheritance.given,
            after=replayed.after,
            after_words=replayed.after_words,
            deleted=replayed.undone.deleted,
            deletions=inheritance.deletions,
        )
        pipes = inheritance.pipes
        named = zip(pipes.items(), descriptors, strict=False)
        return Handed(
            restored,
            next(iter(descriptors[len(pipes) :]), None),
            inheritance.is_whole,
            {name: (fd, header) for (name, header), fd in named},
        )

    @property
    def position(self) -> str:
        """How far it has got."""
        return "nowhere" if self._replayed is None else f"{self._replayed.epoch}-{self._newest}"

    # Inside.

    @property
    def _is_known(self) -> bool:
        return self._meta is not None and self._newest >= self._meta["sequence"]

    @property
    def _newest(self) -> int:
        ring = None if self._replayed is None else self._replayed.ring
        return -1 if ring is None else ring.newest

    def _known(self) -> tuple[dict[str, Any], Replayed]:
        if self._meta is None or self._replayed is None:
            raise FeedError("takeover: the server that runs has told nothing yet")
        return self._meta, self._replayed

    def _restored(self, ring: RingBuffer, meta: dict[str, Any], given: int) -> Restored:
        snapshot, words, bars = self._snapshot, list(self._logs), list(self._bars)
        return Restored(
            *(ring, given, meta, snapshot, bars, words),
            after=[],
            after_words=[],
            receipts=[],
            later_ns=0,  # the clock is the machine's, which is the same
            lost=0,
            from_others=0,
            deleted=(),
            deletions=(),
            is_handed=True,
        )

    async def _until(self, is_so: Any) -> None:  # noqa: ANN401 - a question
        """Wait until something is so.

        Raises:
            FeedError: it will not be.
        """
        task = self._task
        assert task is not None, "it has begun"
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_so():
                    self._moved.clear()
                    moving = asyncio.ensure_future(self._moved.wait())
                    await asyncio.wait((moving, task), return_when=asyncio.FIRST_COMPLETED)
                    moving.cancel()
                    if task.done():
                        task.result()  # which raises
                        raise FeedError("takeover: the server that runs cannot be followed")
        except TimeoutError:
            raise FeedError(f"takeover: not caught up within {PATIENCE_S:g} s") from None

    async def _run(self) -> None:
        """Follow for as long as the connection lasts."""
        source = self._source
        source.stand(None)
        try:
            await source.open()
            async for step in source.steps():
                self._take(step)
                self._moved.set()
                await asyncio.sleep(0)
        finally:
            await source.close()

    def _take(self, step: Step) -> None:
        """Take a step.

        Raises:
            InvalidMessage: it cannot be taken.
        """
        match step:
            case Begin(position, whole):
                newest, epoch = position.sequence, position.epoch
                ring = RingBuffer(self._capacity, epoch=epoch, newest=newest, begins=whole)
                self._replayed = Replayed(self._capacity, epoch, 0, newest, ring)
                self._meta = None
            case Missing(upto):
                assert self._replayed is not None, "something has begun"
                assert self._replayed.ring is not None, "it has a ring"
                self._replayed.ring.skip(upto, GapReason.LOST, time.monotonic_ns())
            case Checkpoint(data):
                self._take_checkpoint(data)
            case Events():
                self._take_events(step)

    def _take_events(self, step: Events) -> None:
        replayed = self._replayed
        assert replayed is not None, "something has begun"
        if step.others and any(is_other(each) and not is_word(each) for each in step.events):
            raise InvalidMessage("takeover: it tells events that this version does not know")
        replayed.now_ns = time.monotonic_ns()
        try:
            replayed.take(self._newest + 1, step.events, step.ingested_ns, 0)
        except Unreadable as error:
            raise InvalidMessage(f"takeover: what follows {self.position} {error}") from None

    def _take_checkpoint(self, data: bytes) -> None:
        """Take what the old server knows; what came behind it is kept.

        Raises:
            InvalidMessage: it tells nothing, or what is not understood.
        """
        replayed = self._replayed
        assert replayed is not None, "something has begun"
        try:
            meta, *rest = checkpoint.unpack(data)
            parts = parts_of(meta, rest, TickReader())
            self._snapshot, self._logs, self._bars = parts
            self._meta = meta
            replayed.forget(meta["sequence"])
        except (Unreadable, InvalidTick, LookupError, TypeError, ValueError) as error:
            raise InvalidMessage(f"takeover: no checkpoint: {error}") from None
        for log in self._logs:
            replayed.undone.note_kept(log.words, log.sequences)


def inherited(meta: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was handed on, with the bars as of a checkpoint before, to be woven on.

    Args:
        meta: as of the very end.
        known: as of the checkpoint, whose finished bars are here.
    """
    before = known["strands"]
    strands = {
        name: {**strand, "bars": before[name]["bars"]} for name, strand in meta["strands"].items()
    }
    return {**meta, "strands": strands}
