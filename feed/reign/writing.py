"""Writing to the stream: the orders of the fence are carried out, one after another.

Whatever NATS does not answer is looked up, for as long as it takes; nothing is given up but by the
fence itself. Knows no hub.
"""

import asyncio
import time
from dataclasses import dataclass, field

from feed.cluster.batch import Batch
from feed.cluster.errors import BusAway
from feed.cluster.fence import Deposed, Done, Fence, Look, Order, ReadOn, Send
from feed.cluster.link import Link, Refused
from feed.histogram import Histogram
from feed.logger import logger_of

_AGAIN_S = 0.05  # before something is asked or sent once more
_BOUNDS_NS = [
    int(seconds * 1e9)
    for seconds in (
        0.0005,
        0.001,
        0.002,
        0.005,
        0.01,
        0.025,
        0.05,
        0.1,
        0.25,
        0.5,
        1,
        2.5,
        5,
        10,
        30,
    )
]

log = logger_of("feed.cluster")


class Overthrown(Exception):
    """This process does not lead any more.

    Attributes:
        deposed: why.
    """

    def __init__(self, deposed: Deposed) -> None:
        super().__init__(deposed.words)
        self.deposed = deposed


@dataclass(slots=True)
class Counts:
    """What came of what was sent.

    Attributes:
        batches: that are in the stream.
        events: in these.
        payload_bytes: of these.
        refused: how often the stream ended elsewhere, or said so.
        unanswered: how often nobody knew.
        resent: how often a batch was sent once more.
        seconds: from sending a batch to knowing that it is there.
    """

    batches: int = 0
    events: int = 0
    payload_bytes: int = 0
    refused: int = 0
    unanswered: int = 0
    resent: int = 0
    seconds: Histogram = field(default_factory=lambda: Histogram(_BOUNDS_NS))


class Writing:
    """Writes batches of one process.

    Attributes:
        fence: says whether it may.
        counts: what came of it.
        since_ns: since when a batch is on its way, monotonic; 0: none is.
    """

    __slots__ = ("_link", "counts", "fence", "since_ns")

    def __init__(self, link: Link, fence: Fence) -> None:
        """Begin without a term.

        Args:
            link: to NATS.
            fence: of this process.
        """
        self.fence = fence
        self.counts = Counts()
        self.since_ns = 0
        self._link = link

    async def begin(self, epoch: str) -> tuple[Batch, int, bool]:
        """Begin a term, however often somebody else comes in between.

        Args:
            epoch: that begins, where the stream is empty.

        Returns:
            The term batch, its sequence in the stream, and whether an epoch begins.

        Raises:
            BusAway: the end of the stream cannot be read.
            InvalidMessage: the stream is somebody else's.
        """
        while True:
            last, newest = await self._link.newest()
            offset_ns = time.time_ns() - time.monotonic_ns()
            order = await self._carry_out(self.fence.begin(last, newest, epoch, offset_ns), b"")
            if isinstance(order, Done):
                return order.batch, order.sequence, newest is None

    async def send(self, batch: Batch, payload: bytes) -> Done:
        """Write a batch; return once it is there.

        Raises:
            Overthrown: somebody else leads.
        """
        began_ns = self.since_ns = time.monotonic_ns()
        done = await self._carry_out(self.fence.propose(batch), payload)
        assert isinstance(done, Done), "a leader that is not deposed gets through"
        counts = self.counts
        counts.batches += 1
        counts.events += batch.count
        counts.payload_bytes += len(payload)
        counts.seconds.observe(time.monotonic_ns() - began_ns)
        self.since_ns = 0
        return done

    async def _carry_out(self, order: Order, payload: bytes) -> Done | ReadOn:
        """Carry out an order, and those that follow from it.

        Raises:
            Overthrown: somebody else leads.
        """
        sent = 0
        while True:
            match order:
                case Done() | ReadOn():
                    return order
                case Deposed():
                    raise Overthrown(order)
                case Look(sequence):
                    order = await self._look(sequence) or order
                case Send():
                    if sent:
                        self.counts.resent += 1
                        await asyncio.sleep(_AGAIN_S)
                    sent += 1
                    order = await self._send(order, payload)

    async def _send(self, send: Send, payload: bytes) -> Order:
        try:
            sequence = await self._link.publish(send.batch, payload, send.expected)
        except Refused as refused:
            self.counts.refused += 1
            log.info("batch_refused", first=send.batch.first, error=str(refused))
            return self.fence.unsure()
        except BusAway as away:
            self.counts.unanswered += 1
            log.warning("batch_unanswered", first=send.batch.first, error=str(away))
            return self.fence.unsure()
        return self.fence.acknowledged(sequence)

    async def _look(self, sequence: int) -> Order | None:
        """Look what is at a sequence; None: nobody says."""
        try:
            batch, last = await self._link.look(sequence)
        except BusAway as away:
            log.debug("look_unanswered", sequence=sequence, error=str(away))
            await asyncio.sleep(_AGAIN_S)
            return None
        return self.fence.found(batch, last)
