"""The log of a stage: it keeps all that was published, and reads it into the stage's archive."""

from array import array
from dataclasses import dataclass, field

from feed.broadcast.archive import Archive, Stretch
from feed.broadcast.upstream import Upstream
from feed.market.ticks import Tick
from feed.wire.messages import GapReason
from tests.fakes.stage import Stage

_IN_BATCH = 7


@dataclass
class StageLog:
    """Whatever a stage was published through it, for good.

    Attributes:
        stage: whose; it has an archive from now on.
        others: events in the log may be no ticks.
        first: the oldest sequence that is not evicted.
    """

    stage: Stage
    others: bool = False
    first: int = 1
    _events: list[Tick | None] = field(default_factory=list)  # by sequence, from 1 on
    _times: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.archive = Archive(lambda: None)
        self.stage.broadcast.read_from(self.archive)

    def publish(self, ticks: list[Tick]) -> None:
        """Publish ticks on the stage, and keep them."""
        self.stage.publish_ticks(ticks)
        self._events += ticks
        self._times += [self.stage.now_ns] * len(ticks)

    def skip(self, count: int) -> None:
        """Leave a hole, in the ring and here."""
        stage = self.stage
        stage.cut()
        upto = stage.ring.newest + count
        subscribers = [member.subscriber for member in stage.members]
        Upstream(stage.audience).skip(upto, GapReason.LOST, stage.now_ns, subscribers)
        self._events += [None] * count
        self._times += [0] * count

    def read(self, most_pages: int = 1 << 30) -> bool:
        """Read what is wished for; tell whether anything was."""
        archive, now_ns = self.archive, self.stage.now_ns
        has_read = False
        while (reading := archive.begin(now_ns)) is not None:
            has_read = True
            at = max(reading.after + 1, self.first)
            before = archive.pages_read
            while archive.pages_read - before < most_pages and archive.is_wanted(reading, now_ns):
                stretch = self._stretch(at)
                reading.take(stretch)
                if stretch.ends:
                    break
                at = stretch.first + len(stretch.events)
            archive.end(reading)
        return has_read

    def _stretch(self, at: int) -> Stretch:
        """Return the batch that begins at a sequence, or behind the hole there."""
        newest = len(self._events)
        while at <= newest and self._events[at - 1] is None:
            at += 1
        events: list[Tick] = []
        for event in self._events[at - 1 : at - 1 + _IN_BATCH]:
            if event is None:
                break
            events.append(event)
        stamps = array("q", self._times[at - 1 : at - 1 + len(events)])
        is_oldest = at == self.first > 1
        ends = at + len(events) > newest
        return Stretch(at, events, stamps, self.others, is_oldest, ends)
