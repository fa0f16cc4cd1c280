"""FeedbackReporter: what is sampled, when it is told, and what a real server makes of it."""

import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from feed.client import connect, feedback
from feed.client.events import Batch
from feed.client.feedback import INTERVAL_S, FeedbackReporter
from feed.wire.rfc3339 import rfc3339
from feed.wire.transport import Transport
from tests.client.objects import as_tick
from tests.fakes import serving as server_fixtures
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.servers import EVENT_NS, Serve, trade

SECOND_NS = 1_000_000_000

serve = server_fixtures.serve


class Scene:
    """A server that takes reports, and feedback for it; the test says what time it is."""

    feedback: FeedbackReporter
    session: aiohttp.ClientSession

    def __init__(self) -> None:
        self.reports: list[dict[str, Any]] = []
        self.status = 204
        self.answer: object = None

    async def handle(self, request: web.Request) -> web.Response:
        self.reports.append(await request.json())
        if self.answer is not None:
            return web.json_response(self.answer)
        return web.Response(status=self.status)

    def take(self, age_s: float, mono_s: float = 0.0, *, snapshot: bool = False) -> None:
        self.take_all([age_s], mono_s, snapshot=snapshot)

    def take_all(
        self, ages_s: Iterable[float], mono_s: float, *, kind: str = "t", snapshot: bool = False
    ) -> None:
        times = (rfc3339(EVENT_NS - int(age_s * SECOND_NS)) for age_s in ages_s)
        batch = Batch(
            [as_tick({"T": kind, "S": "A", "t": time}) for time in times], snapshot=snapshot
        )
        self.feedback.note(batch, self.session, Transport.STREAM, mono_s)

    async def told(self, reports: int) -> None:
        await until(lambda: len(self.reports) == reports)


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    made = Scene()
    app = web.Application()
    app.router.add_post("/v1/feedback", made.handle)
    async with TestServer(app) as server, aiohttp.ClientSession() as made.session:
        made.feedback = FeedbackReporter(server.make_url("/"), 0.0, lambda: EVENT_NS)
        yield made
        made.feedback.close()


async def test_ages_are_told_once_in_an_interval(scene: Scene) -> None:
    scene.take(0.5)
    scene.take(2, INTERVAL_S - 0.1)
    scene.take(3, INTERVAL_S)
    await scene.told(1)
    scene.take(4, INTERVAL_S + 1)
    scene.take(5, 2 * INTERVAL_S)
    await scene.told(2)
    assert scene.reports == [
        {"transport": "stream", "ages_ms": [500, 2_000, 3_000]},
        {"transport": "stream", "ages_ms": [4_000, 5_000]},
    ]


async def test_what_has_no_age_is_not_told(scene: Scene) -> None:
    scene.take(1, INTERVAL_S, snapshot=True)
    scene.take(2 * 86_400, INTERVAL_S)
    timeless = Batch([as_tick({"T": "t", "S": "A"})])
    scene.feedback.note(timeless, scene.session, Transport.SSE, INTERVAL_S)
    for kind in ("b", "u", "b1s"):
        scene.take_all([60], INTERVAL_S, kind=kind)
    scene.take(-7, INTERVAL_S)
    await scene.told(1)
    assert scene.reports == [{"transport": "stream", "ages_ms": [0]}], "of the future: of now"


async def test_a_report_is_a_sample_of_all(scene: Scene) -> None:
    for number in range(5_000):
        scene.take(number / 1_000)
    scene.take(0, INTERVAL_S)
    await scene.told(1)
    (report,) = scene.reports
    ages = report["ages_ms"]
    assert len(ages) == 64
    assert min(ages) < 1_500
    assert max(ages) > 3_500


async def test_the_sample_is_of_all_ticks_of_a_batch(scene: Scene) -> None:
    for _ in range(63):
        scene.take_all(range(100, 0, -1), 0)
    scene.take(0, INTERVAL_S)
    await scene.told(1)
    assert len(set(scene.reports[0]["ages_ms"])) > 10, "not always of the newest, or of the oldest"


async def test_no_more_is_told_once_the_server_says_that_its_ticks_have_no_age(
    scene: Scene,
) -> None:
    scene.answer = {"outcome": "not_live"}
    for second in range(1, 4):
        scene.take(1, second * INTERVAL_S)
        assert scene.feedback._sending is not None
        await scene.feedback._sending
    assert len(scene.reports) == 1


async def test_whoever_does_not_take_reports_is_left_alone(scene: Scene) -> None:
    scene.status = 404
    scene.take(1, INTERVAL_S)
    await scene.told(1)
    scene.feedback = FeedbackReporter(URL("http://127.0.0.1:1"), 0.0, lambda: EVENT_NS)
    scene.take(1, INTERVAL_S)
    assert scene.feedback._sending is not None
    await scene.feedback._sending


@pytest.mark.parametrize("transport", ["websocket", "sse", "stream"])
async def test_a_server_counts_what_a_stream_reports(
    serve: Serve, transport: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feedback, "INTERVAL_S", 0.0)
    feed = await serve()
    histogram = feed.hub.instruments.delivery_age[transport]
    async with connect(feed.url(""), trades="*", transport=transport, feedback=True) as stream:
        await stream.open()
        await feed.publish(trade(1, event_ns=time.time_ns() - SECOND_NS))
        await anext(stream)
        await until(lambda: histogram.count)
        assert 1 < histogram.total / SECOND_NS < PATIENCE_S


async def test_who_did_not_opt_in_reports_nothing(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Batch] = []
    monkeypatch.setattr(FeedbackReporter, "note", lambda _, batch, *_others: taken.append(batch))
    feed = await serve()
    async with (
        connect(feed.url(""), trades="*") as silent,
        connect(feed.url(""), trades="*", feedback=True) as reporting,
    ):
        await silent.open()
        await reporting.open()
        await feed.publish(trade(1))
        await anext(silent)
        assert taken == []
        await anext(reporting)
        assert len(taken) == 1
