"""A watch and its server: past prices, and what happens in the stream."""

import pytest
from aiohttp import web

from feed.client.events import Counters
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.market.ticks import MINUTE_NS, SECOND_NS, Channel
from feed.terminal import watch
from feed.terminal.finite import Finite
from feed.terminal.together import until_first
from feed.terminal.watch_view import WatchView
from feed.wire.rfc3339 import rfc3339
from tests.fakes.mini_feed import MiniFeed
from tests.fakes.patience import until
from tests.terminal.answers import Answers
from tests.terminal.shown import lines_of

BEGIN_NS = 1_700_000_000 * SECOND_NS


def bars(count: int, step_ns: int, price: float) -> dict[str, object]:
    return {
        "bars": [
            {"t": rfc3339(BEGIN_NS + number * step_ns), "o": price + number}
            for number in range(count)
        ]
    }


class Timeframes:
    """Answers `/v1/bars` by timeframe."""

    def __init__(self, answers: Answers, **documents: dict[str, object]) -> None:
        self.answers, self.documents = answers, documents
        answers.by_path["/v1/bars"] = self.answer

    def answer(self) -> web.Response:
        timeframe = "minutes" if "timeframe=1m" in self.answers.asked[-1] else "seconds"
        return web.json_response(self.documents[timeframe])


async def test_an_hour_of_minutes_is_the_past(answers: Answers) -> None:
    Timeframes(answers, minutes=bars(10, MINUTE_NS, 1.0))
    async with Finite(answers.url) as server:
        past = await watch.past_prices(server, "AAPL")
    assert past == [(BEGIN_NS + number * MINUTE_NS, 1.0 + number) for number in range(10)]
    assert answers.asked == ["/v1/bars?symbol=AAPL&timeframe=1m&limit=60"]


async def test_a_young_servers_seconds_are_asked_for_too_and_replace_minutes(
    answers: Answers,
) -> None:
    Timeframes(answers, minutes=bars(3, MINUTE_NS, 1.0), seconds=bars(2, SECOND_NS, 100.0))
    async with Finite(answers.url) as server:
        past = await watch.past_prices(server, "AAPL")
    assert past == [(BEGIN_NS, 100.0), (BEGIN_NS + SECOND_NS, 101.0)]


async def test_minutes_before_the_first_second_stay(answers: Answers) -> None:
    seconds = bars(2, SECOND_NS, 100.0)
    seconds["bars"][0]["t"] = rfc3339(BEGIN_NS + MINUTE_NS + 1)  # type: ignore[index]
    Timeframes(answers, minutes=bars(3, MINUTE_NS, 1.0), seconds=seconds)
    async with Finite(answers.url) as server:
        prices = [price for _, price in await watch.past_prices(server, "AAPL")]
    assert prices == [1.0, 2.0, 100.0, 101.0]


def view_of(*symbols: str) -> WatchView:
    view = WatchView(symbols, "http://a", Counters())
    view.render(80, 24, 0)  # so that rows are in view
    return view


async def recall_until(server: Finite, view: WatchView, condition: str) -> None:
    """Recall until the screen shows a text."""

    async def seen() -> None:
        await until(lambda: any(condition in line for line in lines_of(view.render(80, 24, 0))))

    await until_first(watch.recall(server, view), seen())


async def test_rows_in_view_get_their_past_and_unlisted_ones_say_so(answers: Answers) -> None:
    answers.document("/v1/symbols", {"symbols": [{"symbol": "AAPL"}]})
    Timeframes(answers, minutes=bars(10, MINUTE_NS, 1.0))
    view = view_of("AAPL", "APPL")
    async with Finite(answers.url) as server:
        await recall_until(server, view, "not listed")
        await until_first(
            watch.recall(server, view), until(lambda: view.board.rows[1].course.prices)
        )
    assert view.board.rows[0].course.first == 1.0


async def test_a_server_that_is_away_is_asked_again(answers: Answers) -> None:
    answers.text("/v1/symbols", "", 503)
    Timeframes(answers, minutes=bars(10, MINUTE_NS, 1.0))
    view = view_of("AAPL")
    async with Finite(answers.url) as server:

        async def come_back() -> None:
            await until(lambda: len(answers.asked) > 2)
            answers.document("/v1/symbols", {"symbols": [{"symbol": "AAPL"}]})
            await until(lambda: view.board.rows[0].course.prices)

        await until_first(watch.recall(server, view, ask_again_s=0.0), come_back())


@pytest.mark.parametrize(
    "listed", [{"symbols": 5}, {"symbols": [5]}, {"other": []}, {"symbols": [{"name": "x"}]}]
)
async def test_a_server_without_a_past_is_watched_all_the_same(
    answers: Answers, listed: dict[str, object]
) -> None:
    answers.document("/v1/symbols", listed)
    view = view_of("AAPL")
    async with Finite(answers.url) as server:
        await recall_until(server, view, "past prices cannot be had")


async def test_a_server_that_has_no_bars_is_told(answers: Answers) -> None:
    answers.document("/v1/symbols", {"symbols": []})
    view = view_of("AAPL")
    async with Finite(answers.url) as server:
        await recall_until(server, view, "past prices cannot be had: http://127.0.0.1")


async def test_what_happens_in_a_stream_is_shown() -> None:
    async with MiniFeed() as feed:
        await feed.publish(1)
        subscription = Subscription.of({Channel.TRADES: "AAPL"})
        async with Stream(feed.url, subscription, after="0") as stream:
            view = WatchView(["AAPL"], feed.url, stream.counters)
            await until_first(watch.follow(stream, view), until(lambda: view.board.ticks))
    head, _, _, row, *_ = lines_of(view.render(80, 24, 0))
    assert "live over websocket" in head
    assert row.startswith("AAPL        100.25 ·")
