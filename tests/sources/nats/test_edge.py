"""An edge has what its writer put into the stream."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from feed.cluster import ordered_read
from feed.cluster.batch import headers_of
from feed.cluster.buckets import Bucket
from feed.cluster.errors import BusAway
from feed.cluster.ordered_read import OrderedRead
from feed.market.ticks import Tick
from feed.sources.nats import hearing
from feed.sources.writer_place import WriterPlace
from tests.fakes.bus_edges import BusEdge, BusEdges
from tests.fakes.messages import Message
from tests.fakes.nats import BusWriter, NatsServer, needs_nats
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import bar, quote, status, trade, trades
from tests.fakes.sse_reader import SseReader

pytestmark = [needs_nats, pytest.mark.programs]
INSTRUMENT = {"symbol": "AAPL", "name": "Apple", "asset_class": "us_equity"}
DOWN = {"T": "feed", "state": "source_down", "source": "sim", "reason": "error", "t": "x"}


async def hear(reader: SseReader, number: int) -> list[Message]:
    """Return what is told up to the trade of a number."""
    told: list[Message] = []
    while not any(each.get("i") == number for each in told):
        told += (await reader.read())[0]
    return told


@pytest.mark.parametrize("lines", [False, True])
async def test_an_edge_has_what_was_written_before_it_came_and_after(
    writer: BusWriter, bus_edges: BusEdges, *, lines: bool
) -> None:
    writer.lines = lines
    first: list[Tick] = [trade(1), quote(2, "MSFT"), status(), bar()]
    await writer.write(*first)
    edge = await bus_edges(writer.address)
    await edge.reach("k3f9-4")
    await writer.write(trade(5))
    await writer.write(*trades(6, 9))
    await edge.reach("k3f9-9")
    assert edge.ticks() == [*first, *trades(5, 9)]
    assert edge.hub.broadcast.ring.is_whole
    assert (edge.hub.relay.epochs, edge.hub.relay.missing, edge.source.lag_events) == (1, 0, 0)


async def test_an_edge_fills_its_ring_from_the_tail_of_the_stream(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    for number in range(1, 301):
        await writer.write(trade(2 * number - 1), trade(2 * number))
    edge = await bus_edges(writer.address, ring=64)
    await edge.reach("k3f9-600")
    assert edge.ticks() == trades(537, 600)
    assert not edge.hub.broadcast.ring.is_whole


async def test_an_edge_waits_for_the_first_batch_of_all(
    bus: NatsServer, bus_edges: BusEdges
) -> None:
    edge = await bus_edges(bus.address())
    await until(lambda: edge.side.failures)
    assert "stream" in str(edge.side.last_error)
    async with BusWriter(bus.address()) as writer:
        await writer.make()
        await until(lambda: edge.hub.knows_epoch)
        await writer.write(trade(1))
        await edge.reach("k3f9-1")


async def test_what_is_deleted_or_evicted_or_missing_is_a_hole(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    await writer.write(*trades(1, 2))
    secret = await writer.write(*trades(3, 4))
    await writer.write(*trades(5, 6))
    await writer.write_hole(3)
    await writer.write(trade(10))
    await writer.delete(secret)
    edge = await bus_edges(writer.address)
    await edge.reach("k3f9-10")
    assert edge.ticks() == [*trades(1, 2), None, None, *trades(5, 6), None, None, None, trade(10)]
    assert edge.hub.relay.missing == 5
    reader = SseReader(await RawHttp.get(edge.address, "/v1/sse?trades=AAPL&after=k3f9-0"))
    told = await hear(reader, 10)
    gaps = [(each["from"], each["to"]) for each in told if each["T"] == "gap"]
    assert gaps == [("k3f9-3", "k3f9-4"), ("k3f9-7", "k3f9-9")]


async def test_what_is_no_batch_or_cannot_be_read_stops_nobody(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    edge = await bus_edges(writer.address)
    await writer.write(trade(1))
    await writer.publish(writer.address.names.subject, b"hello", {})
    await writer.put(writer.batch(2), b"\x00garbage")
    writer.newest += 2
    batch = writer.batch(2)
    await writer.put(batch, writer.payload(batch, [trade(4)]))
    writer.newest += 2
    await writer.write(trade(6))
    await edge.reach("k3f9-6")
    assert edge.ticks() == [trade(1), None, None, None, None, trade(6)]
    assert edge.source.unreadable == 3


async def test_a_batch_of_an_older_term_or_one_that_is_over_is_passed_over(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    edge = await bus_edges(writer.address)
    await writer.write(*trades(1, 2))
    await writer.begin_term(3)
    batch = writer.batch(1)
    old = headers_of(batch) | {"Feed-Term": "2"}
    subject = writer.address.names.subject
    await writer.publish(subject, writer.payload(batch, [trade(99)]), old)
    await writer.write(trade(3))
    await writer.publish(subject, writer.payload(batch, [trade(3)]), headers_of(batch))
    await writer.write(trade(4))
    await edge.reach("k3f9-4")
    assert edge.ticks() == trades(1, 4)
    assert edge.source.succession.stale == 2


async def test_another_epoch_begins_with_a_term(writer: BusWriter, bus_edges: BusEdges) -> None:
    edge = await bus_edges(writer.address)
    await writer.write(*trades(1, 5))
    await edge.reach("k3f9-5")
    await writer.begin_term(2, "n2")
    await writer.write(*trades(6, 7))
    await edge.reach("n2-2")
    assert edge.ticks() == trades(6, 7)
    late = await bus_edges(writer.address)
    await late.reach("n2-2")
    assert late.ticks() == trades(6, 7)


@pytest.mark.parametrize("while_connected", [True, False])
async def test_the_epoch_of_a_stream_begun_anew_is_followed_from_its_first_term(
    bus: NatsServer, writer: BusWriter, bus_edges: BusEdges, *, while_connected: bool
) -> None:
    await writer.begin_term(3)
    await writer.write(*trades(1, 5))
    edge = await bus_edges(writer.address)
    await edge.reach("k3f9-5")
    reader = SseReader(await RawHttp.get(edge.address, "/v1/sse?trades=AAPL&after=k3f9-5"))
    await until(lambda: edge.hub.sessions)
    if while_connected:
        await writer.purge_all()
        await writer.begin_term(1, "n2")
    else:
        await bus.kill()
        await bus.start()
        await writer.connect()
        writer.epoch, writer.term, writer.newest = "n2", 1, 0
        await writer.make()
    await writer.write(*trades(6, 7))
    await edge.reach("n2-2")
    assert edge.ticks() == trades(6, 7)
    told = await hear(reader, 7)
    assert [each["reason"] for each in told if each["T"] == "gap"] == ["epoch"]
    assert [each["i"] for each in told if each["T"] == "t"] == [6, 7]
    assert (edge.source.succession.stale, edge.source.lag_events) == (0, 0)


async def test_an_edge_knows_instruments_sources_and_who_leads(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    await writer.tell_instruments(INSTRUMENT)
    await writer.tell_feeds(DOWN)
    await writer.lead("http://w1")
    await writer.write(trade(1))
    edge = await bus_edges(writer.address)
    await until(lambda: edge.source.instrument("AAPL") and edge.source.leader)
    assert edge.source.leader is not None
    assert (edge.source.leader.url, edge.source.leader.term) == ("http://w1", 1)
    assert edge.source.writer() == WriterPlace("http://w1")

    def of_sim() -> list[Any]:
        return [each for each in edge.hub.audience.behind.announced if each["source"] == "sim"]

    await until(of_sim)
    assert [each["state"] for each in of_sim()] == ["source_down"]
    await writer.tell_feeds()
    await writer.lead(None)
    await until(lambda: of_sim()[-1]["state"] == "live")
    await until(lambda: edge.source.leader is None)
    assert edge.source.writer() is None


async def test_while_nats_is_away_subscribers_stay_and_are_told_and_lose_nothing(
    tmp_path: Path, bus_edges: BusEdges
) -> None:
    async with NatsServer(tmp_path) as bus, BusWriter(bus.address()) as writer:
        await writer.make(storage="file")
        await writer.write(*trades(1, 3))
        edge = await bus_edges(bus.address())
        await edge.reach("k3f9-3")
        reader = SseReader(await RawHttp.get(edge.address, "/v1/sse?trades=AAPL&after=k3f9-3"))
        await until(lambda: edge.hub.sessions)
        await bus.kill()
        await until(lambda: edge.side.failures)
        await bus.start()
        await writer.connect()
        await writer.write(*trades(4, 5))
        told = await hear(reader, 5)
        assert [each["i"] for each in told if each["T"] == "t"] == [4, 5]
        assert [each["state"] for each in told if each["T"] == "feed"][:1] == ["source_down"]
        assert not [each for each in told if each["T"] == "gap"]
        assert edge.hub.relay.missing == 0


async def test_a_nats_server_that_says_nothing_is_given_up(
    bus: NatsServer, writer: BusWriter, bus_edges: BusEdges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ordered_read, "SILENT_HEARTBEATS", 2)
    await writer.write(trade(1))
    edge = await bus_edges(writer.address)
    await edge.reach("k3f9-1")
    bus.stop()
    try:
        await until(lambda: edge.side.failures)
    finally:
        bus.go_on()
    await writer.write(trade(2))
    await edge.reach("k3f9-2")


def hears_all(edge: BusEdge) -> bool:
    """Tell whether an edge hears every bucket."""
    return edge.source.unheard_buckets == 0


def knows(edge: BusEdge) -> bool:
    """Tell whether an edge has its news."""
    return bool(edge.source.instrument("AAPL") and edge.source.leader)


async def test_events_go_on_while_buckets_have_no_leader_and_news_come_again(
    writer: BusWriter, bus_edges: BusEdges, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hearing, "LOOK_S", 0.1)
    watch, are_led = Bucket.watch, True

    async def watched(bucket: Bucket, read: OrderedRead) -> bool:
        if not are_led:
            raise BusAway("JetStream refuses")
        return await watch(bucket, read)

    monkeypatch.setattr(Bucket, "watch", watched)
    await writer.lead("http://w1")
    await writer.write(trade(1))
    edge = await bus_edges(writer.address)
    await until(lambda: edge.source.leader and hears_all(edge))
    are_led = False
    for name in (writer.address.names.news, writer.address.names.lead):
        await writer.forget_readers(f"KV_{name}")
    assert edge.source._hearing is not None
    for read in edge.source._hearing._buckets:
        read._heard_s -= 60.0  # nothing comes any more; the events are given their time
    await until(lambda: edge.source.unheard_buckets == 2)
    await writer.write(trade(2))
    await edge.reach("k3f9-2")
    assert edge.source.leader is not None
    assert edge.side.failures == 0
    assert "KV_feed-" in edge.source.account.last_words
    late = await bus_edges(writer.address)
    await late.reach("k3f9-2")
    await until(lambda: late.source.unheard_buckets == 2)
    assert late.source.leader is None
    assert late.source.account.last_words == "JetStream refuses"
    await writer.tell_instruments(INSTRUMENT)
    are_led = True
    for each in (edge, late):
        await until(partial(knows, each))
        await until(partial(hears_all, each))
