"""`feed publish`: a file and standard input to a server, and what is told of them."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from feed.cli.commands import run
from tests.fakes.mini_ingest import MiniIngest, served_ingest


def lines_of(*numbers: int) -> str:
    return "".join(f'{{"T":"t","S":"A","p":1.5,"s":1,"i":{number}}}\n' for number in numbers)


def publish(server: MiniIngest, *arguments: str) -> int:
    return run(["publish", *arguments, "--url", server.url])


def test_a_file_is_published_and_goes_on_where_it_was(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "ticks.ndjson"
    path.write_text(lines_of(1, 2))
    with served_ingest() as server:
        assert publish(server, str(path), "--producer", "desk") == 0
        path.write_text(lines_of(1, 2, 3))
        assert publish(server, str(path), "--producer", "desk") == 0
    assert server.ids == [1, 2, 3]
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == (
        "feed publish: 1 ticks, 2 lines were there before, 0 lines left out, 0 batches refused; "
        "position aaaa-3"
    )


def test_a_pipe_is_published_and_a_line_that_is_no_tick_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    reads, writes = os.pipe()
    os.write(writes, (lines_of(1) + '{"T":"t","S":"A","p":"x","s":1}\n' + lines_of(2)).encode())
    os.close(writes)
    with os.fdopen(reads, "rb") as given, served_ingest() as server:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=given))
        assert publish(server, "-", "--quiet") == 1
    assert server.ids == [1, 2]
    (told,) = capfd.readouterr().err.splitlines()
    assert told.startswith("feed publish: line 2 is left out: row 1: p 'x' is not accepted")


def test_a_batch_that_is_refused_is_told(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ticks").write_text(lines_of(1))
    with served_ingest() as server:
        server.refuses = lambda *_: {"code": 403, "msg": "A is not granted"}
        assert publish(server, str(tmp_path / "ticks"), "--quiet") == 1
    assert "refused with 403: A is not granted" in capfd.readouterr().err


def test_a_file_that_is_not_there_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["publish", "/nowhere/ticks.ndjson"]) == 1
    assert capfd.readouterr().err == "feed: /nowhere/ticks.ndjson: No such file or directory\n"
