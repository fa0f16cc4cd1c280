"""Subscribers in the process: the same promises as on the wire, without a socket."""

import asyncio

import pytest
from yarl import URL

import feed
from feed.client.events import Batch, Bye, Event, Gap, Snapshot
from feed.client.link import Order
from feed.client.shown import Shown
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.errors import InvalidParameter
from feed.http.app import HUB
from feed.hub.session import Session
from feed.library import in_process
from feed.library.memory_transport import MemoryTransport
from feed.market.word_channels import WordChannel
from feed.trust.identity import ANONYMOUS, owner_key
from feed.wire.selection import Selection
from tests.fakes.patience import until
from tests.library.hosts import hosted, publish


def own(number: int, symbol: str = "OWN") -> feed.Trade:
    return feed.Trade(symbol=symbol, price=number, size=1, event_ns=1)  # no second ends: no bars


def sessions_of(broadcaster: feed.Broadcaster) -> list[Session]:
    return list(broadcaster.app()[HUB].sessions.values())


def prices(batch: Batch) -> list[float]:
    return [tick["p"] for tick in batch if tick["T"] == "t"]


async def read(stream: Stream, count: int) -> list[Event]:
    """Return what happens until so many trades came."""
    seen: list[Event] = []
    async for event in stream.events():
        seen.append(event)
        count -= len(prices(event)) if isinstance(event, Batch) else 0
        if count <= 0:
            return seen
    return seen


async def test_ones_own_is_what_is_anonymous() -> None:
    async with feed.Broadcaster() as broadcaster:
        hub = broadcaster.app()[HUB]
        subscription = Subscription.of({WordChannel.ALERTS: "*"})
        order = Order(
            URL(in_process.URL),
            subscription,
            "json",
            after=None,
            last=None,
            resuming=False,
            snapshot=False,
            shown=Shown(),
            compress=False,
        )
        link = await in_process.subscribe(hub, order)
        [session] = hub.sessions.values()
        own = Selection.of_words(WordChannel.ALERTS, [owner_key(ANONYMOUS)])
        assert session.subscriber.selection == own
        await link.close()


async def test_batches_come_with_the_positions_of_the_wire() -> None:
    async with feed.Broadcaster() as broadcaster:
        stream = broadcaster.subscribe(trades=["OWN"])
        await stream.open()
        position = await broadcaster.publish([own(1), own(2, "OTHER"), own(3)])
        batch = await anext(stream)
        assert (prices(batch), batch.position) == ([1.0, 3.0], position)
        assert stream.position == position


async def test_a_position_of_the_wire_is_gone_on_from_in_process_and_back() -> None:
    async with hosted(feed.Broadcaster()) as host:
        first = await publish(host.broadcaster, own(1))
        last = await publish(host.broadcaster, own(2))
        batch = await anext(host.broadcaster.subscribe(trades="*", after=first))
        assert (prices(batch), batch.position) == ([2.0], last)
        async with feed.connect(host.url, trades="*", after=first, transport="stream") as stream:
            assert (await anext(stream)) == batch


async def test_the_last_known_state_comes_first_where_it_is_asked_for() -> None:
    async with feed.Broadcaster() as broadcaster:
        await publish(broadcaster, own(1), own(2))
        seen = await read(broadcaster.subscribe(trades="*", snapshot=True), 1)
        assert [event.state for event in seen if isinstance(event, Snapshot)] == ["begin"]
        batch = seen[-1]
        assert isinstance(batch, Batch)
        assert (prices(batch), batch.snapshot) == ([2.0], True)


async def test_a_reader_that_the_ring_overran_is_told_what_is_missing() -> None:
    """Nothing is lost in silence: what came, and the gaps, are all that was published."""
    async with feed.Broadcaster(ring=64, high_water_bytes=512) as broadcaster:
        stream = broadcaster.subscribe(trades="OWN")
        await stream.open()
        for number in range(1, 401):
            await broadcaster.publish([own(number)])
        seen = await read(stream, 1)
        while not (isinstance(seen[-1], Batch) and 400.0 in prices(seen[-1])):
            seen += await read(stream, 1)
        gaps = [event.missing or 0 for event in seen if isinstance(event, Gap)]
        news = [event for event in seen if isinstance(event, Batch) and not event.snapshot]
        told = [price for batch in news for price in prices(batch)]
        assert gaps
        assert told == sorted(set(told))
        assert len(told) + sum(gaps) == 400


