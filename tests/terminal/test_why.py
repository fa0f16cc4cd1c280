"""`feed why`: the timeline of a connection."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from feed.cli.commands import run
from feed.client.errors import Malformed, Refused
from feed.settings.options import Settings
from feed.terminal.errors import NoAnswer
from feed.terminal.finite import Finite
from feed.terminal.timeline import Told, timeline
from feed.terminal.why import why
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import start_feed, trades
from tests.terminal.answers import Answers

TOLD: dict[str, Any] = {
    "id": 17,
    "identity": {"kind": "key", "id": "k1", "name": "desk"},
    "since": "2026-11-29T23:59:58.000000000Z",
    "peer": "192.0.2.7",
    "selection": "trades AAPL",
    "standing": "behind",
    "pos": "e-20",
    "lag_ticks": 1_200,
    "buffered_bytes": 64_000,
    "sent_bytes": None,
    "ended": "2026-11-30T00:00:01.000000000Z",
    "record": [
        {"t": "2026-11-29T23:59:58.001000000Z", "event": "joined", "msg": "joined over sse"},
        {"t": "2026-11-30T00:00:01.000000000Z", "event": "closed", "msg": "closed: slow \x1b[2J"},
    ],
}


def test_a_timeline_says_who_where_and_what_happened() -> None:
    assert list(timeline(Told.of(TOLD))) == [
        "connection 17: desk, from 192.0.2.7",
        "  has left; it was behind at e-20, 1,200 ticks behind the ring, 64.0 kB held back",
        "  subscribed to trades AAPL",
        "2026-11-29 (UTC)",
        "  23:59:58.001  joined over sse",
        "2026-11-30 (UTC)",
        "  00:00:01.000  closed: slow �[2J",
    ]


@pytest.mark.parametrize("missing", ["id", "record", "identity"])
def test_what_is_no_such_answer_is_said(missing: str) -> None:
    with pytest.raises(Malformed, match=f"/v1/admin/connections: {missing}: "):
        Told.of({name: value for name, value in TOLD.items() if name != missing})


async def test_a_real_server_says_why_somebody_missed_something() -> None:
    async with AsyncExitStack() as servers:
        feed = await start_feed(servers, None, Settings(port=0, ring=8, local_admin=True))
        await feed.publish(*trades(1, 20))
        target = f"/v1/sse?trades=AAPL&after={feed.position(2)}"
        await RawHttp.get((feed.host, feed.port), target)
        await feed.sessions_reach(1)
        (session,) = feed.hub.sessions.values()
        written: list[bytes] = []
        async with Finite(feed.url("")) as server:
            await why(server, session.id, written.append)
            with pytest.raises(Refused, match="there is no connection 999999"):
                await why(server, 999_999, written.append)
    (lines,) = written
    text = lines.decode()
    assert f"gap: 18 sequences, {feed.epoch}-3 to {feed.epoch}-20" in text
    assert text.count("\n") == len(text.splitlines()) == 8


async def test_a_server_that_is_away_is_said(answers: Answers) -> None:
    answers.text("/v1/admin/connections/1", "", 503)
    async with Finite(answers.url) as server:
        with pytest.raises(NoAnswer, match="503"):
            await why(server, 1, bytes)


async def test_the_command_fails_with_one_line(
    answers: Answers, capfd: pytest.CaptureFixture[str]
) -> None:
    status = await asyncio.to_thread(run, ["why", "0", "--url", answers.url])
    assert status == 2
    assert "greater than or equal to 1" in capfd.readouterr().err
