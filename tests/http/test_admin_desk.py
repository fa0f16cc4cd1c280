"""What administrators see of rooms, jobs and alerts: page by page, and not what is said."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from feed.alerting.request import RuleRequest
from feed.http.app import ALERTS, HUB, JOBS, ROOMS
from feed.jobs.quotas import Quotas
from feed.jobs.request import JobRequest
from feed.trust.identity import ANONYMOUS, Identity, Kind, owner_key
from feed.wire.grants import ALL_GRANTS
from feed.wire.room_requests import ChangeList, ListOp, Publish
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.patience import until
from tests.fakes.servers import Feed, Serve, trade
from tests.http.contract.schemas import flaws
from tests.http.contract.test_openapi import DOCUMENT, documented
from tests.http.test_admin import ask

OF_ROOMS, OF_JOBS, OF_ALERTS = "/v1/admin/rooms", "/v1/admin/jobs", "/v1/admin/alerts"
ASK = JobRequest.of({"kind": "ring", "format": "csv"}, most_symbols=1)
UNKNOWN = f"job_{'0' * 32}"


async def answer(feed: Feed, path: str, query: str = "") -> Any:
    """Return an answer, which is as its description says."""
    status, document = await ask(feed, path + query)
    assert status == 200, document
    assert flaws(document, documented(path, 200), DOCUMENT) == []
    return document


async def pages(feed: Feed, path: str, noun: str, key: str) -> list[list[str]]:
    """Return the names on each page of two."""
    found: list[list[str]] = []
    query = "?limit=2"
    while True:
        page = await answer(feed, path, query)
        found.append([line[key] for line in page[noun]])
        if page["next"] is None:
            return found
        query = f"?limit=2&after={page['next']}"


async def test_administrators_see_how_much_there_is_of_each_room(serve: Serve) -> None:
    feed = await serve(local_admin=True)
    rooms, hub = feed.server.app[ROOMS], feed.server.app[HUB]
    secret = Publish(action="publish", room="desk", text="nobody's business", id="m1")
    await rooms.publish(ANONYMOUS, "", secret)
    entry = ChangeList(action="list", room="desk", op=ListOp.ADD, symbol="AAPL", note="x")
    await rooms.change_list(ANONYMOUS, "", entry)
    rooms.presence.enter(ANONYMOUS, "desk", "Ann", 1)
    hub.cutter.cut()
    document = await answer(feed, OF_ROOMS)
    (line,) = document["rooms"]
    kept_bytes = line.pop("bytes")
    assert len("nobody's business") < kept_bytes <= hub.broadcast.keyed.used_bytes
    assert line == {"room": "desk", "messages": 1, "entries": 1, "members": 1}
    assert (document["next"], document["total"]) == (None, 1)
    assert b"business" not in orjson.dumps(document)


async def test_rooms_come_page_by_page(serve: Serve) -> None:
    feed = await serve(local_admin=True)
    for room in "ecadb":
        said = Publish(action="publish", room=room, text="x", id="m1")
        await feed.server.app[ROOMS].publish(ANONYMOUS, "", said)
    assert await pages(feed, OF_ROOMS, "rooms", "room") == [["a", "b"], ["c", "d"], ["e"]]
    assert [line["room"] for line in (await answer(feed, OF_ROOMS, "?after=dx"))["rooms"]] == ["e"]


async def test_administrators_see_whose_each_job_is(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Quotas, "next", lambda *_: None)  # they wait for their turn, for ever
    feed = await serve(local_admin=True)
    jobs = feed.server.app[JOBS]
    desk = Identity(Kind.KEY, "key_1", "desk", ALL_GRANTS)
    job, others = jobs.begin(ASK, desk, ""), [jobs.begin(ASK, ANONYMOUS, "") for _ in range(4)]
    keys = sorted([job.id, *(each.id for each in others)])
    assert await pages(feed, OF_JOBS, "jobs", "id") == [keys[:2], keys[2:4], keys[4:]]
    for name in ("desk", "key_1"):
        document = await answer(feed, OF_JOBS, f"?identity={name}")
        (line,) = document["jobs"]
        assert line.pop("asked").startswith("20")
        assert line == {
            "id": job.id,
            "identity": {"kind": "key", "id": "key_1", "name": "desk"},
            "state": "queued",
            "exports": "ring",
            "format": "csv",
            "done": 0,
            "total": 0,
            "size_bytes": 0,
        }
        assert (document["next"], document["total"]) == (None, 5)
    await jobs.remove(job)
    (line,) = (await answer(feed, OF_JOBS, "?identity=desk"))["jobs"]
    assert (line["state"], line["code"], line["msg"]) == (
        *("cancelled", "cancelled"),
        "it was cancelled",
    )
    assert (await answer(feed, OF_JOBS, "?identity=nobody"))["jobs"] == []


async def test_administrators_see_how_many_rules_and_alerts_each_owner_has(serve: Serve) -> None:
    feed = await serve(local_admin=True)
    alerts = feed.server.app[ALERTS]
    await feed.publish(trade(1))
    owners = [Identity(Kind.KEY, f"key_{n}", f"desk {n}", ALL_GRANTS) for n in range(3)]
    secret = {"symbol": "AAPL", "field": "price", "op": ">=", "note": "nobody's business"}
    for owner in owners:
        await alerts.add(RuleRequest.of({**secret, "value": 1e6}), owner)
    fires = await alerts.add(RuleRequest.of({**secret, "value": 0.5}), owners[0])
    await feed.publish(trade(2))
    await until(lambda: alerts.tally.firings)
    digests = sorted(owner_key(owner) for owner in owners)
    assert await pages(feed, OF_ALERTS, "owners", "owner") == [digests[:2], digests[2:]]
    document = await answer(feed, OF_ALERTS)
    assert (document["next"], document["total"]) == (None, 3)
    lines = {line["owner"]: line for line in document["owners"]}
    assert lines[owner_key(owners[0])] == {
        "owner": owner_key(owners[0]),
        "identity": {"kind": "key", "id": "key_0", "name": "desk 0"},
        "rules": {"armed": 1, "fired": 1, "expired": 0, "suspended": 0},
        "firings": 1,
    }
    assert b"business" not in orjson.dumps(document)
    await alerts.remove(fires.id, owners[0])  # what it fired stays
    for rule in alerts.of(owners[0]):
        await alerts.remove(rule.id, owners[0])
    (line,) = (await answer(feed, OF_ALERTS, f"?limit=1&after={before(owner_key(owners[0]))}"))[
        "owners"
    ]
    assert (set(line["rules"].values()), line["firings"]) == ({0}, 1)


def before(owner: str) -> str:
    """Return an owner right before another in the order of digests."""
    digits = owner.removeprefix("own_")
    return f"own_{int(digits, 16) - 1:0{len(digits)}x}"


@pytest.mark.parametrize("path", [OF_ROOMS, OF_JOBS, OF_ALERTS])
async def test_nobody_else_sees_them(serve: Serve, tmp_path: Path, path: str) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    desk, admin = keys.add("desk"), keys.add("ops", admin=True)
    feed = await serve(keys=keys.path, allow_origin=["*"])
    assert (await ask(feed, path))[0] == 401
    assert (await ask(feed, path, bearer_of(desk)))[0] == 403
    assert (await ask(feed, path, bearer_of(admin)))[0] == 200
    foreign = {**bearer_of(admin), "Origin": "https://evil.example"}
    status, problem = await ask(feed, path, foreign)
    assert status == 403
    assert "Origin" in problem["detail"]


@pytest.mark.parametrize(
    "target",
    [
        *(
            f"{path}?limit={limit}"
            for path in (OF_ROOMS, OF_JOBS, OF_ALERTS)
            for limit in ("0", "1001", "x")
        ),
        *(f"{OF_ROOMS}?after={after}" for after in ("", "..", "a%0A", f"{'a' * 65}")),
        *(f"{OF_JOBS}?after={after}" for after in ("", "desk", f"{UNKNOWN}%0A")),
        *(f"{OF_ALERTS}?after={after}" for after in ("", "*", "own_1")),
        f"{OF_ROOMS}?identity=desk",
    ],
)
async def test_what_a_list_does_not_take_is_said(serve: Serve, target: str) -> None:
    feed = await serve(local_admin=True)
    status, problem = await ask(feed, target)
    assert status == 400
    assert problem["parameter"] in target
    assert problem["detail"]
