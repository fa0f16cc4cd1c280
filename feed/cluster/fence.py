"""The fence: whether this process may write to the stream, and what became of what it wrote.

Theory of operation: a message may say which sequence of the stream it expects to be the last one,
and the server refuses it where that is another. One batch is on its way at a time, so what a writer
expects is its own newest batch, and nobody else can have come in between. (With more than one on
the way, two writers were both accepted in turns: the server compares a count, not an identity.)

A new leader reads to the end and publishes an empty batch behind it, which begins its *term*; where
that is refused, somebody has written meanwhile, and it reads again. From then on whatever an older
leader has on its way is refused. Not before then does it number any event.

An answer that does not come, or is a refusal, says nothing by itself: an acknowledgement that was
lost looks the same. So the sequence at which our batch would be is read from the stream's leader:
it is ours, and the batch is done; there is nothing, and the batch is sent again, with the same
expectation; it is another's, and we are deposed. A lease elsewhere only says who tries.

Knows no connection: whoever asks does what it says, and tells it what came of that.
"""

from dataclasses import dataclass, replace
from enum import Enum

from feed.cluster.batch import Batch


@dataclass(frozen=True, slots=True)
class Send:
    """A batch is to be sent.

    Attributes:
        batch: which.
        expected: the sequence of the stream that has to be its last one.
    """

    batch: Batch
    expected: int


@dataclass(frozen=True, slots=True)
class Look:
    """It has to be seen what lies at a sequence of the stream, by the stream's own leader."""

    sequence: int


@dataclass(frozen=True, slots=True)
class Done:
    """A batch is in the stream.

    Attributes:
        batch: which.
        sequence: of the stream, at which it is.
    """

    batch: Batch
    sequence: int


@dataclass(frozen=True, slots=True)
class ReadOn:
    """Somebody has written since we read to the end: it has to be read again."""


@dataclass(frozen=True, slots=True)
class Deposed:
    """We do not lead any more; nothing that waits may be sent."""

    reason: "Reason"
    words: str


class Reason(Enum):
    """Why we do not lead any more; the label of a metric."""

    ANOTHER = "another"  # another process has begun a term
    LOST = "lost"  # the stream has lost what it had acknowledged, or was made anew


Order = Send | Look | Done | ReadOn | Deposed


class Fence:
    """What one process has written to the stream, and what it is about to.

    Attributes:
        writer: the random name of this process.
        term: of its reign; 0: it has never begun one.
        leads: whether it has begun it, and is not deposed.
        last: the sequence of the stream that is known to be the last one, while it leads.
        epoch: of the events.
        next: the sequence of the event that comes next.
    """

    __slots__ = ("_sent", "epoch", "last", "leads", "next", "term", "writer")

    def __init__(self, writer: str) -> None:
        """Begin without a term."""
        self.writer = writer
        self.term = 0
        self.leads = False
        self.last = 0
        self.epoch = ""
        self.next = 1
        self._sent: Batch | None = None

    def begin(self, last: int, newest: Batch | None, epoch: str, offset_ns: int) -> Order:
        """Begin a term behind what was read.

        Args:
            last: the last sequence of the stream.
            newest: the newest batch in it; None: there is none, and all begins anew.
            epoch: that begins in that case.
            offset_ns: our time of day less the monotonic one.
        """
        self.leads = False
        self.last = last
        self.epoch = epoch if newest is None else newest.epoch
        self.next = 1 if newest is None else newest.next
        self.term = max(self.term, 0 if newest is None else newest.term) + 1
        term = Batch(self.epoch, self.term, self.next, 0, self.writer, offset_ns)
        return self._send(term)

    def propose(self, batch: Batch) -> Order:
        """Send events, in our term, behind all that we have sent; nothing else is on its way."""
        assert self.leads, "it leads"
        assert self._sent is None, "one is on its way at a time"
        assert batch.first == self.next, "sequences follow each other"
        return self._send(replace(batch, epoch=self.epoch, term=self.term, writer=self.writer))

    def acknowledged(self, sequence: int) -> Order:
        """Hear that what was sent is in the stream, at a sequence."""
        return self._done() if sequence == self.last + 1 else self.unsure()

    def unsure(self) -> Order:
        """Hear that what was sent was refused, or not answered in time."""
        return Look(self.last + 1)

    def found(self, batch: Batch | None, last: int) -> Order:
        """Hear what lies at the sequence that was to be looked at.

        Args:
            batch: that is there; None: nothing.
            last: the last sequence of the stream, by the same leader, not later.
        """
        sent = self._sent
        assert sent is not None, "something is on its way"
        if batch is not None and self._is_ours(batch, sent):
            return self._done()
        if batch is None and last == self.last:
            return Send(sent, self.last)
        if not self.leads:
            self._sent = None
            return ReadOn()
        self.leads = False
        self._sent = None
        if last < self.last:
            words = f"the stream ends at {last}, and {self.last} was acknowledged"
            return Deposed(Reason.LOST, words)
        if batch is None:
            return Deposed(Reason.ANOTHER, f"the stream goes on to {last}")
        return Deposed(Reason.ANOTHER, f"{batch.writer} writes in term {batch.term}")

    def _send(self, batch: Batch) -> Send:
        self._sent = batch
        return Send(batch, self.last)

    def _done(self) -> Done:
        sent = self._sent
        assert sent is not None, "something is on its way"
        self._sent = None
        self.last += 1
        self.next = sent.next
        self.leads = True
        return Done(sent, self.last)

    def _is_ours(self, batch: Batch, sent: Batch) -> bool:
        """Tell whether a batch of the stream is what we have sent."""
        return (batch.writer, batch.term, batch.first, batch.count) == (
            self.writer,
            sent.term,
            sent.first,
            sent.count,
        )
