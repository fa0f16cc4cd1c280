"""Jobs of a whole server: their programs are real."""

import base64
import hashlib
from pathlib import Path

import orjson
import pytest

from feed.http.contract.openapi import openapi_document
from feed.http.jobs.table import JOB_ROUTES
from feed.jobs import supply
from feed.market.job_words import JobState
from feed.market.ticks import Channel
from tests.fakes.keys import KeysFile, headers_of
from tests.fakes.patience import until
from tests.fakes.servers import Paces, ScriptedSource, Serve, quote, trades
from tests.http.contract.schemas import flaws
from tests.jobs.asking import FOR_EVER, RING, Client, lines, ring_of

pytestmark = pytest.mark.programs

EVENTS = {"Accept": "text/event-stream"}


async def test_an_export_equals_the_ring_and_is_watched_and_downloaded(serve: Serve) -> None:
    feed = await serve()
    client = Client(feed)
    await feed.publish(*trades(1, 700), *trades(701, 800, "MSFT"), quote(1))
    job = await client.begin(trades=["A*"], quotes=["*"])
    status, _, events = await client.ask("GET", f"/v1/jobs/{job.id}", headers=EVENTS)
    told = [orjson.loads(each[6:]) for each in events.splitlines() if each.startswith(b"data: ")]
    assert status == 200
    assert [each["done"] for each in told] == sorted(each["done"] for each in told)
    assert (told[-1]["state"], told[-1]["done"], told[-1]["total"]) == ("done", 701, 701)
    newest = {**EVENTS, "Last-Event-ID": str(job.number)}
    assert (await client.ask("GET", f"/v1/jobs/{job.id}", headers=newest))[0] == 204

    await until(lambda: not feed.hub.broadcast.waiting_words)  # which are in no snapshot yet
    _, _, state = await client.ask("GET", f"/v1/snapshot?jobs={job.id}")
    assert orjson.loads(state)["ticks"] == [told[-1]]

    path = f"/v1/jobs/{job.id}/file"
    _, headers, data = await client.ask("GET", path)
    expected = ring_of(feed, Channel.TRADES, Channel.QUOTES)
    assert lines(data) == [each for each in expected if each["S"] != "MSFT"]
    digest = hashlib.sha256(data)
    assert (told[-1]["sha256"], told[-1]["size_bytes"]) == (digest.hexdigest(), len(data))
    assert headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    range_ = {"Range": "bytes=100-199", "If-Match": headers["ETag"]}
    status, part_headers, part = await client.ask("GET", path, headers=range_)
    assert (status, part) == (206, data[100:200])
    assert part_headers["Repr-Digest"] == headers["Repr-Digest"]

    listed = orjson.loads((await client.ask("GET", "/v1/jobs"))[2])["jobs"]
    assert [each["id"] for each in listed] == [job.id]
    assert listed[0]["file"] == path
    document = openapi_document(JOB_ROUTES, identities_required=False)
    answer = document["paths"]["/v1/jobs/{job}"]["get"]["responses"]["200"]["content"]
    assert flaws(listed[0], answer["application/json"]["schema"], document) == []
    assert (await client.ask("DELETE", f"/v1/jobs/{job.id}"))[0] == 200
    assert (await client.ask("GET", path))[0] == 404
    assert client.jobs.tally.ended[JobState.DONE] == 1


