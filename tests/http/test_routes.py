"""The table of routes: every row is served as it says."""

import pytest

from feed.http.routes import ROUTES, Body, Route
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Serve

FINITE = [route for route in ROUTES if route.body is not Body.ENDLESS and route.method == "GET"]
STRICT = [route for route in FINITE if route.refuses_others]
EACH_OF_ALL = pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)


def test_no_two_rows_are_one() -> None:
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


@EACH_OF_ALL
def test_every_row_says_what_is_answered(route: Route) -> None:
    assert len(route.words) > 10
    assert len(set(route.parameters)) == len(route.parameters)


@EACH_OF_ALL
async def test_every_row_is_served_by_its_method_only(serve: Serve, route: Route) -> None:
    feed = await serve()
    path = route.path.format(feed="iex", location="us")
    answer = await RawHttp.get((feed.host, feed.port), path, method="DELETE")
    assert answer.status == 405
    assert route.method in answer.headers["Allow"].split(", ")


@pytest.mark.parametrize("route", STRICT, ids=lambda route: route.path)
async def test_other_parameters_than_a_rows_are_refused(serve: Serve, route: Route) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), f"{route.path}?flavour=salty")
    assert answer.status == 400
    problem = await answer.document()
    assert problem["parameter"] == "flavour"
    assert all(name in problem["accepted"] for name in route.parameters)


@pytest.mark.parametrize("route", STRICT, ids=lambda route: route.path)
async def test_a_rows_own_parameters_are_not_refused_for_their_names(
    serve: Serve, route: Route
) -> None:
    feed = await serve()
    for name in route.parameters:
        answer = await RawHttp.get((feed.host, feed.port), f"{route.path}?{name}=")
        if answer.status != 200:
            assert "the parameters" not in (await answer.document())["accepted"]


@pytest.mark.parametrize("route", STRICT, ids=lambda route: route.path)
async def test_cache_busters_are_no_parameters(serve: Serve, route: Route) -> None:
    feed = await serve()
    answers = [
        await RawHttp.get((feed.host, feed.port), f"{route.path}?{query}")
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
