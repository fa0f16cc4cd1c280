"""The table of routes: every row is served as it says."""

import asyncio

import pytest
from prometheus_client import Metric

from feed.http.route import Body, Route
from feed.http.routes import ROUTES
from feed.hub.hub import ANSWERED_AT_ONCE
from feed.metrics.exposition import Exposition
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Serve

FINITE = [route for route in ROUTES if route.body is not Body.ENDLESS and route.method == "GET"]
STRICT = [route for route in FINITE if route.refuses_others]
EACH_OF_ALL = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)


def path_of(route: Route) -> str:
    places = {"feed": "iex", "location": "us", "id": "1", "producer": "me", "job": "job_0"}
    rooms = {"room": "desk", "message": "m-1", "rule": "rule_0", "alert": "alert_0", "edge": "e"}
    others = {"generation": "gen_0", "conversation": "c", "market_type": "stocks"}
    return route.path.format(**others, **places, **rooms)


def test_no_two_rows_are_one() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@EACH_OF_ALL
def test_every_row_says_what_is_answered(route: Route) -> None:
    assert len(route.words) > 10
    assert len(set(route.parameters)) == len(route.parameters)


@EACH_OF_ALL
async def test_every_row_is_served_by_its_method_only(serve: Serve, route: Route) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), path_of(route), method="PUT")
    assert answer.status == 405
    assert route.method in answer.headers["Allow"].split(", ")


@pytest.mark.parametrize("route", STRICT, ids=lambda route: route.path)
async def test_other_parameters_than_a_rows_are_refused(serve: Serve, route: Route) -> None:
    feed = await serve(local_admin=True)
    answer = await RawHttp.get((feed.host, feed.port), f"{path_of(route)}?flavour=salty")
    assert answer.status == 400
    problem = await answer.document()
    assert problem["parameter"] == "flavour"
    assert all(name in problem["accepted"] for name in route.parameters)


@pytest.mark.parametrize("route", STRICT, ids=lambda route: route.path)
async def test_a_rows_own_parameters_are_not_refused_for_their_names(
    serve: Serve, route: Route
) -> None:
    feed = await serve(local_admin=True)
    for name in route.parameters:
        answer = await RawHttp.get((feed.host, feed.port), f"{path_of(route)}?{name}=")
        if answer.status != 200:
            assert "the parameters" not in (await answer.document()).get("accepted", "")


@pytest.mark.parametrize("route", STRICT, ids=lambda route: route.path)
async def test_cache_busters_are_no_parameters(serve: Serve, route: Route) -> None:
    feed = await serve()
    answers = [
        await RawHttp.get((feed.host, feed.port), f"{path_of(route)}?{query}")
        for query in ("", "_=1764380000000&cb=1&r=0.3&nocache=")
    ]
    assert answers[0].status == answers[1].status


@pytest.mark.parametrize("path", ["/v1/sse", "/v1/stream"])
async def test_a_subscription_may_ask_for_what_its_row_lists(serve: Serve, path: str) -> None:
    feed = await serve()
    (route,) = (route for route in ROUTES if route.path == path)
    answer = await RawHttp.get((feed.host, feed.port), f"{path}?flavour=salty")
    problem = await answer.document()
    listed = problem["accepted"].removeprefix("the parameters ").split("; ")[0]
    assert set(listed.split(", ")) == set(route.parameters)


async def test_only_some_finite_requests_are_answered_at_once(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = await serve()
    address = feed.host, feed.port
    at_once, most = 0, 0
    collect = Exposition.collect

    async def count(self: Exposition) -> list[Metric]:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        try:
            return await collect(self)
        finally:
            at_once -= 1

    monkeypatch.setattr(Exposition, "collect", count)
    answers = await asyncio.gather(*(RawHttp.get(address, "/metrics") for _ in range(40)))
    assert {answer.status for answer in answers} == {200}
    assert most == ANSWERED_AT_ONCE


async def test_health_is_told_though_a_line_waits(serve: Serve) -> None:
    feed = await serve()
    for _ in range(ANSWERED_AT_ONCE):
        await feed.hub.answering.acquire()
    waiting = await RawHttp.open((feed.host, feed.port))
    waiting.wire.writer.write(b"GET /v1/symbols HTTP/1.1\r\nHost: localhost\r\n\r\n")
    for path in ("/healthz", "/readyz"):
        assert (await RawHttp.get((feed.host, feed.port), path)).status == 200
    waiting.wire.abort()  # whoever leaves the line leaves no gap in it
    for _ in range(ANSWERED_AT_ONCE):
        feed.hub.answering.release()
    assert (await RawHttp.get((feed.host, feed.port), "/v1/symbols")).status == 200
    assert not feed.hub.answering.locked()
