"""Any interleaving of joining, missing, private frames, keyframes and leaving is inflatable."""

import zlib
from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from feed.broadcast.compressor_budget import CompressorBudget
from feed.broadcast.deflate import GZIP_HEADER, KEYFRAME_EVERY
from feed.broadcast.deflated_lane import DeflatedLane
from feed.broadcast.fan_out import PYTHON_FAN_OUT, Reader, Target
from feed.broadcast.outgoing import Outgoing
from feed.broadcast.payload import Payload
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.traffic import Traffic
from feed.wire.compression import Compression
from feed.wire.framing import Framing, SseFraming, WebSocketFraming
from feed.wire.json_codec import JSON
from feed.wire.selection import Selection
from feed.wire.websocket_frame import Opcode
from tests.fakes.strategies import examples

HIGH_WATER = 1_000
RSV1 = 0x40


class Inflater:
    """A client: takes what is written to it, and keeps what it reads."""

    def __init__(self, framing: Framing) -> None:
        self.target: Target | None = None
        self.framing = framing
        self.full = False
        self.read = b""
        self.due = b""
        self.wire_bytes = 0
        gzip = framing.one_stream
        self._inflate = zlib.decompressobj(16 + 15 if gzip else -15)
        if gzip:
            self._inflate.decompress(GZIP_HEADER)

    def buffered_bytes(self) -> int:
        return HIGH_WATER + 1 if self.full else 0

    def write(self, frame: bytes | memoryview) -> None:
        self.wire_bytes += len(frame)
        if self.framing.one_stream:
            self.read += self._inflate.decompress(frame)
            return
        length = frame[1]
        start = 2 + {126: 2, 127: 8}.get(length, 0)
        data = bytes(frame[start:])
        self.read += self._inflate.decompress(data + b"\0\0\xff\xff") if frame[0] & RSV1 else data


def write_lane(lane: DeflatedLane, envelopes: list[bytes], mono_ns: int) -> list[Reader]:
    outgoing = Outgoing()
    outgoing.add(lane, envelopes, mono_ns)
    return outgoing.write(PYTHON_FAN_OUT, HIGH_WATER)


def make_lane(
    framing: Framing, compression: Compression | None = None, budget: int = 1 << 20
) -> DeflatedLane:
    payload = Payload(PayloadKey(Selection(), JSON, marks=False))
    return DeflatedLane(
        payload,
        framing,
        Traffic(),
        0,
        compression=compression or Compression(),
        budget=CompressorBudget(budget),
    )


WEBSOCKET = WebSocketFraming(Opcode.TEXT)
BARE_SSE = SseFraming(base64=False, chunked=False)
TEXTS = st.binary(min_size=1, max_size=40).map(lambda seed: seed * 20)


class LaneMachine(RuleBasedStateMachine):
    """Readers come and go in any order; each must read just what it was due."""

    framing: Framing = WEBSOCKET
    compression = Compression()
    budget = 1 << 20

    def __init__(self) -> None:
        super().__init__()
        self.lane = make_lane(self.framing, self.compression, self.budget)
        self.readers: list[Inflater] = []
        self.live: list[Inflater] = []
        self.now_ns = 0

    @rule()
    def join(self) -> None:
        reader = Inflater(self.framing)
        self.readers.append(reader)
        self.lane.add(reader)
        self.live.append(reader)

    @rule(text=TEXTS)
    def write(self, text: bytes) -> None:
        missed = write_lane(self.lane, [text], self.now_ns)
        assert set(missed) == {reader for reader in self.live if reader.full}
        self.live = [reader for reader in self.live if not reader.full]
        for reader in self.live:
            reader.due += text

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def fill(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.live)).full = True

    @precondition(lambda self: self.readers)
    @rule(data=st.data(), text=TEXTS)
    def catch_up(self, data: st.DataObject, text: bytes) -> None:
        reader = data.draw(st.sampled_from(self.readers))
        if reader in self.live:
            return
        reader.full = False
        reader.write(self.lane.private(text))
        reader.due += text
        self.lane.add(reader)
        self.live.append(reader)

    @precondition(lambda self: self.live)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        reader = data.draw(st.sampled_from(self.live))
        self.lane.drop(reader)
        self.live.remove(reader)

    @rule(seconds=st.integers(1, 20))
    def wait(self, seconds: int) -> None:
        self.now_ns += seconds * 1_000_000_000

    @invariant()
    def everybody_read_what_was_due(self) -> None:
        for reader in self.readers:
            assert reader.read == reader.due


