"""An edge of a cluster: the batches of its stream become steps, as they come.

Theory of operation: where this server stands nowhere yet, it begins as far before the end of the
stream as its ring holds; else behind the place where it stands, which is found by bisecting.
Batches that wait together are one step. The succession says what a batch means; one that cannot be
read is a hole, so that it stops nobody. What ends the connection, or says that something was lost
on the way, ends the source; whoever runs it opens it again, with backoff, and tells subscribers.
"""

import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from feed.broadcast.archive import Stretch
from feed.cluster.address import BusAddress
from feed.cluster.batch import Batch, read_batch
from feed.cluster.batch_stream import BatchStream
from feed.cluster.buckets import Bucket
from feed.cluster.connecting import connect
from feed.cluster.errors import BusAway, BusLost
from feed.cluster.ordered_read import HEARTBEAT_S, Inbox, OrderedRead, Stored
from feed.cluster.succession import Due, Succession
from feed.errors import FeedError, InvalidInput, InvalidMessage
from feed.logger import logger_of
from feed.market.ticks import Kind, Tick
from feed.market.words import is_other
from feed.sources.follow.steps import Checkpoint, Events, Greeting, Step
from feed.sources.nats.beginning import begin, read_checkpoint
from feed.sources.nats.gathered import Gathered
from feed.sources.nats.hearing import Hearing
from feed.sources.nats.news import Leader, News
from feed.sources.nats.payload import PayloadReader
from feed.sources.nats.recount import recount
from feed.sources.source import Instrument
from feed.sources.upstream.account import Account
from feed.sources.upstream.credentials import Names as KeyNames
from feed.sources.upstream.credentials import read_key_pair
from feed.sources.upstream.endings import End, Ended
from feed.sources.writer_place import WriterPlace
from feed.wire.position import Position
from feed.wire.reckoning import Missing

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

KEYS = KeyNames("FEED_KEY", "FEED_SECRET")
_CLIENT_NAME = "feed edge"
_CARRIED = ("json",)  # by a writer that does not say

log = logger_of("feed.follow")


