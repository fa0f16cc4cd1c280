"""A strand: all that one source gives, or a pair of them, with a clock of its own.

Bars, health and passes are those of a strand, and so is waiting: a recording that is held for the
slowest subscriber holds nobody else's ticks. Each list is published whole before the strand's next
one, so that a status never stands within a list, however long that has to wait. When a source dies
it is opened again; subscribers stay, and so do the other strands. What is told of a list is sifted
before: its symbols may have other names, belong to another strand, or come from the other side of
the pair as well.

Statuses of health bear the server's time and not the market's, so they bypass the bars, whose clock
they would move.
"""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from itertools import compress
from operator import attrgetter

from feed.errors import SourceError
from feed.hub.hub import Hub
from feed.hub.steps import Step
from feed.ingest.health_watch import Findings, HealthWatch
from feed.ingest.pursuit import Pursuit, ReadCheckpoint
from feed.ingest.side import Refusal, Side
from feed.logger import logger_of
from feed.market.bars import BarBuilder
from feed.market.market_clock import UNTIMED_NS
from feed.market.owners import Owners
from feed.market.receipts import Producer
from feed.market.ticks import SECOND_NS, Kind, Tick
from feed.market.twin_window import SIDES, SideCounts, TwinWindow
from feed.sources.source import (
    FillsRing,
    Instrument,
    NumbersTrades,
    Receiving,
    Sequenced,
    Source,
    Steerable,
)

_FIRST_BACKOFF_S = 0.5
_LONGEST_BACKOFF_S = 30.0
_LONGEST_FOLLOWING_S = 2.0  # of a server of our own, whose subscribers are ours meanwhile
_WOVEN_AT_ONCE = 2_048  # ticks: 2 ms
_KIND = attrgetter("kind")
_SYMBOL = attrgetter("symbol")

log = logger_of("feed.ingest")
health_log = logger_of("feed.health")


