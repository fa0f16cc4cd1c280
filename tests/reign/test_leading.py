"""A writer that leads, in this process, with a real server of NATS."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from feed.cluster.batch_stream import BatchStream
from feed.cluster.link import Link
from feed.cluster.ordered_read import Stored
from feed.hub import publisher
from feed.market.ticks import Trade
from feed.reign import checkpoints, erasing
from feed.reign.standing_by import read_ahead
from feed.sources.named_source import NamedSource
from feed.sources.pushed.source import PushedSource
from tests.cluster.takeovers.ledger import read_all
from tests.fakes.nats import NatsServer, needs_nats
from tests.fakes.patience import until
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.servers import ScriptedSource, trade, trades
from tests.http.push.desk import GOOD, NDJSON
from tests.reign.conftest import IN_FILES, LeadingServer
from tests.reign.reading import batches_of, stored_in

pytestmark = [needs_nats, pytest.mark.programs]
Lead = Callable[..., Awaitable[LeadingServer]]


async def asked(
    leader: LeadingServer, method: str, path: str, **sent: Any
) -> tuple[int, dict[str, Any]]:
    """Ask a leader; return the status and the answer."""
    async with (
        aiohttp.ClientSession() as http,
        http.request(method, f"http://127.0.0.1:{leader.port}{path}", **sent) as answer,
    ):
        told: dict[str, Any] = await answer.json(content_type=None)
        return answer.status, told


async def said(leader: LeadingServer, name: str) -> int:
    """Say a message; return its sequence."""
    body = {"text": f"the secret of {name}", "id": name}
    status, told = await asked(leader, "POST", "/v1/rooms/desk/messages", json=body)
    assert status == 201, told
    return int(told["pos"].rpartition("-")[2])


async def pushed(leader: LeadingServer, number: int) -> tuple[int, dict[str, Any]]:
    """Push a numbered batch."""
    path = f"/v1/ingest?producer=me&sequence={number}"
    return await asked(leader, "POST", path, json=GOOD, headers=NDJSON)


async def heard_of(answer: aiohttp.ClientResponse, words: str) -> str:
    """Read an answer until it has told some words; return all of that."""
    told = ""
    while words not in told:
        piece = await answer.content.readany()
        assert piece, told
        told += piece.decode()
    return told


async def filled(leader: LeadingServer, source: ScriptedSource, last: int) -> int:
    """Publish trades behind a number until the buffer is full; return the number of the last one.

    Each list is cut before the next one comes: what comes to a buffer that is full is not taken.
    """
    while not leader.keeper.is_full:
        await source.publish(trades(last + 1, last + 20))
        last += 20
        await until(lambda: not leader.hub.broadcast.waiting_ticks)
    return last


async def test_what_is_published_lies_in_the_stream(lead: Lead, bus: NatsServer) -> None:
    source = ScriptedSource()
    leader = await lead(source)
    await source.publish(trades(1, 5))
    assert await said(leader, "m-1") == 6
    assert leader.keeper.durable() == 6
    ledger = await read_all(bus.address())
    assert (ledger.wrong, ledger.said, ledger.counts["trades"]) == ([], {"m-1": 6}, 5)
    assert [each.has_texts for each in await batches_of(bus.address())][-1]


async def test_nobody_subscribes_to_a_writer_or_reads_its_ring(lead: Lead) -> None:
    leader = await lead(ScriptedSource())
    for path in ("/v1/snapshot?trades=*", "/v1/history?trades=*", "/v1/rooms/desk/messages"):
        status, told = await asked(leader, "GET", path)
        assert (status, "edges" in told["detail"]) == (503, True), (path, told)
    async with (
        aiohttp.ClientSession() as http,
        http.get(f"http://127.0.0.1:{leader.port}/v1/stream?trades=*") as answer,
    ):
        assert "edges" in await answer.text()
    assert leader.hub.sessions == {}


async def test_nobody_reads_words_that_are_not_acknowledged(
    lead: Lead, bus: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = ScriptedModel()
    leader = await lead(ScriptedSource(), embedded=model)
    asks = {"model": "script", "stream": True, "messages": [{"role": "user", "content": "?"}]}
    url = f"http://127.0.0.1:{leader.port}/v1/chat/completions"
    model.say("Apple ")  # else the answer begins after 10 s
    async with aiohttp.ClientSession() as http, http.post(url, json=asks) as answer:
        assert "Apple" in await heard_of(answer, "Apple")
        bus.stop()
        model.say("rose", ".")
        [session] = leader.hub.sessions.values()
        await until(session.connection.buffered_bytes)
        model.end()
        with monkeypatch.context() as haste:
            haste.setattr(publisher, "SETTLED_S", 0.05)
            status, told = await asked(leader, "GET", "/v1/jobs")
        assert (status, "acknowledged" in told["detail"]) == (503, True)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(answer.content.readany(), 0.05)
        bus.go_on()
        rest = await heard_of(answer, "[DONE]")
    assert rest.index("rose") < rest.index("[DONE]")
    assert (await asked(leader, "GET", "/v1/jobs"))[0] == 200


async def test_the_next_leader_goes_on_with_all_that_was_acknowledged(
    lead: Lead, bus: NatsServer
) -> None:
    first = await lead(PushedSource())
    assert (await pushed(first, 1))[1]["pos"].endswith("-1")
    await said(first, "m-1")
    epoch = first.keeper.ring.epoch
    await first.leave()
    second = await lead(PushedSource())
    ring = second.keeper.ring
    assert (ring.epoch, ring.newest, len(ring)) == (epoch, 2, 2)
    status, again = await pushed(second, 1)
    assert (status, again["duplicate"], again["pos"]) == (200, True, f"{epoch}-1")
    assert (await pushed(second, 2))[1]["pos"] == f"{epoch}-3"
    assert [each.symbol for each in second.hub.broadcast.snapshot.ticks()] == ["OWN"]
    status, told = await asked(
        second, "POST", "/v1/rooms/desk/messages", json={"text": "the secret of m-1", "id": "m-1"}
    )
    assert (status, told["pos"]) == (200, f"{epoch}-2")
    assert (await read_all(bus.address())).wrong == []


async def test_one_that_comes_in_between_deposes_the_leader(lead: Lead, bus: NatsServer) -> None:
    first = await lead(PushedSource())
    await pushed(first, 1)
    await first.candidate.leave()  # its lease, and nothing else, as where it hangs
    second = await lead(PushedSource())
    status, told = await pushed(first, 2)
    assert (status, "does not lead" in told["detail"]) == (503, True), told
    await until(first.keeper.deposed.is_set)
    assert (await pushed(second, 2))[1]["duplicate"] is False
    ledger = await read_all(bus.address())
    assert (ledger.wrong, ledger.counts["terms"]) == ([], 2)


async def test_while_nats_is_away_a_live_source_is_dropped_before_it_has_sequences(
    lead: Lead, bus: NatsServer
) -> None:
    source = ScriptedSource()
    leader = await lead(source, buffer_bytes=20_000)
    await source.publish(trades(1, 10))
    await leader.keeper.settled(10)
    bus.stop()
    given = await filled(leader, source, 10)
    keeper, newest = leader.keeper, leader.keeper.ring.newest
    await source.publish(trades(given + 1, given + 50))
    await until(lambda: keeper.dropped["script"])
    assert (keeper.dropped["script"], keeper.ring.newest) == (50, newest)
    status, told = await asked(
        leader, "POST", "/v1/rooms/desk/messages", json={"text": "x", "id": "m-1"}
    )
    assert (status, "bus" in told["detail"]) == (503, True)
    bus.go_on()
    await keeper.settled(newest)
    assert keeper.batching.held_bytes == 0
    await source.publish([trade(1_000)])
    await keeper.settled(newest + 1)
    ledger = await read_all(bus.address())
    assert (ledger.wrong, ledger.counts["trades"]) == ([], given + 1)


async def test_while_nats_is_away_pushes_are_refused_and_none_is_lost(
    lead: Lead, bus: NatsServer
) -> None:
    leader = await lead(PushedSource(), buffer_bytes=100)
    await pushed(leader, 1)
    bus.stop()
    waiting = asyncio.create_task(pushed(leader, 2))
    await until(lambda: leader.keeper.is_full)
    status, told = await pushed(leader, 3)
    assert (status, told["reason"]) == (429, "flood")
    assert not waiting.done()
    bus.go_on()
    status, told = await waiting
    assert (status, told["duplicate"]) == (200, False)
    assert (await pushed(leader, 3))[0] == 200
    assert leader.keeper.ring.newest == 3
    assert (await read_all(bus.address())).wrong == []


async def test_a_source_that_can_wait_is_not_read_meanwhile(lead: Lead, bus: NatsServer) -> None:
    source = ScriptedSource(can_wait=True)
    leader = await lead(source, buffer_bytes=5_000)
    await source.publish(trades(1, 10))
    await leader.keeper.settled(10)
    bus.stop()
    given = await filled(leader, source, 10)
    last = source.give(trades(given + 1, given + 20))
    await asyncio.sleep(0.05)
    assert (last.done(), leader.keeper.ring.newest, leader.keeper.dropped) == (False, given, {})
    bus.go_on()
    await last
    await leader.keeper.settled(given + 20)
    ledger = await read_all(bus.address())
    assert (ledger.wrong, ledger.counts["trades"]) == ([], given + 20)


async def test_what_is_deleted_is_gone_from_the_stream_and_the_checkpoint(
    lead: Lead, bus: NatsServer, tmp_path: Any
) -> None:
    source = ScriptedSource()
    leader = await lead(source, plan=IN_FILES)
    await source.publish(trades(1, 3))
    await said(leader, "m-1")
    await said(leader, "m-2")
    assert await leader.keeper.checkpoint(leader.ingest)
    status, _ = await asked(leader, "DELETE", "/v1/rooms/desk/messages/m-1")
    assert status == 200
    await until(lambda: leader.keeper.erasing.erased and not leader.keeper.erasing.pending)
    payloads = b"".join(stored.payload for stored in await stored_in(bus.address()))
    assert b"the secret of m-2" in payloads
    assert b"the secret of m-1" not in payloads
    await leader.leave()
    second = await lead(ScriptedSource())
    ring = second.keeper.ring
    assert [ring.hole_after(3, ring.newest).first, ring.newest] == [4, 6]  # type: ignore[union-attr]
    assert isinstance(ring.at(1), Trade)
    await second.leave()
    await bus.kill()
    left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"the secret of m-2" in left
    assert b"the secret of m-1" not in left


async def test_what_is_deleted_while_a_checkpoint_is_written_is_gone_from_it(
    lead: Lead, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = await lead(ScriptedSource())
    keeper, put = leader.keeper, checkpoints.put
    await until(lambda: keeper.checkpoints)
    await said(leader, "m-1")
    deleted: list[int] = []

    async def delete_before(link: Link, data: bytes, *, erase: bool) -> None:
        if not deleted:
            path = "/v1/rooms/desk/messages/m-1"
            deleted.append((await asked(leader, "DELETE", path))[0])
        await put(link, data, erase=erase)

    monkeypatch.setattr(checkpoints, "put", delete_before)
    assert await keeper.checkpoint(leader.ingest)
    assert deleted == [200]
    await until(lambda: keeper.erasing.erased and not keeper.erasing.pending)
    stored = await checkpoints.get(link)
    assert stored is not None
    assert b"the secret of m-1" not in stored


async def test_what_a_replica_that_lags_does_not_find_is_erased_later(
    lead: Lead, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = await lead(ScriptedSource())
    await said(leader, "m-1")
    get, asked_for = BatchStream.get, list[int]()

    async def lag(stream: BatchStream, sequence: int) -> Stored | None:
        asked_for.append(sequence)
        return None if len(asked_for) < 6 else await get(stream, sequence)

    monkeypatch.setattr(erasing, "RETRY_S", 0.01)
    monkeypatch.setattr(BatchStream, "get", lag)
    status, _ = await asked(leader, "DELETE", "/v1/rooms/desk/messages/m-1")
    assert status == 200
    await until(lambda: not leader.keeper.erasing.pending)
    assert leader.keeper.erasing.erased == 1


@pytest.mark.parametrize("while_closing", [True, False])
async def test_one_that_is_deposed_ends_in_order(
    lead: Lead, bus: NatsServer, *, while_closing: bool
) -> None:
    source = ScriptedSource()
    leader = await lead(source)
    keeper = leader.keeper
    if while_closing:
        bus.stop()
        await source.publish([trade(1)])
        await until(lambda: keeper.ring.newest == 1)
        closing = asyncio.create_task(keeper.close(leader.ingest))
        await until(lambda: keeper.acknowledging._waiting)
        keeper.give_up()
        await closing
        bus.go_on()
    else:
        keeper.give_up()
    await leader.leave()
    assert keeper._sending is not None
    assert keeper._sending.done()


async def test_a_live_source_that_is_read_ahead_loses_and_doubles_nothing(
    lead: Lead, bus: NatsServer
) -> None:
    ours, theirs = ScriptedSource(), ScriptedSource()
    ahead = read_ahead(NamedSource("script", theirs))
    first = await lead(ours)
    await ours.publish(trades(1, 6))
    theirs.give(trades(1, 4))
    theirs.give(trades(5, 9))
    await first.keeper.settled(6)
    await first.candidate.leave()
    second = await lead(ahead)
    theirs.give(trades(10, 12))
    await until(lambda: second.keeper.durable() == 12)
    ledger = await read_all(bus.address())
    assert (ledger.wrong, ledger.counts["trades"]) == ([], 12)
    assert ahead.preread is not None
    assert (ahead.preread.repeats, theirs.opened) == (6, 1)
