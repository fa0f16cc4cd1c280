"""The Python client's exports, from a real server."""

import asyncio
from pathlib import Path

import orjson
import pytest

from feed.client.exporting import exporting
from feed.client.exporting.download import Download
from feed.client.exporting.errors import ExportFailed, WrongChecksum
from feed.client.exporting.exporting import export
from feed.client.exporting.progress import ExportProgress
from feed.errors import InvalidParameter
from feed.http.app import JOBS
from feed.jobs import supply
from feed.market.job_words import JobState
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.servers import Serve, trades


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


@pytest.mark.programs
async def test_a_file_is_here_once_it_is_whole(serve: Serve, tmp_path: Path) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 700))
    told: list[ExportProgress] = []
    to = tmp_path / "ticks.ndjson"
    path = await export(feed.url(""), to=to, symbols={"trades": "AAPL"}, progress=told.append)
    assert path == to
    assert [orjson.loads(line)["i"] for line in to.read_bytes().splitlines()] == [*range(1, 701)]
    assert told[-1].downloaded_bytes == told[-1].size_bytes == to.stat().st_size
    assert [each.done for each in told] == sorted(each.done for each in told)
    assert files(tmp_path) == [to]
    await until(lambda: not feed.server.app[JOBS].jobs)  # it is here, and needed no more there


@pytest.mark.programs
async def test_a_job_ends_with_who_waits_for_it(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 700))
    monkeypatch.setattr(supply, "REST", 10**9)
    monkeypatch.setattr(exporting, "CANCEL_TIMEOUT_S", PATIENCE_S)
    jobs = feed.server.app[JOBS]
    waits = asyncio.create_task(export(feed.url(""), to=tmp_path / "x.csv"))
    await until(lambda: jobs.jobs and jobs.jobs[0].progress.done)
    waits.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waits
    (job,) = jobs.jobs
    assert job.state is JobState.CANCELLED
    assert files(tmp_path) == []

    fails = asyncio.create_task(export(feed.url(""), to=tmp_path / "x.csv"))
    await until(lambda: len(jobs.jobs) > 1 and jobs.jobs[-1].progress.done)
    run, _ = jobs._runs[jobs.jobs[-1].id]
    run.kill()
    with pytest.raises(ExportFailed, match="signal 9"):
        await fails


async def test_what_is_not_accepted_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    with pytest.raises(InvalidParameter, match="to: 'xlsx'"):
        await export(nowhere, to=tmp_path / "x.xlsx")
    with pytest.raises(InvalidParameter, match="kind"):
        await export(nowhere, "rings", to=tmp_path / "x.csv")
    with pytest.raises(InvalidParameter, match="the channels trades"):
        await export(nowhere, to=tmp_path / "x.csv", symbols={"rooms": "desk"})


def test_a_file_that_is_not_what_was_sent_does_not_take_the_place(tmp_path: Path) -> None:
    to = tmp_path / "x.csv"
    to.write_bytes(b"before")
    with Download(to) as download:
        download.write(b"after")
        with pytest.raises(WrongChecksum):
            download.finish("0" * 64)
    assert to.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [to]
