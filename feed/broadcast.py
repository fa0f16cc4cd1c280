"""The broadcast: ticks go in, cuts of them come out as one frame per lane.

It holds the ring, what is known per symbol, and every payload and lane. A cut takes the ticks
published since the last one through select, encode, join and frame, each step once. Knows no clock
and no socket: the hub says when to cut, and writes the frames.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from feed.bars import BarBuilder
from feed.codecs import CODECS, Codec
from feed.deflate import Compression, CompressorBudget
from feed.deflated_lane import DeflatedLane
from feed.frames import MAX_FRAME_BYTES, Framing
from feed.history import History
from feed.lane import Lane, Payload, PayloadKey, Traffic, batched, mark_message
from feed.ring import Position, RingBuffer
from feed.selection import Selection, SelectionIndex
from feed.snapshot import Snapshot
from feed.ticks import Kind, Tick


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
        bars: builds and keeps bars.
        cut_sequence: the newest sequence that is in a frame; the end of catching up.
        ticks: published so far, by kind.
        traffic: frames and bytes written, by transport and codec.
        budget: the memory of all lanes' compressors together.
    """

    def __init__(self, ring: RingBuffer, bars: BarBuilder) -> None:
        self.ring = ring
        self.history = History(ring)
        self.snapshot = Snapshot()
        self.bars = bars
        self.cut_sequence = ring.newest
        self.ticks = dict.fromkeys(Kind, 0)
        self.traffic: defaultdict[tuple[str, str], Traffic] = defaultdict(Traffic)
        self.budget = CompressorBudget()
        self._payloads: dict[PayloadKey, Payload] = {}
        self._lanes: dict[tuple[PayloadKey, Framing, Compression | None], Lane] = {}
        self._indexes = {name: SelectionIndex() for name in CODECS}
        self._snapshots: dict[tuple[Selection, str], list[list[bytes]]] = {}

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
        """Make frames of the ticks published since the last cut."""
        after, upto = self.cut_sequence, self.ring.newest
        ticks = self.ring.read(after, upto - after)
        if not ticks:
            return Cut(0, now_ns, [])
        self.snapshot.update(ticks)
        self._snapshots.clear()
        self.cut_sequence = upto
        for name, index in self._indexes.items():
            if index.selections:
                codec = CODECS[name]
                fragments = codec.encode(ticks)
                self.history.store(codec, after + 1, fragments)
                index.distribute(ticks, fragments)
        return Cut(
            ticks=len(ticks),
            first_ns=self.ring.ingested_ns(after + 1),
            envelopes=list(self._envelop(after, now_ns)),
        )

    def idle(
        self, now_ns: int, keepalive_ns: int, mark_interval_ns: int
    ) -> Iterator[tuple[Lane, bytes]]:
        """Yield the envelopes of keepalives and marks that are due in silent lanes."""
        position = self.position
        for lane in list(self._lanes.values()):
            envelope = lane.idle(position, now_ns, keepalive_ns, mark_interval_ns)
            if envelope:
                yield lane, envelope

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
                self._indexes[key.codec.name].add(key.selection, payload.collect)
            traffic = self.traffic[framing.transport, key.codec.name]
            lane = (
                Lane(payload, framing, traffic, now_ns)
                if compression is None
                else DeflatedLane(
                    payload, framing, traffic, now_ns, compression=compression, budget=self.budget
                )
            )
            self._lanes[key, framing, compression] = lane
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
        payload.lanes.remove(lane)
        if not payload.lanes:
            del self._payloads[payload.key]
            self._indexes[payload.key.codec.name].remove(payload.key.selection, payload.collect)

    def snapshot_fragments(self, selection: Selection, codec: Codec) -> list[list[bytes]]:
        """Return the state of the selected symbols as of the last cut, in runs of a frame each.

        Encoded once per cut, selection and codec, and shared by all who join meanwhile.
        """
        key = (selection, codec.name)
        runs = self._snapshots.get(key)
        if runs is None:
            ticks = self.snapshot.state(dict(selection.symbols))
            runs = self._snapshots[key] = batched(codec.encode(ticks), MAX_FRAME_BYTES // 4)
        return runs

    def _envelop(self, after: int, now_ns: int) -> Iterator[tuple[Lane, list[tuple[int, bytes]]]]:
        """Join what the index gave to each payload, and put it into its lanes' envelopes."""
        upto = self.cut_sequence
        position = self.position
        mark = mark_message(position, now_ns)
        marks = {name: codec.fragment(mark) for name, codec in CODECS.items()}
        for payload in self._payloads.values():
            if not payload.waiting:
                continue
            key = payload.key
            body = payload.join(payload.waiting, marks[key.codec.name])
            payload.waiting.clear()
            bodies = [(after, body, position)]
            if len(body) > MAX_FRAME_BYTES:
                bodies = self._split(payload, after, upto, now_ns)
            for lane in payload.lanes:
                lane.spoke_ns = now_ns
                if key.marks:
                    lane.marked_ns = now_ns
                yield lane, [(follows, lane.ticks(body, at)) for follows, body, at in bodies]

    def _split(
        self, payload: Payload, after: int, upto: int, now_ns: int
    ) -> list[tuple[int, bytes, Position]]:
        """Join a batch that is too large for one frame in several, each with its own position."""
        selection, codec = payload.key.selection, payload.key.codec
        bodies = []
        while after < upto:
            follows = after
            fragments, after = self.history.read(
                selection, codec, after, upto, max_bytes=MAX_FRAME_BYTES // 2
            )
            if fragments:
                position = self.ring.position(after)
                mark = codec.fragment(mark_message(position, now_ns))
                bodies.append((follows, payload.join(fragments, mark), position))
        return bodies
