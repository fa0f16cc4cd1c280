"""Files of a whole server: in each format, in ranges, over a kill, and gone once cancelled."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import orjson
import pytest

from feed.jobs import supply
from feed.jobs.__main__ import NICE
from feed.jobs.child import Child
from feed.market.job_words import JobState
from feed.market.ticks import Channel
from feed.sources.named_source import NamedSource
from feed.sources.replay.source import ReplaySource
from feed.wire.json_codec import JSON
from tests.fakes.patience import until
from tests.fakes.programs import stop
from tests.fakes.servers import Serve, quote, trades
from tests.jobs.asking import FOR_EVER, Client, lines, ring_of

pytestmark = pytest.mark.programs


async def test_a_file_is_given_in_ranges(serve: Serve) -> None:
    client = Client(await serve())
    await client.feed.publish(*trades(1, 9))
    job = await client.begin(format="csv")
    data, path = await client.done(job), f"/v1/jobs/{job.id}/file"
    _, headers, body = await client.ask("HEAD", path, headers={"Range": "bytes=0-9"})
    etag, length = headers["ETag"], len(data)
    assert (headers["Content-Length"], headers["Accept-Ranges"], body) == (
        str(length),
        "bytes",
        b"",
    )
    for asked, if_range, status, part, shown in (
        ("bytes=10-19", etag, 206, data[10:20], f"bytes 10-19/{length}"),
        ("bytes=-7", None, 206, data[-7:], f"bytes {length - 7}-{length - 1}/{length}"),
        ("bytes=5-", None, 206, data[5:], f"bytes 5-{length - 1}/{length}"),
        ("bytes=0-999999999", None, 206, data, f"bytes 0-{length - 1}/{length}"),
        ("bytes=10-19", '"another"', 200, data, None),
        ("bytes=10-19", f"W/{etag}", 200, data, None),
        ("bytes=0-1,4-5", None, 200, data, None),
        ("lines=0-1", None, 200, data, None),
        (f"bytes={length}-", None, 416, None, f"bytes */{length}"),
        (f"bytes={length}-", '"another"', 200, data, None),
    ):
        sent = {"Range": asked, **({} if if_range is None else {"If-Range": if_range})}
        told, headers, body = await client.ask("GET", path, headers=sent)
        assert (asked, told, headers.get("Content-Range")) == (asked, status, shown)
        assert part is None or (body, headers["ETag"]) == (part, etag)
    assert (await client.ask("GET", path, headers={"If-Match": '"another"'}))[0] == 412
    assert (await client.ask("GET", path, headers={"If-None-Match": etag}))[0] == 304


async def test_parquet_has_what_the_ring_has(serve: Serve, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    client = Client(await serve())
    await client.feed.publish(*trades(1, 700), quote(1))
    job = await client.begin(format="parquet", trades=["*"], quotes=["*"])
    file = tmp_path / "x.parquet"
    file.write_bytes(await client.done(job))
    rows = parquet.read_table(file).to_pylist()
    held = ring_of(client.feed, Channel.TRADES, Channel.QUOTES)
    assert [(row["pos"], row["symbol"], row["trade_id"]) for row in rows] == [
        (each["pos"], each["S"], each.get("i")) for each in held
    ]
    assert (rows[-1]["bid_price"], rows[0]["price"]) == (99.5, held[0]["p"])


async def test_a_recording_is_read_by_a_program_of_its_own(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = [*trades(1, 3_000), *trades(1, 5, "MSFT")]
    path = tmp_path / "day.ndjson"
    path.write_bytes(b"".join(b'{"T":%b}\n' % each for each in JSON.encode(recorded)))
    client = Client(await serve())
    playing = NamedSource("day", ReplaySource(path))
    monkeypatch.setattr(client.jobs, "_sources", (playing,))
    job = await client.begin(kind="recording", trades=["AAPL"])
    told = lines(await client.done(job))
    assert [each["i"] for each in told] == [*range(1, 3_001)]
    assert "pos" not in told[0]
    assert (job.progress.done, job.word(0).total) == (3_000, 3_000)


@pytest.mark.skipif(sys.platform == "win32", reason="no program is stopped there")
async def test_a_job_that_is_cancelled_ends_even_while_its_program_takes_nothing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(await serve())
    for number in range(1, 20_001, 1_000):
        await client.feed.publish(*trades(number, number + 999))
    monkeypatch.setattr(supply, "REST", FOR_EVER)
    job = await client.begin()
    await until(lambda: job.progress.done)
    run, task = client.jobs._runs[job.id]
    assert run._child is not None
    program = run._child._process
    assert program is not None
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, program.pid) >= min(own + NICE, 19)
    stop(program.pid)
    monkeypatch.undo()
    status, _, body = await client.ask("DELETE", f"/v1/jobs/{job.id}")
    told = orjson.loads(body)
    assert (status, told["state"], told["size_bytes"], told["file"]) == (200, "cancelled", 0, None)
    assert (program.poll(), task.done()) == (-signal.SIGKILL, True)
    assert list(client.jobs._shelf.path.iterdir()) == []


async def test_a_kill_takes_nothing_back_that_was_told(serve: Serve, tmp_path: Path) -> None:
    state = tmp_path / "state"
    first = Client(await serve(state=state))
    await first.feed.publish(*trades(1, 2_000))
    done, again = await first.begin(trades=["*"]), await first.begin(format="csv", trades=["*"])
    data, table = await first.done(done), await first.done(again)
    await first.feed.server.close()
    for job in (done, again):  # a kill leaves older records behind
        record = state / "jobs" / f"{job.id}.json"
        older = {"state": "running", "done": 512, "share": 0.25, "over": 0, "sha256": ""}
        record.write_bytes(orjson.dumps({**orjson.loads(record.read_bytes()), **older}))
    (state / "jobs" / f"{again.id}.data").unlink()

    second = Client(await serve(state=state))
    await until(lambda: second.jobs.jobs)
    kept, redone = second.find(done.id), second.find(again.id)
    assert (kept.state, kept.sha256, kept.progress.done) == ("done", done.sha256, 2_000)
    assert kept.number > done.number  # who has heard of it comes back with a number
    assert redone.progress.done == 2_000
    assert (await second.done(kept), await second.done(redone)) == (data, table)
    assert (second.jobs.tally.resumed, redone.state) == (1, JobState.DONE)


async def test_jobs_over_the_number_that_is_kept_are_forgotten(serve: Serve) -> None:
    client = Client(await serve(jobs_max_kept_per_identity=1))
    first = await client.begin(trades=["NONE"])
    await until(lambda: first.is_over)
    second = await client.begin(trades=["NONE"])
    await until(lambda: not client.jobs.is_there(first))
    await until(lambda: second.is_over)
    assert client.jobs.jobs == (second,)


async def test_an_export_of_a_full_ring_begins_with_what_it_holds_when_it_is_read(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client(await serve(ring=1_024))
    await client.feed.publish(*trades(1, 700))
    started = asyncio.Event()
    start = Child.start

    async def wait(child: Child) -> None:
        await start(child)
        await started.wait()

    monkeypatch.setattr(Child, "start", wait)
    job = await client.begin(trades=["*"])
    await until(lambda: job.stretch is not None)
    await client.feed.publish(*trades(701, 1_400))
    started.set()
    told = lines(await client.done(job))
    assert job.gaps == []
    assert job.stretch is not None
    first, last = job.stretch.after + 1, job.stretch.upto
    assert [each["i"] for each in told] == [*range(first, 701)]
    assert 300 < first < last
