"""What does a cut cost apart from sending: one lane of everything, many lanes of a few symbols?"""

import random

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from feed.broadcast.cut import Broadcast, Cut
from feed.broadcast.payload_key import PayloadKey
from feed.broadcast.ring import RingBuffer
from feed.market.ticks import Channel, Tick
from feed.wire.framing import WebSocketFraming
from feed.wire.json_codec import JSON
from feed.wire.selection import Selection
from feed.wire.websocket_frame import Opcode

from .material import NOW_NS, make_ticks

SYMBOLS = 500
OWN_SYMBOLS = 10


def broadcast(selections: list[Selection]) -> Broadcast:
    made = Broadcast(RingBuffer())
    for selection in selections:
        key = PayloadKey(selection, JSON, marks=False)
        made.lanes.enter(key, WebSocketFraming(Opcode.TEXT), NOW_NS)
    return made


def publish_and_cut(made: Broadcast, ticks: list[Tick]) -> Cut:
    made.publish(ticks, NOW_NS)
    return made.cut(NOW_NS, NOW_NS)


@pytest.mark.parametrize("batch", [1, 20, 512])
def test_one_lane_of_everything(benchmark: BenchmarkFixture, batch: int) -> None:
    everything = Selection.of({Channel.TRADES: ["*"], Channel.QUOTES: ["*"]})
    cut = benchmark(publish_and_cut, broadcast([everything]), make_ticks(batch))
    assert cut.ticks == batch


@pytest.mark.parametrize("lanes", [100, 1_000])
def test_lanes_of_ten_symbols_each(benchmark: BenchmarkFixture, lanes: int) -> None:
    choose = random.Random(1)
    ticks = make_ticks(1_000, SYMBOLS)  # 50 ms of 20,000 ticks/s
    symbols = sorted({tick.symbol for tick in ticks})
    chosen = [choose.sample(symbols, OWN_SYMBOLS) for _ in range(lanes)]
    selections = [Selection.of({Channel.TRADES: own, Channel.QUOTES: own}) for own in chosen]
    cut = benchmark(publish_and_cut, broadcast(selections), ticks)
    assert cut.ticks == len(ticks)
