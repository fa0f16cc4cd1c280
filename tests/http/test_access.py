"""Who may ask for what: the scopes of routes, and the headers that open them."""

import base64
import re
from pathlib import Path

import pytest

from feed.http.route import Body, Route
from feed.http.routes import ROUTES
from feed.http.scopes import Scope
from feed.trust.key_changes import Made
from tests.fakes.keys import KeysFile, bearer_of, headers_of
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve

SOCKETS = [
    route
    for route in ROUTES
    if route.answer.__name__ in {"websocket", "ingest_socket"}  # type: ignore[attr-defined]
]
ASKED = [route for route in ROUTES if route not in SOCKETS]
CLOSED = [route for route in ASKED if route.scope in {Scope.LOCAL, Scope.GRANTED}]
THROUGH_A_PROXY = {"X-Forwarded-For": "203.0.113.9"}
OF_PROXIES = (
    *("CDN-Loop", "CF-Connecting-IP", "Forwarded", "True-Client-IP", "Via", "X-Client-IP"),
    *("X-Envoy-External-Address", "X-Original-Forwarded-For", "X-Real-IP", "x-real-ip"),
    *("X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server"),
)
EACH = pytest.mark.parametrize("route", CLOSED, ids=lambda route: route.path)


@pytest.fixture
def keys(tmp_path: Path) -> KeysFile:
    return KeysFile(tmp_path / "keys.toml")


async def ask(feed: Feed, path: str, headers: dict[str, str] | None = None) -> RawHttp:
    bare = path.partition("?")[0]
    method = next((route.method for route in ASKED if path_of(route) == bare), "GET")
    return await RawHttp.get((feed.host, feed.port), path, headers, method=method)


def query_of(route: Route) -> str:
    path = path_of(route)
    return f"{path}?trades=*" if route.body is Body.ENDLESS else path


def path_of(route: Route) -> str:
    return re.sub(r"{\w+}", "me", route.path)


def basic_of(key: Made) -> dict[str, str]:
    return {
        "Authorization": f"Basic {base64.b64encode(f'{key.id}:{key.secret}'.encode()).decode()}"
    }


def test_only_health_signing_out_and_documents_are_open_and_only_metrics_are_local() -> None:
    scopes = {route.path: route.scope for route in ROUTES}
    opened = [path for path, scope in scopes.items() if scope is Scope.OPEN]
    assert opened == ["/v1/sign-out", "/healthz", "/readyz", "/openapi.json", "/asyncapi.json"]
    assert [path for path, scope in scopes.items() if scope is Scope.LOCAL] == ["/metrics"]
    admin = {path for path, scope in scopes.items() if scope is Scope.ADMIN}
    assert admin == {path for path in scopes if path.startswith("/v1/admin/")}


@EACH
async def test_a_route_is_closed_to_strangers_and_open_to_a_key(
    serve: Serve, keys: KeysFile, route: Route
) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path)
    answer = await ask(feed, path_of(route), THROUGH_A_PROXY)
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="feed"'
    problem = "application/problem+json" if route.errors is None else "application/json"
    assert answer.headers["Content-Type"] == problem
    answer = await ask(feed, query_of(route), headers_of(key) | THROUGH_A_PROXY)
    # It is looked into: a body, a parameter, or a source that is pushed into may be due.
    # Or it is a room, or all that is known, which no key is granted by itself.
    needs_more = re.search("{room}|{edge}|/checkpoint", route.path) is not None
    assert answer.status in {200, 400, 404, 415} or (needs_more and answer.status == 403)


async def test_a_stranger_learns_nothing_of_parameters(serve: Serve, keys: KeysFile) -> None:
    keys.add("desk")
    feed = await serve(keys=keys.path)
    for path in ("/v1/symbols?x=1", "/v1/sse?x=1", "/v1/history?limit=x"):
        assert (await ask(feed, path)).status == 401


async def test_health_and_pages_are_open(serve: Serve, keys: KeysFile) -> None:
    keys.add("desk")
    feed = await serve(keys=keys.path)
    for path in ("/healthz", "/readyz", "/", "/plain", "/status", "/admin", "/page/page.css"):
        assert (await ask(feed, path, THROUGH_A_PROXY)).status == 200, path


async def test_metrics_are_open_to_this_machine_but_not_through_a_proxy(
    serve: Serve, keys: KeysFile
) -> None:
    key = keys.add("prometheus")
    feed = await serve(keys=keys.path)
    assert (await ask(feed, "/metrics")).status == 200
    for name in OF_PROXIES:
        assert (await ask(feed, "/metrics", {name: "127.0.0.1"})).status == 401, name
        assert (await ask(feed, "/metrics", {name: "127.0.0.1"} | bearer_of(key))).status == 200


