"""The limits of identities and addresses: each is told by name, and hits nobody else."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
import structlog

from feed.broadcast.egress import BURST_S, Throttle
from feed.broadcast.memory import Memory
from feed.hub.door import CONNECTIONS_BURST_S, REQUESTS_BURST_S, RETRY_MS
from feed.hub.waiting import TurnedAway
from feed.trust.key_changes import Made
from feed.wire.disconnect import Reason
from feed.wire.limit import Limit
from tests.fakes.hand_clock import HandClock
from tests.fakes.keys import KeysFile, auth_of, bearer_of
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, ScriptedSource, Serve, trade, trades
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import WebSocketReader
from tests.http.talk import connect, error

CLIENT, BYSTANDER = "203.0.113.9", "203.0.113.10"
TRUSTING: Any = {"trust_proxy": ("127.0.0.1",)}


@pytest.fixture
def keys(tmp_path: Path) -> KeysFile:
    return KeysFile(tmp_path / "keys.toml")


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def ask(feed: Feed, path: str, headers: Mapping[str, str] | None = None) -> RawHttp:
    return await RawHttp.get((feed.host, feed.port), path, dict(headers or {}))


def of(address: str) -> dict[str, str]:
    return {"X-Forwarded-For": address}


async def bye_of(answer: RawHttp) -> Any:
    assert answer.status == 200
    event = await SseReader(answer).event()
    assert (event.name, event.retry_ms is not None) == ("bye", True)
    return orjson.loads(event.data)


# Connections of one identity.


async def test_connections_of_one_identity_are_limited_and_what_is_granted_beats_the_setting(
    serve: Serve, keys: KeysFile
) -> None:
    few, usual = keys.add("few", limits={"connections": 1}), keys.add("usual")
    feed = await serve(keys=keys.path, max_connections_per_identity=2)
    for key, most in ((few, 1), (usual, 2)):
        for _ in range(most):
            await ask(feed, "/v1/stream?trades=*", bearer_of(key))
        bye = await bye_of(await ask(feed, "/v1/sse?trades=*", bearer_of(key)))
        assert (bye["reason"], bye["reconnect"]) == ("too_many_connections", True)
        words = f"connections of one identity: {most + 1} would exceed the limit of {most}"
        assert words in bye["msg"]
        reader = await connect(feed)
        reader.say(auth_of(key))
        told = await error(reader)
        assert (told["code"], words in told["msg"]) == (406, True)
        assert (await reader.frame()).close_code == 1013
    assert feed.hub.door.limited == {Limit.IDENTITY_CONNECTIONS: 4}
    assert feed.hub.ended[Reason.TOO_MANY_CONNECTIONS] == 4


async def test_a_connection_that_ends_makes_room_for_its_identity(
    serve: Serve, keys: KeysFile
) -> None:
    key = keys.add("one", limits={"connections": 1})
    feed = await serve(keys=keys.path)
    for _ in range(3):
        reader = await connect(feed)
        reader.say(auth_of(key))
        assert (await reader.message())["msg"] == "authenticated"
        reader.say(auth_of(key))
        assert (await reader.message())["msg"] == "authenticated", "a refresh is not another one"
        reader.wire.abort()
        await until(lambda: not feed.hub.sessions)
    door = feed.hub.door
    assert (len(door._by_identity), len(door._by_address), door._lanes) == (0, 0, {})


# So much a second.


async def test_finite_requests_of_one_identity_have_a_rate(
    serve: Serve, keys: KeysFile, clock: HandClock
) -> None:
    few, other = keys.add("few", limits={"requests_per_s": 1}), keys.add("other")
    feed = await serve(keys=keys.path, clock=clock.clock)
    for _ in range(int(REQUESTS_BURST_S)):
        assert (await ask(feed, "/v1/symbols", bearer_of(few))).status == 200
    refused = await ask(feed, "/v1/symbols", bearer_of(few))
    problem = await refused.document()
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    assert problem["limit"] == "finite requests a second"
    assert problem["detail"] == "finite requests a second: more than 1; come back in 1.0 s"
    assert (await ask(feed, "/v1/symbols", bearer_of(other))).status == 200
    assert (await ask(feed, "/healthz", bearer_of(few))).status == 200, "it lives all the same"
    clock.pass_s(1)
    assert (await ask(feed, "/v1/symbols", bearer_of(few))).status == 200
    assert feed.hub.door.limited == {Limit.REQUESTS: 1}


async def test_whoever_guesses_keys_is_refused_before_they_are_looked_at(
    serve: Serve, keys: KeysFile, clock: HandClock
) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path, clock=clock.clock, max_requests_per_s=1, **TRUSTING)
    wrong = {"Authorization": "Bearer fk_ffffffffffffffff.wrong"} | of(CLIENT)
    paths = ("/v1/symbols", "/v1/stream?trades=*", "/v1/sse?trades=*", "/v1/stream", "/v1/symbols")
    for path in paths:
        assert (await ask(feed, path, wrong)).status == 401
    for headers in (wrong, of(CLIENT)):
        for path in ("/v1/symbols", "/v1/stream?trades=*"):
            assert (await ask(feed, path, headers)).status == 429
        assert (
            "finite requests a second"
            in (await bye_of(await ask(feed, "/v1/sse?trades=*", headers)))["msg"]
        ), "an EventSource comes back"
    assert feed.hub.identities.outcomes == {"unknown": int(REQUESTS_BURST_S)}
    assert (await ask(feed, "/v1/symbols", bearer_of(key) | of(BYSTANDER))).status == 200


async def test_streams_that_are_refused_at_once_have_a_rate(serve: Serve, clock: HandClock) -> None:
    feed = await serve(clock=clock.clock, max_requests_per_s=1, **TRUSTING)
    path = "/v1/stream?trades=*&conflate=never"
    answers = [(await ask(feed, path, of(CLIENT))).status for _ in range(7)]
    assert answers == [400] * int(REQUESTS_BURST_S) + [429] * 2
    assert (await ask(feed, path, of(BYSTANDER))).status == 400


async def test_anonymous_requests_have_the_rate_of_their_address(
    serve: Serve, clock: HandClock
) -> None:
    feed = await serve(clock=clock.clock, max_requests_per_s=1, **TRUSTING)
    answers = [(await ask(feed, "/v1/symbols", of(CLIENT))).status for _ in range(7)]
    assert answers == [200] * int(REQUESTS_BURST_S) + [429] * 2
    assert (await ask(feed, "/v1/symbols", of(BYSTANDER))).status == 200
    for _ in range(10):
        assert (await ask(feed, "/v1/symbols")).status == 200, "this machine counts for nobody"


async def test_new_connections_of_one_address_have_a_rate(serve: Serve, clock: HandClock) -> None:
    feed = await serve(clock=clock.clock, max_new_connections_per_s=1, **TRUSTING)
    for _ in range(int(CONNECTIONS_BURST_S)):
        assert (await ask(feed, "/v1/stream?trades=*", of(CLIENT))).status == 200
    for path in ("/v1/stream?trades=*", "/v1/ws", "/v2/none", "/v2/none/of/these"):
        upgrade = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        refused = await ask(feed, path, of(CLIENT) | upgrade)
        assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
        assert (await refused.document())["limit"] == Limit.NEW_CONNECTIONS
    bye = await bye_of(await ask(feed, "/v1/sse?trades=*", of(CLIENT)))
    assert "new connections a second of one address" in bye["msg"]
    assert (await ask(feed, "/v1/stream?trades=*", of(BYSTANDER))).status == 200
    clock.pass_s(1)
    assert (await ask(feed, "/v1/stream?trades=*", of(CLIENT))).status == 200


async def test_without_a_proxy_who_comes_too_often_is_answered_before_it_is_parsed(
    serve: Serve, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("feed.hub.door.place_of", str)  # this machine counts
    feed = await serve(clock=clock.clock, max_new_connections_per_s=1)
    for _ in range(int(CONNECTIONS_BURST_S)):
        assert (await ask(feed, "/healthz")).status == 200
    refused = await ask(feed, "/v1/symbols")
    assert (refused.status, refused.headers["Retry-After"]) == (429, "1")
    document = await refused.document()
    assert document["limit"] == "new connections a second of one address"
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert await refused.wire.rest() == b""
    bye = await bye_of(await ask(feed, "/v1/sse?trades=*"))
    assert bye["reconnect"] is True
    foreign = await RawHttp.open((feed.host, feed.port))
    foreign.wire.writer.write(b"GET /v1/sse HTTP/1.1\r\nOrigin: https://a.example\r\n\r\n")
    assert await foreign.wire.rest() == b"", "its page could not read why, and it comes back"
    assert feed.hub.waiting.turned_away[TurnedAway.RATE] == 3
    clock.pass_s(1)
    assert (await ask(feed, "/v1/symbols")).status == 200


# Lanes.


async def test_lanes_of_one_identity_are_limited_on_every_transport(
    serve: Serve, keys: KeysFile
) -> None:
    key, other = keys.add("desk", limits={"lanes": 2}), keys.add("other")
    feed = await serve(ScriptedSource(lists="ABCD"), keys=keys.path)
    for _ in range(2):  # the same lane
        assert (await ask(feed, "/v1/stream?trades=A", bearer_of(key))).status == 200
    reader = await connect(feed)
    reader.say(auth_of(key))
    await reader.message()
    assert (await reader.subscribe(trades=["B"]))["trades"] == ["B"], "it leaves the empty one"
    refused = await ask(feed, "/v1/stream?trades=C", bearer_of(key))
    assert refused.status == 400
    problem = await refused.document()
    assert (problem["limit"], problem["accepted"]) == ("lanes of one identity", "at most 2")
    assert (await ask(feed, "/v1/stream?trades=A", bearer_of(key))).status == 200
    assert (await ask(feed, "/v1/stream?trades=C", bearer_of(other))).status == 200
    reader.say({"action": "subscribe", "trades": ["D"]})
    assert (await reader.message())["trades"] == ["B", "D"], "its own lane goes"
    reader.wire.abort()
    await until(lambda: len(feed.hub.sessions) == 4)
    assert (await ask(feed, "/v1/stream?trades=C", bearer_of(key))).status == 200
    assert feed.hub.door.limited[Limit.LANES] == 1


async def test_a_websocket_that_would_be_in_a_lane_too_many_stays_where_it_is(
    serve: Serve, keys: KeysFile
) -> None:
    key = keys.add("desk", limits={"lanes": 1})
    feed = await serve(ScriptedSource(lists="AB"), keys=keys.path)
    first, second = await connect(feed), await connect(feed)
    for reader in (first, second):
        reader.say(auth_of(key))
        await reader.message()
    second.say({"action": "subscribe", "trades": ["A"]})
    refusal = await error(second)
    assert (refusal["code"], "lanes of one identity: 2" in refusal["msg"]) == (405, True)
    first.wire.abort()
    await until(lambda: len(feed.hub.sessions) == 1)
    assert (await second.subscribe(trades=["A"]))["trades"] == ["A"]


# Control messages.


async def test_bytes_of_control_messages_are_limited(serve: Serve) -> None:
    feed = await serve(
        max_control_bytes_per_s=1_000, max_control_messages_per_s=1_000, max_control_ms_per_s=10_000
    )
    reader, other = await connect(feed), await connect(feed)
    reader.say({"action": "subscribe", "trades": ["A" * 20] * 300})
    told = await error(reader)
    assert told["code"] == 400
    assert "bytes of control messages a second are limited" in told["msg"]
    assert (await reader.frame()).close_code == 1008
    assert feed.hub.door.limited == {Limit.CONTROL_BYTES: 1}
    assert (await other.subscribe(trades=["A"]))["trades"] == ["A"]


# Memory.


async def test_newcomers_are_told_to_come_back_while_memory_is_full(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve()
    here = await connect(feed)
    monkeypatch.setattr(Memory, "is_full", property(lambda _: True))
    answer = await ask(feed, "/v1/stream?trades=*")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "5")
    assert (await answer.document())["limit"] == "bytes of compressors, buffers and caches"
    reader = SseReader(await ask(feed, "/v1/sse?trades=*"))
    events = [await reader.event(), await reader.event()]
    assert (events[0].name, events[0].retry_ms) == ("leaving", RETRY_MS)
    assert orjson.loads(events[1].data)["reason"] == "overloaded"
    refused = await connect(feed)
    told = await error(refused)
    assert (told["code"], "memory is full" in told["msg"]) == (406, True)
    assert (await refused.frame()).close_code == 1013
    assert feed.hub.ended == {Reason.OVERLOADED: 3}
    assert feed.hub.door.limited == {Limit.MEMORY: 3}
    assert (await ask(feed, "/v1/symbols")).status == 200
    await here.subscribe(trades=["*"])
    await feed.publish(trade(1))
    assert [tick["i"] for tick in (await here.read())[0]] == [1], "who is there stays"


async def test_above_the_hard_limit_the_slowest_go_and_nobody_else(serve: Serve) -> None:
    feed = await serve(
        max_memory_hard_bytes=100_000, high_water_bytes=1 << 20, keepalive_s=0.1, ring=1 << 12
    )
    address = feed.host, feed.port
    slow = await RawHttp.get(address, "/v1/stream?trades=*", receive_buffer_bytes=4_096)
    quick = await connect(feed)
    await quick.subscribe(trades=["*"])
    await feed.sessions_reach(2)
    held: list[int] = []

    def one_is_gone() -> bool:
        held.append(feed.hub.door.memory.used_bytes)
        return len(feed.hub.sessions) == 1

    number = 0
    while not one_is_gone():
        await feed.publish(*trades(number + 1, number + 1_000))
        number += 1_000
        seen = 0
        while seen < 1_000:
            seen += sum(item["T"] == "t" for item in (await quick.read())[0])
    assert feed.hub.ended == {Reason.SLOW: 1}
    assert feed.hub.door.limited[Limit.MEMORY_HARD] >= 1
    [departed] = feed.hub.departed
    assert "and the server's memory was full" in departed.words
    slow.wire.abort()


# Bytes.


async def test_above_its_bytes_an_identity_is_conflated_and_told_what_is_missing(
    serve: Serve, keys: KeysFile, clock: HandClock
) -> None:
    few, other = keys.add("few", limits={"egress_bytes_per_s": 2_000}), keys.add("other")
    feed = await serve(keys=keys.path, clock=clock.clock, keepalive_s=0.1)
    readers = []
    for key in (few, other):
        reader = await connect(feed)
        reader.say(auth_of(key))
        await reader.message()
        await reader.subscribe(trades=["*"])
        readers.append(reader)
    limited, bystander = readers
    number = 0
    while not feed.hub.door.limited[Limit.EGRESS]:
        number += 1
        await feed.publish(trade(number))
        clock.pass_s(0.001)
    assert number * 100 > BURST_S * 2_000 / 2, "a burst is given"
    for _ in range(5):
        number += 1
        await feed.publish(trade(number))
    await seen_up_to(bystander, number, gaps=False)
    while any(
        session.subscriber.ladder.throttle is not Throttle.NONE
        for session in feed.hub.sessions.values()
    ):
        clock.pass_s(1)
        await until_looked(feed)
    await feed.sessions_reach(2)
    number += 1
    await feed.publish(trade(number))
    await seen_up_to(limited, number, gaps=True)


async def until_looked(feed: Feed) -> None:
    """Wait for housekeeping, which goes on by a clock of its own."""
    before = feed.hub.instruments.loop_lag.count
    await until(lambda: feed.hub.instruments.loop_lag.count > before + 1)


async def seen_up_to(reader: WebSocketReader, last: int, *, gaps: bool) -> None:
    """Read trades until the last, each once, or within a gap that is told before."""
    seen: list[int] = []
    told = False
    while not seen or seen[-1] != last:
        for item in (await reader.read())[0]:
            if item["T"] == "gap":
                assert item["reason"] == "limit"
                first, end = (int(item[at].rpartition("-")[2]) for at in ("from", "to"))
                seen += range(first, end + 1)
                told = True
            elif item["T"] == "t" and item["i"] not in seen:
                seen.append(item["i"])
    assert told is gaps
    assert seen == list(range(1, last + 1))


async def test_a_limit_of_bytes_that_cannot_be_kept_is_told_once(
    serve: Serve, keys: KeysFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = keys.add("few", limits={"egress_bytes_per_s": 500})
    feed = await serve(keys=keys.path, keepalive_s=0.1)
    with structlog.testing.capture_logs() as logs:
        await ask(feed, "/v1/sse?trades=*", bearer_of(few))
        await until_looked(feed)
        assert not [entry for entry in logs if entry["event"] == "egress_not_limited"]
        monkeypatch.setattr(sys, "platform", "darwin")
        for _ in range(2):
            await until_looked(feed)
        monkeypatch.undo()
    [told] = [entry for entry in logs if entry["event"] == "egress_not_limited"]
    assert told["reason"].startswith("the kernel does not tell how much it has sent")


async def test_bytes_that_an_identity_was_sent_count_though_it_comes_anew(
    serve: Serve, keys: KeysFile, clock: HandClock
) -> None:
    few = keys.add("few", limits={"egress_bytes_per_s": 500})
    feed = await serve(
        ScriptedSource(lists=[f"S{n}" for n in range(200)]),
        keys=keys.path,
        clock=clock.clock,
        keepalive_s=0.1,
    )
    await feed.publish(*trades(1, 200))
    for _ in range(20):
        if feed.hub.door.limited[Limit.EGRESS]:
            break
        reader = SseReader(await ask(feed, "/v1/sse?trades=*&after=0", bearer_of(few)))
        await reader.event()
        reader.http.wire.abort()
        await until(lambda: not feed.hub.sessions)
        await until_looked(feed)
    assert feed.hub.door.limited[Limit.EGRESS] == 1
    await _waits_from_the_beginning(feed, few)


async def _waits_from_the_beginning(feed: Feed, key: Made) -> None:
    """Whoever comes anew all the time is not given what there is until each next look."""
    for path in ("/v1/sse?trades=*&after=0", "/v1/stream?trades=*&after=0"):
        await ask(feed, path, bearer_of(key))
    reader = await connect(feed)
    reader.say(auth_of(key))
    await reader.message()
    await reader.subscribe(trades=["*"])
    assert [
        (session.subscriber.ladder.throttle, session.subscriber.live)
        for session in feed.hub.sessions.values()
    ] == [(Throttle.WAITS, False)] * 3
