"""A stage: a broadcast with members whose sockets are lists."""

from dataclasses import dataclass, field

from feed.broadcast.audience import Audience
from feed.broadcast.cut import Broadcast, Cut
from feed.broadcast.fan_out import Target
from feed.broadcast.fragments import TURN_TICKS
from feed.broadcast.frame_sizes import FrameSizes
from feed.broadcast.limits import Limits
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.resumption import Resume
from feed.broadcast.rewind import Rewound
from feed.broadcast.ring import RingBuffer
from feed.broadcast.standing import Standing
from feed.broadcast.subscriber import Subscriber
from feed.broadcast.turn import Progress, Verdict
from feed.market.ticks import Kind, Tick
from feed.wire.beginning import Ago, Beginning, Moment
from feed.wire.compression import Compression
from feed.wire.disconnect import Reason
from feed.wire.grants import Grants
from feed.wire.position import Position
from feed.wire.request_fields import OnLag
from feed.wire.selection import Selection
from tests.fakes.frame_reader import FrameReader, Object, Piece
from tests.fakes.numbered_ticks import nanoseconds, numbered
from tests.fakes.selections import EVERYTHING
from tests.fakes.ways import WAYS, Way

HIGH_WATER_BYTES = 1000
EPOCH = "stage"
NOTHING = Selection()
SMALL_FRAMES = FrameSizes(message_bytes=700)


