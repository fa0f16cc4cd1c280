"""Which pages may read: CORS for requests, the Origin check for WebSockets."""

import re
from pathlib import Path

import pytest

import feed as package
from feed.http import routes, status
from feed.http.protocol.headers import EXPOSED
from feed.http.route import Route
from feed.http.routes import ROUTES
from feed.http.scopes import Scope
from feed.trust.assertion import HEADER
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve
from tests.fakes.websocket_reader import WebSocketReader

PAGE = "https://page.example"
STRANGER = "https://stranger.example"
PACKAGE = Path(package.__file__).parent


async def cors(
    feed: Feed, origin: str | None, method: str = "GET", path: str = "/v1/symbols"
) -> RawHttp:
    headers = {} if origin is None else {"Origin": origin}
    if method == "OPTIONS":
        headers |= {
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "authorization, last-event-id",
        }
    return await RawHttp.get((feed.host, feed.port), path, headers, method=method)


def own(feed: Feed) -> str:
    return feed.url("")


async def test_an_allowed_page_may_read_and_caches_keep_the_origins_apart(serve: Serve) -> None:
    feed = await serve(allow_origin=(PAGE,))
    for path in ("/v1/symbols", "/v1/sse?trades=*", "/v1/stream?trades=*", "/metrics"):
        answer = await cors(feed, PAGE, path=path)
        assert answer.headers["Access-Control-Allow-Origin"] == PAGE
        assert "Origin" in ", ".join(answer.headers.getall("Vary"))
    assert "Origin" in ", ".join((await cors(feed, None)).headers.getall("Vary"))


async def test_a_page_may_read_why_it_was_refused(serve: Serve) -> None:
    feed = await serve(allow_origin=(PAGE,))
    answer = await cors(feed, PAGE, path="/v1/sse?wat=1")
    assert answer.status == 400
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE


@pytest.mark.parametrize("allowed", [(), (PAGE,)])
@pytest.mark.parametrize("origin", [STRANGER, "null", f"{PAGE}.evil.example", "https://"])
async def test_a_strange_page_may_not_read(
    serve: Serve, allowed: tuple[str, ...], origin: str
) -> None:
    feed = await serve(allow_origin=allowed)
    for path in ("/v1/symbols", "/v1/sse?trades=*"):
        answer = await cors(feed, origin, path=path)
        assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_servers_own_pages_may_read(serve: Serve) -> None:
    feed = await serve()
    answer = await cors(feed, own(feed))
    assert answer.headers["Access-Control-Allow-Origin"] == own(feed)


@pytest.mark.parametrize("scheme", ["ftp://", "://", "chrome-extension://", ""])
async def test_an_origin_that_is_not_of_http_is_not_the_servers_own(
    serve: Serve, scheme: str
) -> None:
    feed = await serve()
    strange = own(feed).replace("http://", scheme)
    assert "Access-Control-Allow-Origin" not in (await cors(feed, strange)).headers
    reader = await WebSocketReader.connect((feed.host, feed.port), "/v1/ws", {"Origin": strange})
    assert reader.http.status == 403


async def test_a_star_lets_every_page_read(serve: Serve) -> None:
    feed = await serve(allow_origin=("*",))
    answer = await cors(feed, STRANGER)
    assert answer.headers["Access-Control-Allow-Origin"] in {"*", STRANGER}


@pytest.mark.parametrize("path", ["/v1/sse", "/v1/stream", "/v1/history", "/v2/assets"])
async def test_a_preflight_lets_an_allowed_page_resume(serve: Serve, path: str) -> None:
    feed = await serve(allow_origin=(PAGE,))
    answer = await cors(feed, PAGE, "OPTIONS", path)
    assert answer.status == 204
    assert answer.headers["Access-Control-Allow-Origin"] == PAGE
    assert "GET" in answer.headers["Access-Control-Allow-Methods"]
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "last-event-id"} <= set(allowed)
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    answer = await cors(feed, STRANGER, "OPTIONS", path)
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


async def test_a_preflight_lets_the_sdk_of_a_page_say_what_it_is(serve: Serve) -> None:
    feed = await serve(allow_origin=(PAGE,))
    asked = "authorization, content-type, x-stainless-lang, openai-project, x-other"
    headers = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    answer = await RawHttp.get(
        (feed.host, feed.port),
        "/v1/responses",
        headers | {"Access-Control-Request-Headers": asked},
        method="OPTIONS",
    )
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert set(asked.split(", ")) - set(allowed) == {"x-other"}


