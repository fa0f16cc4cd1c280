"""What tests of the broadcast share: numbered ticks, sockets, readers of the wire, and a stage.

A numbered tick has its sequence for its event time, so that what arrives tells what it is. The
readers decode with other people's libraries, or with none: never with the code under test.
"""

import base64
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import msgpack
from google.protobuf.internal.decoder import _DecodeVarint
from httpx_sse import EventSource
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame
from websockets.frames import Opcode as WireOpcode
from websockets.protocol import Protocol, Side, State

from feed.broadcast.broadcast import Broadcast, Cut
from feed.broadcast.ladder import LadderCounts
from feed.broadcast.lane import Lane
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.ring import RingBuffer
from feed.broadcast.subscriber import Resume, Subscriber
from feed.market.bars import BarBuilder
from feed.market.symbols import ALL
from feed.market.ticks import Bar, Channel, Kind, Quote, Status, Tick, Trade
from feed.wire.codec import CODECS, Codec
from feed.wire.compression import Compression
from feed.wire.disconnect import Reason
from feed.wire.framing import Delimiter, Framing, SseFraming, StreamFraming, WebSocketFraming
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.position import Position
from feed.wire.protobuf_codec import PROTOBUF
from feed.wire.requests import OnLag
from feed.wire.selection import Selection
from feed.wire.websocket_frame import Opcode

Object = dict[str, Any]

HIGH_WATER_BYTES = 1000
EPOCH = "stage"
EVERYTHING = Selection.of(dict.fromkeys(Channel, (ALL,)))

TEXT_SOCKET = WebSocketFraming(Opcode.TEXT)
BINARY_SOCKET = WebSocketFraming(Opcode.BINARY)
DELIMITERS = {
    JSON.name: Delimiter.LINE_FEED,
    MESSAGE_PACK.name: Delimiter.NONE,
    PROTOBUF.name: Delimiter.LENGTH,
}
# Every way in which a subscriber can be served.
Way = tuple[Codec, Framing]
WAYS: tuple[Way, ...] = (
    (JSON, TEXT_SOCKET),
    (MESSAGE_PACK, BINARY_SOCKET),
    (PROTOBUF, BINARY_SOCKET),
    *(
        (codec, SseFraming(base64=not codec.is_text, chunked=chunked))
        for codec in CODECS.values()
        for chunked in (True, False)
    ),
    *(
        (CODECS[name], StreamFraming(delimiter, chunked=chunked))
        for name, delimiter in DELIMITERS.items()
        for chunked in (True, False)
    ),
)


def numbered(sequence: int, kind: Kind = Kind.TRADE, symbol: str = "AAPL") -> Tick:
    """Make a tick whose event time is its sequence."""
    if kind is Kind.TRADE:
        return Trade(symbol, sequence, "V", 10.5, 100.0, sequence, ("@",), "C")
    if kind is Kind.QUOTE:
        return Quote(symbol, "V", 10.0, 1.0, "Q", 11.0, 2.0, sequence, ("R",), "C")
    if kind is Kind.STATUS:
        return Status(symbol, "H", 'Halt "T1"', "T1", "News pending", sequence, "C")
    return Bar(kind, symbol, 1.0, 3.0, 0.5, 2.0, 10.0, 4, 1.25, sequence)


def select(selection: Selection, ticks: Iterable[Tick]) -> list[Tick]:
    """Select as slowly and plainly as can be: the model of every selection."""
    wanted = {
        (Channel(channel), symbol) for channel, symbols in selection.symbols for symbol in symbols
    }
    channels = {
        Kind.TRADE: Channel.TRADES,
        Kind.QUOTE: Channel.QUOTES,
        Kind.BAR: Channel.BARS,
        Kind.UPDATED_BAR: Channel.UPDATED_BARS,
        Kind.SECOND_BAR: Channel.SECOND_BARS,
        Kind.STATUS: Channel.STATUSES,
    }
    return [
        tick
        for tick in ticks
        if wanted & {(channels[tick.kind], tick.symbol), (channels[tick.kind], ALL)}
    ]


