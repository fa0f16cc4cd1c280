"""Which pages may read: CORS for requests, the Origin check for WebSockets."""

import pytest

from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve
from tests.fakes.websocket_reader import WebSocketReader

PAGE = "https://page.example"
STRANGER = "https://stranger.example"


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