class NatsSource:
    """The stream of a cluster, followed.

    Attributes:
        name: for metrics and `/v1/status`.
        live: whether what it tells happens now; as its writer says.
        account: what became of the connections.
        succession: where we stand among its batches.
        news: what is told beside them.
        unreadable: batches that could not be read, and messages that were none.
    """

    name = "nats"
    can_wait = False
    # Bars come with their sequences, and none is built.
    recorded_kinds = frozenset({Kind.BAR, Kind.SECOND_BAR, Kind.UPDATED_BAR})
    passes = 0
    clocks_ns: Sequence[int] | None = None  # nobody judges their times
    rows_skipped: Mapping[str, int] = MappingProxyType({})

    def __init__(self, address: BusAddress, key_file: str = "") -> None:
        """Make a source that is not open.

        Args:
            address: of the cluster.
            key_file: a file with user and password; "": from variables, if they have them.
        """
        self.live = True
        self.account = Account(str(address))
        self.succession = Succession()
        self.news = News()
        self.unreadable = 0
        self._address = address
        self._key_file = key_file
        self._capacity = 0
        self._client: Client | None = None
        self._inbox = Inbox()
        self._inboxes = {self._inbox}  # of all that is read at once
        self._stream: BatchStream | None = None
        self._tail: OrderedRead | None = None
        self._next = 0  # the stream's own sequence that comes next; 0: it is not known
        self._checkpoint: tuple[bytes, Position] | None = None  # for the first that begins
        self._hearing: Hearing | None = None
        self._payloads = PayloadReader()
        self._offset_ns: int | None = None  # of the writer whose batch came last

    @property
    def leader(self) -> Leader | None:
        """Who leads, and takes requests; None: nobody, as far as is known."""
        return self.news.leader

    def writer(self) -> WriterPlace | None:
        """Return where whoever leads takes requests; None: nobody does, as far as is known."""
        leader = self.leader
        return WriterPlace.of(leader.url) if leader is not None and leader.url else None

    @property
    def unheard_buckets(self) -> int:
        """How many buckets of its cluster cannot be read now."""
        return 0 if self._hearing is None else len(self._hearing.unheard)

    @property
    def lag_events(self) -> int:
        """How many events the stream is known to be ahead."""
        return self.succession.lag

    @property
    def stale_batches(self) -> int:
        """How many batches were passed over, since they come too late."""
        return self.succession.stale

    def fill(self, capacity: int) -> None:
        """Learn how many events the ring holds: at first so many are read, if there are."""
        self._capacity = capacity

    def stand(self, position: Position | None) -> None:
        """Learn where the ring stands, before it is opened; None: nowhere yet."""
        if position != self.succession.position:
            before = self.succession
            self.succession = Succession(position, 0 if position is None else before.term)
            self.succession.stale, self.succession.holes = before.stale, before.holes

    async def open(self) -> None:
        """Connect, and begin to read.

        Raises:
            Ended: there is no server, no stream, or it refuses; the message says why.
        """
        self._inbox, self._offset_ns = Inbox(), None
        inbox = self._inbox
        self._inboxes = {inbox}
        pair = read_key_pair(KEYS, self._key_file)
        try:
            self._client = await connect(self._address, pair, self._lose, name=_CLIENT_NAME)
            self._hearing = self._hear(self._client)
            await self._hearing.first()
            stream = self._stream = BatchStream(self._client, self._address.names)
            is_new = self.succession.position is None
            self._checkpoint = await self._read_checkpoint() if is_new else None
            as_of = None if self._checkpoint is None else self._checkpoint[1]
            start = await begin(stream, self.succession, self._capacity, as_of)
            self._tail = await stream.read(start, inbox)
        except BusAway as error:
            raise self._ended(error, End.UNREACHABLE) from error
        except InvalidMessage as error:
            raise self._ended(error, End.MALFORMED) from error
        self.account.open(resumed=self.succession.position is not None)

    def _lose(self) -> None:
        """Learn that the connection has ended, and tell all that read."""
        for inbox in self._inboxes:
            inbox.lose()

    def _hear(self, client: "Client") -> Hearing:
        """Begin to hear of what is told beside the events."""
        names = self._address.names
        buckets = [Bucket(client, name) for name in (names.news, names.lead)]
        return Hearing(buckets, names.lead, self._inbox, self.news, self.account)

    async def steps(self) -> AsyncIterator[Step]:
        """Yield what is to be done, for as long as the connection lasts.

        Raises:
            Ended: it has ended; the message says why.
        """
        inbox, tail, hearing = self._inbox, self._tail, self._hearing
        assert tail is not None, "it is open"
        assert hearing is not None, "it is open"
        try:
            while True:
                messages = await inbox.take(HEARTBEAT_S)
                async for step in self._steps_of(messages, tail, hearing):
                    yield step
                for news in self.news.look(time.monotonic_ns(), time.time_ns()):
                    yield news
                tail.check()
                hearing.check()
        except BusLost as error:
            raise self._ended(error, End.CUT) from error
        except BusAway as error:
            raise self._ended(error, End.UNREACHABLE) from error

    async def _steps_of(
        self, messages: "deque[tuple[OrderedRead, Msg]]", tail: OrderedRead, hearing: Hearing
    ) -> AsyncIterator[Step]:
        """Yield the steps of all that came together; events that follow each other are one."""
        gathered = Gathered()
        while messages:
            read, message = messages.popleft()
            if read is not tail:
                for news in await hearing.take(read, message):
                    yield news
                self.live = self.news.live
                continue
            stored = await read.read(message)
            if stored is None:
                continue
            self.news.note_batch(time.monotonic_ns())
            async for step in self._steps_of_batch(stored):
                if isinstance(step, Events) and gathered.fits(step):
                    gathered.add(step)
                    continue
                if (events := gathered.take()) is not None:
                    yield events
                if isinstance(step, Events):
                    gathered.add(step)
                else:
                    yield step
        if (events := gathered.take()) is not None:
            yield events

    async def _steps_of_batch(self, stored: Stored) -> AsyncIterator[Step]:
        due_next, self._next = self._next, stored.sequence + 1
        try:
            batch = read_batch(stored.headers)
        except InvalidMessage as error:
            self._note_unreadable(stored, error)
            return
        due = self.succession.take(batch)
        if not (due.moves or due.is_read) and batch.count:
            log.warning(
                "batch_passed_over", first=batch.first, term=batch.term, seq=stored.sequence
            )
        for move in due.moves:
            told = move
            if isinstance(told, Missing) and not batch.is_hole:
                told = replace(told, erased=await self._is_erased(due_next, stored.sequence))
            yield told
            if not (isinstance(told, Missing) and told.erased):
                yield await self._known()
        if due.is_read:
            for step in self._events_of(batch, due, stored):
                yield step

    async def _is_erased(self, due_next: int, sequence: int) -> bool:
        """Tell whether messages that are missing before one were deleted, and not evicted.

        Args:
            due_next: the stream's own sequence that was due; 0: none was.
            sequence: the one that came.
        """
        if not 0 < due_next < sequence:
            return False
        assert self._stream is not None, "it is open"
        return (await self._stream.extent()).first <= due_next

    async def _known(self) -> Checkpoint:
        """Return what is known where an epoch begins, or much is missing; it may be nothing."""
        known, self._checkpoint = self._checkpoint, None
        if known is None:
            known = await self._read_checkpoint()
        return Checkpoint(b"" if known is None else known[0])

    async def _read_checkpoint(self) -> tuple[bytes, Position] | None:
        """Return the newest checkpoint, if there is one that can be read."""
        assert self._stream is not None, "it is open"
        try:
            return await read_checkpoint(self._stream)
        except BusAway as error:  # without it there is what the stream has
            log.error("checkpoint_unreadable", error=str(error))  # noqa: TRY400 - it says all
            return None

    def _events_of(self, batch: Batch, due: Due, stored: Stored) -> Iterator[Step]:
        """Yield the events of a batch; one that cannot be read is a hole."""
        try:
            cut = self._payloads.read(batch, stored.payload)
        except InvalidInput as error:
            self._note_unreadable(stored, error)
            yield self.succession.lose(batch)
            return
        if self._offset_ns != batch.offset_ns:
            self._offset_ns = batch.offset_ns
            yield _greeting(batch)
        carried = dict(zip(batch.carried or _CARRIED, cut.carried, strict=False))
        events = Events(cut.events, cut.ingested_ns, cut.said_ns, cut.others, carried)
        yield events.part(due.skipped, batch.count) if due.skipped else events

    def _note_unreadable(self, stored: Stored, error: InvalidInput) -> None:
        self.unreadable += 1
        self.account.last_words = str(error)
        log.error("batch_unreadable", seq=stored.sequence, error=str(error))

    async def recount(self, after: Position) -> AsyncGenerator[Stretch, None]:
        """Yield what followed a position, as the stream has it; see `HoldsLog`.

        Raises:
            SourceError: the stream cannot be read now.
        """
        client = self._client
        if client is None or client.is_closed:
            raise Ended(End.CUT, f"{self._address}: there is no connection to NATS")
        inbox, stream = Inbox(), BatchStream(client, self._address.names)
        self._inboxes.add(inbox)
        told = recount(stream, inbox, self._payloads, after, self.succession.term)
        try:
            async with aclosing(told):
                async for stretch in told:
                    yield stretch
        except BusAway as error:
            raise Ended(End.CUT, f"{self._address}: {error}") from error
        finally:
            self._inboxes.discard(inbox)

    async def batches(self) -> AsyncIterator[list[Tick]]:
        """Yield the ticks alone, for whoever has sequences of its own."""
        async for step in self.steps():
            if isinstance(step, Events):
                yield [event for event in step.events if not is_other(event)]

    def instruments(self) -> list[Instrument]:
        """Return those that the writer has told of."""
        return self.news.instruments()

    def instrument(self, symbol: str) -> Instrument | None:
        """Return one of them."""
        return self.news.instrument(symbol)

    async def close(self) -> None:
        """Let go of the connection."""
        client, self._client = self._client, None
        hearing, self._hearing = self._hearing, None
        self._stream, self._tail = None, None
        self.account.connected = False
        if hearing is not None:
            await hearing.close()
        if client is not None and not client.is_closed:
            await client.close()

    def _ended(self, error: FeedError, end: End) -> Ended:
        """Return, and count, why the connection ended."""
        ended = Ended(end, f"{self._address}: {error}")
        self.account.end(ended)
        return ended


def _greeting(batch: Batch) -> Greeting:
    """Return what the clocks of a writer show now, if its time of day is ours.

    Its batches may be old, and say nothing of how long they were under way.
    """
    wall_ns = time.time_ns()
    return Greeting(wall_ns - batch.offset_ns, wall_ns)
