"""Asking a server how it is doing."""

from contextlib import AsyncExitStack

import pytest

from feed.client.errors import NotAFeed, Refused
from feed.settings.options import Settings
from feed.terminal.finite import Finite
from feed.terminal.together import until_first
from feed.terminal.top import ask
from feed.terminal.top_view import TopView
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import start_feed, trade
from tests.terminal.answers import STATUS, Answers, metrics
from tests.terminal.shown import lines_of


def shown(view: TopView) -> str:
    return "\n".join(lines_of(view.render(80, 24, 0)))


async def ask_until(answers_of: str, view: TopView, text: str) -> None:
    """Ask a server until the screen shows a text."""
    async with Finite(answers_of) as server:
        await until_first(ask(server, view, every_s=0.0), until(lambda: text in shown(view)))


async def test_a_real_server_is_shown() -> None:
    async with AsyncExitStack() as servers:
        feed = await start_feed(servers, None, Settings(port=0))
        view = TopView("http://a")
        await feed.publish(trade(1), trade(2))
        await ask_until(feed.url(""), view, "script, live")
        assert f"at {feed.epoch}-2" in shown(view)
        await ask_until(feed.url(""), view, "Ticks       0/s: trades 0/s")
        assert "client left" not in shown(view)


async def test_administrators_see_the_worst_connections() -> None:
    async with AsyncExitStack() as servers:
        feed = await start_feed(servers, None, Settings(port=0, local_admin=True))
        for _ in range(2):
            await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=*")
        await feed.sessions_reach(2)
        view = TopView("http://a")
        await ask_until(feed.url(""), view, "Worst       nobody lags")
        slow, _ = feed.hub.sessions.values()
        feed.hub.audience.move(slow.subscriber, slow.subscriber.lane.payload.key, 0)  # it is held
        await feed.publish(trade(1), trade(2))
        await ask_until(feed.url(""), view, f"Worst       {slow.id} 127.0.0.1 2 behind, 0 B held")


async def test_others_do_not_and_are_not_told_off_again_and_again(answers: Answers) -> None:
    view = TopView("http://a")
    answers.text("/metrics", metrics())
    answers.document("/v1/status", STATUS)
    await ask_until(answers.url, view, "sim, live")
    assert "Worst" not in shown(view)
    async with Finite(answers.url) as server:
        asked = answers.asked
        asked.clear()
        rounds = until(lambda: asked.count("/v1/status") > 3)
        await until_first(ask(server, view, every_s=0.0), rounds)
    assert sum(path.startswith("/v1/admin") for path in asked) == 1


async def test_it_goes_on_when_the_server_comes_back(answers: Answers) -> None:
    view = TopView("http://a")
    answers.text("/metrics", metrics())
    answers.text("/v1/status", "", 503)
    await ask_until(answers.url, view, "NO ANSWER")
    answers.document("/v1/status", STATUS)
    await ask_until(answers.url, view, "sim, live")
    assert "NO ANSWER" not in shown(view)
    answers.document("/v1/status", {"version": 5})
    await ask_until(answers.url, view, "NO ANSWER for 0.0s: /v1/status: version")


async def test_what_is_no_feed_server_ends_it(answers: Answers) -> None:
    view = TopView("http://a")
    answers.text("/metrics", metrics())
    with pytest.raises(Refused, match="404"):
        await ask_until(answers.url, view, "never")
    answers.text("/v1/status", "<html>", kind="text/html")
    with pytest.raises(NotAFeed):
        await ask_until(answers.url, view, "never")
