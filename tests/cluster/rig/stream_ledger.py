"""The stream's ledger: what the stream has at each sequence, and whether that obeys the rules.

Consecutive batches, terms that never go back, one writer in each term, one epoch; and a batch that
was read once stays what it was. Knows no connection.
"""

import zlib
from collections import Counter
from dataclasses import dataclass, field

from feed.cluster.batch import Batch
from feed.market.room_words import MessageWord
from feed.market.ticks import Quote, Trade
from feed.sources.nats.payload import PayloadReader

Key = tuple[object, ...]  # says which event it is, as subscribers see it


@dataclass
class StreamLedger:
    """What was read of the stream, from its beginning.

    Attributes:
        counts: of what was checked.
        findings: what does not hold, in words.
        epoch: of all.
        newest: the last sequence that was read.
        keys: of each sequence from 1 on; None: nobody in the crowd selects it.
        holes: sequences that no event has.
        read: the last message, as the stream counts.
        said: the sequence of each message of rooms, by its id.
    """

    counts: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    epoch: str = ""
    newest: int = 0
    keys: list[Key | None] = field(default_factory=list)
    holes: set[int] = field(default_factory=set)
    read: int = 0
    said: dict[str, int] = field(default_factory=dict)
    _trades: dict[str, int] = field(default_factory=dict)  # the newest of each symbol
    _term: int = 0
    _writer: str = ""
    _sums: list[int] = field(default_factory=list)
    _payloads: PayloadReader = field(default_factory=PayloadReader)

    @property
    def term(self) -> int:
        """That of the newest batch."""
        return self._term

    def take(self, sequence: int, batch: Batch, payload: bytes) -> None:
        """Take the next message of the stream."""
        where = f"message {sequence} ({batch.first} + {batch.count}, term {batch.term})"
        if sequence != self.read + 1:
            self.findings.append(f"{where} came behind message {self.read}")
        self.read = sequence
        self._sums.append(_sum_of(batch, payload))
        self.counts["batches"] += 1
        if batch.first != self.newest + 1:
            self.findings.append(f"{where} came where {self.newest + 1} was due")
        if self.epoch and batch.epoch != self.epoch:
            self.findings.append(f"{where} is of epoch {batch.epoch}, and not {self.epoch}")
        self._take_term(batch, where)
        self.epoch = batch.epoch
        self._take_events(batch, payload)

    def compare(self, sequence: int, batch: Batch, payload: bytes) -> None:
        """See that a message that is read once more is what it was."""
        self.counts["batches read once more"] += 1
        if self._sums[sequence - 1] != _sum_of(batch, payload):
            self.findings.append(f"message {sequence} is not any more what it was")

    def _take_term(self, batch: Batch, where: str) -> None:
        if batch.term < self._term:
            self.findings.append(f"{where} came in term {self._term}")
        elif batch.term == self._term and batch.writer != self._writer:
            self.findings.append(f"{where} is of {batch.writer}, in the term of {self._writer}")
        elif batch.term > self._term:
            self.counts["terms"] += 1
            if batch.count:
                self.findings.append(f"{where} begins its term with events")
        self._term, self._writer = batch.term, batch.writer

    def _take_events(self, batch: Batch, payload: bytes) -> None:
        self.newest = batch.last
        if batch.is_hole:
            self.counts["sequences in holes"] += batch.count
            self.holes.update(range(batch.first, batch.next))
            self.keys.extend([None] * batch.count)
        elif batch.count:
            self.counts["events"] += batch.count
            events = self._payloads.read(batch, payload).events
            self.keys.extend(map(key_of_event, events))
            for sequence, event in enumerate(events, batch.first):
                self._see_once(sequence, event)

    def _see_once(self, sequence: int, event: object) -> None:
        """See that an event was not there before."""
        if isinstance(event, Trade):
            newest = self._trades.get(event.symbol, 0)
            if event.trade_id <= newest:
                words = f"trade {event.trade_id} of {event.symbol} at {sequence}, after {newest}"
                self.findings.append(words)
            self._trades[event.symbol] = max(newest, event.trade_id)
        elif isinstance(event, MessageWord):
            self.counts["messages of rooms"] += 1
            if event.id in self.said:
                words = f"message {event.id} is at {self.said[event.id]}, and at {sequence}"
                self.findings.append(words)
            self.said[event.id] = sequence


def key_of_event(event: object) -> Key | None:
    """Return which trade or quote an event is; None: it is neither."""
    if isinstance(event, Trade):
        return "t", event.symbol, event.trade_id
    if isinstance(event, Quote):
        return "q", event.symbol, event.bid_price, event.bid_size, event.ask_price, event.ask_size
    return None


def _sum_of(batch: Batch, payload: bytes) -> int:
    return zlib.crc32(payload, zlib.crc32(repr(batch).encode()))