async def test_a_job_goes_on_after_a_restart_and_equals_the_ring(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "state"
    first = Client(await serve(state=state))
    await first.feed.publish(*trades(1, 2_000))
    expected = ring_of(first.feed, Channel.TRADES)
    monkeypatch.setattr(supply, "REST", FOR_EVER)
    job = await first.begin(trades=["*"])
    await until(lambda: job.saved_done)  # some pieces were given, and one is in the file
    await first.feed.server.close()

    monkeypatch.undo()
    second = Client(await serve(state=state))
    await until(lambda: second.jobs.jobs)
    again = second.find(job.id)
    assert second.jobs.tally.resumed == 1
    kept = again.saved_done
    assert 0 < kept < 2_000
    assert lines(await second.done(again)) == expected
    assert again.gaps == []


async def test_what_the_ring_holds_no_more_is_told(serve: Serve) -> None:
    feed = await serve(ring=1_024)
    client = Client(feed)
    await feed.publish(*trades(1, 500))
    for number in range(501, 2_001, 500):
        await feed.publish(*trades(number, number + 499))
    job = await client.begin(trades=["*"], after=feed.position(100))
    told = lines(await client.done(job))
    gaps = [each for each in told if each["T"] == "gap"]
    events = told[len(gaps) :]
    reached = 100
    for gap in gaps:  # two, where what is said of the job overruns some more before it is read
        assert (gap["from"], gap["reason"]) == (feed.position(reached + 1), "overrun")
        reached = sequence_of(gap["to"])
    assert reached == sequence_of(events[0]["pos"]) - 1 > 970
    assert job.gaps == gaps
    held = ring_of(feed, Channel.TRADES)  # what was said of the job has overrun some more
    assert events[-len(held) :] == held


def sequence_of(position: str) -> int:
    return int(position.partition("-")[2])


async def test_a_program_that_is_killed_fails_its_job_and_no_other(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve(jobs_max_running=1)
    client = Client(feed)
    await feed.publish(*trades(1, 700))
    monkeypatch.setattr(supply, "REST", FOR_EVER)
    job, waits = await client.begin(), await client.begin(format="csv", trades=["NONE"])
    await until(lambda: job.progress.done)
    assert waits.state == "queued"
    run, _ = client.jobs._runs[job.id]
    run.kill()
    monkeypatch.undo()
    await until(lambda: job.is_over)
    assert (job.state, job.code) == ("failed", "crashed")
    assert "signal 9" in job.words
    status, _, body = await client.ask("GET", f"/v1/jobs/{job.id}/file")
    assert (status, orjson.loads(body)["state"]) == (409, "failed")
    assert (await client.done(waits)).count(b"\n") == 1  # the header alone


async def test_jobs_are_ones_own_and_end_with_what_is_granted(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    mine, other = keys.add("mine", symbols=["AAPL"]), keys.add("other")
    feed = await serve(keys=keys.path, paces=Paces(look_s=0.01), jobs_max_queued_per_identity=1)
    me, them = Client(feed, headers_of(mine)), Client(feed, headers_of(other))
    await feed.publish(*trades(1, 700))
    status, _, body = await me.ask("POST", "/v1/jobs", json={**RING, "trades": ["MSFT"]})
    assert (status, b"MSFT" in body) == (403, True)
    monkeypatch.setattr(supply, "REST", FOR_EVER)
    job, waits = await me.begin(), await me.begin()
    assert (await me.ask("POST", "/v1/jobs", json=RING))[0] == 429
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/file")):
        assert (await them.ask(method, f"/v1/jobs/{job.id}{path}"))[0] == 404
    assert orjson.loads((await them.ask("GET", "/v1/jobs"))[2]) == {"jobs": []}
    assert (await me.ask("DELETE", f"/v1/jobs/{waits.id}"))[0] == 200
    assert (waits.state, waits.code) == ("cancelled", "cancelled")
    keys.revoke(mine)
    await until(lambda: job.is_over)
    assert (job.state, job.code) == ("cancelled", "not_granted")
    await until(lambda: not list(me.jobs._shelf.path.iterdir()))


async def test_jobs_are_forgotten_in_time(serve: Serve) -> None:
    feed = await serve(jobs_keep_s=0.001)
    client = Client(feed)
    job = await client.begin(kind="ring", after="0", trades=["NONE"])
    await until(lambda: job.is_over)
    await until(lambda: not client.jobs.jobs)
    await until(lambda: not list(client.jobs._shelf.path.iterdir()))


async def test_a_recording_is_of_a_source_that_plays_one(serve: Serve) -> None:
    client = Client(await serve(ScriptedSource()))
    for asked in ({"kind": "recording"}, {"kind": "recording", "source": "../x"}):
        status, _, body = await client.ask("POST", "/v1/jobs", json=asked)
        assert (status, b"no source plays a recording" in body) == (400, True)
    status, _, _ = await client.ask("POST", "/v1/jobs", data=b"{}")
    assert status == 415
