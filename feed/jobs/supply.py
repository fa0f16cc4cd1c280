"""What a job is given to write: the ring or bars, read in turns, and handed on in chunks.

Others are to notice nothing: a piece of work is a segment of the ring, half a millisecond, and
behind each there is a pause of `REST` times what it took. So a job has no more than a tenth of the
loop, however fast its program writes.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import cast

import orjson

from feed.broadcast.resumption import Resume, locate
from feed.broadcast.rewind import rewind
from feed.errors import Overrun
from feed.hub.hub import Hub
from feed.hub.steps import Step
from feed.ingest.runner import Ingest
from feed.ingest.timeframes import DAY, finished_bars_from
from feed.jobs.child import Child
from feed.jobs.chunks import Chunk
from feed.jobs.errors import Fault, JobFailed
from feed.jobs.job import Job, Stretch
from feed.market.ticks import Channel
from feed.wire.json_codec import JSON
from feed.wire.messages import GapReason, Message, gap_message
from feed.wire.position import Position
from feed.wire.selection import Selection

PIECE_TICKS = 512  # that are looked at in one turn
REST = 9  # how long nothing is read, in multiples of the time that reading took
PIECE_NS = 500_000  # the same of other work
_NS_PER_S = 1_000_000_000
_BAR, _DAY_BAR = b'"b",', b'"d",'  # how fragments begin; `d` is a day in the dialect


class Supply:
    """Gives jobs what they export."""

    def __init__(self, hub: Hub, ingest: Ingest, listed: Callable[[], Iterable[str]]) -> None:
        """Read the ring of a hub, and the bars of an ingest.

        Args:
            hub: whose ring it is.
            ingest: whose bars.
            listed: returns the symbols that are listed.
        """
        self._hub = hub
        self._ingest = ingest
        self._listed = listed

    def locate(self, job: Job, pace_ms: int) -> None:
        """Find the stretch of the ring that a job exports, from where it begins up to now."""
        broadcast = self._hub.broadcast
        ring = broadcast.ring
        upto = broadcast.pace(pace_ms).sequence if pace_ms else broadcast.cut_sequence
        begins, after = job.request.beginning, ring.oldest - 1
        if isinstance(begins, Position):
            found = locate(begins, ring, upto, ring.oldest)
            if found.outcome is Resume.REPLAYED:
                after = found.sequence
            elif begins.epoch:
                reason = GapReason.OVERRUN if found.outcome is Resume.GAP else GapReason.EPOCH
                job.note_gap(dict(gap_message(found.missing, ring.position(after), reason)))
        elif begins is not None:
            clock = self._hub.clock
            times = (broadcast.market_times, clock.mono_ns(), clock.wall_ns())
            after = rewind(begins, ring, *times, oldest=ring.oldest, upto=upto).sequence
        job.stretch = Stretch(ring.epoch, after, max(after, upto), after)

    async def give_ring(self, job: Job, selection: Selection, child: Child) -> None:
        """Give the stretch of a job, with a gap wherever the ring holds something no more.

        Raises:
            JobFailed: the sequences begin anew meanwhile.
        """
        ring, stretch = self._hub.broadcast.ring, job.stretch
        assert stretch is not None, "it was located"
        for gap in job.gaps if stretch.reached == stretch.after else ():
            await child.give(Chunk(stretch.after, gap=orjson.dumps(gap)).pack())
        reached = stretch.reached
        while reached < stretch.upto and not child.has_ended:
            async with self._hub.turns.turn(Step.ANSWER):
                began_ns = time.perf_counter_ns()
                if ring.epoch != stretch.epoch:
                    raise JobFailed(Fault.EPOCH, "the sequences of this server have begun anew")
                if reached == stretch.after and job.request.after is None:
                    reached = stretch.begin_after(ring.oldest - 1)  # nobody asked for what is gone
                chunk = self._piece(selection, reached, stretch.upto)
                if chunk.gap:
                    job.note_gap(orjson.loads(chunk.gap))
                packed = chunk.pack()
                spent_ns = time.perf_counter_ns() - began_ns
            reached = chunk.reached
            await child.give(packed)
            await child.rest(REST * spent_ns / _NS_PER_S)

    async def give_bars(self, job: Job, symbols: Iterable[str], pace_ms: int, child: Child) -> None:
        """Give the finished bars of symbols, one symbol after another."""
        timeframe = job.request.timeframe or "1m"
        for number, symbol in enumerate(symbols, 1):
            builder = self._ingest.bars_of(symbol)
            await self._work(builder.recollection.recall(symbol), child)
            start_ns: int | None = job.request.start_ns or 0
            while start_ns is not None and not child.has_ended:
                async with self._hub.turns.turn(Step.ANSWER):
                    began_ns = time.perf_counter_ns()
                    bars = finished_bars_from(
                        builder,
                        symbol,
                        timeframe,
                        start_ns,
                        PIECE_TICKS,
                        broadcast=self._hub.broadcast,
                        pace_ms=pace_ms,
                    )
                    start_ns = bars[-1].event_ns + 1 if len(bars) == PIECE_TICKS else None
                    fragments = JSON.encode(bars)
                    if timeframe == DAY:
                        fragments = [_DAY_BAR + each.removeprefix(_BAR) for each in fragments]
                    packed = Chunk(number, fragments).pack()
                    spent_ns = time.perf_counter_ns() - began_ns
                await child.give(packed)
                await child.rest(REST * spent_ns / _NS_PER_S)

    async def _work(self, work: Iterator[None], child: Child) -> None:
        """Do some work piece by piece, with the same pauses."""
        is_over = False
        while not (is_over or child.has_ended):
            async with self._hub.turns.turn(Step.ANSWER):
                began_ns = time.perf_counter_ns()
                spent_ns = 0
                while not is_over and spent_ns < PIECE_NS:
                    is_over = next(work, self) is self  # it yields nothing
                    spent_ns = time.perf_counter_ns() - began_ns
            await child.rest(REST * spent_ns / _NS_PER_S)

    def symbols(self, selection: Selection, channel: Channel) -> list[str]:
        """Return the symbols that are selected on a channel, of all that are known, sorted."""
        known = {*self._listed(), *self._hub.broadcast.snapshot.symbols}
        some = dict(selection.symbols).get(channel, frozenset())
        return sorted(self._hub.broadcast.classes.among(frozenset(known), some))

    def _piece(self, selection: Selection, reached: int, upto: int) -> Chunk:
        """Return the next piece of the ring; or what is missing before it."""
        broadcast = self._hub.broadcast
        ring = broadcast.ring
        hole = ring.hole_after(reached, upto)
        if hole is not None and hole.first <= reached + 1:
            last = min(hole.last, upto)
            return _missing(ring.position(reached + 1), ring.position(last), hole.reason)
        end = upto if hole is None else hole.first - 1
        try:
            (sequences, fragments), reached = broadcast.fragments.numbered(
                selection, JSON, reached, end, PIECE_TICKS
            )
        except Overrun:
            last = min(ring.oldest - 1, upto)
            return _missing(ring.position(reached + 1), ring.position(last), GapReason.OVERRUN)
        return Chunk(reached, fragments, sequences)


def _missing(first: Position, last: Position, reason: GapReason) -> Chunk:
    gap: Message = cast("Message", gap_message(first, last, reason))
    return Chunk(last.sequence, gap=orjson.dumps(gap))
