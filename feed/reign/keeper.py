"""The bus keeper: every cut goes to the stream, and whoever leads next goes on with what is there.

It is to a writer of a cluster what `feed.state.keeper` is to a server alone: the log that each cut
is noted in, and the source of what another process has left. A cut waits while a batch is on its
way, and what is there by then goes together. A checkpoint is gathered every minute and at the end,
and put into the object store once all that is in it is acknowledged.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from feed.broadcast.log import Record
from feed.broadcast.ring import RingBuffer
from feed.cluster.batch import Batch
from feed.cluster.batching import BATCH_BYTES, Batching, Part
from feed.cluster.link import Link
from feed.errors import NotNow
from feed.hub.clock import Clock
from feed.ingest.runner import Ingest
from feed.logger import logger_of
from feed.market.words import is_word
from feed.reign import checkpoints
from feed.reign.acknowledging import Acknowledging
from feed.reign.ending import end_tasks
from feed.reign.erasing import Erasing
from feed.reign.mark import mark_of
from feed.reign.news import NewsDesk
from feed.reign.tenure import Ending, Tenure
from feed.reign.waiting_texts import erase_waiting, has_texts
from feed.reign.writing import Overthrown, Writing
from feed.state import parts
from feed.state.gathering import gather
from feed.state.restore import Restored
from feed.wire.codec import Codec, encode_events
from feed.wire.follow_frames import cut_message
from feed.wire.position import Position

CHECKPOINT_S = 60.0
FLUSH_S = 5.0  # that a server which ends waits for what is not acknowledged
_HEADER_BYTES = 40_000  # beside the payload, of the server's limit
_DROPPED_S = 5.0  # between two complaints that ticks are dropped
_DEPOSED = "this server does not lead any more; another one takes over"
_ENDED = "this server has ended before the bus acknowledged it"

log = logger_of("feed.cluster")


class BusKeeper:
    """Writes what one leader cuts.

    Attributes:
        ring: with all that was taken up.
        writing: to the stream.
        tenure: of the process.
        link: to NATS.
        batching: what waits for it.
        acknowledging: whoever waits for that.
        news: what is told beside events.
        erasing: what was deleted.
        deposed: set once this process does not lead any more.
        ending: why that is so then.
        dropped: ticks that got no sequence, since the buffer was full, by source.
        checkpoints: how many were written.
        failures: how many could not be.
        checkpointed_ns: when the newest was gathered, monotonic; at first, when it began.
    """

    takes_ticks = False  # the bus has frames of its own

    def __init__(
        self,
        link: Link,
        writing: Writing,
        restored: Restored,
        clock: Clock,
        *,
        codec: Codec,
        carried: tuple[str, ...] = (),
        buffer_bytes: int,
        tenure: Tenure,
        most_bytes: int,
        checkpoint_s: float = CHECKPOINT_S,
    ) -> None:
        """Begin behind a term batch.

        Args:
            link: to NATS.
            writing: that has begun the term.
            restored: what was taken up.
            clock: what the time is.
            codec: of the frames.
            carried: whose fragments it carries.
            buffer_bytes: that may wait.
            tenure: of the process.
            most_bytes: of a message, as the server says.
            checkpoint_s: between two checkpoints.
        """
        self.ring: RingBuffer = restored.ring
        self.writing = writing
        self.given_before = restored.given
        self.most_bytes = most_bytes - _HEADER_BYTES
        batch_bytes = min(BATCH_BYTES, self.most_bytes // 2)
        self.batching = Batching(buffer_bytes, batch_bytes, restored.given)
        self.acknowledging = Acknowledging(self.ring.newest)
        self.news = NewsDesk(link)
        self.erasing = Erasing(link, restored.deletions)
        self.deposed = asyncio.Event()
        self.ending = Ending.FAILED
        self.dropped: Counter[str] = Counter()
        self.checkpoints = self.failures = 0
        self.checkpointed_ns = clock.mono_ns()
        self.tenure = tenure
        self.link = link
        self._restored: Restored | None = restored
        self._link = link
        self._clock = clock
        self._codec = codec
        self._carried = carried
        self._checkpoint_s = checkpoint_s
        self._checkpointing = asyncio.Lock()
        self._wake = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._told_dropped_ns = 0
        self._has_said = True  # the checkpoint that is there may have messages of rooms
        self._is_closed = False
        self._sending: asyncio.Task[None] | None = None
        self._waits_since_ns = 0

    # What the broadcast tells, and the hub asks.

    def note_cut(self, record: Record) -> None:
        """Note a cut, and return at once; see `feed.broadcast.log`."""
        events = self.ring.read(record.first - 1, len(record.ingested_ns))
        fragments = encode_events(self._codec, events, opaque=True)
        if not self.batching:
            self._waits_since_ns = self._clock.mono_ns()
        self.batching.add(
            Part(
                record.first,
                events,
                fragments,
                record.ingested_ns,
                self.given_before + record.given,
                list(record.receipts),
                is_word(events[0]) and any(map(has_texts, events)),
                sum(map(len, fragments)),
            )
        )
        if self.batching.is_full:
            self._has_room.clear()
        if record.deletions:
            deleted = {(each.room, each.id) for each in record.deletions}
            erase_waiting(self.batching, deleted, self._codec)
            self.erasing.note(record.deletions)
        self._wake.set()

    def durable(self) -> int | None:
        """Return the newest sequence that is acknowledged."""
        return self.acknowledging.sequence

    def when_durable(self, sequence: int, call: Callable[[], None]) -> None:
        """Have somebody called once all up to a sequence is acknowledged."""
        self.acknowledging.call(sequence, call)

    @property
    def is_full(self) -> bool:
        """Whether more waits than there is room for."""
        return self.batching.is_full

    async def room(self) -> None:
        """Wait until it is not full."""
        await self._has_room.wait()

    def note_dropped(self, source: str, ticks: int) -> None:
        """Count ticks that got no sequence, and tell it now and then."""
        self.dropped[source] += ticks
        mono_ns = self._clock.mono_ns()
        if mono_ns - self._told_dropped_ns > _DROPPED_S * 1e9:
            self._told_dropped_ns = mono_ns
            log.warning("ticks_dropped", source=source, dropped=self.dropped[source])

    async def settled(self, sequence: int) -> None:
        """Wait until all up to a sequence is acknowledged.

        Raises:
            NotNow: it never will be.
        """
        await self.acknowledging.settled(sequence)

    @property
    def lag_ns(self) -> int:
        """For how long the oldest that is not acknowledged has waited."""
        since_ns = self.writing.since_ns or (self._waits_since_ns if self.batching else 0)
        return max(0, self._clock.mono_ns() - since_ns) if since_ns else 0

    # What the service does with it.

    def give_back(self, ingest: Ingest) -> None:
        """Give every room what it knew, before anything begins; what was taken up is let go of."""
        restored, self._restored = self._restored, None
        assert restored is not None, "it is given back once"
        ingest.hub.publisher.bus = self
        resumes = parts.give_back(restored, ingest)
        log.info(
            "state_taken_up",
            epoch=self.ring.epoch,
            newest=self.ring.newest,
            oldest=self.ring.oldest,
            lost=restored.lost,
            checkpoint=None if restored.meta is None else restored.meta["sequence"],
            source_resumes=resumes,
        )

    async def run(self, ingest: Ingest) -> None:
        """Send, take checkpoints, tell news and erase, until it is deposed or cancelled."""
        self._sending = asyncio.create_task(self._send(), name="bus")
        others = [
            asyncio.create_task(self._take_checkpoints(ingest), name="checkpoints"),
            asyncio.create_task(self.news.run(ingest), name="news"),
            asyncio.create_task(self.erasing.run(lambda: self.checkpoint(ingest)), name="erasing"),
        ]
        try:
            await asyncio.wait([self._sending])  # which goes on where this is cancelled
        finally:
            await end_tasks(others)

    async def _send(self) -> None:
        """Send what waits, for ever; return where another one leads."""
        try:
            while True:
                if not self.batching:
                    self._wake.clear()
                    await self._wake.wait()
                await self._send_one()
        except Overthrown as overthrown:
            reason = overthrown.deposed.reason.value
            log.error("deposed", reason=reason, words=str(overthrown))  # noqa: TRY400 - it says all
            self.ending = Ending(reason)
            self.give_up()
        except Exception:
            log.exception("bus_failed")
            self.give_up()

    def give_up(self) -> None:
        """Tell everybody that nothing more is written here."""
        self.acknowledging.end(_DEPOSED)
        self._has_room.set()
        self.deposed.set()

    async def _send_one(self) -> None:
        part = self.batching.take()
        payload = self._frame(part)
        while len(payload) > self.most_bytes and len(part.events) > 1:
            part = self.batching.halve()
            payload = self._frame(part)
        self._waits_since_ns = self._clock.mono_ns()  # of what is left
        now_ns = self._clock.mono_ns()
        batch = Batch(
            self.ring.epoch,
            0,
            part.first,
            len(part.events),
            "",
            self._clock.wall_ns() - now_ns,
            mark=mark_of(part.given, part.receipts),
            has_texts=part.has_texts,
            carried=self._carried,
        )
        await self.writing.send(batch, payload)
        self.batching.done()
        if not self.batching.is_full:
            self._has_room.set()
        self.acknowledging.note(part.last)
        if part.has_texts or self.erasing.pending:
            self.erasing.note_acknowledged(part.last)

    def _frame(self, part: Part) -> bytes:
        codec, last = self._codec, Position(self.ring.epoch, part.last)
        said = cut_message(last, part.ingested_ns, self._clock.mono_ns(), self.ring.newest)
        return codec.join([*part.fragments, codec.fragment(said)])

    async def _take_checkpoints(self, ingest: Ingest) -> None:
        await ingest.ready.wait()
        while True:
            await self.checkpoint(ingest)
            await asyncio.sleep(self._checkpoint_s)

    async def checkpoint(self, ingest: Ingest) -> bool:
        """Take a checkpoint, and put it where others find it; tell whether that was done."""
        async with self._checkpointing:
            try:
                async with ingest.between_lists():
                    gathered = gather(ingest, self.given_before)
                    self.erasing.checkpointed = gathered.sequence  # what it may have is stored soon
                has_said = bool(ingest.hub.broadcast.keyed)
                data = await checkpoints.bytes_of(await gathered.packed())
                await self.settled(gathered.sequence)
                self._has_said |= has_said  # of one that is written in part, too
                await checkpoints.put(self._link, data, erase=self._has_said)
                self._has_said = has_said
            except Exception as error:  # noqa: BLE001 - of any kind: the server stays
                self.failures += 1
                log.error("checkpoint_failed", error=str(error))  # noqa: TRY400 - it says all
                return False
        self.checkpoints += 1
        self.checkpointed_ns = gathered.mono_ns
        log.debug("checkpoint", sequence=gathered.sequence, bytes=len(data))
        return True

    async def close(self, ingest: Ingest) -> None:
        """Wait until all is acknowledged, and leave a checkpoint; nothing is published any more.

        Harmless when called twice.
        """
        if self._is_closed:
            return
        self._is_closed = True
        sending = self._sending
        if not self.deposed.is_set():
            if sending is None or sending.done():
                sending = asyncio.create_task(self._send(), name="bus")
            with suppress(TimeoutError, NotNow):
                async with asyncio.timeout(FLUSH_S):
                    await self.settled(self.ring.newest)
                    await self.checkpoint(ingest)
        if sending is not None:  # also where another one is about to lead: it has the ring
            await end_tasks([sending])
        self.acknowledging.end(_ENDED)