async def test_a_reader_that_asked_for_it_is_sent_away_instead_and_comes_back() -> None:
    async with feed.Broadcaster(ring=64, high_water_bytes=512) as broadcaster:
        stream = broadcaster.subscribe(trades="OWN", on_lag="disconnect")
        await stream.open()
        for number in range(1, 401):
            await broadcaster.publish([own(number)])
        seen: list[Event] = []
        async for event in stream.events():
            seen.append(event)
            if isinstance(event, Batch) and 400.0 in prices(event):
                break
        assert any(isinstance(event, Bye) for event in seen)
        assert stream.counters.connects == 2
        assert stream.counters.gaps == 1


async def test_it_holds_no_more_than_a_socket_would() -> None:
    async with feed.Broadcaster(high_water_bytes=4_096) as broadcaster:
        stream = broadcaster.subscribe(trades="*")
        await stream.open()
        [session] = sessions_of(broadcaster)
        for number in range(60):  # one cut may be larger than that, if it has to wait
            await publish(broadcaster, *[own(number)] * 50)
        assert session.subscriber.buffered_bytes() < 4_096 + 32_000


async def test_it_ends_with_the_broadcaster_after_what_it_was_given() -> None:
    async with feed.Broadcaster() as broadcaster:
        stream = broadcaster.subscribe(trades="*")
        await stream.open()
        await broadcaster.publish([own(1)])
    batches = [batch async for batch in stream]
    assert [prices(batch) for batch in batches] == [[1.0]]
    assert [batch async for batch in broadcaster.subscribe(trades="*")] == []


async def test_what_waits_for_a_cut_is_given_before_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with feed.Broadcaster() as broadcaster:
        stream = broadcaster.subscribe(trades="*")
        await stream.open()
        # as if it were busy
        monkeypatch.setattr(broadcaster.app()[HUB].cutter, "schedule", lambda: None)
        await broadcaster.publish([own(1)])
    assert [prices(batch) async for batch in stream] == [[1.0]]


async def test_one_that_began_before_the_broadcaster_waits_for_it() -> None:
    broadcaster = feed.Broadcaster()
    stream = broadcaster.subscribe(trades="*", after="0")
    first = asyncio.create_task(stream.__anext__())
    await asyncio.sleep(0)
    async with broadcaster:
        await broadcaster.publish([own(1)])
        assert prices(await first) == [1.0]


async def test_many_readers_of_the_same_share_a_lane() -> None:
    async with feed.Broadcaster() as broadcaster:
        streams = [broadcaster.subscribe(trades="OWN") for _ in range(10)]
        for stream in streams:
            await stream.open()
        lanes = {session.subscriber.lane for session in sessions_of(broadcaster)}
        assert len(lanes) == 1
        await broadcaster.publish([own(1)])
        assert [prices(await anext(stream)) for stream in streams] == [[1.0]] * 10


async def test_one_that_is_closed_leaves() -> None:
    async with feed.Broadcaster() as broadcaster:
        stream = broadcaster.subscribe(trades="OWN")
        await stream.open()
        sessions = broadcaster.app()[HUB].sessions
        assert len(sessions) == 1
        await stream.close()
        await until(lambda: not sessions)


@pytest.mark.parametrize(
    "wrong",
    [{}, {"trades": "A,,B"}, {"trades": "*", "on_lag": "no"}, {"trades": "*", "after": "x"}],
)
def test_a_wrong_argument_is_refused_at_once(wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter):
        feed.Broadcaster().subscribe(**wrong)  # type: ignore[arg-type]  # that is the point


async def test_a_transport_of_memory_gives_what_was_written_before_its_end() -> None:
    transport = MemoryTransport()
    transport.writelines([b"a", bytearray(b"b")])
    transport.write(memoryview(b"c"))
    assert transport.get_write_buffer_size() == 3
    transport.close()
    transport.write(b"d")
    assert transport.is_closing()
    assert await transport.read() == b"abc"
    assert await transport.read() == b""
    assert transport.get_write_buffer_size() == 0


async def test_it_begins_in_the_past_and_keeps_what_is_asked_for() -> None:
    async with feed.Broadcaster() as broadcaster:
        await publish(broadcaster, *map(own, range(1, 6)))
        stream = broadcaster.subscribe(trades=["OWN"], last=2, fields="p")
        batch = await anext(stream)
        assert [dict(tick) for tick in batch] == [
            {"T": "t", "S": "OWN", "p": number} for number in (4.0, 5.0)
        ]
        assert prices(await anext(broadcaster.subscribe(trades=["OWN"], after="-1h")))[0] == 1.0
