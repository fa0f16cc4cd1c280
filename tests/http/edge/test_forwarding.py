"""Requests of an edge's clients: the writer answers, and the edge's own streams tell the result."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from feed.http.app import ALERTS, JOBS
from feed.sources.follow.source import FollowSource
from feed.sources.writer_place import WriterPlace
from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.raw_http import RawHttp
from tests.fakes.scripted_model import ScriptedModel
from tests.fakes.servers import trade
from tests.fakes.sse_reader import SseReader
from tests.http.edge.conftest import Cluster, OpenCluster

MESSAGES = "/v1/rooms/desk/messages"
RULE = {"symbol": "AAPL", "field": "price", "op": ">=", "value": 0.5}


Headers = dict[str, str]


async def heard(reader: SseReader, kind: str) -> dict[str, Any]:
    while True:
        for message in (await reader.read())[0]:
            if message["T"] == kind:
                return dict(message)


async def test_what_is_published_at_an_edge_has_the_writers_position(
    open_cluster: OpenCluster,
) -> None:
    cluster = await open_cluster()
    reader = SseReader(await RawHttp.get(cluster.edge.address, "/v1/sse?rooms=desk"))
    status, said = await cluster.ask("POST", MESSAGES, json={"text": "halted?", "id": "m-1"})
    assert (status, said) == (201, {"room": "desk", "id": "m-1", "pos": cluster.writer.position(1)})
    assert (await heard(reader, "message"))["text"] == "halted?"
    assert await cluster.ask("POST", MESSAGES, json={"text": "halted?", "id": "m-1"}) == (200, said)
    status, refused = await cluster.ask("POST", MESSAGES, json={"text": "no", "id": "m-1"})
    assert (status, refused["title"]) == (409, "Conflict")
    status, _ = await cluster.ask("PATCH", f"{MESSAGES}/m-1", json={"text": "no"})
    assert (await heard(reader, "edited"))["text"] == "no"
    status, told = await cluster.ask("POST", "/v1/rooms/desk/list", json={"op": "add", "symbol": 1})
    assert (status, told["parameter"]) == (400, "symbol")
    await cluster.edge.reach(cluster.writer.position(2))
    status, kept = await cluster.ask("GET", MESSAGES)  # which the edge answers by itself
    assert [message["text"] for message in kept["messages"]] == ["no"]


async def test_a_generation_is_streamed_through_an_edge(open_cluster: OpenCluster) -> None:
    model = ScriptedModel()
    cluster = await open_cluster(model=model)
    question = {"messages": [{"role": "user", "content": "?"}], "model": "script", "stream": True}
    body = orjson.dumps(question)
    http = await RawHttp.open(cluster.edge.address)
    model.say("Apple ")
    head = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    answer = await http.ask(f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n".encode() + body)
    assert (answer.status, answer.headers["Content-Type"][:17]) == (200, "text/event-stream")
    await answer.up_to(b'"content":"Apple "')
    key = answer.headers["Feed-Generation"]
    await cluster.edge.reach(cluster.writer.hub.broadcast.position)
    watcher = await RawHttp.get(cluster.edge.address, f"/v1/sse?generations={key}&after=0")
    assert watcher.status == 200
    model.say("rose.")
    await answer.up_to(b'"content":"rose."')
    model.end()
    assert (await answer.body()).endswith(b"data: [DONE]\n\n")
    status, told = await cluster.ask("GET", f"/v1/responses/{key}")
    assert (status, told["status"]) == (200, "completed")


async def test_a_reader_that_leaves_an_edge_leaves_the_writer(open_cluster: OpenCluster) -> None:
    model = ScriptedModel()
    cluster = await open_cluster(model=model, llm_linger_s=0)
    body = b'{"messages":[{"role":"user","content":"?"}],"model":"script","stream":true}'
    http = await RawHttp.open(cluster.edge.address)
    model.say("a")
    head = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    answer = await http.ask(f"POST /v1/chat/completions HTTP/1.1\r\n{head}\r\n".encode() + body)
    await answer.up_to(b'"content":"a"')
    assert len(cluster.writer.hub.sessions) == 2  # the edge's own, and this one
    http.wire.abort()
    await until(lambda: len(cluster.writer.hub.sessions) == 1)


async def keyed(open_cluster: OpenCluster, folder: Path) -> tuple[Cluster, Headers, Headers]:
    """Return a cluster with a keys file, and what two people show."""
    keys = KeysFile(folder / "keys.toml")
    ann, ben, edge = keys.add("ann"), keys.add("ben"), keys.add("edge-1", follow=True)
    (folder / "edge.env").write_text(f"FEED_KEY={edge.id}\nFEED_SECRET={edge.secret}\n")
    cluster = await open_cluster(keys=keys.path, key_file=str(folder / "edge.env"))
    return cluster, bearer_of(ann), bearer_of(ben)


async def test_alerts_are_the_writers(open_cluster: OpenCluster, tmp_path: Path) -> None:
    cluster, ann, ben = await keyed(open_cluster, tmp_path)
    status, rule = await cluster.ask("POST", "/v1/alerts", json=RULE, headers=ann)
    assert status == 201
    reader = SseReader(await RawHttp.get(cluster.edge.address, "/v1/sse?alerts=*", ann))
    await cluster.writer.publish(trade(1))
    alert = await heard(reader, "alert")
    assert cluster.writer.server.app[ALERTS].tally.firings == 1
    path = f"/v1/firings/{alert['id']}/acknowledge"
    assert (await cluster.ask("POST", path, headers=ben))[0] == 404
    assert (await cluster.ask("POST", path, headers=ann))[0] == 200
    assert (await cluster.ask("DELETE", f"/v1/alerts/{rule['id']}", headers=ann))[0] == 200
    assert (await cluster.ask("GET", "/v1/admin/jobs", headers=ann))[0] == 403
    assert (await cluster.ask("GET", "/v1/jobs"))[0] == 401


@pytest.mark.programs
async def test_jobs_are_the_writers(open_cluster: OpenCluster, tmp_path: Path) -> None:
    cluster, ann, ben = await keyed(open_cluster, tmp_path)
    await cluster.writer.publish(trade(1))
    asked = {"kind": "ring", "format": "ndjson"}
    status, begun = await cluster.ask("POST", "/v1/jobs", json=asked, headers=ann)
    assert status == 202
    [made] = cluster.writer.server.app[JOBS].jobs
    await cluster.edge.reach(cluster.writer.hub.broadcast.position)
    target = f"/v1/sse?jobs={begun['id']}&snapshot=1"
    assert (await RawHttp.get(cluster.edge.address, target, ben)).status == 400
    reader = SseReader(await RawHttp.get(cluster.edge.address, target, ann))
    while (await heard(reader, "job"))["state"] != "done":
        pass
    path = f"/v1/jobs/{begun['id']}"
    assert (await cluster.ask("GET", path, headers=ben))[0] == 404
    async with cluster.client.get(f"{cluster.edge.url}{path}/file", headers=ann) as file:
        assert (file.status, file.content_length) == (200, len(await file.read()))
    assert made.state == "done"


async def test_without_a_writer_requests_are_told_to_come_back(
    open_cluster: OpenCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    places: list[WriterPlace | None] = [None]
    monkeypatch.setattr(FollowSource, "writer", lambda _: places[0])
    cluster = await open_cluster()
    for place in (None, WriterPlace("http://127.0.0.1:1")):
        places[0] = place
        async with cluster.client.post(
            f"{cluster.edge.url}{MESSAGES}", json={"text": "a"}
        ) as answer:
            told = await answer.json(content_type=None)
            assert (answer.status, answer.headers["Retry-After"]) == (503, "2")
            assert "the writer, which cannot be reached just now" in told["detail"]
        question = {"messages": [{"role": "user", "content": "?"}], "model": "market"}
        status, told = await cluster.ask("POST", "/v1/chat/completions", json=question)
        assert (status, told["error"]["code"]) == (503, "unavailable")


async def test_a_writer_that_goes_away_breaks_an_answer_off(open_cluster: OpenCluster) -> None:
    model = ScriptedModel()
    cluster = await open_cluster(model=model)
    question = {"messages": [{"role": "user", "content": "?"}], "model": "script", "stream": True}
    model.say("a")
    async with cluster.client.post(
        f"{cluster.edge.url}/v1/chat/completions", json=question
    ) as answer:
        await answer.content.readuntil(b'"content":"a"')
        for session in list(cluster.writer.hub.sessions.values()):
            session.connection.transport.abort()
        with pytest.raises(Exception, match="payload"):
            await asyncio.wait_for(answer.read(), PATIENCE_S)


async def test_what_is_handed_on_is_counted(open_cluster: OpenCluster) -> None:
    cluster = await open_cluster()

    async def counted() -> dict[str, float]:
        async with cluster.client.get(f"{cluster.edge.url}/metrics") as answer:
            lines = [line for line in (await answer.text()).splitlines() if "feed_edge_req" in line]
        return {
            line.partition('outcome="')[2].partition('"')[0]: float(line.rpartition(" ")[2])
            for line in lines
            if not line.startswith("#")
        }

    assert await counted() == {"answered": 0, "away": 0, "cut": 0}
    await cluster.ask("POST", MESSAGES, json={"text": "a"})
    await cluster.writer.server.close()
    await cluster.ask("POST", MESSAGES, json={"text": "a"})
    told = await counted()
    assert (told["answered"], told["away"] + told["cut"]) == (1, 1)


async def test_an_edge_that_leaves_ends_answers_that_need_not_end(
    open_cluster: OpenCluster,
) -> None:
    model = ScriptedModel()
    cluster = await open_cluster(model=model)
    question = {"messages": [{"role": "user", "content": "?"}], "model": "script", "stream": True}
    model.say("a")
    url = f"{cluster.edge.url}/v1/chat/completions"
    async with cluster.client.post(url, json=question) as answer:
        await answer.content.readuntil(b'"content":"a"')
        await cluster.edge.app.shutdown()
        with pytest.raises(aiohttp.ClientPayloadError):
            await asyncio.wait_for(answer.read(), PATIENCE_S)
    model.end()


async def test_a_head_is_the_writers_too(open_cluster: OpenCluster) -> None:
    cluster = await open_cluster()
    for path, status in (("/v1/alerts", 200), ("/v1/alerts/rule_0", 404), ("/v1/models", 405)):
        for at in (cluster.edge.url, cluster.at_writer):
            async with cluster.client.head(f"{at}{path}") as answer:
                assert (answer.status, await answer.read()) == (status, b"")
                assert int(answer.headers["Content-Length"]) > 0
