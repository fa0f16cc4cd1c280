"""Commands that listen: what they ask for, what they print, and how they end."""

import asyncio
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import orjson
import pytest

from feed.cli.commands import run
from feed.sources.replay.reading import Reading
from feed.sources.replay.source import ReplaySource
from tests.client.streams import answer
from tests.fakes.mini_feed import FeedThread
from tests.fakes.patience import PROGRAM_PATIENCE_S, repeat_until
from tests.fakes.ports import free_port

FEED = [sys.executable, "-m", "feed"]


@pytest.fixture
def server() -> Iterator[FeedThread]:
    with FeedThread() as thread:
        yield thread


@contextmanager
def program(
    arguments: Sequence[str], stdout: int | IO[bytes] = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `feed` with arguments; it is ended with the block, if it has not ended."""
    process = subprocess.Popen([*FEED, *arguments], stdout=stdout, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def read_until(file: IO[bytes] | None, pattern: str) -> re.Match[str]:
    """Read lines until one holds the pattern."""
    assert file is not None
    for line in file:
        if match := re.search(pattern, line.decode()):
            return match
    raise AssertionError(f"the output ended without {pattern!r}")


@contextmanager
def simulator(
    port: str = "0", rate: int = 2_000, *options: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Run a real server; give it and its port."""
    command = ["serve", "--port", port, "--rate", str(rate), "--seed", "1", *options]
    with program(command) as process:
        yield process, read_until(process.stdout, r"http://127\.0\.0\.1:(\d+)/")[1]


@pytest.mark.parametrize("codec", ["json", "msgpack"])
@pytest.mark.parametrize("transport", ["auto", "websocket", "stream", "sse"])
def test_tail_prints_the_dialects_objects(
    server: FeedThread, transport: str, codec: str, capfd: pytest.CaptureFixture[str]
) -> None:
    server.do(server.feed.publish(20))
    arguments = ["--url", server.feed.url, "--symbols", "*", "--channels", "trades"]
    options = ["--transport", transport, "--codec", codec, "--after", "0", "--count", "10"]
    assert run(["tail", *arguments, *options]) == 0
    out, err = capfd.readouterr()
    ticks = [orjson.loads(line) for line in out.splitlines()]
    assert [tick["i"] for tick in ticks] == list(range(1, 11))
    assert ticks[0] == {
        "T": "t",
        "S": "AAPL",
        "i": 1,
        "x": "V",
        "p": 100.25,
        "s": 10,
        "t": "1970-01-01T00:00:01.000000001Z",
        "c": ["@"],
        "z": "C",
    }
    assert err.startswith(f"feed tail: connected to {server.feed.url}/v1/")


def test_tail_asks_for_what_its_options_say(server: FeedThread) -> None:
    server.do(server.feed.publish(1))
    arguments = ["--url", server.feed.url, "--symbols", "AAPL,BTC/USD", "--count", "1", "--quiet"]
    options = ["--conflate", "quotes:250ms", "--snapshot", "--channels", "trades,quotes,bars"]
    options += ["--generations", f"gen_{'0' * 32}"]
    assert run(["tail", *arguments, *options]) == 0
    assert server.feed.asked == [
        (
            "websocket",
            {
                "action": "subscribe",
                "marks": True,
                "trades": ["AAPL", "BTC/USD"],
                "quotes": ["AAPL", "BTC/USD"],
                "bars": ["AAPL", "BTC/USD"],
                "generations": [f"gen_{'0' * 32}"],
                "conflate": {"quotes": "250ms"},
                "snapshot": True,
            },
        )
    ]


def test_variables_name_the_server_and_the_key(
    server: FeedThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEED_URL", server.feed.url)
    monkeypatch.setenv("FEED_KEY", "me")
    monkeypatch.setenv("FEED_SECRET", "mine")
    server.do(server.feed.publish(1))
    assert run(["tail", "--symbols", "*", "--after", "0", "--count", "1"]) == 0
    assert server.feed.asked[0][1] == {"action": "auth", "key": "me", "secret": "mine"}


@pytest.mark.parametrize("quiet", [False, True])
def test_gaps_go_to_standard_error(
    server: FeedThread, quiet: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    server.do(server.feed.publish(9))
    server.feed.oldest = 6
    arguments = ["--url", server.feed.url, "--symbols", "*", "--after", "aaaa-2", "--count", "1"]
    assert run(["tail", *arguments, *(["--quiet"] if quiet else [])]) == 0
    out, err = capfd.readouterr()
    told = "feed tail: gap: 7 sequences, aaaa-3 to aaaa-9 are missing (overrun)"
    assert [orjson.loads(line)["i"] for line in out.splitlines()] == [9]
    assert (told in err.splitlines()) is not quiet
    assert (err == "") is quiet


def test_a_refusal_is_one_line_and_status_1(
    server: FeedThread, capfd: pytest.CaptureFixture[str]
) -> None:
    problem = '{"title":"Invalid parameter","detail":"trades: too many"}'
    server.feed.answers.append(answer(400, problem, "application/problem+json"))
    arguments = ["--url", server.feed.url, "--symbols", "*", "--transport", "sse"]
    assert run(["tail", *arguments]) == 1
    url = f"{server.feed.url}/v1/sse"
    assert capfd.readouterr().err == f"feed: {url} refused with 400: trades: too many\n"


def test_record_writes_everything_and_sums_up(
    server: FeedThread, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    server.do(server.feed.publish(20))
    file = tmp_path / "x.ndjson"
    arguments = [str(file), "--url", server.feed.url, "--after", "0"]
    assert run(["record", *arguments, "--count", "20"]) == 0
    objects = [orjson.loads(line) for line in file.read_bytes().splitlines()]
    assert [item["i"] for item in objects if item["T"] == "t"] == list(range(1, 21))
    asked = server.feed.asked[0][1]
    assert all(
        asked[channel] == ["*"]
        for channel in ("trades", "quotes", "bars", "updatedBars", "secondBars", "statuses")
    )
    size = file.stat().st_size
    summary = f"20 ticks, {size} bytes, 0 gaps, 0 reconnects in {file}; position aaaa-"
    assert summary in capfd.readouterr().err
    assert run(["record", *arguments, "--count", "1"]) == 2
    assert "--overwrite" in capfd.readouterr().err
    assert file.stat().st_size == size
    assert run(["record", *arguments, "--count", "1", "--overwrite"]) == 0
    assert file.stat().st_size < size


@pytest.mark.programs
def test_tail_survives_a_restart_of_the_server(tmp_path: Path) -> None:
    file, port = tmp_path / "ticks", str(free_port())
    arguments = ["tail", "--url", f"http://127.0.0.1:{port}", "--symbols", "*"]
    # Into a file, for a pipe that is full would stop the command.
    with (
        file.open("wb") as ticks,
        simulator(port) as (process, _),
        program(arguments, ticks) as tail,
    ):
        grown(file)
        process.terminate()
        assert process.wait(PROGRAM_PATIENCE_S) == 0
        assert read_until(tail.stderr, "trying again in")
        before = file.stat().st_size
        with simulator(port):
            read_until(tail.stderr, r"gap: .* are missing \(epoch\)")
            grown(file, before)
            tail.send_signal(signal.SIGINT)
            _, rest = tail.communicate(timeout=PROGRAM_PATIENCE_S)
            assert tail.returncode == 130
            assert b"Traceback" not in rest
    assert all(orjson.loads(line)["T"] in {"t", "q"} for line in file.read_bytes().splitlines())


def grown(file: Path, size: int = 0) -> None:
    """Return once a file is larger than a size."""
    for _ in repeat_until(lambda: file.stat().st_size > size):
        time.sleep(0.02)


@pytest.mark.programs
def test_tail_ends_quietly_when_its_reader_leaves() -> None:
    with simulator() as (_, port):
        url = f"http://127.0.0.1:{port}"
        with program(["tail", "--url", url, "--symbols", "*", "--quiet"]) as tail:
            assert tail.stdout is not None
            assert tail.stderr is not None
            tail.stdout.readline()
            tail.stdout.close()
            assert tail.wait(PROGRAM_PATIENCE_S) == 0
            assert tail.stderr.read() == b""
            tail.stdout = None


@pytest.mark.programs
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
def test_tail_ends_quietly_by_a_signal(server: FeedThread, number: int, status: int) -> None:
    with program(["tail", "--url", server.feed.url, "--symbols", "*"]) as tail:
        read_until(tail.stderr, "connected")
        tail.send_signal(number)
        assert tail.wait(PROGRAM_PATIENCE_S) == status
        assert tail.stderr is not None
        assert tail.stderr.read() == b""
    server.do(server.feed.connections(0))


async def replayed(file: Path) -> int:
    """Return how many ticks a replay makes of a recording in which no row may be broken."""
    source = ReplaySource(file, reading=Reading(on_bad_row="stop"), speed="max")
    await source.open()
    try:
        return sum([len(ticks) async for ticks in source.batches()])
    finally:
        await source.close()


def test_a_recording_of_nothing_has_no_position(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "x.ndjson"
    url = f"http://127.0.0.1:{free_port()}"
    assert run(["record", str(file), "--url", url, "--seconds", "0.01"]) == 0
    told = capfd.readouterr().err.splitlines()[-1]
    assert told == f"feed record: 0 ticks, 0 bytes, 0 gaps, 0 reconnects in {file}"


@pytest.mark.programs
@pytest.mark.parametrize("ending", [".ndjson", ".ndjson.gz", ".ndjson.zst"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
async def test_a_recording_is_replayed_however_record_was_ended(
    tmp_path: Path, ending: str, number: int
) -> None:
    file = tmp_path / f"x{ending}"
    with simulator() as (_, port):
        arguments = [str(file), "--url", f"http://127.0.0.1:{port}", "--snapshot"]
        with program(["record", *arguments]) as record:
            read_until(record.stderr, "snapshot end")
            # Compressed files grow once a second; two pieces show that they are joined.
            sizes = {0}
            while len(sizes) < 3:
                await asyncio.sleep(0.02)  # a file tells nobody that it grew
                sizes.add(file.stat().st_size)
            size = 0
            while file.stat().st_size > size:  # nor that a piece is all there
                size = file.stat().st_size
                await asyncio.sleep(0.005)
            record.send_signal(number)
            record.wait(PROGRAM_PATIENCE_S)
            assert record.returncode == (0 if number == signal.SIGTERM else -number)
            assert record.stderr is not None
            summary = record.stderr.read().decode()
    count = await replayed(file)
    assert count > 0
    if number == signal.SIGTERM:
        assert re.search(r"\d+ ticks, \d+ bytes, 0 gaps, 0 reconnects", summary)
