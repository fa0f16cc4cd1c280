"""What does an edge without subscribers take a tick, from a frame of the bus to its own cut?

`python -m benchmarks.bench_intake` tells it as a table, by how many events come in a frame.
"""

import asyncio
import sys
from collections import Counter
from statistics import median
from time import process_time

from feed.broadcast.cut import Broadcast
from feed.broadcast.ring import DEFAULT_CAPACITY, RingBuffer
from feed.hub.hub import Hub
from feed.market.bars import BarBuilder
from feed.market.ticks import Kind
from feed.program.memory import collect_rarely, return_large_blocks
from feed.settings.options import Settings
from feed.wire.bus_codec import BusCodec
from feed.wire.bus_frames import BusFrameReader, cut_frame
from feed.wire.follow_frames import Cut, cut_message
from feed.wire.position import Position

from .material import make_ticks

SIZES = (10, 100, 500)
_TICKS = 100_000
_EPOCH = "benched"
_KEPT = frozenset({Kind.BAR, Kind.SECOND_BAR, Kind.UPDATED_BAR})


def frames(events: int, ticks: int) -> list[bytes]:
    """Return frames of so many events each, with sequences from 1 on."""
    codec, made, told = BusCodec(), make_ticks(ticks), []
    for start in range(0, ticks - events + 1, events):
        rows, last = codec.encode(made[start : start + events]), start + events
        told.append(cut_frame(rows, cut_message(Position(_EPOCH, last), [1] * events, 2, last)))
    return told


async def take(told: list[bytes]) -> float:
    """Take frames into the ring of an edge; return the CPU time in seconds."""
    hub = Hub(Broadcast(RingBuffer(DEFAULT_CAPACITY)), Settings(), follows=True)
    bars, counts = BarBuilder(), Counter[Kind]()
    bars.source_opened(_KEPT)
    reader, relay = BusFrameReader(), hub.relay
    relay.begin_epoch(Position(_EPOCH, 0), begins=True)
    began_s = process_time()
    for frame in told:
        cut = reader.read(frame)
        assert isinstance(cut, Cut)
        bars.weave(cut.events)
        counts.update(tick.kind for tick in cut.events)
        carried = {"json": cut.carried[0]}
        await relay.publish(
            cut.events, cut.ingested_ns, cut.said_ns, others=cut.others, carried=carried
        )
        hub.cutter.cut()
    return process_time() - began_s


def measure(events: int, ticks: int = _TICKS, rounds: int = 5) -> float:
    """Return the microseconds a tick: the median of some rounds."""
    told = frames(events, ticks)
    took = [asyncio.run(take(told)) for _ in range(rounds)]
    return median(took) / (len(told) * events) * 1e6


def main() -> None:
    """Print the table."""
    collect_rarely()
    return_large_blocks()
    sys.stdout.write("events in a frame   µs a tick\n")
    for events in SIZES:
        sys.stdout.write(f"{events:17}   {measure(events):.2f}\n")


def test_an_edge_takes_frames() -> None:
    assert measure(10, ticks=1_000, rounds=1) > 0


if __name__ == "__main__":
    main()
