"""`feed ask`: an answer on standard output, what happens beside it, and how it ends."""

import asyncio
import io
import os
import signal
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from feed.cli.commands import run
from tests.client.generating.test_answer import error, says
from tests.fakes.mini_desk import END, ID, DeskThread, failed, served_desk


def ask(server: DeskThread, *arguments: str) -> int:
    return run(["ask", *arguments, "--url", server.desk.url])


def test_an_answer_is_printed_and_what_is_asked_is_sent(capfd: pytest.CaptureFixture[str]) -> None:
    with served_desk(["AAPL ", "rose.\r\n", "\x1b[2J", "MSFT\tfell"]) as server:
        server.desk.facts = {"facts": "AAPL 1.5", "as_of": "aaaa-7"}
        assert ask(server, "what moved?", "--model", "m", "--symbols", "AAPL,MSFT") == 0
    assert server.desk.asked == [
        {
            "input": "what moved?",
            "stream": True,
            "model": "m",
            "feed": {"symbols": ["AAPL", "MSFT"]},
        }
    ]
    out, err = capfd.readouterr()
    assert out == "AAPL rose.\n\ufffd[2JMSFT\tfell\n"
    assert err == f"feed ask: {ID} of market, facts as of aaaa-7, 2 + 4 tokens\n"


def test_a_question_may_come_by_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    given = io.BytesIO("How is 東証?".encode())
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=given))
    with served_desk() as server:
        assert ask(server, "-", "--quiet") == 0
    assert server.desk.asked[0]["input"] == "How is 東証?"


def test_a_shared_answer_is_read_by_its_id(capfd: pytest.CaptureFixture[str]) -> None:
    with served_desk() as server:
        assert ask(server, "what moved?", "--share", "--quiet") == 0
        assert capfd.readouterr() == (
            "ABC\n",
            f"feed ask: others read along with feed ask --watch {ID}\n",
        )
        assert ask(server, "--watch", ID) == 0
        assert capfd.readouterr().out == "ABC\n"
    assert server.desk.asked[0]["share"] is True


def test_a_line_that_is_lost_is_told_and_costs_no_word(capfd: pytest.CaptureFixture[str]) -> None:
    with served_desk() as server:
        server.desk.cut_after = [5]
        assert ask(server, "what moved?") == 0
    out, err = capfd.readouterr()
    assert out == "ABC\n"
    assert "feed ask: the connection to 127.0.0.1" in err


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (END | {"type": "response.incomplete", "status": "incomplete"}, "; cut off at the most"),
        (END | {"status": "cancelled"}, "; it was cancelled"),
    ],
)
def test_another_end_is_told(end: Any, words: str, capfd: pytest.CaptureFixture[str]) -> None:
    with served_desk() as server:
        server.desk.end = end
        assert ask(server, "what moved?") == 0
    assert words in capfd.readouterr().err


def test_a_failure_and_a_refusal_are_one_line_each(capfd: pytest.CaptureFixture[str]) -> None:
    with served_desk() as server:
        server.desk.end = failed("upstream_timeout", "nothing came for 30 s")
        assert ask(server, "what moved?") == 1
        assert capfd.readouterr() == (
            "ABC\n",
            f"feed: generation {ID} failed (upstream_timeout): nothing came for 30 s\n",
        )
        server.desk.answers = [says(400, error("model_not_found", "no such model"))]
        assert ask(server, "what moved?", "--model", "x") == 1
        assert capfd.readouterr().err == (
            f"feed: {server.desk.url}/v1/responses refused with 400: no such model\n"
        )


def test_an_interrupt_stops_the_model(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def interrupt(lines: bytes) -> None:
        os.write(1, lines)
        if lines == b"C":
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("feed.cli.ask.print_lines", interrupt)
    with served_desk() as server:
        server.desk.end = None
        assert ask(server, "what moved?") == 130
        assert server.desk.cancels == 1
    assert capfd.readouterr() == ("ABC\n", "")


@pytest.mark.parametrize("options", [["--quiet"], []], ids=["quiet", "not quiet"])
def test_a_server_that_does_not_answer_a_cancel_keeps_nobody_waiting(
    options: list[str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async def nothing(request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise web.HTTPInternalServerError(reason=request.path)

    with served_desk() as server:

        def interrupt(lines: bytes) -> None:
            if lines == b"C":
                server.desk.answers = [nothing]
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr("feed.cli.ask.print_lines", interrupt)
        monkeypatch.setattr("feed.terminal.ask.CANCEL_TIMEOUT_S", 0.05)
        server.desk.end = None
        assert ask(server, "what moved?", *options) == 130
    words = f"feed ask: {ID} may go on for a while: the server does not answer within 0.05 s\n"
    assert capfd.readouterr().err == ("" if options else words)


def test_a_server_that_does_not_stop_a_model_is_told(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    with served_desk() as server:

        def interrupt(lines: bytes) -> None:
            if lines == b"C":
                server.desk.answers = [says(403, error("x", "it is not yours"))]
                signal.raise_signal(signal.SIGINT)

        monkeypatch.setattr("feed.cli.ask.print_lines", interrupt)
        server.desk.end = None
        assert ask(server, "what moved?") == 130
    err = capfd.readouterr().err
    assert err.startswith(f"feed ask: {ID} may go on for a while: ")
    assert err.endswith("refused with 403: it is not yours\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "feed: PROMPT: None is not accepted; accepted: a question, or - for standard input"),
        ([" "], "feed: PROMPT: ' ' is not accepted"),
        (["\udcff"], "feed: PROMPT: '\\udcff' is not accepted"),
        (["x", "--model", ""], "feed: --model: '' is not accepted"),
        (["x", "--symbols", "a?"], "feed: --symbols: 'a?' is not accepted"),
        (["x", "--watch", ID], "feed: PROMPT: 'x' is not accepted; accepted: only without --watch"),
        (["--watch", "x"], "feed: --watch: 'x' is not accepted; accepted: the id of a generation"),
        (["--watch", ID, "--share"], "feed: --share: True is not accepted"),
        (["x", "--url", "x"], "feed: --url: 'x' is not accepted"),
    ],
)
def test_what_is_not_accepted_is_one_line_and_status_2(
    arguments: list[str], words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["ask", *arguments]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    assert line.startswith(words)
