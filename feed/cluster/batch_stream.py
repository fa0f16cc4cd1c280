"""The stream of batches: what it holds, and where in it a sequence is."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from feed.cluster.batch import Batch, read_batch
from feed.cluster.names import Names
from feed.cluster.ordered_read import Inbox, OrderedRead, Stored, ask, direct
from feed.errors import InvalidMessage

if TYPE_CHECKING:
    from nats.aio.client import Client


@dataclass(frozen=True, slots=True)
class Extent:
    """What a stream holds.

    Attributes:
        first: the stream's own sequence of its oldest message; `last + 1` where it has none.
        last: that of its newest; 0: it has had none.
    """

    first: int
    last: int


def is_at(batch: Batch, epoch: str, term: int, sequence: int) -> bool:
    """Tell whether a batch has a sequence, or one behind it.

    Args:
        batch: which.
        epoch: of the sequence.
        term: of a batch of that epoch: other epochs are before or behind it.
        sequence: which.
    """
    if batch.epoch == epoch:
        return batch.last >= sequence
    return batch.term > term


@dataclass(frozen=True, slots=True)
class BatchStream:
    """The stream of one cluster, as it is read.

    Attributes:
        client: the connection.
        names: of the cluster.
    """

    client: "Client"
    names: Names

    async def extent(self) -> Extent:
        """Return what it holds.

        Raises:
            BusAway: there is no such stream.
        """
        state = (await ask(self.client, f"STREAM.INFO.{self.names.stream}"))["state"]
        first, last = int(state["first_seq"]), int(state["last_seq"])
        return Extent(max(first, 1), last)

    async def get(self, sequence: int) -> Stored | None:
        """Return the first message that is not before a sequence of the stream's own.

        Returns:
            None: there is none.

        Raises:
            BusAway: it cannot be asked.
        """
        stream, subject = self.names.stream, self.names.subject
        return await direct(self.client, stream, seq=sequence, next_by_subj=subject)

    async def newest(self) -> Stored | None:
        """Return the newest message; None: there is none.

        Raises:
            BusAway: it cannot be asked.
        """
        return await direct(self.client, self.names.stream, last_by_subj=self.names.subject)

    async def find(self, epoch: str, term: int, sequence: int, extent: Extent) -> int:
        """Return the stream's own sequence of the first batch that is at a sequence.

        It bisects the stream by direct gets: twelve for some thousand messages. A replica that lags
        finds nothing where there is something: then it may be one before, and none behind it.

        Args:
            epoch: of the sequence.
            term: of a batch of that epoch.
            sequence: which.
            extent: of the stream.

        Returns:
            That of the batch; the one behind the newest message, where none is at it.

        Raises:
            BusAway: it cannot be asked.
        """
        low = extent.first
        high = first = extent.last + 1
        is_behind = False
        while low < high:
            middle = (low + high) // 2
            found = await self._batch_between(middle, high)
            if found is None:
                high = middle  # nothing is between them
                is_behind |= await self.get(middle) is None
            elif is_at(found[1], epoch, term, sequence):
                high, first = middle, found[0]  # it is that batch, or one before
            else:
                low = found[0] + 1
        return low if is_behind else first

    async def _batch_between(self, first: int, behind: int) -> tuple[int, Batch] | None:
        """Return the first batch between two of the stream's own sequences, and its own.

        Somebody else's messages are passed over: they say nothing of the batches before them.
        """
        while (stored := await self.get(first)) is not None and stored.sequence < behind:
            try:
                return stored.sequence, read_batch(stored.headers)
            except InvalidMessage:
                first = stored.sequence + 1
        return None

    async def read(self, start: int, inbox: Inbox) -> OrderedRead:
        """Return a read from a sequence of the stream's own on.

        Raises:
            BusAway: there is no such stream.
        """
        read = OrderedRead(self.client, self.names.stream, inbox)
        await read.open(deliver_policy="by_start_sequence", opt_start_seq=start)
        return read
