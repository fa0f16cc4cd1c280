"""What administrators ask and do: who is there, why they missed something."""

import re
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog

from feed.client.events import Connected
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.hub.portrait import MOST_DEPARTED, Departed, portray, selection_words
from feed.hub.steps import Step, Steps
from feed.hub.turns import Turns
from feed.market.ticks import Channel
from feed.wire.selection import Selection
from feed.wire.transport import TransportName
from tests.client.streams import event_of
from tests.fakes.keys import KeysFile, auth_of, bearer_of
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.selections import EVERYTHING
from tests.fakes.servers import Feed, Serve, trades
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import CLOSE
from tests.http.talk import connect

PATH = "/v1/admin/connections"


async def ask(
    feed: Feed, target: str, headers: dict[str, str] | None = None, method: str = "GET"
) -> tuple[int, Any]:
    answer = await RawHttp.get((feed.host, feed.port), target, headers, method=method)
    return answer.status, await answer.document()


async def listen(
    feed: Feed, query: str = "trades=*", headers: dict[str, str] | None = None
) -> SseReader:
    return SseReader(await RawHttp.get((feed.host, feed.port), f"/v1/sse?{query}", headers))


@pytest.fixture
def keys(tmp_path: Path) -> KeysFile:
    return KeysFile(tmp_path / "keys.toml")


async def test_administrators_see_who_is_connected(serve: Serve, keys: KeysFile) -> None:
    desk, admin = keys.add("desk"), keys.add("ops", admin=True)
    feed = await serve(keys=keys.path)
    await listen(feed, "trades=AAPL,MSFT&quotes=*&conflate=quotes:250ms", bearer_of(desk))
    await feed.sessions_reach(1)
    await feed.publish(*trades(1, 3))
    status, document = await ask(feed, PATH, bearer_of(admin))
    assert status == 200
    assert (document["total"], document["next"]) == (1, None)
    (row,) = document["connections"]
    (session,) = feed.hub.sessions.values()
    assert re.fullmatch(r"20\d\d-.*Z", row.pop("since"))
    sent_bytes = row.pop("sent_bytes")
    assert sent_bytes is None or sent_bytes > 100
    assert row == {
        "id": session.id,
        "identity": {"kind": "key", "id": desk.id, "name": "desk"},
        "peer": "127.0.0.1",
        "transport": "sse",
        "codec": "json",
        "selection": "trades AAPL, MSFT; quotes * (250ms)",
        "lane": {"compression": "", "members": 1, "live": 1},
        "standing": "live",
        "pos": feed.position(3),
        "lag_ticks": 0,
        "buffered_bytes": 0,
    }


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("target", [f"{PATH}?identity=desk", f"{PATH}/1"])
async def test_nobody_else_asks_or_does_that(
    serve: Serve, keys: KeysFile, target: str, method: str
) -> None:
    desk = keys.add("desk")
    feed = await serve(keys=keys.path)
    await listen(feed, headers=bearer_of(desk))
    await feed.sessions_reach(1)
    assert (await ask(feed, target, method=method))[0] == 401
    assert (await ask(feed, target, bearer_of(desk), method))[0] == 403
    assert len(feed.hub.sessions) == 1


async def test_without_identities_only_this_machine_may_and_only_if_it_is_said(
    serve: Serve,
) -> None:
    closed, opened = await serve(), await serve(local_admin=True)
    assert (await ask(closed, PATH))[0] == 403
    assert (await ask(opened, PATH))[0] == 200
    assert (await ask(opened, PATH, {"X-Forwarded-For": "203.0.113.9"}))[0] == 403


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_page_of_another_origin_may_not_even_where_all_may_read(
    serve: Serve, method: str
) -> None:
    feed = await serve(local_admin=True, allow_origin=["*"])
    await listen(feed)
    await feed.sessions_reach(1)
    (session,) = feed.hub.sessions.values()
    for target in (f"{PATH}?identity=x", f"{PATH}/{session.id}"):
        status, problem = await ask(feed, target, {"Origin": "https://evil.example"}, method)
        assert status == 403
        assert "Origin" in problem["detail"]
    assert feed.hub.sessions


