"""The pursuit: what a followed server tells, done in this server as it was done there.

Sequences, holes, epochs, states and the health of sources are the other server's; nothing is woven
in, and nothing is stated of symbols. Of the bars that come by those that are finished are kept, for
whoever asks. Knows no connection: steps come from a source that gives sequences.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Protocol

from feed.errors import InvalidMessage
from feed.hub.hub import Hub
from feed.ingest.side import Side
from feed.logger import logger_of
from feed.market.bars import BarBuilder
from feed.market.ticks import Kind
from feed.market.words import is_other
from feed.sources.follow.steps import Announcement, Checkpoint, Events, Greeting, State, Step
from feed.wire.position import Position
from feed.wire.reckoning import Begin, Missing

_KIND = attrgetter("kind")

log = logger_of("feed.follow")


class Known(Protocol):
    """What another server knew as of an event."""

    @property
    def position(self) -> Position:
        """As of which event it is."""

    def take_up(self, hub: Hub, bars: BarBuilder) -> None:
        """Let a server know it, whose ring goes up to that event."""


ReadCheckpoint = Callable[[bytes], Known]


@dataclass(slots=True)
class Pursuit:
    """Does the steps of one side.

    Attributes:
        hub: its relay takes the events.
        side: whose steps they are.
        bars: keeps the bars that come by.
        ticks: counts them, by kind.
        read_checkpoint: returns what a checkpoint says, or raises InvalidMessage.
        known: a checkpoint that is taken up once the ring goes up to its event.
    """

    hub: Hub
    side: Side
    bars: BarBuilder
    ticks: Counter[Kind]
    read_checkpoint: ReadCheckpoint
    known: Known | None = None

    @property
    def position(self) -> Position | None:
        """Where the ring stands; None: nowhere yet."""
        ring = self.hub.broadcast.ring
        return ring.position(ring.newest) if self.hub.relay.has_begun else None

    async def do(self, step: Step) -> None:
        """Do a step, whole."""
        relay = self.hub.relay
        match step:
            case Greeting(mono_ns, wall_ns):
                relay.greet(mono_ns, wall_ns)
            case Events():
                await self._take(step)
            case Begin(position, whole):
                self.known = None
                self.bars.restart()
                relay.begin_epoch(position, begins=whole)
                relay.is_filling = True  # until something comes, which may be a checkpoint
            case Missing():
                relay.skip(step.upto, erased=step.erased)
                self._take_up()
            case State(ticks):
                relay.take_state(ticks)
                self._take_up()
            case Checkpoint(data):
                self.known = self._read(data) if data else None
                self._take_up()
            case Announcement():
                self._announce(step)

    def _read(self, data: bytes) -> Known | None:
        """Return what a checkpoint says; None: it is of no use here, which is told in the log."""
        position = self.position
        try:
            known = self.read_checkpoint(data)
        except InvalidMessage as error:
            log.error("checkpoint_unreadable", error=str(error))  # noqa: TRY400 - it says all
            return None
        if position is None or known.position.epoch != position.epoch:
            log.warning("checkpoint_of_another_epoch", pos=str(known.position))
            return None
        if known.position.sequence < position.sequence:
            log.warning("checkpoint_too_old", pos=str(known.position), newest=str(position))
            return None
        return known

    def _take_up(self) -> None:
        """Take up the checkpoint once its event is there; let go of it where a hole is instead.

        Nobody is let in before, where nothing had come yet: what is not in the ring would be
        missing.
        """
        known, reached = self.known, self.hub.broadcast.ring.newest
        if known is not None and reached == known.position.sequence:
            self.hub.relay.tell_all()
            known.take_up(self.hub, self.bars)
        if known is None or reached >= known.position.sequence:
            self.known, self.hub.relay.is_filling = None, False

    async def _take(self, step: Events) -> None:
        """Take events, those behind a checkpoint after it is taken up."""
        first, known = self.hub.broadcast.ring.newest + 1, self.known
        before = 0 if known is None else known.position.sequence + 1 - first
        if 0 < before < len(step.events):
            await self._take_run(step.part(0, before))
            self._take_up()
            step = step.part(before, len(step.events))
        await self._take_run(step)
        self._take_up()

    async def _take_run(self, step: Events) -> None:
        broadcast, known = self.hub.broadcast, step.events
        first = broadcast.ring.newest + 1
        for receipt in step.receipts:
            if first <= receipt.last < first + len(known):
                broadcast.note_receipt(receipt, self.hub.clock.mono_ns())
        if step.others:
            known = [event for event in known if not is_other(event)]
        if known:
            self.side.note(known)
            self.bars.weave(known)
            self.ticks.update(map(_KIND, known))
        await self.hub.relay.publish(
            step.events, step.ingested_ns, step.said_ns, others=step.others, carried=step.carried
        )

    def _announce(self, step: Announcement) -> None:
        """Pass on what was told of a source; one that is called like ours has another name here."""
        message, source = step.message, step.source
        if source == self.side.name:
            source = f"{self.side.name}/{source}"
            message = {**message, "source": source}
        self.hub.publisher.announce(message, source, down=step.down)
