"""A stage: a broadcast with members whose sockets are lists."""

from dataclasses import dataclass, field

from feed.broadcast.broadcast import Broadcast, Cut
from feed.broadcast.ladder import LadderCounts
from feed.broadcast.lane import Lane
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.ring import RingBuffer
from feed.broadcast.subscriber import Resume, Subscriber
from feed.market.ticks import Channel, Kind, Tick
from feed.wire.compression import Compression
from feed.wire.disconnect import Reason
from feed.wire.position import Position
from feed.wire.requests import OnLag
from feed.wire.selection import Selection
from tests.fakes.frame_reader import FrameReader, Object, Piece
from tests.fakes.numbered_ticks import nanoseconds, numbered
from tests.fakes.selections import EVERYTHING
from tests.fakes.ways import WAYS, Way

HIGH_WATER_BYTES = 1000
EPOCH = "stage"


@dataclass(slots=True, eq=False)
class Socket:
    """A socket that keeps what is written to it, and is as full or as gone as a test says."""

    written: list[bytes] = field(default_factory=list)
    held_bytes: int = 0
    gone: bool = False

    def write(self, data: bytes) -> None:
        if self.gone:
            raise RuntimeError("the transport is closed")
        self.written.append(data)

    def buffered_bytes(self) -> int:
        return self.held_bytes


@dataclass(slots=True, eq=False)
class Member:
    """A subscriber on a stage, its socket, and why it was sent away, if it was."""

    subscriber: Subscriber
    socket: Socket
    wire: FrameReader
    ended: Reason | None = None

    def take(self) -> list[Piece]:
        """Return what was written since this was last asked."""
        pieces = [piece for frame in self.socket.written for piece in self.wire.read(frame)]
        self.socket.written.clear()
        return pieces

    def take_objects(self) -> list[Object]:
        """Return the objects that were written since this was last asked."""
        return [item for piece in self.take() for item in piece.objects]

    def take_sequences(self) -> list[int]:
        """Return the sequences of the numbered ticks that were written, which must be all."""
        return [nanoseconds(item["t"]) for item in self.take_objects()]


