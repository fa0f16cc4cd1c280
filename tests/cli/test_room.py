"""`feed room`: what happens in a room on standard output, and lines of standard input said."""

import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace

import orjson
import pytest

import feed
from feed.cli.commands import run
from tests.client.rooms.served import served_rooms

Give = Callable[[bytes], None]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served_rooms() as url:
        yield url


def room(url: str, name: str, *arguments: str) -> int:
    return run(["room", name, *arguments, "--url", url])


@pytest.fixture
def give(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[bytes], None]]:
    """Let standard input be a pipe that has these lines, and ends."""
    with ExitStack() as files:

        def pipe(lines: bytes) -> None:
            reads, writes = os.pipe()
            os.write(writes, lines)
            os.close(writes)
            given = files.enter_context(os.fdopen(reads, "rb"))
            monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=given))

        yield pipe


def test_lines_are_said_and_what_happens_is_printed(
    url: str, give: Give, capfd: pytest.CaptureFixture[str]
) -> None:
    give("one\r\n \ntwo é".encode())
    assert room(url, "lines", "--name", "Ann", "--quiet") == 0
    capfd.readouterr()
    with feed.room_blocking(url, "lines", present=False) as other:
        other.list.add("AAPL", note="thin")
    assert room(url, "lines", "--read-only", "--count", "3") == 0
    out, err = capfd.readouterr()
    times = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")
    assert [times.sub("", line, count=1) for line in out.splitlines()] == [
        "Ann (anonymous): one",
        "Ann (anonymous): two é",
        "anonymous lists AAPL: thin",
    ]
    assert err.startswith("feed room: connected to http://127.0.0.1")


def test_a_pipe_gets_the_words_as_they_are(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    with feed.room_blocking(url, "json", present=False) as other:
        sent = other.say("a\nb")
    assert room(url, "json", "--json", "--read-only", "--count", "1", "--quiet") == 0
    out, err = capfd.readouterr()
    (line,) = out.splitlines()
    word = orjson.loads(line)
    assert (word["T"], word["id"], word["text"]) == ("message", sent.id, "a\nb")
    assert err == ""


def test_a_line_that_is_no_text_is_told_and_the_others_are_said(
    url: str, give: Give, capfd: pytest.CaptureFixture[str]
) -> None:
    give(b"\x1b[2J\nfine\n")
    assert room(url, "bad", "--quiet") == 1
    (told,) = capfd.readouterr().err.splitlines()
    assert told.startswith(r"feed room: not said: text: '\x1b[2J' is not accepted; accepted: a")
    with feed.room_blocking(url, "bad") as other:
        other.open()
        assert [message["text"] for message in other.messages] == ["fine"]


def test_what_the_server_says_no_to_is_told(give: Give, capfd: pytest.CaptureFixture[str]) -> None:
    give(b"x\n")
    with served_rooms(rooms_max=1) as server:
        with feed.room_blocking(server, "first") as other:
            other.say("x")
        assert room(server, "second", "--quiet") == 1
    assert "feed room: not published (400): " in capfd.readouterr().err


def test_a_server_that_is_not_there_keeps_what_was_said(
    give: Give, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    give(b"x\n")
    monkeypatch.setattr("feed.cli.room._LEAVE_S", 0.0)
    monkeypatch.setattr("feed.terminal.room.RoomTerminal._hear", _interrupted)
    assert run(["room", "desk", "--url", "http://127.0.0.1:9", "--quiet"]) == 130
    assert capfd.readouterr().err == "feed room: unsent: x\n"


async def _interrupted(*_: object) -> None:
    signal.raise_signal(signal.SIGINT)


def test_a_line_that_never_ends_is_refused(
    url: str, give: Give, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("feed.cli.standard_input.MAX_LINE_BYTES", 100)
    give(b"x" * 101)
    assert room(url, "endless", "--quiet") == 1
    assert "bytes of a line" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["a b"], "feed: ROOM: 'a b' is not accepted; accepted: the name of a room"),
        (["desk", "--name", "\u202ex"], "feed: --name: '\\u202ex' is not accepted"),
        (["desk", "--url", "x"], "feed: --url: 'x' is not accepted"),
        (["desk", "--count", "0"], "feed: Invalid value for '--count'"),
    ],
)
def test_what_is_not_accepted_is_one_line_and_status_2(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["room", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith(words)
