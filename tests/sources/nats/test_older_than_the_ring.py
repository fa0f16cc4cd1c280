"""Positions older than the ring: subscribers of an edge are given all that the stream still has."""

import asyncio
import time
from pathlib import Path

import pytest

from feed.market.ticks import Trade
from feed.sources.follow.source import FollowSource
from feed.sources.follow.steps import Events
from feed.wire.json_codec import JSON
from feed.wire.position import Position
from feed.wire.reckoning import Missing
from tests.fakes.bus_edges import BusEdge, BusEdges
from tests.fakes.nats import BusWriter, NatsServer, needs_nats
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, Reader, open_reader
from tests.fakes.servers import quote, trade, trades
from tests.fakes.websocket_reader import WebSocketReader

pytestmark = [needs_nats, pytest.mark.programs]
RING = 64


async def numbers(reader: Reader, upto: int, most: int = 1 << 30) -> list[int | str]:
    """Read trades until one has a number, or there are so many; return all, and gaps in words."""
    told: list[int | str] = []
    while not told or (told[-1] != upto and len(told) < most):
        for message in (await reader.read())[0]:
            if message["T"] == "t":
                told.append(message["i"])
            elif message["T"] == "gap":
                told.append(f"gap {message['from']} {message['to']} {message['reason']}")
    return told


async def written(writer: BusWriter, bus_edges: BusEdges, last: int, in_batch: int = 25) -> BusEdge:
    """Return an edge with a small ring, after so many trades."""
    for first in range(1, last + 1, in_batch):
        await writer.write(*trades(first, min(first + in_batch - 1, last)))
    edge = await bus_edges(writer.address, ring=RING)
    await edge.reach(f"k3f9-{last}")
    return edge


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_an_old_position_gets_every_event_and_no_gap(
    writer: BusWriter, bus_edges: BusEdges, transport: str
) -> None:
    edge = await written(writer, bus_edges, 2_000)
    reader = await open_reader(transport, edge.address, after="k3f9-10")
    assert await numbers(reader, 2_000) == list(range(11, 2_001))
    await writer.write(*trades(2_001, 2_010))
    assert await numbers(reader, 2_010) == list(range(2_001, 2_011))


