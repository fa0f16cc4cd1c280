"""Who asks, behind proxies that are trusted and those that are not: one answer everywhere."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.fakes.keys import KeysFile, bearer_of
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve
from tests.fakes.websocket_reader import WebSocketReader
from tests.http.talk import error

CLIENT, LIAR = "203.0.113.9", "198.51.100.66"
JSON = {"Content-Type": "application/json", "Content-Length": "0"}
TRUSTING: Any = {"trust_proxy": ("127.0.0.0/8",)}


@pytest.fixture
def keys(tmp_path: Path) -> KeysFile:
    return KeysFile(tmp_path / "keys.toml")


async def ask(
    feed: Feed, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> RawHttp:
    return await RawHttp.get((feed.host, feed.port), path, dict(headers or {}), method=method)


def through(*hops: str) -> dict[str, str]:
    return {"X-Forwarded-For": ", ".join(hops)}


async def peers_of(feed: Feed) -> list[str]:
    await until(lambda: feed.hub.sessions)
    return [session.connection.peer for session in feed.hub.sessions.values()]


async def test_a_stranger_that_names_another_address_is_known_by_its_own(serve: Serve) -> None:
    feed = await serve()
    with structlog.testing.capture_logs() as logs:
        for headers in (through(LIAR), {"Forwarded": f"for={LIAR}"}, {"X-Real-IP": LIAR}):
            await ask(feed, "/v1/sse?trades=*", headers)
    assert await peers_of(feed) == ["127.0.0.1"] * 3
    assert {entry["peer"] for entry in logs if entry["event"] == "connected"} == {"127.0.0.1"}


async def test_behind_a_trusted_proxy_the_client_is_known_whatever_it_claims(serve: Serve) -> None:
    feed = await serve(**TRUSTING)
    with structlog.testing.capture_logs() as logs:
        await ask(feed, "/v1/sse?trades=*", through("127.0.0.1", LIAR, CLIENT, "127.0.0.2"))
        await WebSocketReader.connect((feed.host, feed.port), headers=through(LIAR, CLIENT))
        await until(lambda: len(feed.hub.sessions) == 2)
    assert await peers_of(feed) == [CLIENT] * 2
    assert [entry["peer"] for entry in logs if entry["event"] == "connected"] == [CLIENT] * 2


async def test_a_proxy_that_names_nobody_counts_as_the_client_and_is_told_once(
    serve: Serve,
) -> None:
    feed = await serve(**TRUSTING)
    with structlog.testing.capture_logs() as logs:
        await ask(feed, "/readyz")  # as a balancer that looks for itself
        await ask(feed, "/v1/sse?trades=*", {"X-Real-IP": CLIENT})
        assert not [entry for entry in logs if entry["event"] == "proxy_names_nobody"]
        for _ in range(2):
            await ask(feed, "/v1/sse?trades=*", {"X-Forwarded-Proto": "https"})
        await until(lambda: len(feed.hub.sessions) == 3)
    assert await peers_of(feed) == [CLIENT, "127.0.0.1", "127.0.0.1"]
    [told] = [entry for entry in logs if entry["event"] == "proxy_names_nobody"]
    assert (told["proxy"], told["log_level"]) == ("127.0.0.1", "warning")


async def test_administrators_and_audit_lines_have_the_same_address(
    serve: Serve, keys: KeysFile
) -> None:
    ops = keys.add("ops", admin=True)
    feed = await serve(keys=keys.path, **TRUSTING)
    await ask(feed, "/v1/sse?trades=*", bearer_of(ops) | through(LIAR, CLIENT))
    listed = await ask(feed, "/v1/admin/connections", bearer_of(ops))
    [line] = (await listed.document())["connections"]
    assert line["peer"] == CLIENT
    with structlog.testing.capture_logs() as logs:
        headers = bearer_of(ops) | through("8.8.8.8", "203.0.113.77")
        await ask(feed, f"/v1/admin/connections/{line['id']}", headers, "DELETE")
    [audit] = [entry for entry in logs if entry["event"] == "admin_disconnected"]
    assert (audit["peer"], audit["by_peer"]) == (CLIENT, "203.0.113.77")


async def test_nobody_behind_a_proxy_is_this_machine_whatever_they_claim(
    serve: Serve, keys: KeysFile
) -> None:
    keys.add("desk")
    untrusting: Any = {}
    for settings in (untrusting, TRUSTING):
        feed = await serve(keys=keys.path, **settings)
        assert (await ask(feed, "/metrics")).status == 200
        for headers in (through("127.0.0.1"), through("::1"), {"Forwarded": "for=127.0.0.1"}):
            assert (await ask(feed, "/metrics", headers)).status == 401, headers


async def test_a_local_admin_is_not_made_by_a_header(serve: Serve) -> None:
    feed = await serve(local_admin=True, **TRUSTING)
    assert (await ask(feed, "/v1/admin/connections")).status == 200
    assert (await ask(feed, "/v1/admin/connections", through("127.0.0.1"))).status == 403


async def test_the_own_origin_is_the_one_that_a_trusted_proxy_tells(
    serve: Serve, keys: KeysFile
) -> None:
    """Whether a page is of the server itself: by its scheme and host as browsers know them."""
    key = keys.add("desk")
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "feed.example"} | through(CLIENT)
    own, plain = {"Origin": "https://feed.example"}, {"Origin": "http://feed.example"}
    feed = await serve(keys=keys.path, **TRUSTING)
    address = feed.host, feed.port
    post = bearer_of(key) | JSON
    assert (await ask(feed, "/v1/tickets", post | told | own, "POST")).status == 201
    assert (await ask(feed, "/v1/tickets", post | told | plain, "POST")).status == 403
    await WebSocketReader.connect(address, headers=told | own)
    assert len(await peers_of(feed)) == 1
    refused = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    assert (await ask(feed, "/v1/ws", refused | told | plain)).status == 403
    stranger = await serve(keys=keys.path)
    answer = await ask(stranger, "/v1/tickets", post | told | own, "POST")
    assert answer.status == 403, "nobody else tells the server its name"


async def test_a_ticket_of_an_own_page_is_of_the_scheme_that_a_trusted_proxy_tells(
    serve: Serve, keys: KeysFile
) -> None:
    key = keys.add("desk")
    feed = await serve(keys=keys.path, **TRUSTING)
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "feed.example"} | through(CLIENT)
    own = {"Origin": "https://feed.example"}
    answer = await ask(feed, "/v1/tickets", bearer_of(key) | JSON | told | own, "POST")
    ticket = (await answer.document())["ticket"]
    site = {"Sec-Fetch-Site": "same-origin"}
    path = f"/v1/sse?trades=*&ticket={ticket}"
    for lie in ({"X-Forwarded-Proto": "http"}, {"X-Forwarded-Host": "other.example"}):
        assert (await ask(feed, path, site | told | lie)).status == 401
    assert (await ask(feed, path, site | told)).status == 200


async def test_connections_of_one_address_are_limited_as_a_trusted_proxy_tells_it(
    serve: Serve,
) -> None:
    feed = await serve(max_connections_per_address=2, **TRUSTING)
    address = feed.host, feed.port
    for _ in range(2):
        await ask(feed, "/v1/stream?trades=*", through(CLIENT))
    refused = await WebSocketReader.connect(address, headers=through(LIAR, CLIENT))
    await refused.begin()
    told = await error(refused)
    assert told["code"] == 406
    assert "connections of one address: 3 would exceed the limit of 2" in told["msg"]
    assert (await refused.frame()).close_code == 1013
    for number in range(4):  # one network of IPv6
        await ask(feed, "/v1/stream?trades=*", through(f"2001:db8::{number}"))
    await until(lambda: len(feed.hub.sessions) == 4)
    await ask(feed, "/v1/stream?trades=*", through("2001:db8:0:1::"))
    await until(lambda: len(feed.hub.sessions) == 5)


@pytest.mark.parametrize("path", ["/", "/plain", "/status", "/admin"])
async def test_a_page_names_its_files_as_they_are_behind_a_prefix(serve: Serve, path: str) -> None:
    feed = await serve(**TRUSTING)
    told = through(CLIENT) | {"X-Forwarded-Prefix": "/markets/"}
    answer = await ask(feed, path, told)
    text = (await answer.body()).decode()
    assert '<html data-base="/markets/" ' in text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    named = [name for name in re.findall(r'(?:src|href)="([^"]*)"', text) if ":" not in name]
    assert named
    assert [name for name in named if not name.startswith(("/markets/", "#"))] == []
    files = [name for name in named if name.endswith((".js", ".css"))]
    for name in files:
        assert (await ask(feed, name.removeprefix("/markets"), told)).status == 200, name
    for headers in (through(CLIENT), told | {"X-Forwarded-Prefix": '/"><script>'}):
        assert b"data-base" not in await (await ask(feed, path, headers)).body()
    stranger = await serve()
    assert b"data-base" not in await (await ask(stranger, path, told)).body()
