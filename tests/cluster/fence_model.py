"""A plain model of a stream, of a network that loses and delays, and of writers that pause.

The stream is a list that compares a count. Every step is one that somebody else draws: a writer
does what its fence says, a message arrives, an answer does, or somebody loses patience.
"""

from dataclasses import dataclass, field

from feed.cluster.batch import Batch
from feed.cluster.fence import Deposed, Done, Fence, Look, Order, ReadOn, Send


@dataclass
class Stream:
    """Takes a batch where it has as many as expected."""

    batches: list[Batch] = field(default_factory=list)

    def take(self, send: Send) -> int | None:
        if len(self.batches) != send.expected:
            return None
        self.batches.append(send.batch)
        return len(self.batches)

    def at(self, sequence: int) -> Batch | None:
        return self.batches[sequence - 1] if sequence <= len(self.batches) else None


class Writer:
    """Tries to lead, writes batches of events, and remembers which were acknowledged."""

    def __init__(self, fence: Fence) -> None:
        self.fence = fence
        self.order: Order = ReadOn()
        self.waits_for: Send | None = None  # what it has sent, and hears no answer to
        self.read: tuple[int, Batch | None] | None = None
        self.given = 0
        self.acknowledged: list[str] = []

    def step(self, stream: Stream, network: "Network") -> None:
        """Do one thing."""
        fence = self.fence
        match self.order:
            case _ if self.waits_for is not None:
                return
            case Send() as send:
                self.waits_for = send
                network.messages.append((self, send))
            case Look(sequence):
                self.order = fence.found(stream.at(sequence), len(stream.batches))
            case Done(batch):
                if batch.count:
                    self.acknowledged.append(batch.mark)
                self.given += 1
                mark = f"{fence.writer}:{fence.term}:{self.given}"
                count = self.given % 3 + 1
                self.order = fence.propose(Batch("", 0, fence.next, count, "", 0, mark=mark))
            case ReadOn() | Deposed():
                # It reads in one step, and begins in another: much may happen in between.
                if self.read is None:
                    newest = stream.batches[-1] if stream.batches else None
                    self.read = len(stream.batches), newest
                else:
                    self.order = fence.begin(*self.read, f"e{fence.writer}", 0)
                    self.read = None

    def hear(self, send: Send, sequence: int | None) -> None:
        if self.waits_for is not send:
            return  # it has lost patience with that one
        self.waits_for = None
        unsure = sequence is None
        self.order = self.fence.unsure() if unsure else self.fence.acknowledged(sequence or 0)

    def lose_patience(self) -> None:
        if self.waits_for is not None:
            self.waits_for = None
            self.order = self.fence.unsure()


@dataclass
class Network:
    """What is on its way, in no order."""

    messages: list[tuple[Writer, Send]] = field(default_factory=list)
    answers: list[tuple[Writer, Send, int | None]] = field(default_factory=list)

    def deliver(self, index: int, stream: Stream, *, refuses: bool) -> None:
        writer, send = self.messages.pop(index)
        self.answers.append((writer, send, None if refuses else stream.take(send)))

    def answer(self, index: int, *, lost: bool) -> None:
        writer, send, sequence = self.answers.pop(index)
        if not lost:
            writer.hear(send, sequence)


def wrong_in(batches: list[Batch], writers: list[Writer]) -> list[str]:
    """Return what is wrong with a stream: holes, doubles, interleavings, lost acknowledgements."""
    wrong = []
    due, term, leader = 1, 0, ""
    for batch in batches:
        if batch.first != due:
            wrong.append(f"{batch} came where {due} was due")
        if batch.term < term or (batch.term == term and batch.writer != leader):
            wrong.append(f"{batch} came in term {term} of {leader}")
        due, term, leader = batch.next, batch.term, batch.writer
    if len({batch.epoch for batch in batches}) > 1:
        wrong.append("several epochs")
    marks = [batch.mark for batch in batches if batch.mark]
    if len(set(marks)) < len(marks):
        wrong.append("a batch is there twice")
    for writer in writers:
        missing = set(writer.acknowledged) - set(marks)
        if missing:
            wrong.append(f"acknowledged and not there: {missing}")
    return wrong
