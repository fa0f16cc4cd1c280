"""`feed watch` and `feed top` as whole programs, in a terminal and without one."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import pytest

from feed.cli.commands import run
from tests.cli.test_listening import read_until, simulator
from tests.client.streams import answer
from tests.fakes.mini_feed import FeedThread
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.ports import free_port
from tests.terminal.terminals import HASTY, Terminal

pytestmark = pytest.mark.programs

WATCH = ["watch", "AAPL", "MSFT"]


@contextmanager
def hasty(arguments: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command without a terminal; it is ended with the block, if it has not ended."""
    process = subprocess.Popen(
        [sys.executable, "-c", HASTY, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            assert pipe is not None
            pipe.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Run a simulated market; give its address."""
    with simulator(rate=500) as (_, port):
        yield f"http://127.0.0.1:{port}"


def test_watch_shows_prices_and_q_gives_the_terminal_back(url: str) -> None:
    with Terminal([*WATCH, "--url", url]) as terminal:
        terminal.until(r"live over websocket  [\d,]+ ticks/s, ")
        row = terminal.until(r"^AAPL .*[▁▂▃▄▅▆▇█]{2}")
        assert re.search(r"^AAPL +[\d,]+\.\d\d [▲▼·] +[+-]?\d+\.\d\d%", row)
        assert len(terminal.lines) == 24
        assert terminal.lines[-1].startswith("q quit")
        assert not terminal.given_back
        terminal.press("q")
        assert terminal.status() == 0
        assert terminal.given_back


def test_top_shows_a_server_and_q_gives_the_terminal_back(url: str) -> None:
    with Terminal(["top", "--url", url]) as terminal:
        terminal.until(r"^Source +sim, live")
        terminal.until(r"^Ticks +\d+/s: trades \d+/s")
        assert len(terminal.lines) == 24
        terminal.press("q")
        assert terminal.status() == 0
        assert terminal.given_back


def test_keys_sort_and_pause(url: str) -> None:
    with Terminal([*WATCH, "--url", url]) as terminal:
        terminal.until("sort .as given.")
        terminal.press("sss")
        terminal.until("CHANGE▼")
        terminal.press("r")
        terminal.until("CHANGE▲")
        terminal.press(" ")
        terminal.until("PAUSED .* ticks since")


def test_the_screen_follows_the_size_of_the_terminal(url: str) -> None:
    with Terminal([*WATCH, "--url", url], 100, 30) as terminal:
        terminal.until("SPREAD")
        terminal.resize(40, 10)
        terminal.until("^SYMBOL +LAST +CHANGE +AGE$")
        terminal.resize(200, 50)
        terminal.until("SPREAD")


ENDS = [
    (signal.SIGTERM, 143),
    (signal.SIGINT, 130),
    (signal.SIGHUP, -signal.SIGHUP),
    (signal.SIGQUIT, -signal.SIGQUIT),
]


@pytest.mark.parametrize(("number", "status"), ENDS)
def test_a_signal_ends_it_and_gives_the_terminal_back(
    url: str, number: signal.Signals, status: int
) -> None:
    with Terminal([*WATCH, "--url", url]) as terminal:
        terminal.until("live over")
        terminal.process.send_signal(number)
        assert terminal.status() == status
        assert terminal.given_back


def test_control_c_ends_it(url: str) -> None:
    with Terminal(["top", "--url", url]) as terminal:
        terminal.until("sim, live")
        terminal.press("\x03")
        assert terminal.status() == 130
        assert terminal.given_back


def test_it_ends_in_a_terminal_that_takes_nothing(url: str) -> None:
    with Terminal(["watch", "*", "--url", url], 200, 60) as terminal:
        terminal.until("live over")
        terminal.press("\x13")  # Ctrl-S: the terminal stops what is written to it
        assert terminal.end_unread(signal.SIGTERM) == 143


def test_control_z_gives_the_terminal_back_until_it_goes_on(url: str) -> None:
    with Terminal([*WATCH, "--url", url]) as terminal:
        terminal.until("live over")
        terminal.press("\x1a")
        pid, status = os.waitpid(terminal.process.pid, os.WUNTRACED)
        assert pid == terminal.process.pid
        assert os.WIFSTOPPED(status)
        terminal.until_written("\x1b[?1049l")
        assert terminal.given_back
        terminal.process.send_signal(signal.SIGCONT)
        begun = len(terminal.output)
        terminal.output = terminal.output[begun:]
        terminal.until("live over")
        terminal.press("q")
        assert terminal.status() == 0


@pytest.mark.parametrize("ignores_hangup", [False, True])
def test_a_terminal_that_is_closed_ends_it(url: str, ignores_hangup: bool) -> None:
    with Terminal([*WATCH, "--url", url], ignores_hangup=ignores_hangup) as terminal:
        terminal.until("live over")
        terminal.close()
        # The end of its input and SIGHUP come together, so either may be what ends it.
        assert terminal.process.wait(PROGRAM_PATIENCE_S) in (
            {1} if ignores_hangup else {1, -signal.SIGHUP}
        )


def test_a_server_that_goes_and_comes_back_is_told() -> None:
    with ExitStack() as stack:
        port = str(free_port())
        process, _ = stack.enter_context(simulator(port))
        terminal = stack.enter_context(Terminal([*WATCH, "--url", f"http://127.0.0.1:{port}"]))
        terminal.until("live over")
        process.kill()
        process.wait()
        terminal.until("^feed watch  LOST")
        stack.enter_context(simulator(port))
        terminal.until(r"^1 reconnect, 1 gap; .* gap \(epoch\): ")


def test_without_a_terminal_tables_are_printed(url: str) -> None:
    with hasty([*WATCH, "--url", url]) as process:
        read_until(process.stdout, "^feed watch  live over websocket")
        read_until(process.stdout, r"^AAPL +[\d,]+\.\d\d ")
        assert process.stderr is not None
        assert process.stderr.readline() == (
            b"feed watch: no terminal to draw on: a table every 0.1 s, if it changed\n"
        )


def test_whoever_reads_the_tables_may_have_enough(url: str) -> None:
    with hasty(["top", "--url", url]) as process:
        assert process.stdout is not None
        read_until(process.stdout, "^feed top  up")
        process.stdout.close()
        assert process.wait(PROGRAM_PATIENCE_S) == 0
        assert process.stderr is not None
        assert len(process.stderr.readlines()) == 1


def test_a_dumb_terminal_gets_tables(url: str) -> None:
    with Terminal([*WATCH, "--url", url], TERM="dumb") as terminal:
        terminal.until_written("no terminal to draw on")
        terminal.until_written("AAPL ")
        assert "\x1b" not in terminal.output


def test_colours_can_be_switched_off(url: str) -> None:
    with Terminal([*WATCH, "--url", url], NO_COLOR="1") as terminal:
        terminal.until("[▲▼]")
        terminal.press("q")
        terminal.status()
    styles = set(re.findall(r"\x1b\[([0-9;]*)m", terminal.output))
    assert styles
    assert not any(re.search(r"\b(3|9)[1-7]\b", style) for style in styles)


def test_a_terminal_without_unicode_gets_ascii(url: str) -> None:
    with Terminal([*WATCH, "--url", url], PYTHONIOENCODING="ascii") as terminal:
        terminal.until(r"^AAPL .* [\^v.] ")
        terminal.until("^q quit .* ud scroll")
        assert terminal.output.isascii()


WRONG: list[tuple[list[str], str]] = [
    (["watch"], "feed: Missing argument 'SYMBOL'"),
    (["watch", "A?B"], "feed: SYMBOL: 'A?B' is not accepted"),
    (["watch", "A,,B"], "feed: SYMBOL: '' is not accepted"),
    (["watch", "A", "--url", "x"], "feed: --url: 'x' is not accepted"),
    (["watch", "A", "--codec", "x"], "feed: Invalid value for '--codec'"),
    (["top", "--url", "x"], "feed: --url: 'x' is not accepted"),
    (["top", "AAPL"], "feed: Got unexpected extra argument(s)"),
]


@pytest.mark.parametrize(("arguments", "start"), WRONG)
def test_what_is_not_accepted_is_one_line_and_status_2(
    arguments: list[str], start: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith(start)
    assert err.count("\n") == 1


def test_watch_asks_for_what_is_shown(capfd: pytest.CaptureFixture[str]) -> None:
    with FeedThread() as server:
        # The past is asked for at the same time, and answered in the same way.
        server.feed.answers.extend(answer(200, "<html>", Connection="close") for _ in range(9))
        arguments = ["--url", server.feed.url, "--transport", "sse"]
        assert run(["watch", "AAPL,BTC/USD", "MSFT", *arguments]) == 1
        (asked,) = [asked for transport, asked in server.feed.asked if transport == "sse"]
    assert asked == {
        "trades": "AAPL,BTC/USD,MSFT",
        "quotes": "AAPL,BTC/USD,MSFT",
        "statuses": "AAPL,BTC/USD,MSFT",
        "conflate": "trades:250ms,quotes:250ms",
        "snapshot": "1",
    }
    assert "is not a feed" in capfd.readouterr().err.splitlines()[-1]


def test_top_of_something_else_says_what_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    with FeedThread() as server:
        server.feed.answers.extend(answer(200, "<html>", Connection="close") for _ in range(9))
        assert run(["top", "--url", server.feed.url]) == 1
    assert re.search("is not a feed|refused with 404", capfd.readouterr().err)
