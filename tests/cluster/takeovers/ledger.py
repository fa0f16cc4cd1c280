"""The ledger: all that a stream holds, held against the rules."""

from collections import Counter
from dataclasses import dataclass, field

from feed.cluster.address import BusAddress
from feed.cluster.batch import Batch, read_batch
from feed.cluster.batch_stream import BatchStream
from feed.cluster.connecting import connect
from feed.cluster.ordered_read import HEARTBEAT_S, Inbox
from feed.market.room_words import MessageWord
from feed.market.ticks import Trade
from feed.sources.nats.payload import PayloadReader


@dataclass
class Ledger:
    """What was read, and what is wrong with it.

    Attributes:
        counts: of what was checked.
        wrong: what does not hold, in words.
        said: the sequence of each message of rooms, by its id.
    """

    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    said: dict[str, int] = field(default_factory=dict)
    _due: int = 0
    _term: int = 0
    _epoch: str = ""
    _writer: str = ""
    _trades: dict[str, int] = field(default_factory=dict)
    _reader: PayloadReader = field(default_factory=PayloadReader)

    def take(self, batch: Batch, payload: bytes) -> None:
        """Take the next batch of the stream."""
        self.counts["batches"] += 1
        self.counts["events"] += batch.count
        where = f"batch {batch.first} + {batch.count} of term {batch.term}"
        if not self._due:
            self._due, self._epoch = batch.first, batch.epoch
        if batch.epoch != self._epoch:
            self._find("epochs", f"{where} is of another epoch")
        if batch.first > self._due:
            self._find("holes", f"{where} came where {self._due} was due")
        elif batch.first < self._due:
            self._find("doubles", f"{where} came where {self._due} was due")
        if batch.term < self._term or (batch.term == self._term and batch.writer != self._writer):
            self._find("interleavings", f"{where} of {batch.writer} came in term {self._term}")
        if batch.term > self._term:
            self.counts["terms"] += 1
            if batch.count:
                self._find("terms without a batch", where)
        self._due, self._term, self._writer = batch.next, batch.term, batch.writer
        if batch.count:
            self._look(batch, payload)

    def hold_against(self, acknowledged: dict[str, int]) -> None:
        """See that all that was acknowledged is there, where it was said to be."""
        for name, sequence in acknowledged.items():
            self.counts["acknowledged"] += 1
            if self.said.get(name) != sequence:
                words = f"{name} was acknowledged at {sequence}, and is at {self.said.get(name)}"
                self._find("lost acknowledgements", words)

    def _look(self, batch: Batch, payload: bytes) -> None:
        cut = self._reader.read(batch, payload)
        for sequence, event in enumerate(cut.events, cut.first):
            word: object = event
            if isinstance(word, MessageWord):
                if word.id in self.said:
                    self._find("doubles", f"the message {word.id} at {sequence}")
                self.said[word.id] = sequence
            elif isinstance(event, Trade):
                newest = self._trades.get(event.symbol, 0)
                self.counts["trades"] += 1
                if event.trade_id <= newest:
                    words = f"trade {event.trade_id} of {event.symbol} at {sequence}"
                    self._find("doubles", f"{words}, after {newest}")
                self._trades[event.symbol] = max(newest, event.trade_id)

    def _find(self, kind: str, words: str) -> None:
        self.counts[kind] += 1
        self.wrong.append(f"{kind}: {words}")


async def read_all(address: BusAddress) -> Ledger:
    """Read a stream from its beginning to its end."""
    ledger, inbox = Ledger(), Inbox()
    client = await connect(address, None, inbox.lose, name="ledger")
    try:
        stream = BatchStream(client, address.names)
        extent = await stream.extent()
        read = await stream.read(extent.first, inbox)
        reached = 0
        while reached < extent.last:
            for _, message in await inbox.take(HEARTBEAT_S):
                stored = await read.read(message)
                if stored is None:
                    continue
                if reached and stored.sequence != reached + 1:
                    ledger.wrong.append(f"the stream has nothing between {reached} and that")
                reached = stored.sequence
                ledger.take(read_batch(stored.headers), stored.payload)
            read.check()
    finally:
        await client.close()
    return ledger
