"""An edge takes up what its writer knew, and then what the stream has behind it."""

import pytest

from feed.market.ticks import Tick
from feed.sources.nats.beginning import as_of
from feed.state import checkpoint
from feed.wire.position import Position
from tests.fakes.bus_edges import BusEdges
from tests.fakes.nats import BusWriter, needs_nats
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, quote, trade, trades

pytestmark = [needs_nats, pytest.mark.programs]


async def checkpoint_of(feed: Feed) -> bytes:
    """Return what a server says that it knows."""
    answer = await RawHttp.get((feed.host, feed.port), "/v1/checkpoint")
    assert answer.status == 200
    return await answer.body()


async def test_a_quiet_symbol_is_known_though_the_stream_has_let_go_of_it(
    serve: Serve, writer: BusWriter, bus_edges: BusEdges
) -> None:
    feed = await serve()
    writer.epoch = feed.hub.broadcast.ring.epoch
    quiet: list[Tick] = [trade(1, "QUIET"), quote(2, "QUIET")]
    await feed.publish(*quiet, *trades(3, 100))
    data = await checkpoint_of(feed)
    await feed.publish(*trades(101, 150))
    await writer.write(*quiet)
    begins = 0
    for first in range(3, 150, 2):
        sequence = await writer.write(*trades(first, first + 1))
        begins = sequence if first == 51 else begins
    await writer.put_checkpoint(data)
    await writer.purge(begins)
    edge = await bus_edges(writer.address)
    await edge.reach(feed.position(150))
    assert edge.ticks() == trades(51, 150)
    known, due = (each.hub.broadcast.snapshot.ticks() for each in (edge, feed))
    assert sorted(known, key=repr) == sorted(due, key=repr)
    assert not edge.side.failures


async def test_a_checkpoint_reaches_further_back_than_the_ring(
    serve: Serve, writer: BusWriter, bus_edges: BusEdges
) -> None:
    feed = await serve()
    writer.epoch = feed.hub.broadcast.ring.epoch
    await feed.publish(trade(1, "QUIET"))
    data = await checkpoint_of(feed)
    await writer.write(trade(1, "QUIET"))
    await writer.write(trade(2, "ONCE"))
    for first in range(3, 400, 10):
        await writer.write(*trades(first, first + 9))
    await writer.put_checkpoint(data)
    edge = await bus_edges(writer.address, ring=64)
    await until(lambda: edge.hub.broadcast.ring.newest == writer.newest)
    known = {tick.symbol for tick in edge.hub.broadcast.snapshot.ticks()}
    assert known == {"QUIET", "ONCE", "AAPL"}


@pytest.mark.parametrize("of", ["garbage", "a batch that is over", "another epoch"])
async def test_a_checkpoint_that_is_of_no_use_stops_nobody(
    serve: Serve, writer: BusWriter, bus_edges: BusEdges, of: str
) -> None:
    feed = await serve()
    await feed.publish(trade(1, "QUIET"))
    data = await checkpoint_of(feed)
    if of == "a batch that is over":
        writer.epoch = feed.hub.broadcast.ring.epoch
    await writer.write(*trades(1, 9))
    last = await writer.write(*trades(10, 12))
    await writer.put_checkpoint(b"\x00" * 50 if of == "garbage" else data)
    await writer.purge(last)
    edge = await bus_edges(writer.address)
    await edge.reach(f"{writer.epoch}-12")
    assert edge.ticks() == trades(10, 12)
    assert not edge.side.failures


async def test_what_was_deleted_from_the_stream_takes_nothing_else_along(
    serve: Serve, writer: BusWriter, bus_edges: BusEdges
) -> None:
    feed = await serve()
    writer.epoch = feed.hub.broadcast.ring.epoch
    await feed.publish(*trades(1, 3))
    await writer.write(*trades(1, 3))
    await writer.put_checkpoint(await checkpoint_of(feed))
    deleted = await writer.write(*trades(4, 5))
    await writer.write(*trades(6, 8))
    await writer.delete(deleted)
    edge = await bus_edges(writer.address)
    await edge.reach(feed.position(8))
    assert edge.ticks() == [*trades(1, 3), None, None, *trades(6, 8)]
    assert edge.hub.relay.missing == 2


def test_a_checkpoint_says_as_of_which_event_it_is() -> None:
    meta = {"epoch": "k3f9", "sequence": 7, "words": 0}
    assert as_of(checkpoint.whole([meta, "more"])) == Position("k3f9", 7)
    for data in (b"", b"\x00" * 100, checkpoint.whole([{}]), checkpoint.whole([{"epoch": 1}])):
        assert as_of(data) is None