async def test_a_list_has_pages_and_the_worst_come_first_where_that_is_asked(
    serve: Serve,
) -> None:
    feed = await serve(local_admin=True)
    for _ in range(5):
        await listen(feed)
    await feed.sessions_reach(5)
    ids: list[int] = []
    after: int | None = 0
    while after is not None:
        _, document = await ask(feed, f"{PATH}?limit=2&after={after}")
        assert len(document["connections"]) <= 2
        ids += [row["id"] for row in document["connections"]]
        after = document["next"]
    assert ids == [session.id for session in feed.hub.sessions.values()]
    slowest = list(feed.hub.sessions.values())[3].subscriber
    feed.hub.audience.move(slowest, slowest.lane.payload.key, 0)  # it is held, and falls back
    await feed.publish(*trades(1, 3))
    _, document = await ask(feed, f"{PATH}?order=lag&limit=2")
    assert [row["id"] for row in document["connections"]] == [ids[3], ids[0]]
    assert [row["lag_ticks"] for row in document["connections"]] == [3, 0]


@pytest.mark.parametrize("query", ["", "?order=buffered"])
async def test_a_list_is_made_in_slices(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    feed = await serve(local_admin=True)
    for _ in range(40):
        await listen(feed)
    await feed.sessions_reach(40)
    ticking = count()
    steps = Steps(lambda: next(ticking))
    monkeypatch.setattr(feed.hub, "turns", Turns(steps, slice_ns=3))  # 16 pieces each
    _, document = await ask(feed, f"{PATH}{query}")
    assert len(document["connections"]) == 40
    assert steps.lengths[Step.ANSWER].count >= 2 * 40 / 16, "looked at, and written down"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "after=x", "after=-1", "order=name", "order=lag&after=1"]
)
async def test_what_a_list_does_not_take_is_said(serve: Serve, query: str) -> None:
    feed = await serve(local_admin=True)
    status, problem = await ask(feed, f"{PATH}?{query}")
    assert status == 400
    assert problem["parameter"] in query


async def test_why_did_i_miss_it_has_an_answer_after_the_fact(serve: Serve) -> None:
    feed = await serve(local_admin=True, ring=8)
    await feed.publish(*trades(1, 20))
    reader = await listen(feed, f"trades=AAPL&quotes=NONE&after={feed.position(2)}")
    await feed.sessions_reach(1)
    (session,) = feed.hub.sessions.values()
    _, document = await ask(feed, f"{PATH}/{session.id}")
    told = [(event["event"], event["msg"]) for event in document["record"]]
    epoch = feed.epoch
    assert told[:3] == [
        ("joined", "joined over sse in json, from 127.0.0.1"),
        ("subscribed", f"subscribed to 2 names on all channels, with the position {epoch}-2"),
        (
            "gap",
            f"gap: 18 sequences, {epoch}-3 to {epoch}-20: the ring no longer held them",
        ),
    ]
    assert document["record"][2]["from"] == f"{epoch}-3"
    assert document["record"][2]["count"] == 18
    assert {"warned", "caught_up"} <= {name for name, _ in told}
    reader.abort()
    await until(lambda: not feed.hub.sessions)
    _, after = await ask(feed, f"{PATH}/{session.id}")
    assert after["reason"] == "client_left"
    *before, closed = after["record"]
    assert [event["msg"] for event in before] == [msg for _, msg in told]
    assert closed["event"] == "closed"
    assert closed["msg"] == "closed, while live: the subscriber left"
    times = [event["t"] for event in after["record"]]
    assert times == sorted(times)


@pytest.mark.parametrize("transport", ["websocket", "sse", "stream"])
async def test_a_connection_is_told_its_id(serve: Serve, transport: TransportName) -> None:
    feed = await serve()
    subscription = Subscription.of({Channel.TRADES: ["AAPL"]})
    async with Stream(feed.url(""), subscription, transport=transport) as stream:
        connected = await event_of(stream, Connected)
        (session,) = feed.hub.sessions.values()
    assert connected.connection == session.id
    assert str(connected).startswith(f"connected to {feed.url('/v1/')}")
    assert f" as {session.id}" in str(connected)


async def test_the_record_tells_who_said_who_it_is_and_what_has_no_time_yet(
    serve: Serve, keys: KeysFile
) -> None:
    desk, admin = keys.add("desk"), keys.add("ops", admin=True)
    feed = await serve(keys=keys.path)
    socket = await connect(feed)
    socket.say(auth_of(desk))
    await socket.message()
    await socket.subscribe(trades=["AAPL"])
    await feed.sessions_reach(1)
    (session,) = feed.hub.sessions.values()
    key = replace(session.subscriber.lane.payload.key, selection=EVERYTHING)
    feed.hub.subscriptions.change(session, key)  # and its turn has not ended
    _, document = await ask(feed, f"{PATH}/{session.id}", bearer_of(admin))
    names = [event["event"] for event in document["record"]]
    assert names[0] == "joined"
    assert names.index("identified") < names.index("subscribed")
    assert names[-1] == "changed"
    times = [event["t"] for event in document["record"]]
    assert times == sorted(times)