def nanoseconds(time: object) -> int:
    """Read a tick's time as either codec has it."""
    if isinstance(time, msgpack.Timestamp):
        unix_ns: int = time.to_unix_nano()
        return unix_ns
    assert isinstance(time, str)
    assert len(time) == len("1970-01-01T00:00:00.000000000Z")
    second = datetime.strptime(time[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return int(second.timestamp()) * 1_000_000_000 + int(time[20:29])


def decode(codec: Codec, data: bytes) -> Any:
    """Decode one value of a codec, without the codec.

    A batch of Protobuf says nothing of the dialect's letters, so that its codec has to; what it
    says is compared to protoc's reading of the golden bytes, and to JSON.
    """
    if codec is PROTOBUF:
        return PROTOBUF.decode(data)
    return json.loads(data) if codec is JSON else msgpack.unpackb(data)


@dataclass(slots=True)
class Piece:
    """One message as it came over the wire: its objects, and what SSE says beside them."""

    objects: list[Object]
    name: str = ""
    position: str | None = None


class Wire:
    """One connection, read as a client would that got these bytes, from its first byte on."""

    def __init__(self, codec: Codec, framing: Framing, *, compressed: bool = False) -> None:
        self.codec = codec
        self.framing = framing
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS) if compressed else None
        self._websocket = websocket_reader(compressed=compressed)

    def read(self, data: bytes) -> list[Piece]:
        """Take whole frames apart."""
        framing = self.framing
        if isinstance(framing, WebSocketFraming):
            due = WireOpcode.TEXT if self.codec is JSON else WireOpcode.BINARY
            frames = read_websocket(data, self._websocket)
            assert {frame.opcode for frame in frames} <= {due}
            return [Piece(decode(self.codec, bytes(frame.data))) for frame in frames]
        assert isinstance(framing, SseFraming | StreamFraming)
        body = unchunk(data) if framing.chunked else data
        if self._inflate is not None:
            body = self._inflate.decompress(body)
        if isinstance(framing, SseFraming):
            return [_read_event(self.codec, event) for event in read_sse(body)]
        if self.codec is JSON:
            assert body.endswith(b"\n")
            return [Piece(json.loads(line)) for line in body.splitlines()]
        if self.codec is PROTOBUF:
            return [Piece(PROTOBUF.decode(batch)) for batch in split_lengths(body)]
        unpacker = msgpack.Unpacker()
        unpacker.feed(body)
        return [Piece(array) for array in unpacker]


def websocket_reader(*, compressed: bool = False) -> Protocol:
    """Make websockets' own protocol of the client's side, which refuses what RFC 6455 forbids."""
    protocol = Protocol(Side.CLIENT, state=State.OPEN, max_size=None)
    if compressed:
        protocol.extensions = [PerMessageDeflate(False, False, 15, 15)]
    return protocol


def read_websocket(data: bytes, reader: Protocol | None = None) -> list[Frame]:
    """Parse whole frames."""
    protocol = websocket_reader() if reader is None else reader
    protocol.receive_data(data)
    assert protocol.parser_exc is None, protocol.parser_exc
    frames = [event for event in protocol.events_received() if isinstance(event, Frame)]
    assert frames
    return frames


@dataclass(frozen=True, slots=True)
class Event:
    """One server-sent event; its id is "" where it has none."""

    name: str
    data: str
    id: str


def read_sse(body: bytes) -> list[Event]:
    """Parse events with httpx-sse."""
    response = httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body)
    return [Event(got.event, got.data, got.id) for got in EventSource(response).iter_sse()]


def unchunk(data: bytes) -> bytes:
    """Join the chunks of RFC 9112 §7.1; the last chunk, which ends a body, may not be there."""
    body = b""
    while data:
        length, _, data = data.partition(b"\r\n")
        size = int(length, 16)
        assert size
        body += data[:size]
        assert data[size : size + 2] == b"\r\n"
        data = data[size + 2 :]
    return body


def split_lengths(body: bytes) -> list[bytes]:
    """Take length-delimited messages apart, with the decoder of Google's runtime."""
    messages = []
    while body:
        length, start = _DecodeVarint(body, 0)
        messages.append(body[start : start + length])
        assert len(messages[-1]) == length
        body = body[start + length :]
    return messages


def _read_event(codec: Codec, event: Event) -> Piece:
    name, position = event.name, event.id or None
    if name != "message":
        return Piece([json.loads(event.data)], name, position)
    data = event.data.encode() if codec is JSON else base64.b64decode(event.data, validate=True)
    return Piece(decode(codec, data), name, position)


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
    wire: Wire
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
        self.broadcast = Broadcast(self.ring, BarBuilder())
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
        wire = Wire(codec, framing, compressed=compression is not None)
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


def of_channels(**symbols: Sequence[str]) -> Selection:
    """Make a selection: `of_channels(trades=["AAPL"], quotes="*")`."""
    return Selection.of({Channel(channel): some for channel, some in symbols.items()})
