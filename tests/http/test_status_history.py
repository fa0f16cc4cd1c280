"""The last fifteen minutes: `/v1/status/history`, and the page that draws it."""

import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from feed.http.app import STATUS_HISTORY
from feed.hub.census import Census
from feed.wire.transport import Transport
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import open_reader
from tests.fakes.servers import Feed, Paces, Serve, trades

if TYPE_CHECKING:
    from feed.http.status_history import StatusHistory

SECOND_NS = 1_000_000_000
# No sample comes by itself amid those of a test, of which fifteen minutes then hold three.
BY_HAND: Paces = {"sample_s": 300.0}
_SERIES_DRAWN = """
    import("/page/status.js").then(({ charts }) => charts.flatMap((chart) => chart.keys))
"""


class Samples:
    """Takes samples of a server by hand, each five seconds after the one before."""

    def __init__(self, feed: Feed) -> None:
        app = feed.server.app
        assert isinstance(app, web.Application)
        self.feed = feed
        self.kept: StatusHistory = app[STATUS_HISTORY]
        self.now_ns = time.monotonic_ns() + 5 * SECOND_NS
        self.kept._sampled_ns = time.monotonic_ns()

    def take(self, lags_ticks: list[int] | None = None) -> None:
        census = Census(self.now_ns, 0, 0, lags_ticks or [])
        self.kept._sampled_ns = self.now_ns - 5 * SECOND_NS
        self.kept.sample(census)
        self.now_ns += 5 * SECOND_NS

    async def history(self) -> dict[str, Any]:
        answer = await RawHttp.get((self.feed.host, self.feed.port), "/v1/status/history")
        assert answer.status == 200
        history: dict[str, Any] = await answer.document()
        return history


async def test_rates_are_differences(serve: Serve) -> None:
    feed = await serve(paces=BY_HAND)
    samples = Samples(feed)
    reader = await open_reader("stream-json", (feed.host, feed.port))
    await feed.sessions_reach(1)
    samples.take()
    await feed.publish(*trades(1, 50))
    await reader.read()
    samples.take()
    samples.take()
    series = (await samples.history())["series"]
    assert series["ticks_per_s"] == [0.0, 10.0, 0.0]
    assert series["frames_per_s"][1:] == [0.2, 0.0]
    assert series["frame_bytes_per_s"][1] > series["plain_bytes_per_s"][1] > 100
    assert series["stream"] == [1, 1, 1]
    assert series["websocket"] == [0, 0, 0]


async def test_ages_are_those_since_the_sample_before(serve: Serve) -> None:
    feed = await serve(paces=BY_HAND)
    samples = Samples(feed)
    for _ in range(100):
        feed.hub.instruments.delivery_age[Transport.SSE].observe(30_000_000)
    samples.take()
    feed.hub.age_reports.record(Transport.WEBSOCKET, [2_000])
    samples.take()
    samples.take()
    series = (await samples.history())["series"]
    assert 0.025 < series["delivery_age_p99_s"][0] <= 0.05
    assert 1 < series["delivery_age_p99_s"][1] <= 2.5
    assert series["delivery_age_p99_s"][2] is None, "nobody reported anything"


async def test_what_is_behind_and_what_is_silent_shows(serve: Serve) -> None:
    feed = await serve(paces=BY_HAND)
    samples = Samples(feed)
    feed.side.last_tick_mono_ns -= 40 * SECOND_NS
    samples.take([7, 900])
    series = (await samples.history())["series"]
    assert series["behind"] == [2]
    assert series["largest_lag_ticks"] == [900]
    assert 40 <= series["silent_s"][0] < 60


async def test_fifteen_minutes_are_kept_and_no_more(serve: Serve) -> None:
    feed = await serve()
    samples = Samples(feed)
    for _ in range(200):
        samples.take()
    history = await samples.history()
    assert history["window_s"] == 900
    assert len(history["times"]) == 180
    assert {len(numbers) for numbers in history["series"].values()} == {180}


async def test_samples_are_taken_by_themselves(serve: Serve) -> None:
    feed = await serve(paces={"sample_s": 0.005})
    samples = Samples(feed)
    await until(lambda: len(samples.kept._times_s) > 2)


@pytest.mark.programs
async def test_the_page_draws_every_series_and_says_how_the_feed_is(serve: Serve) -> None:
    playwright = pytest.importorskip(
        "playwright.async_api", reason="playwright is not installed (the extra `clients`)"
    )
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed (Debian: chromium)")
    feed = await serve(paces=BY_HAND)
    samples = Samples(feed)
    await feed.publish(*trades(1, 50))
    for _ in range(3):
        samples.take()
    async with playwright.async_playwright() as programs:
        browser = await programs.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"], timeout=PATIENCE_S * 1_000
        )
        page = await browser.new_page()
        page.set_default_timeout(PATIENCE_S * 1_000)
        complaints: list[str] = []
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        answer = await page.goto(feed.url("/status"))
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        await page.wait_for_selector("svg path[d^=M]")
        assert await page.inner_text("#verdict") == "live"
        drawn = await page.eval_on_selector_all("svg path", "paths => paths.length")
        named = await page.eval_on_selector_all("figcaption .key", "keys => keys.length")
        assert drawn == named >= 20
        labels = await page.eval_on_selector_all(
            "svg", "charts => charts.map(chart => chart.getAttribute('aria-label'))"
        )
        assert "Ticks: ticks 0 /s" in labels
        series = set((await samples.history())["series"])
        asked_for = set(await page.evaluate(_SERIES_DRAWN))
        assert asked_for <= series
        await browser.close()
    assert complaints == []