async def test_a_connection_that_is_not_known_is_said_so(serve: Serve) -> None:
    feed = await serve(local_admin=True)
    for method in ("GET", "DELETE"):
        status, problem = await ask(feed, f"{PATH}/123456789", method=method)
        assert status == 404
        assert "no connection 123456789" in problem["detail"]
        status, problem = await ask(feed, f"{PATH}/first", method=method)
        assert (status, problem["parameter"]) == (400, "id")


async def test_one_connection_is_sent_away_and_told_so(serve: Serve) -> None:
    feed = await serve(local_admin=True)
    sse, socket = await listen(feed), await connect(feed)
    await feed.sessions_reach(2)
    first, second = feed.hub.sessions.values()
    with structlog.testing.capture_logs() as logs:
        for session in (first, second):
            status, document = await ask(feed, f"{PATH}/{session.id}", method="DELETE")
            assert (status, document) == (200, {"disconnected": 1})
    await sse.read()  # the mark of its beginning
    (bye,), _ = await sse.read()
    assert (bye["reason"], bye["reconnect"]) == ("admin", True)
    close = await socket.frame()
    assert (close.opcode, close.close_code) == (CLOSE, 1008)
    audit = [line for line in logs if line.get("audit")]
    assert {line["event"] for line in audit} == {"admin_disconnected"}
    assert [line["id"] for line in audit] == [first.id, second.id]
    assert {(line["by"], line["by_peer"]) for line in audit} == {("anonymous", "127.0.0.1")}


async def test_all_connections_of_an_identity_are_sent_away_and_nobody_elses(
    serve: Serve, keys: KeysFile
) -> None:
    desk, other, admin = keys.add("desk"), keys.add("other"), keys.add("ops", admin=True)
    feed = await serve(keys=keys.path)
    for key in (desk, other, desk):
        await listen(feed, headers=bearer_of(key))
    socket = await connect(feed)
    socket.say(auth_of(desk))
    await socket.message()
    await feed.sessions_reach(4)
    with structlog.testing.capture_logs() as logs:
        status, document = await ask(feed, f"{PATH}?identity=desk", bearer_of(admin), "DELETE")
    assert (status, document) == (200, {"disconnected": 3})
    assert [session.identity.name for session in feed.hub.sessions.values()] == ["other"]
    (audit,) = [line for line in logs if line.get("audit")]
    assert (audit["event"], audit["identity"]) == ("admin_disconnected_all", "desk")
    assert (audit["by"], audit["by_key"], audit["connections"]) == ("ops", admin.id, 3)
    ended = [line for line in logs if line["event"] == "ended"]
    assert {line["reason"] for line in ended} == {"admin"}
    assert not any(key.secret in str((logs, document)) for key in (desk, other, admin))


@pytest.mark.parametrize("target", [PATH, f"{PATH}?identity="])
async def test_everybody_is_never_sent_away_by_a_name_that_is_missing(
    serve: Serve, target: str
) -> None:
    feed = await serve(local_admin=True)
    await listen(feed)
    await feed.sessions_reach(1)
    status, problem = await ask(feed, target, method="DELETE")
    assert (status, problem["parameter"]) == (400, "identity")
    assert feed.hub.sessions


async def test_those_that_left_first_are_forgotten_first(serve: Serve) -> None:
    feed = await serve()
    await listen(feed)
    await feed.sessions_reach(1)
    (session,) = feed.hub.sessions.values()
    departed = Departed()
    assert MOST_DEPARTED == 1_000
    for number in range(1, MOST_DEPARTED + 11):
        session.id = number
        departed.add(portray(session))
    assert len(departed) == MOST_DEPARTED
    assert departed.get(10) is None
    assert [each.id for each in departed][:1] == [11]


def test_a_long_selection_is_shortened() -> None:
    many = [f"S{number}" for number in range(5_000)]
    words = selection_words(Selection.of({Channel.TRADES: many, Channel.BARS: ["A"]}))
    assert re.fullmatch(r"trades (S\d+, ){3}S\d+ and 4,996 more; bars A", words)
    assert len(selection_words(EVERYTHING)) < 200
