"""The succession of batches, as an edge sees it: where it stands, and what the next one means.

A batch must begin right behind the one before, and its term may not be smaller. One that begins
later tells of a hole: what lay between was evicted, or deleted. One that is over already, or of an
older term, is passed over, and counted: the fence of the writers lets none in. Another epoch begins
in any term: a stream that was lost or emptied begins anew in the first one. Knows neither NATS nor
ring.
"""

from dataclasses import dataclass

from feed.cluster.batch import Batch
from feed.wire.position import Position
from feed.wire.reckoning import Begin, Missing, Move


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done for a batch.

    Attributes:
        moves: first, in order.
        skipped: so many of its events were there before.
        is_read: its events are to be taken then.
    """

    moves: tuple[Move, ...]
    skipped: int
    is_read: bool


class Succession:
    """Where an edge stands among batches.

    Attributes:
        position: the last sequence that it has, or knows to be missing; None: it has followed
            nothing yet.
        term: the greatest of its epoch that came.
        newest: the newest sequence that the stream is known to have.
        stale: batches that were passed over, since they are of an older term, or over already.
        holes: how often sequences were missing.
    """

    __slots__ = ("holes", "newest", "position", "stale", "term")

    def __init__(self, position: Position | None = None, term: int = 0) -> None:
        """Begin behind a position, which was reached in a term."""
        self.position = position
        self.term = term
        self.newest = 0 if position is None else position.sequence
        self.stale = 0
        self.holes = 0

    @property
    def lag(self) -> int:
        """How many events the stream is known to be ahead."""
        return 0 if self.position is None else max(0, self.newest - self.position.sequence)

    def begin(self, batch: Batch) -> Begin:
        """Stand before a batch, the first that is followed; return what begins."""
        self.position, self.term = batch.before, batch.term
        self.newest = max(self.newest, batch.last)
        return Begin(batch.before, batch.first == 1)

    def take(self, batch: Batch) -> Due:
        """Move behind a batch; return what is to be done."""
        before = self.position
        moves: list[Move] = []
        if before is None or before.epoch != batch.epoch:
            if before is not None:
                self.newest = 0
            moves.append(self.begin(batch))
            before = batch.before
        if batch.term < self.term or (batch.count and batch.last <= before.sequence):
            return self._stale()
        self.term = batch.term
        skipped = max(0, before.sequence + 1 - batch.first) if batch.count else 0
        missing = batch.first - 1 - before.sequence
        if batch.is_hole:
            missing = batch.last - before.sequence
        if missing > 0:
            self.holes += 1
            moves.append(Missing(before.sequence + missing, missing))
        upto = max(before.sequence, batch.last)
        self.position = Position(batch.epoch, upto)
        self.newest = max(self.newest, upto)
        return Due(tuple(moves), skipped, is_read=batch.count > 0 and not batch.is_hole)

    def lose(self, batch: Batch) -> Missing:
        """Note that the events of the batch that was taken last cannot be read."""
        self.holes += 1
        return Missing(batch.last, batch.count)

    def _stale(self) -> Due:
        self.stale += 1
        return Due((), 0, is_read=False)
