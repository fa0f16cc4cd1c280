"""OpenAPI: every route is in it, and what it says of answers is true."""

import re
from typing import Any

import pytest

from feed.http.contract.openapi import is_finite, openapi_document
from feed.http.routes import ROUTES
from tests.fakes.keys import KeysFile
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, bar, quote, status, trade
from tests.http.contract.schemas import broken_references, flaws

DOCUMENT = openapi_document(ROUTES, identities_required=False)
OPERATIONS = [operation for methods in DOCUMENT["paths"].values() for operation in methods.values()]


async def ask(feed: Feed, path: str, method: str = "GET", **headers: str) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await RawHttp.get((feed.host, feed.port), path, named, method=method)
    return answer.status, await answer.document()


def documented(path: str, status_: int, method: str = "get") -> dict[str, Any]:
    response = DOCUMENT["paths"][path][method]["responses"][str(status_)]
    [content] = response["content"].values()
    schema: dict[str, Any] = content["schema"]
    return schema


async def test_the_server_answers_the_document(serve: Serve) -> None:
    feed = await serve()
    status_, document = await ask(feed, "/openapi.json")
    assert status_ == 200
    assert document == DOCUMENT


def test_every_route_is_an_operation_with_a_name_of_its_own() -> None:
    named = [operation["operationId"] for operation in OPERATIONS]
    assert len(set(named)) == len(named) == len(ROUTES)


@pytest.mark.parametrize("required", [False, True])
def test_every_reference_leads_somewhere(*, required: bool) -> None:
    assert broken_references(openapi_document(ROUTES, identities_required=required)) == []


def test_every_parameter_of_a_route_is_described() -> None:
    for route in ROUTES:
        operation = DOCUMENT["paths"][route.path][route.method.lower()]
        described = {each["name"] for each in operation["parameters"]}
        shown = {"ticket"} & set(route.parameters)
        in_path = set(re.findall(r"{(\w+)}", route.path))
        assert described | shown == set(route.parameters) | in_path
        assert all(len(each["description"]) > 2 for each in operation["parameters"])


def test_every_finite_operation_says_its_successes() -> None:
    for route in ROUTES:
        if is_finite(route):
            assert route.says, route.path


def test_credentials_are_asked_for_where_somebody_has_to_show_one() -> None:
    strict = openapi_document(ROUTES, identities_required=True)
    for path, free in (
        ("/v1/symbols", False),
        ("/v1/admin/connections", False),
        ("/metrics", True),
    ):
        assert ({} in strict["paths"][path]["get"]["security"]) is free
        assert {} in DOCUMENT["paths"][path]["get"]["security"]
    assert strict["paths"]["/healthz"]["get"]["security"] == []
    used = {
        name
        for methods in strict["paths"].values()
        for operation in methods.values()
        for requirement in operation["security"]
        for name in requirement
    }
    assert used == set(strict["components"]["securitySchemes"])


async def test_answers_are_as_the_document_says_and_no_key_more(serve: Serve) -> None:
    feed = await serve(local_admin=True)
    await feed.publish(trade(1), quote(2), status(), bar())
    reader = await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=AAPL,aapl")
    await feed.sessions_reach(1)
    number = reader.headers["Feed-Connection"]
    paths = {
        "/v1/symbols": "/v1/symbols",
        "/v1/snapshot": "/v1/snapshot?trades=AAPL,nope",
        "/v1/history": "/v1/history?after=abc-1&limit=2",
        "/v1/bars": "/v1/bars?symbol=AAPL",
        "/v1/market": "/v1/market",
        "/v1beta1/screener/stocks/most-actives": "/v1beta1/screener/stocks/most-actives?top=1",
        "/v1beta1/screener/{market_type}/movers": "/v1beta1/screener/crypto/movers",
        "/v2/assets": "/v2/assets",
        "/v1/jobs": "/v1/jobs",
        "/v1/alerts": "/v1/alerts",
        "/v1/firings": "/v1/firings",
        "/v1/rooms": "/v1/rooms",
        "/v1/rooms/{room}": "/v1/rooms/desk",
        "/v1/rooms/{room}/list": "/v1/rooms/desk/list",
        "/v1/rooms/{room}/messages": "/v1/rooms/desk/messages",
        "/v1/status": "/v1/status",
        "/v1/status/history": "/v1/status/history",
        "/v1/admin/connections": "/v1/admin/connections",
        "/v1/edges/{edge}": "/v1/edges/0123456789abcdef",
        "/v1/admin/rooms": "/v1/admin/rooms",
        "/v1/admin/jobs": "/v1/admin/jobs",
        "/v1/admin/alerts": "/v1/admin/alerts",
        "/v1/admin/connections/{id}": f"/v1/admin/connections/{number}",
        "/healthz": "/healthz",
        "/readyz": "/readyz",
    }
    documents = {"/metrics", "/openapi.json", "/asyncapi.json"}
    finite = {route.path for route in ROUTES if is_finite(route) and route.method == "GET"}
    # What is remembered of a producer is held against the document where one has pushed, and how a
    # job stands where there is one.
    elsewhere = {"/v1/ingest/{producer}", "/v1/jobs/{job}", "/v1/jobs/{job}/file"}
    elsewhere |= {"/v1/alerts/{rule}", "/v1/checkpoint"}  # the last is no JSON
    assert paths.keys() == finite - documents - elsewhere
    for path, asked in paths.items():
        status_, document = await ask(feed, asked)
        assert status_ == 200, document
        assert flaws(document, documented(path, 200), DOCUMENT) == [], path
    status_, document = await ask(feed, f"/v1/admin/connections/{number}", "DELETE")
    assert flaws(document, documented("/v1/admin/connections/{id}", 200, "delete"), DOCUMENT) == []
    status_, document = await ask(feed, f"/v1/admin/connections/{number}")  # it has left
    assert "ended" in document
    assert flaws(document, documented("/v1/admin/connections/{id}", 200), DOCUMENT) == []


async def test_problems_are_as_the_document_says(serve: Serve) -> None:
    feed = await serve(local_admin=True, max_symbols_per_connection=1)
    schema = {"$ref": "#/components/schemas/Problem"}
    for asked, expected in (
        ("/v1/symbols?wat=1", 400),
        ("/v1/snapshot?trades=A,B", 400),
        ("/v1/bars?symbol=*", 400),
        ("/v1/admin/connections/77", 404),
        ("/nowhere", 404),
    ):
        status_, document = await ask(feed, asked)
        assert status_ == expected
        assert flaws(document, schema, DOCUMENT) == [], asked


async def test_refusals_of_strangers_are_as_the_document_says(serve: Serve, tmp_path: Any) -> None:
    keys = KeysFile(tmp_path / "keys.toml")
    keys.add("desk")
    feed = await serve(keys=str(keys.path))
    status_, document = await ask(feed, "/openapi.json")
    assert status_ == 200
    assert document == openapi_document(ROUTES, identities_required=True)
    for route in ROUTES:
        if not is_finite(route):
            continue
        places = {"{id}": "1", "{room}": "desk", "{edge}": "0123456789abcdef"}
        places["{market_type}"] = "stocks"
        path = route.path
        for name, value in places.items():
            path = path.replace(name, value)
        answer = await RawHttp.get((feed.host, feed.port), path, method=route.method)
        assert (
            str(answer.status) in document["paths"][route.path][route.method.lower()]["responses"]
        )
        answer.wire.abort()
