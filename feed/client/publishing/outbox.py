"""The outbox: what was published and is not safe yet, in numbered batches.

Theory of operation: rows come one by one and wait; a batch is made of them when it is sent, as
large as the rows that wait and the server allow, and keeps its number from then on. A batch leaves
when the server has said that it would survive (`durable`), or, where the server keeps nothing, that
it was applied, or that it is refused. Whatever has not left is sent again on the next connection,
in the same order, under the same numbers: the server applies each once. How much may be on its way
unanswered begins small with each connection and doubles with what is answered, so that a connection
that is cut again and again makes progress, and is not spent on what went before.

Numbers go on behind the last that the server knows of this producer. A batch that is called a
duplicate though it was never sent before is somebody else's, and is not taken for ours.

A caller that numbers its batches itself (`add_batch`) may begin again wherever it likes: there
duplicates are what it wants. Knows no socket and no clock; holds at most what its owner lets in.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from feed.client.publishing.errors import BatchRefused, NameInUse
from feed.client.publishing.messages import Ack, Greeting, Refusal

FIRST_WINDOW_BYTES = 32 << 10  # unanswered, at the beginning of a connection; one batch in any case
LAST_WINDOW_BYTES = 4 << 20  # a second at 30 Mbit/s


@dataclass(slots=True)
class NumberedBatch:
    """Rows that go out together.

    Attributes:
        sequence: its number.
        rows: as they are sent.
        size_bytes: of the rows.
        first: the place of the first of them among all that was published, from 0.
        sends: how often it was sent, over all connections.
        applied: the server has said so.
    """

    sequence: int
    rows: Sequence[bytes]
    size_bytes: int
    first: int
    sends: int = 0
    applied: bool = False


class Outbox:
    """Everything that is not safe yet, of one producer.

    Attributes:
        producer: its name.
        ticks: the number of rows held.
        size_bytes: of all of them.
        published: the number of rows that ever came.
        position: of the newest tick that the server has told of; None: it has not.
        last: the number of the newest batch that the server is known to have applied; None: none.
    """

    __slots__ = (
        "_acked",
        "_batch_bytes",
        "_batch_ticks",
        "_due",
        "_held",
        "_keeps",
        "_most_ticks",
        "_next",
        "_numbered_here",
        "_rows",
        "_unanswered",
        "_unanswered_bytes",
        "_window_bytes",
        "last",
        "position",
        "producer",
        "published",
        "size_bytes",
        "ticks",
    )

    def __init__(self, producer: str, *, batch_ticks: int, batch_bytes: int) -> None:
        """Begin empty.

        Args:
            producer: the name.
            batch_ticks: in one batch at most; less where the server says so.
            batch_bytes: of rows in one batch at most, unless a single row has more.
        """
        self.producer = producer
        self.ticks = 0
        self.size_bytes = 0
        self.published = 0
        self.position: str | None = None
        self.last: int | None = None
        self._batch_ticks = batch_ticks
        self._batch_bytes = batch_bytes
        self._most_ticks = batch_ticks
        self._keeps = True  # the server says `durable`; told by each greeting
        self._next: int | None = None  # number of the next batch; None: not greeted yet
        self._numbered_here = True  # by us, not by the caller
        self._rows: deque[bytes] = deque()  # in no batch yet
        self._held: dict[int, NumberedBatch] = {}  # by number, in order of publication
        self._due: deque[NumberedBatch] = deque()  # of those, to be sent on this connection
        # Sent on this connection, neither acknowledged nor refused: by number, their bytes.
        self._unanswered: dict[int, int] = {}
        self._unanswered_bytes = 0
        self._window_bytes = FIRST_WINDOW_BYTES  # of those, at which nothing more is sent
        # Acknowledged on this connection, in order, since the last one that is durable.
        self._acked: deque[int] = deque()

    @property
    def safe(self) -> int:
        """How many of the rows that were published first are off our hands, without a gap."""
        for batch in self._held.values():
            return batch.first
        return self.published - len(self._rows)

    @property
    def waiting(self) -> int:
        """The number of rows that are in no batch yet."""
        return len(self._rows)

    @property
    def is_idle(self) -> bool:
        """Whether nothing that was sent on this connection waits for an answer."""
        return not self._unanswered

    @property
    def is_full_batch(self) -> bool:
        """Whether waiting longer would not make the next batch any larger."""
        return len(self._rows) >= self._most_ticks or bool(self._due)

    @property
    def state(self) -> str:
        """Where the rows that are held are stuck, in words."""
        applied = sum(len(batch.rows) for batch in self._held.values() if batch.applied)
        if applied:
            rest = self.ticks - applied
            return f"{applied} ticks are applied and not durable yet, {rest} not acknowledged"
        return f"{self.ticks} ticks are not acknowledged"

    def holds(self, sequence: int) -> bool:
        """Tell whether a batch of this number is on its way."""
        return sequence in self._held

    def add(self, rows: Sequence[bytes]) -> None:
        """Take rows, to be numbered here."""
        self._rows.extend(rows)
        self._count(rows)

    def add_batch(self, sequence: int, rows: Sequence[bytes]) -> None:
        """Take rows that are one batch of the caller's number; none of this number is held."""
        self._numbered_here = False
        size_bytes = sum(map(len, rows))
        batch = NumberedBatch(sequence, rows, size_bytes, self.published)
        self._held[sequence] = batch
        self._due.append(batch)
        self._count(rows)

    def connect(self, greeting: Greeting) -> None:
        """Begin a connection: all that is held is to be sent on it.

        Raises:
            NameInUse: the server has more of this name than was sent from here.
        """
        if self._numbered_here:
            last = greeting.last or 0
            if self._next is None:
                self._next = last + 1
            elif last >= self._next:
                raise NameInUse(self.producer, last)
        if greeting.last is not None:
            self.last = max(greeting.last, self.last or 0)
        self._keeps = greeting.keeps
        self._most_ticks = min(self._batch_ticks, greeting.most_ticks)
        # What an earlier connection has acknowledged may be lost, since it was not durable: it goes
        # again, and is a duplicate where it is not.
        for batch in self._held.values():
            batch.applied = False
        self._due = deque(self._held.values())
        self._unanswered.clear()
        self._unanswered_bytes = 0
        self._window_bytes = FIRST_WINDOW_BYTES
        self._acked.clear()

    def next_batch(self) -> NumberedBatch | None:
        """Return the batch to send now; None: there is nothing to send, or enough on its way.

        Only between `connect` and the end of that connection.
        """
        if self._unanswered_bytes >= self._window_bytes:
            return None
        if self._due:
            batch = self._due.popleft()
        elif self._rows:
            batch = self._make_batch()
        else:
            return None
        batch.sends += 1
        self._unanswered[batch.sequence] = batch.size_bytes
        self._unanswered_bytes += batch.size_bytes
        return batch

    def acknowledge(self, ack: Ack) -> NumberedBatch | None:
        """Note that a batch was applied; return it, or None where it is off our hands already.

        Raises:
            NameInUse: it was applied before we had ever sent it.
        """
        batch = self._held.get(ack.sequence)
        if batch is None or not batch.sends:
            return None
        if ack.duplicate and batch.sends == 1 and self._numbered_here:
            raise NameInUse(self.producer, ack.sequence)
        self._answered(batch)
        batch.applied = True
        self.last = max(ack.sequence, self.last or 0)
        if ack.position is not None:
            self.position = ack.position
        if ack.durable or not self._keeps:
            self._drop(batch)
        if self._keeps:
            self._acked.append(ack.sequence)
            while self._acked and self._acked[0] not in self._held:
                self._acked.popleft()
        return batch

    def settle(self, sequence: int) -> None:
        """Note that all batches acknowledged on this connection up to this one would survive."""
        if sequence not in self._acked:
            return  # it has left already, and all before it
        settled = None
        while settled != sequence:
            settled = self._acked.popleft()
            if settled in self._held:
                self._drop(self._held[settled])

    def refuse(self, refusal: Refusal) -> BatchRefused | None:
        """Let go of a batch that was refused; return what to tell, or None where it has left."""
        batch = None if refusal.sequence is None else self._held.get(refusal.sequence)
        if batch is None or not batch.sends:
            return None
        self._answered(batch)
        self._drop(batch)
        return BatchRefused(
            batch.sequence,
            refusal.code,
            refusal.row,
            refusal.words,
            first=batch.first,
            ticks=len(batch.rows),
        )

    def _answered(self, batch: NumberedBatch) -> None:
        if self._unanswered.pop(batch.sequence, None) is not None:
            self._unanswered_bytes -= batch.size_bytes
            self._window_bytes = min(LAST_WINDOW_BYTES, 2 * self._window_bytes)

    def _make_batch(self) -> NumberedBatch:
        assert self._next is not None, "batches are made after a greeting"
        first = self.published - len(self._rows)
        rows = [self._rows.popleft()]
        size_bytes = len(rows[0])
        while (
            self._rows
            and len(rows) < self._most_ticks
            and size_bytes + len(self._rows[0]) <= self._batch_bytes
        ):
            row = self._rows.popleft()
            rows.append(row)
            size_bytes += len(row)
        batch = NumberedBatch(self._next, rows, size_bytes, first)
        self._held[batch.sequence] = batch
        self._next += 1
        return batch

    def _count(self, rows: Sequence[bytes]) -> None:
        self.ticks += len(rows)
        self.published += len(rows)
        self.size_bytes += sum(map(len, rows))

    def _drop(self, batch: NumberedBatch) -> None:
        del self._held[batch.sequence]
        self.ticks -= len(batch.rows)
        self.size_bytes -= batch.size_bytes
