"""What is logged, how often, and how it looks."""

import io
import json
import logging
import warnings
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from feed.program import logs
from feed.wire.disconnect import Reason
from tests.fakes.readers import open_reader
from tests.fakes.restored_logs import restored_logs
from tests.fakes.servers import Serve, trades


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    with restored_logs():
        yield


def configure(stream: io.StringIO) -> logs.Repeats:
    return logs.configure(lambda line: stream.write(line.decode()), interactive=stream.isatty())


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_machines_read_json() -> None:
    stream = io.StringIO()
    configure(stream)
    structlog.get_logger("feed.test").info("happened", what=1)
    [line] = lines(stream)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {"event": "happened", "what": 1, "level": "info", "logger": "feed.test"}


def test_people_on_a_terminal_read_lines() -> None:
    stream = Terminal()
    configure(stream)
    structlog.get_logger("feed.test").info("happened", what=1)
    [line] = stream.getvalue().splitlines()
    assert "happened" in line
    with pytest.raises(json.JSONDecodeError):
        json.loads(line)


@pytest.mark.parametrize("stream", [io.StringIO(), Terminal()], ids=["json", "console"])
def test_a_traceback_shows_no_variables(stream: io.StringIO) -> None:
    configure(stream)

    def fail(secret: str) -> None:  # noqa: ARG001 - to be found in the frame
        raise RuntimeError("no luck")

    try:
        fail("open sesame")
    except RuntimeError:
        structlog.get_logger("feed.test").exception("failed")
    assert "no luck" in stream.getvalue()
    assert "fail" in stream.getvalue()
    shown = stream.getvalue().replace('fail("open sesame")', "")
    assert "open sesame" not in shown


def test_lines_of_libraries_take_the_same_way() -> None:
    stream = io.StringIO()
    configure(stream)
    logging.getLogger("aiohttp.server").error("bad %s", "request")
    logging.getLogger("asyncio").info("a detail")
    [line] = lines(stream)
    assert (line["event"], line["logger"], line["level"]) == (
        "bad request",
        "aiohttp.server",
        "error",
    )


def test_pythons_warnings_take_the_same_way() -> None:
    stream = io.StringIO()
    configure(stream)
    warnings.warn("a way that goes away", DeprecationWarning, stacklevel=1)
    [line] = lines(stream)
    assert "a way that goes away" in str(line["event"])


def test_a_record_that_cannot_be_told_says_so() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no words")

    stream = io.StringIO()
    configure(stream)
    structlog.get_logger("feed.test").info("happened", what=Broken())
    assert stream.getvalue().startswith("a record of feed.test cannot be told: Traceback")
    assert "no words" in stream.getvalue()


def test_repeats_are_left_out_and_their_number_is_told() -> None:
    stream = io.StringIO()
    repeats = configure(stream)
    for number in range(logs.MOST_REPEATS + 25):
        structlog.get_logger("feed.test").info("connected", id=number)
        logging.getLogger("aiohttp.server").error("bad request %d", number)
    structlog.get_logger("feed.test").info("other")
    events = [str(line["event"]).partition(" ")[0] for line in lines(stream)]
    assert events.count("connected") == logs.MOST_REPEATS
    assert events.count("bad") == logs.MOST_REPEATS
    assert events.count("other") == 1
    assert repeats.close_window() == {"connected": 25, "bad request %d": 25}
    structlog.get_logger("feed.test").info("connected", id="later")
    assert lines(stream)[-1]["id"] == "later"
    assert repeats.close_window() == {}


def test_what_one_did_to_others_is_never_left_out() -> None:
    stream = io.StringIO()
    repeats = configure(stream)
    for number in range(logs.MOST_REPEATS + 25):
        structlog.get_logger("feed.test").info("sent_away", id=number, audit=True)
    assert [line["id"] for line in lines(stream)] == list(range(logs.MOST_REPEATS + 25))
    assert repeats.close_window() == {}


async def test_every_window_ends_with_what_was_left_out() -> None:
    repeats = logs.Repeats(most=1, window_s=0)
    with capture_logs() as captured:
        for _ in range(3):
            repeats.filter(logging.LogRecord("x", 30, "", 0, "late", (), None))
        telling = repeats.run()
        while not captured:
            telling.send(None)
        telling.close()
    assert captured == [
        {"event": "repeats_left_out", "repeated": "late", "times": 2, "log_level": "info"}
    ]


async def test_connections_are_logged_with_an_id_and_ticks_are_not(serve: Serve) -> None:
    with capture_logs() as captured:
        feed = await serve()
        reader = await open_reader("websocket-msgpack", (feed.host, feed.port))
        await feed.sessions_reach(1)
        for first in range(1, 500, 10):
            await feed.publish(*trades(first, first + 9))
            await reader.read()
        [session] = feed.hub.sessions.values()
        feed.hub.disconnect(session, Reason.POLICY)
    assert [line["event"] for line in captured] == ["source_opened", "connected", "ended"]
    _, connected, ended = captured
    assert connected["id"] == ended["id"] == session.id
    assert (connected["transport"], connected["codec"]) == ("websocket", "msgpack")
    assert connected["peer"] == "127.0.0.1"
    assert ended["reason"] == "policy"
    assert ended["seconds"] >= 0
