"""The relay: where the events of another server come in, with the sequences that it gave them.

A server that follows has no writer of its own: what it is told of sequences, holes and epochs goes
on to its subscribers as it came, and when each event was ingested is when the other server did. Its
cuts are its own. Words are cut as a writer cuts them, so its keyed states are those of the other
server, and what that one erased is erased here. Knows no source; whether sequences add up was asked
before.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import cast

from feed.broadcast.audience import Audience
from feed.broadcast.carried import NOTHING_CARRIED, Carried
from feed.broadcast.subscriber import Subscriber
from feed.broadcast.upstream import Upstream
from feed.hub.catch_up import CatchUp
from feed.hub.clock import Clock
from feed.hub.cutter import Cutter
from feed.hub.steps import Step
from feed.hub.turns import Turns
from feed.logger import logger_of
from feed.market.ticks import Tick
from feed.market.words import Word, is_word
from feed.wire.clock_offset import ClockOffset
from feed.wire.messages import GapReason
from feed.wire.position import Position

log = logger_of("feed.follow")


class Relay:
    """Takes events that have sequences into the ring, and tells everybody of holes and epochs.

    Attributes:
        has_begun: whether it is known in which epoch, and where.
        is_filling: what the ring has not got to yet is known to be missing: nobody is let in.
        epochs: how many began.
        missing: how many sequences are not coming.
        delay_ns: how old the newest event was when it came.
    """

    __slots__ = (
        "_audience",
        "_catch_up",
        "_clock",
        "_cutter",
        "_newest_ns",
        "_offset",
        "_subscribers",
        "_turns",
        "_upstream",
        "delay_ns",
        "epochs",
        "has_begun",
        "is_filling",
        "missing",
    )

    def __init__(
        self,
        audience: Audience,
        cutter: Cutter,
        catch_up: CatchUp,
        turns: Turns,
        *,
        clock: Clock,
        subscribers: Iterable[Subscriber],
    ) -> None:
        """Begin with nothing.

        Args:
            audience: takes the events.
            cutter: sees to it that they are cut.
            catch_up: gives subscribers what they are due.
            turns: for resolving symbols, one piece at a time.
            clock: what the time is.
            subscribers: all that there are, as they come and go.
        """
        self._audience = audience
        self._upstream = Upstream(audience)
        self._cutter = cutter
        self._catch_up = catch_up
        self._turns = turns
        self._clock = clock
        self._subscribers = subscribers
        self._offset = ClockOffset()
        self._newest_ns: int | None = None  # when the newest event was ingested, by our clock
        self.has_begun = self.is_filling = False
        self.epochs = 0
        self.missing = 0
        self.delay_ns = 0

    def greet(self, mono_ns: int, wall_ns: int) -> None:
        """Hear what the other server's clocks show: a connection begins."""
        clock = self._clock
        self._offset.begin(mono_ns, wall_ns, clock.mono_ns(), clock.wall_ns())

    async def publish(
        self,
        events: list[Tick],
        ingested_ns: "array[int]",
        said_ns: int,
        *,
        others: bool,
        carried: Carried = NOTHING_CARRIED,
    ) -> None:
        """Take events that follow the newest one.

        Args:
            events: in order.
            ingested_ns: when the other server ingested each, by its monotonic clock.
            said_ns: when it told them, by the same.
            others: some of them may be no ticks: words, or of unknown kinds.
            carried: the fragments of ticks that the other server has encoded, if it tells any.
        """
        mono_ns = self._clock.mono_ns()
        self._offset.hear(said_ns, mono_ns)
        stamps = self._stamps(ingested_ns, mono_ns)
        self.delay_ns = mono_ns - stamps[-1]
        if not others:
            await self._publish(events, stamps, mono_ns, opaque=False, carried=carried)
            return
        done = 0
        for are_words, run in groupby(events, is_word):
            part = list(run)
            part_stamps = stamps[done : done + len(part)]
            done += len(part)
            if are_words:
                self._audience.broadcast.waiting_words.say(
                    cast("list[Word]", part), stamps=part_stamps
                )
                self._cutter.cut()  # at once, since they have the sequences behind the newest one
            else:
                await self._publish(
                    part, part_stamps, mono_ns, opaque=True, carried=NOTHING_CARRIED
                )

    async def _publish(
        self,
        events: list[Tick],
        stamps: "array[int]",
        mono_ns: int,
        *,
        opaque: bool,
        carried: Carried,
    ) -> None:
        """Take events that are no words."""
        broadcast, step = self._audience.broadcast, self._audience.most_published_ticks
        sets = broadcast.lanes.wildcard_sets
        for start in range(0, len(events), step):
            part = events[start : start + step]
            if not sets.all_known(part):
                await self._turns.in_slices(sets.resolving(part), Step.RESOLVE)
            if broadcast.waiting_ticks + len(part) > self._audience.most_waiting_ticks:
                self._cutter.cut()
            part_stamps = stamps[start : start + step]
            fragments = carried
            if len(part) < len(events):
                fragments = {name: each[start : start + step] for name, each in carried.items()}
            broadcast.publish(part, mono_ns, stamps=part_stamps, opaque=opaque, carried=fragments)
            self._cutter.schedule()

    def begin_epoch(self, before: Position, *, begins: bool) -> None:
        """Go on in another epoch, or in the first one.

        Args:
            before: the position before the first event that comes.
            begins: that is the first of all.
        """
        self.tell_all()
        self._newest_ns = None
        self.has_begun, self.is_filling = True, False
        self.epochs += 1
        log.info("epoch", pos=str(before), whole=begins)
        self._upstream.begin_epoch(
            before, begins=begins, mono_ns=self._clock.mono_ns(), subscribers=self._subscribers
        )
        self._catch_up.wake()

    def skip(self, upto: int, *, erased: bool = False) -> None:
        """Leave a hole behind the newest event: what was there is lost, or was deleted."""
        self.tell_all()
        missing = upto - self._audience.broadcast.ring.newest
        self.missing += missing
        log.warning("events_missing", upto=upto, count=missing, erased=erased)
        self._upstream.skip(
            upto, GapReason.LOST, self._clock.mono_ns(), self._subscribers, erased=erased
        )
        self._catch_up.wake()

    def take_state(self, ticks: Sequence[Tick]) -> None:
        """Take up the last known state, as of the newest event."""
        if self._audience.broadcast.waiting_ticks:
            self._cutter.cut()
        self._upstream.take_state(ticks, self._clock.mono_ns(), self._subscribers)
        self._catch_up.wake()

    def tell_all(self) -> None:
        """Tell what waits, also what intervals have collected: nothing is told across a gap."""
        self._audience.broadcast.lanes.end_intervals()
        self._cutter.cut()

    def _stamps(self, ingested_ns: "array[int]", mono_ns: int) -> "array[int]":
        """Return when events were ingested by our own clock: ascending, and none in the future."""
        ahead_ns, newest_ns = self._offset.ahead_ns, self._newest_ns
        stamps = array("q")
        at, count = 0, len(ingested_ns)
        while at < count:  # a run of events that were ingested together at a time
            there_ns = ingested_ns[at]
            end = bisect_right(ingested_ns, there_ns, at)
            at_ns = min(there_ns + ahead_ns, mono_ns)
            if newest_ns is None or at_ns > newest_ns:
                newest_ns = at_ns
            stamps.extend(array("q", [newest_ns]) * (end - at))
            at = end
        self._newest_ns = newest_ns
        return stamps
