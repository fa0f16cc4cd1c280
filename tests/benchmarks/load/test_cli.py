"""`feed bench`, whole, with a handful of subscribers: what it writes, and what it refuses."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import stage
from benchmarks.load.cli import run
from benchmarks.load.feed_server import Options, Subscription, feed_server
from benchmarks.load.own_process import in_own_process
from benchmarks.load.plan import Plan
from benchmarks.load.process import family
from benchmarks.load.scenarios import compressed, ingest, metrics, storm
from benchmarks.load.steady import run_steady
from feed.wire.transport import Transport

PATIENCE_S = 30.0
QUICK = ["--subscribers", "6", "--seconds", "0.4", "--rounds", "1", "--peers", "Python"]


@pytest.fixture(autouse=True)
def _record_briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "RECORD_S", 0.5)


def bench(tmp_path: Path, scenario: str, *options: str) -> dict[str, Any]:
    path = tmp_path / "found.json"
    assert run([scenario, *QUICK, "--json", str(path), *options]) == 0
    (found,) = json.loads(path.read_text())["scenarios"]
    assert found["scenario"] == scenario
    for row in found["rows"]:
        # How many frames arrive in time is a matter of the machine; that none is wrong is not.
        assert [words for words in row["troubles"] if "were due" not in words] == [], row["name"]
        assert not row["ours"] or row["rounds"], row["skipped"]
    result: dict[str, Any] = found
    return result


def figures(found: dict[str, Any], name: str) -> dict[str, Any]:
    (row,) = (row for row in found["rows"] if row["name"] == name)
    result: dict[str, Any] = row["figures"]
    return result


def test_fanout_compares_three_transports_with_the_floor(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    found = bench(tmp_path, "fanout", "--html", str(page))
    for name in ("feed", "bare socket.send, Python"):
        for transport in ("", ", sse", ", stream"):
            row = figures(found, f"{name}{transport}")
            assert row["cpu_us_per_frame"]["median"] > 0
            assert row["frames_per_s"]["median"] > 0
    assert figures(found, "feed")["age_oldest_p99_ms"]["median"] > 0
    aims = {aim["what"]: aim for aim in found["aims"]}
    assert isinstance(aims["CPU per frame and subscriber ÷ bare socket.send, Python"]["met"], bool)
    skipped = aims["CPU per frame and subscriber ÷ nginx + nchan"]
    assert (skipped["met"], skipped["reached"]) == (None, "not measured: not part of this run")
    assert "<svg" in page.read_text()


def test_mixed_compares_with_equal_frames(tmp_path: Path) -> None:
    found = bench(tmp_path, "mixed", "--rate", "2000")
    mine, floor = found["rows"]
    sizes = [row["figures"]["bytes_per_frame"]["median"] for row in (mine, floor)]
    assert 1 / 4 < sizes[0] / sizes[1] < 4, "six selections are few, but no batch of everything"


def test_compressed_measures_sizes_of_every_codec(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compressed, "MEMORY_SUBSCRIBERS", 6)
    monkeypatch.setattr(compressed, "CODECS", ("msgpack",))
    found = bench(tmp_path, "compressed")
    plain, deflate, alone, packed = (
        figures(found, name)["bytes_per_frame"]["median"]
        for name in ("feed", "feed, deflate", "feed, deflate without context", "feed, msgpack")
    )
    assert max(deflate, alone) < packed < plain


def test_slow_tells_the_others_from_the_stalled(tmp_path: Path) -> None:
    found = bench(tmp_path, "slow", "--subscribers", "20", "--rate", "200")
    groups = {group["name"]: group["count"] for group in found["rows"][1]["rounds"][0]["groups"]}
    assert groups == {"readers": 18, "stalled": 2, "validators": 2}
    assert [aim["met"] is not None for aim in found["aims"]] == [True, True, True]


def test_storm_brings_everybody_back_without_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storm, "HISTORY_S", 1.5)
    monkeypatch.setattr(storm, "OTHERS", 4)
    monkeypatch.setattr(storm, "WINDOW_S", 1.0)
    found = bench(tmp_path, "storm")
    gaps, wrong, live, age = found["aims"]
    assert (gaps["reached"], wrong["reached"]) == ("0", "0")
    assert live["met"] is not None
    assert age["met"] is not None
    assert found["notes"][0].startswith("6 of 6 live")


def test_ramp_takes_steps(tmp_path: Path) -> None:
    found = bench(tmp_path, "ramp", "--subscribers", "2")
    assert [row["name"] for row in found["rows"]] == ["feed, 1", "feed, 2"]


def test_ingest_counts_large_and_small_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "BATCHES", ((512, 20_000, 1), (5, 5_000, 1)))
    found = bench(tmp_path, "ingest")
    assert [aim["met"] for aim in found["aims"]] == [True, True]


def test_idle_tells_memory_over_plain_aiohttp(tmp_path: Path) -> None:
    path = tmp_path / "found.json"
    assert run(["idle", *QUICK, "--peers", "aiohttp", "--json", str(path)]) == 0
    (found,) = json.loads(path.read_text())["scenarios"]
    assert [row["name"] for row in found["rows"]] == ["feed", "aiohttp send_str"]
    assert found["aims"][0]["met"] is not None


def test_metrics_counts_series_and_times_scrapes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "EVERY_S", 0.05)
    found = bench(tmp_path, "metrics")
    assert [row["name"] for row in found["rows"]] == [
        "feed",
        "feed, scraped every second",
        "feed that counts nothing",
        "feed, lanes of one",
        "feed that counts nothing, lanes of one",
        "feed, 6 subscribers",
    ]
    assert all(aim["met"] is not None for aim in found["aims"])
    (note,) = found["notes"]
    assert note.endswith(" series"), "whatever the load, as many"


def test_a_server_that_counts_nothing_serves_all_the_same() -> None:
    module = "benchmarks.load.uncounted_server"
    with feed_server(None, Options(rate=500, batch_ms=20), module) as server:
        stream = Subscription(transport=Transport.STREAM)
        plan = Plan((server.group("reader", 1, stream), server.validators()), server.pids)
        result = in_own_process(run_steady, plan, lambda _: None)
        url = f"http://{server.host}:{server.port}/metrics"
        with urllib.request.urlopen(url) as answer:
            text = answer.read().decode()
    reader, validators = result.groups
    assert reader.frames > 0
    assert validators.fault_count == 0
    assert 'feed_frames_total{codec="json",transport="stream"} 0.0' in text
    assert "feed_cut_seconds_count 0.0" in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_what_was_started(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "benchmarks", "fanout", "--seconds", "60", "--peers", "none"]
    with subprocess.Popen(command, env=os.environ | {"TMPDIR": str(tmp_path)}) as process:
        try:
            while not any(tmp_path.glob("feed-bench-*/output")) or len(family(process.pid)) == 1:
                assert process.poll() is None
                time.sleep(0.05)
            members = family(process.pid)
            process.send_signal(number)
            assert process.wait(PATIENCE_S) == 128 + number
        finally:
            for pid in family(process.pid) if process.poll() is None else []:
                os.kill(pid, signal.SIGKILL)
    deadline_s = time.monotonic() + PATIENCE_S  # helpers of Python's own end after their parent
    while left := [pid for pid in members if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline_s, left
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["fan"], "'fan'"),
        (["fanout", "--rounds", "0"], "--rounds"),
        (["fanout", "--subscribers", "many"], "--subscribers"),
    ],
)
def test_what_is_not_accepted_is_told_in_a_line(
    options: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(options) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_a_url_where_nobody_answers_is_told_in_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fanout", "--url", "http://127.0.0.1:1"]) == 1
    said = capsys.readouterr().err
    assert said == "feed: bench: http://127.0.0.1:1: Connection refused\n"