@pytest.mark.parametrize("headers", [headers_of, bearer_of, basic_of])
@pytest.mark.parametrize("path", ["/v1/symbols", "/v1/sse?trades=*", "/v1/stream?trades=*"])
async def test_a_key_opens_in_any_header(
    serve: Serve, keys: KeysFile, headers: object, path: str
) -> None:
    key, other = keys.add("desk"), keys.add("other")
    feed = await serve(keys=keys.path)
    assert callable(headers)
    assert (await ask(feed, path, headers(key))).status == 200
    for wrong in (Made(key.id, other.secret), Made("fk_ffffffffffffffff", key.secret)):
        answer = await ask(feed, path, headers(wrong))
        assert answer.status == 401
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        problem = await answer.document()
        assert problem["detail"] == "the key is not known here, or its secret is another one"
        assert key.secret not in str(problem)


async def test_an_expired_and_a_revoked_key_are_told_so(serve: Serve, keys: KeysFile) -> None:
    gone, old = keys.add("gone"), keys.add("old", expires_in_s=-60)
    keys.revoke(gone)
    feed = await serve(keys=keys.path)
    for key, words in ((gone, "the key was revoked"), (old, "the credential has expired")):
        answer = await ask(feed, "/v1/symbols", headers_of(key))
        assert (answer.status, (await answer.document())["detail"]) == (401, words)
    assert feed.hub.identities.outcomes == {"revoked": 1, "expired": 1}


async def test_no_secret_is_accepted_in_a_url(serve: Serve, keys: KeysFile) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path)
    for query in (f"key={key.id}&secret={key.secret}", f"access_token={key.id}.{key.secret}"):
        assert (await ask(feed, f"/v1/symbols?{query}")).status == 401


async def test_without_identities_credentials_of_any_kind_are_ignored(serve: Serve) -> None:
    feed = await serve()
    for headers in (
        {},
        {"Authorization": "Bearer wat"},
        {"Authorization": "Negotiate ?"},
        {"APCA-API-KEY-ID": "a"},
    ):
        for path in ("/v1/symbols", "/v1/sse?trades=*", "/metrics"):
            assert (await ask(feed, path, headers)).status == 200
    assert not feed.hub.identities.outcomes


async def test_a_scope_may_be_configured(serve: Serve, keys: KeysFile) -> None:
    reader, admin = keys.add("reader"), keys.add("admin", admin=True)
    feed = await serve(keys=keys.path, scope=("/metrics=open", "/v1/status=admin"))
    assert (await ask(feed, "/metrics", THROUGH_A_PROXY)).status == 200
    assert (await ask(feed, "/v1/status")).status == 401
    answer = await ask(feed, "/v1/status", headers_of(reader))
    assert answer.status == 403
    assert "the grant admin" in (await answer.document())["detail"]
    assert (await ask(feed, "/v1/status", headers_of(admin))).status == 200


@pytest.mark.parametrize("scope", ["/nowhere=open", "/v1/sse=open", "/metrics=public"])
async def test_a_scope_of_no_route_is_refused(serve: Serve, scope: str) -> None:
    with pytest.raises(Exception, match=r"--scope: .* is not accepted; accepted: a path"):
        await serve(scope=(scope,))


async def test_a_local_admin_is_on_this_machine_and_no_proxy(serve: Serve) -> None:
    scope = ("/v1/status=admin",)
    feed = await serve(local_admin=True, scope=scope)
    assert (await ask(feed, "/v1/status")).status == 200
    assert (await ask(feed, "/v1/status", THROUGH_A_PROXY)).status == 403
    feed = await serve(scope=scope)
    assert (await ask(feed, "/v1/status")).status == 403, "everybody holds every grant but admin"


async def test_a_preflight_lets_a_page_send_its_key(serve: Serve, keys: KeysFile) -> None:
    keys.add("desk")
    feed = await serve(keys=keys.path, allow_origin=("https://page.example",))
    answer = await RawHttp.get(
        (feed.host, feed.port),
        "/v1/stream",
        {
            "Origin": "https://page.example",
            "Access-Control-Request-Method": "GET",
            "Access-Control-Request-Headers": "apca-api-key-id,apca-api-secret-key",
        },
        method="OPTIONS",
    )
    assert answer.status == 204
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "apca-api-key-id", "apca-api-secret-key"} <= set(allowed)
    refused = await ask(feed, "/v1/symbols", {"Origin": "https://page.example"})
    assert refused.status == 401
    assert refused.headers["Access-Control-Allow-Origin"] == "https://page.example"