class Strand:
    """Runs the sides of one market for as long as the server runs; publishes its ticks and bars.

    Attributes:
        name: by which it is told: that of its source, or of both with a plus between.
        sides: its source, or two that tell the same.
        bars: builds and keeps its bars.
        health: judges it and its symbols.
        window: finds what came from one side of a pair, and comes from the other; None: no pair.
        ticks: how many were published, by kind.
        tells_market_time: whether its own times are those of the ring: it plays a recording, alone.
        waits: how often it was held for the slowest lossless subscriber.
    """

    def __init__(
        self,
        hub: Hub,
        sides: Sequence[Side],
        owners: Owners | None,
        changed: Callable[[], None],
        read_checkpoint: ReadCheckpoint | None = None,
    ) -> None:
        """Begin without a tick.

        Args:
            hub: its ticks go there.
            sides: its source, or the two of a pair.
            owners: whose the symbols are; None: all of them are its own.
            changed: called when a side comes, or goes.
            read_checkpoint: reads those of a server that is followed.
        """
        settings = hub.settings
        self.name = "+".join(side.name for side in sides)
        self.sides = sides
        self.bars = BarBuilder()
        # What a followed server states of symbols comes along; it is not stated once more.
        follows = any(isinstance(side.source, Sequenced) for side in sides)
        self.health = HealthWatch(
            live=not follows and all(side.source.live for side in sides),
            gaps=settings.stale_after_gaps,
            floor_ns=int(settings.stale_floor_s * SECOND_NS),
        )
        window_ns = int(settings.pair_window_s * SECOND_NS)
        self.window = TwinWindow(window_ns) if len(sides) == SIDES else None
        self.ticks: Counter[Kind] = Counter()
        self.waits = 0
        self._hub = hub
        self._owners = owners
        # Of several sources each has its own times, and only the server's is of all of them.
        self.tells_market_time = owners is None and not any(side.source.live for side in sides)
        self._changed = changed
        self._read_checkpoint = read_checkpoint
        self._pursuit: Pursuit | None = None  # of a server that is followed
        self._recorded_kinds: frozenset[Kind] | None = None  # None: no side was opened yet
        self._publishing = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def between_lists(self) -> AsyncIterator[None]:
        """Keep sources, bars and ring as they are, where each knows the same ticks."""
        async with self._publishing:
            yield

    @property
    def pair_counts(self) -> Sequence[SideCounts]:
        """What each side has given, where there is a pair; else nothing."""
        return [SideCounts() for _ in self.sides] if self.window is None else self.window.counts

    @property
    def up(self) -> bool:
        """Whether a side is open and produces."""
        return any(side.up for side in self.sides)

    @property
    def paused(self) -> bool:
        """Whether somebody has stopped a side that can be steered."""
        sources = [side.source for side in self.sides]
        return any(isinstance(source, Steerable) and source.paused for source in sources)

    @property
    def finished(self) -> bool:
        """Whether every side came to its end."""
        return all(side.finished for side in self.sides)

    @property
    def last_tick_mono_ns(self) -> int:
        """The monotonic time when a side gave the newest tick."""
        return max(side.last_tick_mono_ns for side in self.sides)

    def instruments(self) -> list[Instrument]:
        """Return its instruments, as far as they are known."""
        return [known for side in self.sides for known in side.named.instruments()]

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them."""
        found = (side.named.instrument(symbol) for side in self.sides)
        return next((known for known in found if known is not None), None)

    async def run(self, side: Side) -> None:
        """Produce until a side's source ends, opening it again with backoff when it dies."""
        backoff_s = _FIRST_BACKOFF_S
        while True:
            taken_ticks, at_least_s = side.taken_ticks, 0.0
            try:
                await self._produce(side)
                side.finished = not side.leaving
            except Exception as error:  # noqa: BLE001 - of any kind: the server stays
                known = side.fail(error, begun=side.taken_ticks > taken_ticks)
                if isinstance(error, SourceError):
                    at_least_s = error.retry_after_s
                if side.taken_ticks > taken_ticks:
                    backoff_s = _FIRST_BACKOFF_S
                in_order = isinstance(error, SourceError) and error.in_order
                tell = log.warning if in_order else log.error  # a SourceError says all
                tell(
                    "source_failed",
                    source=side.name,
                    error=side.last_error,
                    retry_s=None if side.over else at_least_s + backoff_s,
                    exc_info=None if known else error,
                )
            finally:
                side.up = side.leaving  # whoever takes its place goes on
                self._changed()
                await side.source.close()
            if side.leaving:
                return
            if side.finished:
                log.info("source_finished", source=side.name)
            if side.given_up:
                log.error("source_given_up", source=side.name, error=side.last_error)
            if side.over:
                return
            if await side.is_back(at_least_s + backoff_s * random.uniform(0.5, 1)):
                backoff_s = _FIRST_BACKOFF_S
            else:
                follows = isinstance(side.source, Sequenced)
                longest_s = _LONGEST_FOLLOWING_S if follows else _LONGEST_BACKOFF_S
                backoff_s = min(2 * backoff_s, longest_s)

    def judge(self, mono_ns: int, wall_ns: int) -> Findings:
        """Let the watch judge the ticks that it was told of; return its findings."""
        findings = self.health.judge(
            mono_ns,
            wall_ns,
            up=self.up,
            paused=self.paused,
            finished=self.finished,
            failed=any(side.failures for side in self.sides),
            last_tick_ns=self.last_tick_mono_ns,
        )
        self._judge_sides(mono_ns)
        return findings

    async def publish(self, ticks: list[Tick]) -> None:
        """Give ticks their sequences, as one uninterrupted run among those of the strand."""
        async with self._publishing:
            await self._give(ticks)

    def _judge_sides(self, mono_ns: int) -> None:
        """Find sides that give nothing, while it is usual that something comes.

        Both sides of a pair tell the same, so that what is usual for both together is for each.
        """
        for side in self.sides:
            silent_ns = mono_ns - side.last_tick_mono_ns
            silent = side.up and side.source.live and silent_ns > self.health.silence_limit_ns
            if silent is not side.silent and self.window is not None:
                tell = health_log.warning if silent else health_log.info
                tell("side_silent" if silent else "side_ticks_again", source=side.name)
            side.silent = silent

    async def _follow(self, side: Side, source: Sequenced) -> None:
        """Do what a followed server tells, for as long as the connection lasts."""
        pursuit = self._pursuit
        if pursuit is None:
            assert self._read_checkpoint is not None, "a server that follows can read them"
            pursuit = Pursuit(self._hub, side, self.bars, self.ticks, self._read_checkpoint)
            self._pursuit = pursuit
        if isinstance(source, FillsRing):
            source.fill(self._hub.broadcast.ring.capacity)
        source.stand(pursuit.position)
        await side.source.open()
        side.come()
        self._note_kinds()
        self._changed()
        log.info("source_opened", source=side.name)
        async for step in source.steps():
            async with self._publishing:
                await pursuit.do(step)
            await asyncio.sleep(0)  # one that catches up must not starve the cuts

    async def _produce(self, side: Side) -> None:
        source, bars = side.source, self.bars
        if isinstance(source, Sequenced):
            await self._follow(side, source)
            return
        preread = side.take_preread()
        if preread is None:
            await source.open()
        side.come()
        self._note_kinds()
        if self._owners is not None:
            self._owners.claim((known.symbol for known in side.named.instruments()), self.name)
        await self._take_past(side)
        self._changed()
        log.info("source_opened", source=side.name)
        await self._await_subscribers()
        receiving = source if isinstance(source, Receiving) else None
        lists = source.batches() if preread is None else preread.batches()
        async for ticks in lists:
            if await self._is_dropped(side, ticks):
                continue
            async with self._publishing:
                self._note_kinds()
                if self._begins_pass(side):
                    await self._give(bars.restart())
                    self._hub.publisher.begin_pass()
                side.note(ticks)
                told, clocks_ns = self._sift(side, ticks)
                if receiving is not None:
                    last = await self._give_whole(told, receiving.receipt)
                    receiving.note_given(len(told), last)
                elif told:
                    await self._give(bars.weave(told, clocks_ns), told, clocks_ns)
            await asyncio.sleep(0)  # a source that never waits must not starve the cuts
        if not side.leaving and all(each.over for each in self.sides if each is not side):
            async with self._publishing:
                await self._give(bars.finish())

    async def _is_dropped(self, side: Side, ticks: list[Tick]) -> bool:
        """Wait while a bus is full; where the source cannot, tell that a list is not told.

        It gets no sequence, so that nothing of it is missing: nobody knows of it. Where it is asked
        how many ticks the source has given, these count.
        """
        hub, source = self._hub, side.source
        bus = hub.publisher.bus
        if bus is None or not bus.is_full or isinstance(source, Receiving):
            return False
        if source.can_wait:
            await bus.room()
            return False
        side.note(ticks)
        hub.broadcast.given += len(ticks)
        bus.note_dropped(side.name, len(ticks))
        await asyncio.sleep(0)
        return True

    async def _take_past(self, side: Side) -> None:
        """Let the bars begin after what was before a side's first tick, if it can tell that."""
        past = side.named.past()
        if past is None:
            return
        owner = None if self._owners is None else self._owners.owner
        own = [each for each in past.symbols() if owner is None or owner(each) == self.name]
        async with self._publishing:
            await self._hub.turns.in_slices(self.bars.begin_after(past, own), Step.ANSWER)

    def _note_kinds(self) -> None:
        """Tell the bars which kinds the sides bring themselves, when that has changed."""
        kinds = frozenset[Kind]().union(*(side.source.recorded_kinds for side in self.sides))
        if kinds != self._recorded_kinds:
            self._recorded_kinds = kinds
            self.bars.source_opened(kinds)

    def _begins_pass(self, side: Side) -> bool:
        """Tell whether a side begins a pass, and the other one has not begun it yet."""
        before, side.passes = side.passes, side.source.passes
        if before is None or before == side.passes:
            return False
        others = [other.passes for other in self.sides if other is not side]
        return all(passes is None or passes < side.passes for passes in others)

    def _sift(self, side: Side, ticks: list[Tick]) -> tuple[list[Tick], Sequence[int] | None]:
        """Return those ticks of a list that are to be told, with the market's clock at each."""
        clocks_ns = side.source.clocks_ns
        renames = side.named.renames
        if renames.changes:
            named = renames.renamed(ticks)
            unnamed = {tick.symbol for tick, told in zip(ticks, named, strict=True) if not told}
            ticks, clocks_ns = _kept(named, clocks_ns, [tick is not None for tick in named])
            if unnamed:
                side.refuse(Refusal.UNNAMED, len(named) - len(ticks), sorted(unnamed))
        if self._owners is not None:
            foreign = self._owners.foreign(set(map(_SYMBOL, ticks)), self.name)
            if foreign:
                before = len(ticks)
                own = [tick.symbol not in foreign for tick in ticks]
                ticks, clocks_ns = _kept(ticks, clocks_ns, own)
                side.refuse(Refusal.FOREIGN, before - len(ticks), sorted(foreign))
        if self.window is not None:
            news = self.window.news(
                self.sides.index(side),
                ticks,
                side.last_tick_mono_ns,
                numbered=any(_numbers_trades(each.source) for each in self.sides),
            )
            if not all(news):
                ticks, clocks_ns = _kept(ticks, clocks_ns, news)
        return ticks, clocks_ns

    async def _give_whole(self, told: list[Tick], batch: tuple[Producer, int] | None) -> int:
        """Give ticks their sequences, all in one cut; return the last sequence.

        They are woven in slices, since they may be very many, and are published together.
        """
        woven: list[Tick] = []
        for start in range(0, len(told), _WOVEN_AT_ONCE):
            if start:
                await asyncio.sleep(0)
            woven += self.bars.weave(told[start : start + _WOVEN_AT_ONCE])
        self.ticks.update(map(_KIND, woven))
        await self._hub.publisher.publish(
            woven, wait=False, source_ticks=told, whole=True, batch=batch
        )
        return self._hub.broadcast.ring.newest

    async def _give(
        self,
        ticks: list[Tick],
        source_ticks: Sequence[Tick] = (),
        clocks_ns: Sequence[int] | None = None,
    ) -> None:
        self.ticks.update(map(_KIND, ticks))
        market_ns = None
        if self.tells_market_time and clocks_ns and clocks_ns[0] != UNTIMED_NS:
            market_ns = clocks_ns[0], clocks_ns[-1]
        await self._hub.publisher.publish(
            ticks,
            wait=all(side.source.can_wait for side in self.sides),
            source_ticks=source_ticks,
            market_ns=market_ns,
            held=self._note_wait,
        )

    def _note_wait(self) -> None:
        self.waits += 1

    async def _await_subscribers(self) -> None:
        """Hold production until as many subscribers as wished are there, or the time is up."""
        wished = self._hub.settings.wait_for
        if not wished:
            return
        try:
            async with asyncio.timeout(self._hub.settings.wait_for_timeout_s):
                await self._hub.subscriptions.reach(wished)
        except TimeoutError:
            log.warning("wait_for_timed_out", wished=wished, here=len(self._hub.sessions))


def _numbers_trades(source: Source) -> bool:
    """Tell whether the ids of its trades may be numbers of our own."""
    return isinstance(source, NumbersTrades) and source.numbers_trades


def _kept(
    ticks: Sequence[Tick | None], clocks_ns: Sequence[int] | None, keep: Sequence[bool]
) -> tuple[list[Tick], Sequence[int] | None]:
    """Return the ticks of a list that are kept, and their clocks."""
    kept = [tick for tick in compress(ticks, keep) if tick is not None]
    return kept, None if clocks_ns is None else list(compress(clocks_ns, keep))