class Stage:
    """A broadcast, and what the hub does with it, without its clock, loop and sockets."""

    def __init__(
        self, capacity: int = 64, *, newest: int = 0, lag_max_ticks: int | None = None
    ) -> None:
        self.ring = RingBuffer(capacity, epoch=EPOCH, newest=newest)
        self.broadcast = Broadcast(self.ring)
        self.counts = LadderCounts()
        self.lag_max_ticks = lag_max_ticks
        self.members: list[Member] = []
        self.now_ns = 0

    def publish(self, *keys: tuple[Kind, str] | Kind | str) -> None:
        """Publish numbered ticks, given by kind, symbol, or both."""
        ticks: list[Tick] = []
        for key in keys:
            match key:
                case Kind():
                    kind, symbol = key, "AAPL"
                case str():
                    kind, symbol = Kind.TRADE, key
                case _:
                    kind, symbol = key
            ticks.append(numbered(self.ring.newest + len(ticks) + 1, kind, symbol))
        self.publish_ticks(ticks)

    def publish_ticks(self, ticks: list[Tick]) -> None:
        """Publish ticks as they are; a cut comes first where the hub would make one."""
        if self.broadcast.waiting_ticks + len(ticks) > self.ring.capacity // 2:
            self.cut()
        self.broadcast.publish(ticks, self.now_ns)

    def publish_and_cut(self, *keys: tuple[Kind, str] | Kind | str) -> Cut:
        """Publish numbered ticks, and cut."""
        self.publish(*keys)
        return self.cut()

    def cut(self) -> Cut:
        """Cut, and write each frame to everybody live in its lane."""
        cut = self.broadcast.cut(self.now_ns)
        for lane, envelopes in cut.envelopes:
            for follows, envelope in envelopes:
                self._write(lane, envelope, follows)
        return cut

    def idle(self, keepalive_ns: int, mark_interval_ns: int) -> None:
        """Write the keepalives and marks that are due."""
        for lane, envelope in self.broadcast.idle(self.now_ns, keepalive_ns, mark_interval_ns):
            self._write(lane, envelope, self.broadcast.cut_sequence)

    def open(
        self,
        selection: Selection,
        way: Way = WAYS[0],
        *,
        marks: bool = False,
        compression: Compression | None = None,
    ) -> Member:
        """Take a member in; it is held, at the last cut, until it is drained."""
        codec, framing = way
        key = PayloadKey(selection, codec, marks)
        lane = self.broadcast.enter(key, framing, self.now_ns, compression)
        socket = Socket()
        subscriber = Subscriber(
            self.broadcast,
            lane,
            socket.write,
            socket.buffered_bytes,
            self.counts,
            lag_max_ticks=self.lag_max_ticks,
        )
        wire = FrameReader(codec, framing, compressed=compression is not None)
        member = Member(subscriber, socket, wire)
        self.members.append(member)
        return member

    def join(
        self,
        selection: Selection = EVERYTHING,
        way: Way = WAYS[0],
        *,
        marks: bool = False,
        compression: Compression | None = None,
        after: Position | str | None = None,
        snapshot: bool = False,
        on_lag: OnLag = OnLag.GAP,
    ) -> Member:
        """Take a member in as the transports do, and give it what it is due."""
        member = self.open(selection, way, marks=marks, compression=compression)
        member.subscriber.on_lag = on_lag
        if after is not None:
            member.subscriber.resume(selection, after)
        if snapshot:
            member.subscriber.request_snapshot(selection)
        elif after is None:
            member.subscriber.tell_position(self.now_ns)
        self.drain(member)
        return member

    def subscribe(
        self,
        member: Member,
        added: Selection,
        *,
        after: Position | None = None,
        snapshot: bool = False,
    ) -> Resume | None:
        """Add to what a member selects, as a WebSocket's subscribe does; it is held after it."""
        subscriber = member.subscriber
        self._move(member, _together(subscriber.lane.payload.key.selection, added))
        outcome = None if after is None else subscriber.resume(added, after)
        if snapshot:
            subscriber.request_snapshot(added)
        elif after is None:
            subscriber.tell_position(self.now_ns)
        return outcome

    def unsubscribe(self, member: Member, removed: Selection) -> None:
        """Take from what a member selects, as a WebSocket's unsubscribe does; it is held then."""
        self._move(member, _without(member.subscriber.lane.payload.key.selection, removed))
        member.subscriber.narrow()

    def _move(self, member: Member, selection: Selection) -> None:
        subscriber = member.subscriber
        before = subscriber.lane
        self.hold(member)
        key = PayloadKey(selection, member.wire.codec, before.payload.key.marks)
        if key != before.payload.key:
            subscriber.lane = self.broadcast.enter(
                key, before.framing, self.now_ns, before.compression
            )
            self.broadcast.leave(before)

    def hold(self, member: Member) -> None:
        """Stop a member's live frames."""
        member.subscriber.hold()
        member.subscriber.lane.drop(member.subscriber)

    def drain(self, member: Member, most_frames: int = 1_000_000) -> None:
        """Write what a member is due while its socket has room; live when that is all."""
        subscriber, socket = member.subscriber, member.socket
        while most_frames and not subscriber.live and member.ended is None:
            if socket.gone or socket.buffered_bytes() > HIGH_WATER_BYTES:
                return
            step = subscriber.next_frame(self.now_ns)
            if step is None:
                subscriber.go_live()
                subscriber.lane.add(subscriber)
            elif isinstance(step, Reason):
                self.leave(member)
                member.ended = step
            else:
                socket.write(step)
                most_frames -= 1

    def leave(self, member: Member) -> None:
        """Take a member out."""
        self.hold(member)
        self.members.remove(member)
        self.broadcast.leave(member.subscriber.lane)

    def _write(self, lane: Lane, envelope: bytes, follows: int) -> None:
        for reader in lane.write(envelope, self.now_ns, HIGH_WATER_BYTES):
            assert isinstance(reader, Subscriber)
            reader.miss(follows)


def _together(one: Selection, other: Selection) -> Selection:
    here, there = dict(one.symbols), dict(other.symbols)
    return Selection.of(
        {channel: {*here.get(channel, ()), *there.get(channel, ())} for channel in Channel}
    )


def _without(one: Selection, other: Selection) -> Selection:
    here, there = dict(one.symbols), dict(other.symbols)
    return Selection.of(
        {channel: {*here.get(channel, ())} - {*there.get(channel, ())} for channel in Channel}
    )
