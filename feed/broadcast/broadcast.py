"""The broadcast: ticks go in, cuts of them come out as one frame per lane.

It holds the ring, what is known per symbol, and every payload and lane. A cut takes the ticks
published since the last one through select, encode, join and frame, each step once. Knows no clock
and no socket: the hub says when to cut, and writes the frames.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from feed.broadcast.compressor_budget import CompressorBudget
from feed.broadcast.deflated_lane import DeflatedLane
from feed.broadcast.fragments import Fragments, split_runs
from feed.broadcast.lane import Lane, Payload
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.ring import RingBuffer
from feed.broadcast.selection_index import SelectionIndex
from feed.broadcast.states import States
from feed.broadcast.traffic import Traffic
from feed.market.conflation import Conflator
from feed.market.snapshot import Snapshot
from feed.market.ticks import Kind, Tick
from feed.wire.codec import CODECS, Codec
from feed.wire.compression import Compression
from feed.wire.framing import MAX_FRAME_BYTES, Framing, message_envelope
from feed.wire.messages import Message, mark_message
from feed.wire.position import Position


@dataclass(frozen=True, slots=True)
class Cut:
    """What one cut made.

    Attributes:
        ticks: how many were in the batch.
        first_ns: when the oldest of them was ingested.
        envelopes: per lane its envelopes in order, each with the sequence that it follows; more
            than one only where a batch was too large.
    """

    ticks: int
    first_ns: int
    envelopes: list[tuple[Lane, list[tuple[int, bytes]]]]


class Broadcast:
    """The ring and everything that is made from it.

    Attributes:
        ring: the newest ticks.
        history: their fragments.
        snapshot: the last state per symbol as of the last cut.
        states: that state, and conflated ones, encoded.
        cut_sequence: the newest sequence that is in a frame; the end of catching up.
        conflated_cuts: how often conflated ticks were cut.
        ticks: published so far, by kind.
        lane_counts: lanes that have members, by transport and codec.
        traffic: frames and bytes written, by transport and codec.
        budget: the memory of all lanes' compressors together.
    """

    def __init__(self, ring: RingBuffer) -> None:
        self.ring = ring
        self.history = Fragments(ring)
        self.snapshot = Snapshot()
        self.states = States(ring, self.snapshot)
        self.cut_sequence = ring.newest
        self.conflated_cuts = 0
        self.ticks = dict.fromkeys(Kind, 0)
        self.lane_counts: Counter[tuple[str, str]] = Counter()
        self.traffic: defaultdict[tuple[str, str], Traffic] = defaultdict(Traffic)
        self.budget = CompressorBudget()
        self._payloads: dict[PayloadKey, Payload] = {}
        self._lanes: dict[tuple[PayloadKey, Framing, Compression | None], Lane] = {}
        # By codec name and interval; 0 ms: lossless.
        self._indexes: defaultdict[tuple[str, int], SelectionIndex] = defaultdict(SelectionIndex)
        self._conflators: dict[int, Conflator] = {}

    @property
    def position(self) -> Position:
        """Where live subscribers stand: the last cut."""
        return self.ring.position(self.cut_sequence)

    @property
    def waiting_ticks(self) -> int:
        """How many ticks were published since the last cut."""
        return self.ring.newest - self.cut_sequence

    @property
    def index_entries(self) -> int:
        """How many (channel, symbol) pairs all payloads hold together."""
        return sum(index.entries for index in self._indexes.values())

    @property
    def lanes(self) -> list[Lane]:
        """Every lane that has members."""
        return list(self._lanes.values())

    def publish(self, ticks: list[Tick], now_ns: int) -> None:
        """Append ticks to the ring; bars were woven in before.

        Those that wait for a cut must fit into the ring: the caller cuts in between.
        """
        self.ring.publish(ticks, now_ns)
        counts = self.ticks
        for tick in ticks:
            counts[tick.kind] += 1

    def cut(self, now_ns: int) -> Cut:
        """Make envelopes of the ticks published since the last cut, and of conflated ones due."""
        after, upto = self.cut_sequence, self.ring.newest
        ticks = self.ring.read(after, upto - after)
        first_ns = self.ring.ingested_ns(after + 1) if ticks else now_ns
        if ticks:
            self.cut_sequence = upto
            self.snapshot.update(ticks)
            self.states.clear(upto)
            self._distribute(0, ticks, after + 1)
        for interval_ms, conflator in self._conflators.items():
            conflator.add(ticks, first_ns)
            conflated = conflator.take(now_ns)
            if conflated:
                self.conflated_cuts += 1
                self._distribute(interval_ms, conflated, None)
        return Cut(len(ticks), first_ns, list(self._envelop(after, now_ns)))

    @property
    def conflated_due_ns(self) -> int | None:
        """When conflated ticks are due next; None: there are none."""
        due = [conflator.due_ns for conflator in self._conflators.values()]
        return min((due_ns for due_ns in due if due_ns is not None), default=None)

    def idle(
        self, now_ns: int, keepalive_ns: int, mark_interval_ns: int
    ) -> Iterator[tuple[Lane, bytes]]:
        """Yield the envelopes of keepalives and marks that are due in silent lanes."""
        position = self.position
        for lane in list(self._lanes.values()):
            envelope = lane.idle(position, now_ns, keepalive_ns, mark_interval_ns)
            if envelope:
                yield lane, envelope

    def announce(self, message: Message, now_ns: int) -> Iterator[tuple[Lane, bytes]]:
        """Yield the envelopes of a message to every lane that has something subscribed."""
        for lane in list(self._lanes.values()):
            key = lane.payload.key
            if key.selection.symbols:
                lane.spoke_ns = now_ns
                yield lane, message_envelope(lane.framing, key.codec, message)

    def enter(
        self,
        key: PayloadKey,
        framing: Framing,
        now_ns: int,
        compression: Compression | None = None,
    ) -> Lane:
        """Return the lane for these, made where it is the first, with one member more."""
        lane = self._lanes.get((key, framing, compression))
        if lane is None:
            payload = self._payloads.get(key)
            if payload is None:
                payload = self._payloads[key] = Payload(key)
                for interval_ms, part in key.selection.parts().items():
                    self._indexes[key.codec.name, interval_ms].add(part, payload.collect)
                    if interval_ms and interval_ms not in self._conflators:
                        self._conflators[interval_ms] = Conflator(interval_ms)
            traffic = self.traffic[framing.transport, key.codec.name]
            lane = (
                Lane(payload, framing, traffic, now_ns)
                if compression is None
                else DeflatedLane(
                    payload, framing, traffic, now_ns, compression=compression, budget=self.budget
                )
            )
            self._lanes[key, framing, compression] = lane
            self.lane_counts[framing.transport, key.codec.name] += 1
            payload.lanes.append(lane)
        lane.members += 1
        return lane

    def leave(self, lane: Lane) -> None:
        """Take one member out of a lane; the last one takes the lane along."""
        lane.members -= 1
        if lane.members:
            return
        payload = lane.payload
        lane.close()
        del self._lanes[payload.key, lane.framing, lane.compression]
        self.lane_counts[lane.framing.transport, payload.key.codec.name] -= 1
        payload.lanes.remove(lane)
        if not payload.lanes:
            del self._payloads[payload.key]
            self._forget(payload)

    def _distribute(self, interval_ms: int, ticks: list[Tick], first: int | None) -> None:
        """Encode a batch in every codec in use, and give it to whoever selected of it.

        Args:
            interval_ms: 0 for the ticks themselves, else of which interval they are conflated.
            ticks: the batch.
            first: the sequence of the first tick, to keep the fragments; None: not in the ring.
        """
        for (name, index_ms), index in self._indexes.items():
            if index_ms == interval_ms and index.selections:
                codec = CODECS[name]
                fragments = codec.encode(ticks)
                if first is not None:
                    self.history.store(codec, first, fragments)
                index.distribute(ticks, fragments)

    def _forget(self, payload: Payload) -> None:
        """Take a payload out of the indexes, and its intervals along where it was the last."""
        key = payload.key
        for interval_ms, part in key.selection.parts().items():
            self._indexes[key.codec.name, interval_ms].remove(part, payload.collect)
            if interval_ms and not any(
                index.selections
                for (_, index_ms), index in self._indexes.items()
                if index_ms == interval_ms
            ):
                del self._conflators[interval_ms]

    def _envelop(self, after: int, now_ns: int) -> Iterator[tuple[Lane, list[tuple[int, bytes]]]]:
        """Join what the index gave to each payload, and put it into its lanes' envelopes."""
        position = self.position
        mark = mark_message(position, now_ns)
        marks: dict[Codec, bytes] = {}
        at = str(position).encode()  # once, not once a lane
        for payload in self._payloads.values():
            if not payload.waiting:
                continue
            key = payload.key
            if key.marks and key.codec not in marks:
                marks[key.codec] = key.codec.fragment(mark)
            body = payload.join(payload.waiting, marks.get(key.codec, b""))
            bodies = [(after, body, at)]
            if len(body) > MAX_FRAME_BYTES:
                bodies = self._split(payload, after, now_ns)
            payload.waiting.clear()
            for lane in payload.lanes:
                lane.spoke_ns = now_ns
                if key.marks:
                    lane.marked_ns = now_ns
                yield lane, [(follows, lane.ticks(body, end)) for follows, body, end in bodies]

    def _split(self, payload: Payload, after: int, now_ns: int) -> list[tuple[int, bytes, bytes]]:
        """Join a batch that is too large for one frame in several, each with its own position."""
        selection, codec, upto = (
            payload.key.selection.lossless,
            payload.key.codec,
            self.cut_sequence,
        )
        pieces = []
        lossless = 0
        while after < upto:
            follows = after
            fragments, after = self.history.read(
                selection, codec, after, upto, max_bytes=MAX_FRAME_BYTES // 2
            )
            lossless += len(fragments)
            pieces.append((follows, fragments))
        # What is conflated waits behind what is not, and is no part of the ring.
        conflated = split_runs(payload.waiting[lossless:], MAX_FRAME_BYTES // 2)
        pieces += [(upto, fragments) for fragments in conflated]
        ends = [follows for follows, _ in pieces[1:]] + [upto]
        bodies = []
        for (follows, fragments), end in zip(pieces, ends, strict=True):
            if fragments:
                position = self.ring.position(end)
                mark = codec.fragment(mark_message(position, now_ns))
                bodies.append((follows, payload.join(fragments, mark), str(position).encode()))
        return bodies
