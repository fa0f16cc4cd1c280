"""Readers report how old ticks were when they had them."""

from typing import Any

import orjson
import pytest

from feed.hub import age_reports as feedback
from feed.hub.age_reports import Outcome
from feed.wire.transport import Transport
from tests.fakes.hand_clock import HandClock
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, ScriptedSource, Serve
from tests.fakes.websocket_reader import WebSocketReader
from tests.fakes.wire import Wire

REPORT = {"transport": "sse", "ages_ms": [0.05, 3, 20_000.5]}


async def post(feed: Feed, body: object, *headers: str) -> RawHttp:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    wire = await Wire.connect((feed.host, feed.port))
    lines = [
        "POST /v1/feedback HTTP/1.1",
        f"Host: {feed.host}:{feed.port}",
        f"Content-Length: {len(data)}",
        *headers,
    ]
    wire.writer.write("\r\n".join([*lines, "", ""]).encode() + data)
    answer = RawHttp(wire)
    await answer.head()
    return answer


def ages_of(feed: Feed, transport: Transport) -> tuple[int, int]:
    histogram = feed.hub.instruments.delivery_age[transport]
    return histogram.count, histogram.total


async def test_a_report_over_http_is_counted_for_its_transport(serve: Serve) -> None:
    feed = await serve()
    answer = await post(feed, REPORT)
    assert answer.status == 204
    assert ages_of(feed, Transport.SSE) == (3, 20_003_550_000)
    assert ages_of(feed, Transport.STREAM) == (0, 0)
    assert feed.hub.age_reports.outcomes[Outcome.TAKEN] == 1


@pytest.mark.parametrize("binary", [False, True])
async def test_a_report_over_a_websocket_is_counted_and_not_answered(
    serve: Serve, binary: bool
) -> None:
    feed = await serve()
    reader = await WebSocketReader.connect((feed.host, feed.port), binary=binary)
    await reader.begin()
    reader.say({"action": "feedback", "ages_ms": [1.5, 2]})
    await reader.subscribe(trades=["AAPL"])  # its answer is the next thing said
    assert ages_of(feed, Transport.WEBSOCKET) == (2, 3_500_000)


@pytest.mark.parametrize(
    ("ages_ms", "words"),
    [
        ([], "a list of 1 to 64 ages"),
        ([1] * 65, "a list of 1 to 64 ages"),
        (7, "a list of 1 to 64 ages"),
        ([-0.1], "ages in milliseconds from 0 to 86400000, not -0.1"),
        ([86_400_001], "ages in milliseconds from 0 to 86400000, not 86400001"),
        (["1"], "ages in milliseconds from 0 to 86400000, not '1'"),
        ([True], "ages in milliseconds from 0 to 86400000, not True"),
        ([None], "ages in milliseconds from 0 to 86400000, not None"),
    ],
)
async def test_what_is_no_age_is_refused_and_the_talk_goes_on(
    serve: Serve, ages_ms: object, words: str
) -> None:
    feed = await serve()
    answer = await post(feed, {"transport": "stream", "ages_ms": ages_ms})
    assert answer.status == 400
    problem = await answer.document()
    assert (problem["parameter"], problem["accepted"]) == ("ages_ms", words)
    reader = await WebSocketReader.connect((feed.host, feed.port))
    await reader.begin()
    reader.say({"action": "feedback", "ages_ms": ages_ms})
    error = await reader.message()
    assert (error["T"], error["code"]) == ("error", 400)
    assert error["msg"].endswith(f"accepted: {words}")
    await reader.subscribe(trades=["AAPL"])
    assert feed.hub.age_reports.outcomes[Outcome.TAKEN] == 0


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (b"{", 400, "not JSON"),
        (b"[]", 400, "a message is a map"),
        ({"ages_ms": [1]}, 400, "transport"),
        ({**REPORT, "transport": {"secret": "S"}}, 400, "transport: {'secret': '…'} is"),
        ({**REPORT, "transport": "pigeon"}, 400, "'websocket', 'sse' or 'stream'"),
        ({**REPORT, "symbol": "AAPL"}, 400, "symbol"),
        (b" " * 4_097, 413, "too long"),
    ],
)
async def test_what_is_no_report_is_refused(
    serve: Serve, body: object, status: int, words: str
) -> None:
    feed = await serve()
    answer = await post(feed, body)
    assert answer.status == status
    assert words in (await answer.document())["detail"]


@pytest.mark.parametrize("ages_ms", [[1], [86_400_001], [60_000_000_000.0] * 64])
async def test_a_recording_answers_that_its_ticks_have_no_age(
    serve: Serve, ages_ms: list[float]
) -> None:
    feed = await serve(source=ScriptedSource(can_wait=True))
    answer = await post(feed, {"transport": "sse", "ages_ms": ages_ms})
    assert (answer.status, await answer.document()) == (200, {"outcome": "not_live"})
    assert feed.hub.age_reports.outcomes == {"taken": 0, "over_budget": 0, "not_live": 1}
    assert ages_of(feed, Transport.SSE)[0] == 0


async def test_too_many_reports_a_second_are_not_counted(serve: Serve) -> None:
    clock = HandClock()
    feed = await serve(clock=clock.clock)
    take = feed.hub.age_reports.record
    assert [take(Transport.SSE, [1]) for _ in range(feedback.REPORTS_PER_S)].count(
        Outcome.TAKEN
    ) == 100
    assert (await post(feed, REPORT)).headers["Retry-After"] == "10"
    clock.pass_s(1)
    assert (await post(feed, REPORT)).status == 204
    assert feed.hub.age_reports.outcomes == {"taken": 101, "over_budget": 1, "not_live": 0}
    assert ages_of(feed, Transport.SSE)[0] == 103


@pytest.mark.parametrize(
    ("origin", "settings", "status"),
    [
        ("https://elsewhere.example", {}, 403),
        ("https://elsewhere.example", {"allow_origin": ("https://elsewhere.example",)}, 204),
    ],
)
async def test_pages_of_other_origins_report_only_where_they_may_read(
    serve: Serve, origin: str, settings: dict[str, Any], status: int
) -> None:
    feed = await serve(**settings)
    assert (await post(feed, REPORT, f"Origin: {origin}")).status == status


async def test_a_page_that_may_report_learns_it_by_preflight(serve: Serve) -> None:
    feed = await serve(allow_origin=("https://elsewhere.example",))
    answer = await RawHttp.get(
        (feed.host, feed.port),
        "/v1/feedback",
        {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"},
        method="OPTIONS",
    )
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]