async def test_what_comes_while_the_stream_is_read_comes_too(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    edge = await written(writer, bus_edges, 3_000)
    reader = await open_reader("sse-json", edge.address, after="k3f9-0")
    for first in range(3_001, 3_601, 30):
        await writer.write(*trades(first, first + 29))
    assert await numbers(reader, 3_600) == list(range(1, 3_601))


async def test_a_selection_gets_its_own(writer: BusWriter, bus_edges: BusEdges) -> None:
    for number in range(1, 1_001):
        await writer.write(trade(number, "MSFT" if number % 10 else "AAPL"), quote(number))
    edge = await bus_edges(writer.address, ring=RING)
    await edge.reach("k3f9-2000")
    reader = await open_reader("sse-json", edge.address, after="k3f9-0", trades="AAPL")
    assert await numbers(reader, 1_000) == list(range(10, 1_001, 10))


async def test_what_the_stream_has_evicted_is_a_gap_and_what_it_has_deleted_another(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    sequences = [await writer.write(*trades(first, first + 9)) for first in range(1, 1_001, 10)]
    await writer.purge(sequences[3])  # 31 is the first
    await writer.delete(sequences[6])  # 61 to 70
    await writer.delete(sequences[60])  # 601 to 610
    edge = await bus_edges(writer.address, ring=RING)
    await edge.reach("k3f9-1000")
    reader = await open_reader("sse-json", edge.address, after="k3f9-5")
    assert await numbers(reader, 1_000) == [
        "gap k3f9-6 k3f9-30 overrun",
        *range(31, 61),
        "gap k3f9-61 k3f9-70 lost",
        *range(71, 601),
        "gap k3f9-601 k3f9-610 lost",
        *range(611, 1_001),
    ]


async def test_many_that_come_back_share_readings(writer: BusWriter, bus_edges: BusEdges) -> None:
    edge = await written(writer, bus_edges, 4_000, 100)
    readers = [
        await open_reader("sse-json", edge.address, after=f"k3f9-{100 * number}")
        for number in range(30)
    ]
    for number, reader in enumerate(readers):
        assert await numbers(reader, 4_000) == list(range(100 * number + 1, 4_001))
    archive = edge.hub.broadcast.archive
    assert archive is not None
    assert archive.resumed == 30
    assert archive.pages_read < 3 * 4_000 // 512
    await until(lambda: not archive.readings)


async def test_a_conflated_subscriber_is_told_the_state_of_all_that_it_missed(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    for number in range(1, 1_001):
        await writer.write(trade(number, "MSFT" if number < 900 else "AAPL"))
    edge = await bus_edges(writer.address, ring=RING)
    await edge.reach("k3f9-1000")
    reader = await open_reader("sse-json", edge.address, after="k3f9-600", conflate="trades:100ms")
    told = [message for message in (await reader.read())[0] if message["T"] in {"t", "gap"}]
    assert [(each["S"], each["i"]) for each in told] == [("MSFT", 899), ("AAPL", 1_000)]
    assert told[0]["fi"] <= 600
    assert told[1]["n"] == 101


async def test_a_server_that_follows_an_edge_is_given_what_the_stream_has(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    began_ns = time.monotonic_ns()
    sequences = [await writer.write(*trades(first, first + 24)) for first in range(1, 1_001, 25)]
    await writer.delete(sequences[8])  # 201 to 225
    edge = await bus_edges(writer.address, ring=RING)
    await edge.reach("k3f9-1000")
    source = FollowSource(edge.url)
    source.stand(Position("k3f9", 10))
    await source.open()
    told: list[int | str] = []
    stamps: list[int] = []
    async for step in source.steps():
        if isinstance(step, Events):
            told += [event.trade_id for event in step.events if isinstance(event, Trade)]
            stamps += step.ingested_ns
            assert step.carried["json"] == JSON.encode(step.events)
        elif isinstance(step, Missing):
            told.append(f"up to {step.upto}")
        if source.reckoning.position == Position("k3f9", 1_000):
            break
    await source.close()
    assert told == [*range(11, 201), "up to 225", *range(226, 1_001)]
    assert stamps[:850] == sorted(stamps[:850])  # the ring reckons its writer's clock otherwise
    assert began_ns - 1_000_000_000 < stamps[0] < stamps[-1] < time.monotonic_ns()


async def test_history_reaches_as_far_back_as_the_stream(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    edge = await written(writer, bus_edges, 3_000, 100)
    told: list[int] = []
    after = "k3f9-10"
    while after:
        target = f"/v1/history?trades=*&limit=700&after={after}"
        answer = await RawHttp.get(edge.address, target)
        page = await answer.document()
        answer.wire.abort()
        assert "gap" not in page
        told += [each["i"] for each in page["ticks"]]
        after = page["next"]
    assert told == list(range(11, 3_001))


async def test_a_position_of_an_epoch_that_has_ended_is_a_gap_that_names_it(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    await writer.write(*trades(1, 100))
    await writer.begin_term(2, "b2zz")
    await writer.write(*trades(1, 300))
    edge = await bus_edges(writer.address, ring=RING)
    await edge.reach("b2zz-300")
    reader = await open_reader("sse-json", edge.address, after="k3f9-50")
    assert await numbers(reader, 300) == ["gap k3f9-51 b2zz-300 epoch", 300]


async def test_a_nats_server_that_ends_amid_a_reading_delays_it_and_no_more(
    tmp_path: Path, bus_edges: BusEdges
) -> None:
    async with NatsServer(tmp_path) as bus, BusWriter(bus.address()) as writer:
        await writer.make(storage="file")
        edge = await written(writer, bus_edges, 30_000, 500)
        reader = await open_reader(
            "stream-json", edge.address, after="k3f9-0", receive_buffer_bytes=4_096
        )
        told = await numbers(reader, 0, most=500)
        await bus.kill()
        await until(lambda: edge.side.failures)
        await bus.start()
        told += await numbers(reader, 30_000)
        assert told == list(range(1, 30_001))


async def test_what_is_subscribed_to_later_comes_from_the_stream_too(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    for number in range(1, 1_001):
        await writer.write(trade(number, "MSFT" if number % 2 else "AAPL"))
    edge = await bus_edges(writer.address, ring=RING)
    await edge.reach("k3f9-1000")
    reader = await WebSocketReader.connect(edge.address)
    await reader.begin()
    await reader.subscribe(trades=["AAPL"], after="k3f9-990", marks=True)
    assert await numbers(reader, 1_000) == [992, 994, 996, 998, 1_000]
    await reader.subscribe(trades=["MSFT"], after="k3f9-10")
    assert await numbers(reader, 999) == list(range(11, 1_000, 2))
    await writer.write(trade(1_001, "MSFT"), trade(1_002, "AAPL"))
    assert await numbers(reader, 1_002) == [1_001, 1_002]


async def test_many_positions_of_the_past_are_all_served(
    writer: BusWriter, bus_edges: BusEdges
) -> None:
    edge = await written(writer, bus_edges, 60_000, 500)
    afters = [(7_919 * number) % 59_000 for number in range(40)]
    readers = [
        await open_reader("sse-json", edge.address, after=f"k3f9-{after}", trades="NONE,AAPL")
        for after in afters
    ]
    told = await asyncio.gather(*(numbers(each, 0, most=600) for each in readers))
    for after, found in zip(afters, told, strict=True):
        assert found[:600] == list(range(after + 1, after + 601))
    assert edge.hub.broadcast.archive is not None
    assert edge.hub.broadcast.archive.pages <= 128
