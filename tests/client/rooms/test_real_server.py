"""Rooms of a real server, also through a proxy that cuts."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

import feed
from feed.client.backoff import Backoff
from feed.client.errors import GaveUp, Refused
from feed.client.events import Event, ServerWarning
from feed.client.rooms import state
from feed.client.rooms.actions import ChangeList
from feed.client.rooms.errors import Unsaid
from feed.client.rooms.making import make
from feed.client.rooms.room import Room
from feed.settings.options import Settings
from tests.client.rooms.served import SETTINGS, base_of
from tests.fakes.chaos import ChaosProxy
from tests.fakes.keys import KeysFile
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.servers import Feed, start_feed

SAID = 60


@pytest.fixture
async def server() -> AsyncIterator[Feed]:
    async with AsyncExitStack() as servers:
        yield await start_feed(servers, None, Settings(**SETTINGS))


def soon(low: float, high: float) -> float:
    """Draw hardly any wait: without any, a loop would do nothing else."""
    del low, high
    return 0.003


def nobody() -> ChaosProxy:
    """Return a proxy behind which there is no server."""
    return ChaosProxy(1, seed=1, mean_bytes=1, spared_bytes=1)


def hasty(port: int, **options: Any) -> Room:
    """Return a room that comes back at once, however often its connection is cut."""
    return make(f"http://127.0.0.1:{port}", "desk", backoff=Backoff(soon), **options)


async def texts_of(room: Room, count: int) -> list[str]:
    texts = []
    async for event in room:
        if event["T"] == "message":
            texts.append(event["text"])
        if len(texts) == count:
            return texts
    raise AssertionError("the room ended")


async def test_two_talk_and_keep_a_list(server: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state, "TYPING_S", PATIENCE_S)
    url = base_of(server)
    async with feed.room(url, "desk", name=" Ann ") as ann, feed.room(url, "desk") as bob:
        sent = await ann.say("halted?")
        assert (await anext(ann))["T"] in {"message", "present"}
        await bob.open()
        await bob.list.add("AAPL", note="before the open")
        await bob.list.add("MSFT")
        await bob.list.move("MSFT", before="AAPL")
        await ann.edit(sent.id, "halted.")
        await bob.type()
        await bob.type()
        await until(lambda: ann.typing)
        (message,) = ann.messages
        assert (message["text"], message.get("name"), message["by"]) == ("halted.", "Ann", ann.by)
        assert [entry["symbol"] for entry in ann.entries] == ["MSFT", "AAPL"]
        assert ann.entries == ann.expected
        await until(lambda: len(ann.members) == 2)
        assert sorted(member.get("name", "") for member in ann.members) == ["", "Ann"]
        await ann.list.remove("AAPL")
        await ann.list.note("MSFT", "split")
        await ann.delete(sent.id)
        await until(lambda: not bob.messages and len(bob.entries) == 1)
        await bob.list.add("AAPL"), "its version is that of its removal"
        await until(lambda: len(ann.entries) == 2)
    assert ann.unsent == ()
    async with feed.room(url, "desk", present=False) as late:
        await late.open()
        assert [entry["note"] for entry in late.entries] == ["split", ""]
        assert (late.messages, late.members) == ((), ())


async def test_what_is_said_while_away_comes_once_and_in_order(server: Feed) -> None:
    said = [f"{number} é" for number in range(SAID)]
    async with (
        hasty(server.port) as other,
        ChaosProxy(1, seed=4, mean_bytes=300, spared_bytes=3_000) as proxy,  # to nobody yet
        hasty(proxy.port) as room,
    ):
        reading = asyncio.create_task(texts_of(other, SAID))
        for text in said[: SAID // 2]:
            room.say(text)
        listed = [room.list.add("AAPL"), room.list.note("AAPL", "thin")]
        assert len(room.unsent) == SAID // 2 + 2
        assert [entry["note"] for entry in room.expected] == ["thin"]
        proxy.server_port = server.port
        for text in said[SAID // 2 :]:
            await room.say(text)
        assert await texts_of(room, SAID) == said
        assert await reading == said
        await asyncio.gather(*listed)
        await until(lambda: room.entries == other.entries == room.expected)
        assert room.unsent == ()
        proxy.calm = True
        connections = proxy.connections
    assert connections > 8


async def test_what_the_server_says_no_to_is_told_thrice(
    server: Feed, caplog: pytest.LogCaptureFixture
) -> None:
    async with feed.room(base_of(server), "desk", present=False) as room:
        with pytest.raises(Refused, match="there is no message nope"):
            await room.edit("nope", "x")
        event = await anext(room)
        assert event["T"] == "unpublished"
        assert (event["room"], event["status"]) == ("desk", 404)
        (held,) = room.unsent
        assert (held.id, held.refused and held.refused.code) == (event["id"], 404)
        room.discard(held.id)
        assert room.unsent == ()
        await room.say("and on it goes")
    assert "in the room desk something is not published" in caplog.text


async def test_grants_decide_who_reads_and_who_talks(tmp_path: Path) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    reader = keys.add("reader", grants=["rooms=desk"])
    other = keys.add("other", grants=["trades=*"])
    events: list[Event] = []
    async with AsyncExitStack() as servers:
        server = await start_feed(servers, None, Settings(**SETTINGS, keys=keys.path))
        key = f"{reader.id}.{reader.secret}"
        async with hasty(server.port, key=key, on_event=events.append) as room:
            await room.open()
            await until(lambda: any(isinstance(event, ServerWarning) for event in events))
            with pytest.raises(Refused, match="publishing in the room desk is not granted"):
                await room.say("x")
        (warning,) = [event for event in events if isinstance(event, ServerWarning)]
        assert str(warning).startswith("you are no member of the room desk: publishing")
        async with hasty(server.port, key=f"{other.id}.{other.secret}") as room:
            with pytest.raises(Refused, match="desk on rooms"):
                await room.open()


async def test_somebody_else_was_faster(server: Feed) -> None:
    async with hasty(server.port) as room:
        await room.list.add("AAPL")
        await room.list.note("AAPL", "theirs")
        with pytest.raises(Refused, match="AAPL has version 2 by now, not 1"):
            await room._do(ChangeList("note", "AAPL", 1, note="ours"))
        (held,) = room.unsent
        assert held.entry is not None
        assert (held.entry["version"], held.entry.get("note")) == (2, "theirs")


async def test_what_is_unsent_at_the_end_is_raised() -> None:
    async with nobody() as proxy:
        room = hasty(proxy.port, close_timeout_s=0.01)
        await room.__aenter__()
        first, _ = room.say("a"), room.say("b")
        dropped = room.say("c")
        room.discard(room.unsent[-1].id)
        with pytest.raises(Unsaid, match="it was discarded"):
            await dropped
        with pytest.raises(Unsaid, match="2 of what was said in the room desk is unsent") as error:
            await room.close()
        with pytest.raises(Unsaid, match="1 of what"):
            await first
        assert error.value.unsent == room.unsent
        with pytest.raises(RuntimeError, match="within its `async with` block"):
            room.say("too late")
    assert [event async for event in room] == []


async def test_a_block_that_fails_is_not_hidden_by_what_is_unsent(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail(room: Room) -> None:
        async with room:
            room.say("a")
            raise KeyError

    async with nobody() as proxy:
        with pytest.raises(KeyError):
            await fail(hasty(proxy.port, close_timeout_s=0.0))
    assert "1 of what was said in the room desk is unsent" in caplog.text


async def test_what_ends_the_stream_ends_the_room() -> None:
    events: list[Event] = []
    async with nobody() as proxy:
        room = hasty(proxy.port, give_up_after_s=0.0, on_event=events.append)
        await room.__aenter__()
        said = room.say("a")
        for waits in (room.open, lambda: said, room.__anext__):
            with pytest.raises(GaveUp):
                await waits()
        with pytest.raises(GaveUp):
            room.say("b")
        with pytest.raises(Unsaid, match="nothing came from"):
            await room.close()


async def test_a_say_that_is_cancelled_is_sent_all_the_same(server: Feed) -> None:
    async with hasty(server.port, present=False) as other, hasty(server.port) as room:
        said = room.say("a")
        said.cancel()
        assert await texts_of(other, 1) == ["a"]
        await until(lambda: not room.unsent)
        assert await texts_of(room, 1) == ["a"]


async def test_a_room_that_starts_over_tells_what_is_gone(server: Feed) -> None:
    async with AsyncExitStack() as servers, nobody() as proxy:
        other = await start_feed(servers, None, Settings(**SETTINGS))
        proxy.server_port, proxy.calm = server.port, True
        async with hasty(proxy.port, present=False) as room:
            await room.say("a")
            await room.list.add("AAPL")
            await until(lambda: room.messages and room.entries)
            proxy.server_port = other.port
            for connection in list(proxy._serving):
                connection.cancel()
            kinds = [(await anext(room))["T"] for _ in range(4)]
            assert kinds == ["message", "entry", "deleted", "removed"]
            assert (room.messages, room.entries) == ((), ())
            await room.list.add("AAPL")
            assert (await anext(room))["T"] == "entry"


async def test_a_room_is_entered_once_and_used_in_its_block(server: Feed) -> None:
    room = feed.room(base_of(server), "desk")
    with pytest.raises(RuntimeError, match="within its `async with` block"):
        room.say("x")
    async with room:
        with pytest.raises(RuntimeError, match="entered once"):
            await room.__aenter__()
    await room.close()