@pytest.mark.parametrize(
    ("allowed", "origin", "let_in"),
    [
        ((), None, True),
        ((), "own", True),
        ((), STRANGER, False),
        ((), "null", False),
        ((PAGE,), PAGE, True),
        ((PAGE,), "own", True),
        ((PAGE,), STRANGER, False),
        (("*",), STRANGER, True),
    ],
)
async def test_a_websocket_from_a_strange_page_is_refused(
    serve: Serve, *, allowed: tuple[str, ...], origin: str | None, let_in: bool
) -> None:
    feed = await serve(allow_origin=allowed)
    if origin == "own":
        origin = own(feed)
    headers = {} if origin is None else {"Origin": origin}
    for path in ("/v1/ws", "/v2/iex"):
        reader = await WebSocketReader.connect((feed.host, feed.port), path, headers)
        assert reader.http.status == (101 if let_in else 403)
        if not let_in:
            detail = (await reader.http.document())["detail"]
            assert repr(origin) in detail
            assert "--allow-origin" in detail
            assert not feed.hub.sessions


ROOMS = {"room": "desk", "message": "m-1", "rule": "rule_0", "alert": "alert_0"}


def path_of(route: Route) -> str:
    places = {"feed": "iex", "location": "us", "id": "1", "producer": "me", "market_type": "crypto"}
    return route.path.format(
        generation="gen_0", conversation="c", job="job_0", edge="e", **places, **ROOMS
    )


UNSAFE = ("POST", "PUT", "PATCH", "DELETE", "MKCOL")
PATHS = sorted({path_of(route) for route in ROUTES})


async def test_no_route_does_anything_for_a_strange_page(serve: Serve) -> None:
    """Whatever the path, and whether or not it knows the method: nothing is asked but who asks."""
    feed = await serve(local_admin=True, allow_origin=(PAGE,))
    for path in (*PATHS, "/", "/docs", "/plain", "/nowhere"):
        for method in UNSAFE:
            for origin in (STRANGER, "null"):
                answer = await cors(feed, origin, method, path)
                assert answer.status == 403, (method, path)
                assert repr(origin).encode() in await answer.body()
                assert "Access-Control-Allow-Origin" not in answer.headers
                answer.wire.abort()


async def test_a_page_that_is_allowed_is_refused_for_other_reasons_only(serve: Serve) -> None:
    feed = await serve(local_admin=True, allow_origin=(PAGE,))
    methods: dict[str, set[str]] = {}
    for route in ROUTES:
        path = path_of(route)
        methods.setdefault(path, set()).add(route.method)
    for path, known in methods.items():
        for method in UNSAFE:
            for origin in (PAGE, own(feed), None):
                answer = await cors(feed, origin, method, path)
                assert answer.status != 403, (method, path)
                assert (answer.status == 405) is (method not in known)
                answer.wire.abort()


async def test_preflights_name_each_method_that_a_route_has(serve: Serve) -> None:
    feed = await serve(allow_origin=(PAGE,))
    for route in ROUTES:
        path = path_of(route)
        answer = await cors(feed, PAGE, "OPTIONS", path)
        assert route.method in answer.headers["Access-Control-Allow-Methods"].split(", ")
        answer.wire.abort()


@pytest.mark.parametrize("method", ["PATCH", "DELETE", "PUT"])
async def test_a_route_of_a_method_that_is_new_is_in_preflights(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    row = Route("/v1/orders/{id}", status.healthz, Scope.GRANTED, "an order", method=method)
    monkeypatch.setattr(routes, "ROUTES", (*ROUTES, row))
    feed = await serve(allow_origin=(PAGE,))
    answer = await cors(feed, PAGE, "OPTIONS", "/v1/orders/1")
    allowed = answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert set(allowed) == {method, "OPTIONS"}
    assert (await cors(feed, PAGE, method, "/v1/orders/1")).status == 200
    assert (await cors(feed, STRANGER, method, "/v1/orders/1")).status == 403


async def test_an_allowed_page_may_read_each_header_of_ours(serve: Serve) -> None:
    feed = await serve(allow_origin=(PAGE,))
    answer = await cors(feed, PAGE, path="/v1/sse?trades=*&conflate=trades:1s")
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    ours = [name for name in answer.headers if name.startswith("Feed-")]
    assert sorted(ours) == ["Feed-Conflate", "Feed-Connection"]
    assert {*ours, "Retry-After", "WWW-Authenticate"} <= set(exposed)
    answer = await cors(feed, STRANGER, path="/v1/sse?trades=*")
    assert "Access-Control-Expose-Headers" not in answer.headers


def test_every_header_of_ours_is_exposed() -> None:
    written = {
        name
        for path in (PACKAGE / "http").rglob("*.py")
        for name in re.findall(r'"(Feed-[A-Z][\w-]*)"', path.read_text())
    }
    of_requests = {HEADER}
    assert written - of_requests == {
        name for name in EXPOSED.split(", ") if name.startswith("Feed-")
    }
