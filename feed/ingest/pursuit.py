"""The pursuit: what a followed server tells, done in this server as it was done there.

Sequences, holes, epochs, states and the health of sources are the other server's; nothing is woven
in, and nothing is stated of symbols. Of the bars that come by those that are finished are kept, for
whoever asks. Knows no connection: steps come from a source that gives sequences.
"""

from collections import Counter
from dataclasses import dataclass
from operator import attrgetter

from feed.hub.hub import Hub
from feed.ingest.side import Side
from feed.market.bars import BarBuilder
from feed.market.ticks import Kind
from feed.market.words import is_other
from feed.sources.follow.steps import Announcement, Events, Greeting, State, Step
from feed.wire.position import Position
from feed.wire.reckoning import Begin, Missing

_KIND = attrgetter("kind")


@dataclass(frozen=True, slots=True)
class Pursuit:
    """Does the steps of one side.

    Attributes:
        hub: its relay takes the events.
        side: whose steps they are.
        bars: keeps the bars that come by.
        ticks: counts them, by kind.
    """

    hub: Hub
    side: Side
    bars: BarBuilder
    ticks: Counter[Kind]

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
                self.bars.restart()
                relay.begin_epoch(position, begins=whole)
            case Missing(upto):
                relay.skip(upto)
            case State(ticks):
                relay.take_state(ticks)
            case Announcement():
                self._announce(step)

    async def _take(self, step: Events) -> None:
        known = step.events
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