class GzipMachine(LaneMachine):
    framing = BARE_SSE


class NoTakeoverMachine(LaneMachine):
    compression = Compression(shared=False)


class SmallWindowMachine(LaneMachine):
    compression = Compression(window_bits=9)


class NoMemoryMachine(LaneMachine):
    framing = BARE_SSE
    budget = 0


def _test_case(machine: type[LaneMachine]) -> type:
    case = machine.TestCase
    case.settings = settings(max_examples=examples(60), stateful_step_count=40, deadline=None)
    return case


TestWebSocketLane = _test_case(LaneMachine)
TestGzipLane = _test_case(GzipMachine)
TestLaneWithoutTakeover = _test_case(NoTakeoverMachine)
TestLaneWithSmallWindow = _test_case(SmallWindowMachine)
TestLaneWithoutMemory = _test_case(NoMemoryMachine)


def _frames(lane: DeflatedLane, count: int) -> Callable[[], None]:
    def write() -> None:
        for number in range(count):
            write_lane(lane, [b'{"S":"AAPL","p":%d}' % number * 20], 0)

    return write


def test_everybody_in_the_context_gets_the_same_object() -> None:
    lane = make_lane(WEBSOCKET)
    written: list[bytes] = []

    class Keeper(Inflater):
        def write(self, frame: bytes | memoryview) -> None:
            written.append(bytes(frame))

    for _ in range(3):
        lane.add(Keeper(WEBSOCKET))
    _frames(lane, 2)()
    assert len(written) == 6
    assert all(frame is written[0] for frame in written[:3])
    assert all(frame is written[3] for frame in written[3:])


def test_a_joiner_costs_others_nothing_and_is_taken_in_at_the_keyframe() -> None:
    lane = make_lane(WEBSOCKET)
    first, second, joiner = (Inflater(WEBSOCKET) for _ in range(3))
    lane.add(first)
    lane.add(second)
    _frames(lane, 2)()
    lane.add(joiner)
    _frames(lane, KEYFRAME_EVERY - 3)()
    assert joiner in lane.joining
    assert joiner.read == first.read[-len(joiner.read) :]
    _frames(lane, 2)()
    assert not lane.joining
    assert first.read == second.read


def test_a_keyframe_comes_early_when_most_are_joining() -> None:
    lane = make_lane(WEBSOCKET)
    lane.add(Inflater(WEBSOCKET))
    _frames(lane, 1)()
    for _ in range(2):
        lane.add(Inflater(WEBSOCKET))
    _frames(lane, 1)()
    assert len(lane.live) == 3


def test_a_private_websocket_message_is_plain_and_a_gzip_one_is_not() -> None:
    assert not make_lane(WEBSOCKET).private(b"text")[0] & RSV1
    private = make_lane(BARE_SSE).private(b"data: 1\n\n")
    assert b"data" not in private
    reader = Inflater(BARE_SSE)
    reader.write(private)
    assert reader.read == b"data: 1\n\n"


def test_a_lane_without_readers_holds_no_memory() -> None:
    lane = make_lane(WEBSOCKET)
    reader = Inflater(WEBSOCKET)
    lane.add(reader)
    _frames(lane, 1)()
    lane.drop(reader)
    _frames(lane, 1)()
    assert lane._deflate._budget.used_bytes == 0


@given(TEXTS)
def test_traffic_counts_what_compression_saved(text: bytes) -> None:
    lane = make_lane(BARE_SSE)
    reader = Inflater(BARE_SSE)
    lane.add(reader)
    write_lane(lane, [text], 0)
    assert lane.traffic.frames == 1
    assert lane.traffic.plain_bytes == len(text)
    assert lane.traffic.frame_bytes == reader.wire_bytes
