"""The drain against sockets that take as much, and a clock that is as late, as a test says."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from feed.hub.catch_up import Drain
from feed.hub.session import Session
from feed.market.symbols import ALL
from feed.market.ticks import Channel
from feed.wire.disconnect import Reason
from feed.wire.position import Position
from feed.wire.selection import Selection
from feed.wire.transport import Transport
from tests.fakes.servers import EVENT_NS
from tests.fakes.stage import EPOCH, Stage

if TYPE_CHECKING:
    from feed.hub.connection import Connection

HIGH_WATER_BYTES = 1_000
SLOW_S = 10
SECOND_NS = 1_000_000_000


class Socket:
    """Holds all that is written to it until the test takes it."""

    closing = False

    def __init__(self) -> None:
        self.held_bytes = 0
        self.written_bytes = 0
        self.frames = 0

    def write(self, data: bytes) -> None:
        self.held_bytes += len(data)
        self.written_bytes += len(data)
        self.frames += 1

    def buffered_bytes(self) -> int:
        return self.held_bytes


class Scene:
    """One subscriber that is behind by more than its socket can hold, and its drain."""

    def __init__(self, ticks: int) -> None:
        self.stage = Stage(1 << 14)
        selection = Selection.of({Channel.TRADES: (ALL,)})
        self.socket = Socket()
        self.subscriber = self.stage.open(selection).subscriber
        self.subscriber.write = self.socket.write
        self.subscriber.buffered_bytes = self.socket.buffered_bytes
        for _ in range(ticks):
            self.stage.publish_and_cut("AAPL")
        self.subscriber.resume(selection, Position(EPOCH, 0))
        self.caught_up: list[Session] = []
        self.ended: list[Reason] = []
        self.drain = Drain(
            high_water_bytes=HIGH_WATER_BYTES,
            slow_timeout_s=SLOW_S,
            caught_up=self.caught_up.append,
            disconnect=lambda _, reason: self.ended.append(reason),
            clock_ns=lambda: self.now_ns,
        )
        self.now_ns = 0
        connection = cast("Connection", self.socket)
        self.session = Session(connection, self.subscriber, Transport.WEBSOCKET, lambda _: None)

    def serve(self, at_s: float, **options: Any) -> bool:
        self.now_ns = int(at_s * SECOND_NS)
        return self.drain.serve(self.session, EVENT_NS, **options)


@pytest.fixture
async def behind() -> Scene:
    scene = Scene(5_000)  # ten frames
    scene.drain.add(scene.session)
    return scene


async def test_writes_one_frame_over_the_high_water_mark_and_no_more(behind: Scene) -> None:
    assert behind.serve(0)
    assert behind.socket.frames == 1
    assert behind.socket.held_bytes > HIGH_WATER_BYTES
    assert not behind.serve(1)
    assert behind.socket.frames == 1


async def test_goes_on_once_the_socket_is_down_to_its_low_water_mark(behind: Scene) -> None:
    behind.serve(0)
    behind.socket.held_bytes = HIGH_WATER_BYTES // 4 + 1
    assert behind.serve(1), "it took something"
    assert behind.socket.frames == 1
    behind.socket.held_bytes = HIGH_WATER_BYTES // 4
    assert behind.serve(2)
    assert behind.socket.frames == 2


async def test_is_caught_up_when_nothing_is_due(behind: Scene) -> None:
    while not behind.caught_up:
        behind.socket.held_bytes = 0
        assert behind.serve(0)
    assert behind.socket.frames > 5
    assert behind.session not in behind.drain.behind
    assert behind.subscriber.position == 5_000


async def test_whoever_takes_a_byte_now_and_then_is_not_slow(behind: Scene) -> None:
    behind.serve(0)
    for second in range(SLOW_S, 100 * SLOW_S, SLOW_S):
        behind.socket.held_bytes -= 1
        assert behind.serve(second)
    assert behind.socket.frames == 1
    assert behind.ended == []


async def test_whoever_takes_nothing_for_longer_than_the_timeout_is_slow(behind: Scene) -> None:
    behind.serve(0)
    behind.socket.held_bytes -= 1
    behind.serve(5)
    behind.serve(5 + SLOW_S)
    assert behind.ended == []
    behind.serve(5 + SLOW_S + 0.001)
    assert behind.ended == [Reason.SLOW]


async def test_nothing_is_written_to_a_connection_that_closes(behind: Scene) -> None:
    behind.socket.closing = True
    assert not behind.serve(0)
    assert not behind.serve(100 * SLOW_S)
    assert (behind.socket.frames, behind.ended) == (0, [])


async def test_a_joiner_gets_so_many_frames_at_once_as_the_caller_allows(behind: Scene) -> None:
    behind.drain = Drain(
        high_water_bytes=1 << 30,
        slow_timeout_s=SLOW_S,
        caught_up=behind.caught_up.append,
        disconnect=lambda _, reason: behind.ended.append(reason),
    )
    assert behind.serve(0, most_frames=1)
    assert behind.socket.frames == 1
    assert behind.serve(0, most_frames=3)
    assert behind.socket.frames == 4
    assert behind.serve(0)
    assert behind.caught_up