@dataclass(slots=True, eq=False)
class Socket:
    """A socket that keeps what is written to it, and is as full or as gone as a test says."""

    written: list[bytes] = field(default_factory=list)
    held_bytes: int = 0
    sent_bytes: int = 0  # and not acknowledged
    gone: bool = False
    target: Target | None = None

    def write(self, data: bytes | memoryview) -> None:
        if self.gone:
            raise RuntimeError("the transport is closed")
        self.written.append(bytes(data))

    def buffered_bytes(self) -> int:
        return self.held_bytes

    def outstanding_bytes(self) -> int:
        return self.held_bytes + self.sent_bytes


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
    """An audience, and a clock set by hand: what the hub is, without its loop and sockets."""

    def __init__(
        self,
        capacity: int = 64,
        *,
        newest: int = 0,
        lag_max_ticks: int | None = None,
        sizes: FrameSizes = FrameSizes(),  # noqa: B008 - frozen
        slow_timeout_ns: int = 1 << 60,
        new_epoch_ticks: int = 0,
        turn_ticks: int = TURN_TICKS,
    ) -> None:
        self.ring = RingBuffer(capacity, epoch=EPOCH, newest=newest)
        self.broadcast = Broadcast(self.ring, sizes, turn_ticks=turn_ticks)
        limits = Limits(
            symbols_per_subscriber=1 << 20,
            index_entries=1 << 20,
            lag_max_ticks=lag_max_ticks,
            high_water_bytes=HIGH_WATER_BYTES,
            slow_timeout_ns=slow_timeout_ns,
            new_epoch_ticks=new_epoch_ticks,
        )
        self.audience = Audience(
            self.broadcast,
            limits,
            fell_behind=lambda: None,
            everybody=lambda: [member.subscriber for member in self.members],
        )
        self.counts = self.audience.ladder
        self.lag_max_ticks = lag_max_ticks
        self.members: list[Member] = []
        self.now_ns = 0  # monotonic
        self.wall_ahead_ns = 0  # of it, the time of day

    @property
    def wall_ns(self) -> int:
        """The time of day."""
        return self.now_ns + self.wall_ahead_ns

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
        if not self.audience.publish(ticks, self.now_ns):
            self.cut()
            self.broadcast.publish(ticks, self.now_ns)

    def publish_and_cut(self, *keys: tuple[Kind, str] | Kind | str) -> Cut:
        """Publish numbered ticks, and cut."""
        self.publish(*keys)
        return self.cut()

    def cut(self) -> Cut:
        """Cut, and write each frame to everybody live in its lane."""
        return self.audience.cut(self.now_ns, self.wall_ns)

    def idle(self, keepalive_ns: int, mark_interval_ns: int) -> None:
        """Write the keepalives and marks that are due."""
        for _ in self.audience.keeping_alive(
            self.now_ns, self.wall_ns, keepalive_ns=keepalive_ns, mark_interval_ns=mark_interval_ns
        ):
            pass

    def open(
        self,
        selection: Selection,
        way: Way = WAYS[0],
        *,
        marks: bool = False,
        compression: Compression | None = None,
        socket: Socket | None = None,
    ) -> Member:
        """Take a member in; it is held, at the last cut, until it catches up."""
        codec, framing = way
        key = PayloadKey(selection, codec, marks)
        socket = Socket() if socket is None else socket
        subscriber = self.audience.enter(key, framing, socket, self.now_ns, compression)
        reader = FrameReader(codec, framing, compressed=compression is not None)
        member = Member(subscriber, socket, reader)
        self.members.append(member)
        return member

    def join(
        self,
        selection: Selection = EVERYTHING,
        way: Way = WAYS[0],
        *,
        marks: bool = False,
        compression: Compression | None = None,
        after: Beginning | str | None = None,
        last: int | None = None,
        snapshot: bool = False,
        on_lag: OnLag = OnLag.GAP,
    ) -> Member:
        """Take a member in as the transports do, and give it what it is due."""
        member = self.open(selection, way, marks=marks, compression=compression)
        self.begin(member, selection, after=after, last=last, snapshot=snapshot, on_lag=on_lag)
        self.catch_up(member)
        return member

    def seat(
        self,
        selection: Selection = EVERYTHING,
        way: Way = WAYS[0],
        *,
        marks: bool = False,
        compression: Compression | None = None,
    ) -> Member:
        """Take a member in that has read what it was told when it joined."""
        member = self.join(selection, way, marks=marks, compression=compression)
        member.take()
        return member

    def begin(
        self,
        member: Member,
        selection: Selection,
        *,
        after: Beginning | str | None = None,
        last: int | None = None,
        snapshot: bool = False,
        on_lag: OnLag | None = None,
        had: Selection = NOTHING,
    ) -> Resume | None:
        """Begin a subscription of a member that is held; return how its position was served."""
        before = self.audience.resumes.copy()
        self.audience.begin(
            member.subscriber,
            selection,
            after=self._rewound(member, after),
            last=last,
            snapshot=snapshot,
            on_lag=on_lag,
            had=had,
        )
        return next(iter(self.audience.resumes - before), None)

    def subscribe(
        self,
        member: Member,
        added: Selection,
        *,
        after: Beginning | None = None,
        last: int | None = None,
        snapshot: bool = False,
    ) -> Resume | None:
        """Add to what a member selects, as a WebSocket's subscribe does; it is held after it."""
        had = member.subscriber.selection
        self.move(member, _together(had, added))
        return self.begin(member, added, after=after, last=last, snapshot=snapshot, had=had)

    def _rewound(
        self, member: Member, after: Beginning | str | None
    ) -> Position | Rewound | str | None:
        """Return where a member begins that asks for a time, as the hub does."""
        if isinstance(after, Ago | Moment):
            return self.audience.rewind(member.subscriber, after, self.now_ns, self.wall_ns)
        return after

    def unsubscribe(self, member: Member, removed: Selection) -> None:
        """Take from what a member selects, as a WebSocket's unsubscribe does; it is held then."""
        self.move(member, _without(member.subscriber.selection, removed))

    def move(self, member: Member, selection: Selection) -> None:
        """Let a member select something else; it is held after it."""
        lane = member.subscriber.lane
        key = PayloadKey(selection, lane.codec, lane.payload.key.marks)
        self.audience.move(member.subscriber, key, self.now_ns, lane.compression)

    def regrant(self, member: Member, grants: Grants) -> None:
        """Let a member have what is granted now of what it selects, as the hub does."""
        lane = member.subscriber.lane
        selection = grants.select(member.subscriber.selection).selection
        key = PayloadKey(selection, lane.codec, lane.payload.key.marks)
        if key == lane.payload.key:
            self.audience.withdraw(member.subscriber, grants)
        else:
            self.audience.move(member.subscriber, key, self.now_ns, lane.compression, grants=grants)

    def catch_up(self, member: Member, most_frames: int | None = None) -> None:
        """Write what a member is due while its socket has room; live when that is all."""
        subscriber = member.subscriber
        if subscriber.standing is Standing.HELD:
            self.audience.release(subscriber, self.now_ns)
        if member.socket.gone or subscriber.standing is not Standing.BEHIND:
            return
        outcome = self.audience.behind.give(subscriber, self.now_ns, self.wall_ns, most_frames)
        while outcome is Progress.SOME and most_frames is None and not member.socket.held_bytes:
            outcome = self.audience.behind.give(subscriber, self.now_ns, self.wall_ns)
        if isinstance(outcome, Verdict):
            self.leave(member)
            member.ended = outcome.reason

    def leave(self, member: Member) -> None:
        """Take a member out."""
        self.members.remove(member)
        self.audience.leave(member.subscriber)


def _together(one: Selection, other: Selection) -> Selection:
    here, there = dict(one.symbols), dict(other.symbols)
    return Selection.of(
        {channel: {*here.get(channel, ()), *there.get(channel, ())} for channel in here | there}
    )


def _without(one: Selection, other: Selection) -> Selection:
    here, there = dict(one.symbols), dict(other.symbols)
    return Selection.of(
        {channel: {*some} - {*there.get(channel, ())} for channel, some in here.items()}
    )
