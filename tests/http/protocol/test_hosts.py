"""The names under which a server may be asked for: DNS rebinding fails, and people do not."""

import socket

import pytest

from feed.http.protocol.hosts import Hosts
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve
from tests.fakes.websocket_reader import WebSocketReader

MACHINE = socket.gethostname()
OURS = ["127.0.0.1", "10.1.2.3:80", "[::1]", "[::1]:8080", "localhost", "LocalHost:9", "localhost."]
OURS += ["a.localhost", "a.b.localhost:1", MACHINE, f"{MACHINE}:8080", f"{MACHINE}.local"]
FOREIGN = ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example"]
FOREIGN += [".localhost", "xlocalhost", "localhost.."]
# Not a host at all, under whatever name one wants to be asked for.
MALFORMED = ["", " ", "[::1", "[::1]x", "[evil]", "::1", "localhost:abc", "localhost:-1", "a b"]
MALFORMED += ["localhost:65536", "localhost:1234567", "me@localhost", "localhost/x", "localhost#"]
MALFORMED += ["\udcff", "localhost?", ":80", "[::1]:x", "[v1.x]", "localhost:\u0661", "a\\b"]


async def ask(feed: Feed, host: str, path: str = "/v1/symbols", method: str = "GET") -> RawHttp:
    wire = await RawHttp.open((feed.host, feed.port))
    return await wire.ask(f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())


@pytest.mark.parametrize("listens_on", ["127.0.0.1", "::1", "localhost"])
def test_on_a_loopback_address_our_own_names_are_accepted(listens_on: str) -> None:
    hosts = Hosts(listens_on, ())
    assert [name for name in OURS if not hosts.accept(name)] == []
    assert [name for name in FOREIGN if hosts.accept(name)] == []


def test_elsewhere_any_name_is_until_some_are_given() -> None:
    assert all(Hosts("0.0.0.0", ()).accept(name) for name in FOREIGN)
    hosts = Hosts("0.0.0.0", ("feed.example", "*.feed.example"))
    assert all(hosts.accept(name) for name in (*OURS, "feed.example:80", "A.feed.example"))
    assert not any(hosts.accept(name) for name in FOREIGN)


def test_a_star_is_every_name() -> None:
    assert all(Hosts("127.0.0.1", ("*",)).accept(name) for name in FOREIGN)


@pytest.mark.parametrize("path", ["/", "/v1/symbols", "/v1/sse?trades=*", "/v1/ws", "/nothing"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
async def test_a_rebound_name_is_421_and_told_of_the_option(
    serve: Serve, path: str, method: str
) -> None:
    feed = await serve()
    answer = await ask(feed, "evil.example", path, method)
    assert answer.status == 421
    assert answer.headers["Content-Type"] == "application/problem+json"
    detail = (await answer.document())["detail"]
    assert "evil.example" in detail
    assert "--allow-host" in detail
    assert not feed.hub.sessions
    assert feed.hub.waiting.turned_away == {"host": 1}


@pytest.mark.parametrize("path", ["/v1/symbols", "/healthz"])
async def test_what_is_no_host_is_400_everywhere(serve: Serve, path: str) -> None:
    feed = await serve(allow_host=("*",))
    for host in MALFORMED:
        wire = await RawHttp.open((feed.host, feed.port))
        data = host.encode("utf-8", "surrogateescape")
        answer = await wire.ask(b"GET %b HTTP/1.1\r\nHost: %b\r\n\r\n" % (path.encode(), data))
        assert answer.status == 400, host
        assert "is not a host" in (await answer.document())["detail"]
        assert await wire.wire.rest() == b""


async def test_any_form_of_our_own_hosts_is_taken(serve: Serve) -> None:
    feed = await serve()
    for host in (*OURS, "localhost:", "localhost:080", "[::1]:", "[fe80::1%25eth0]"):
        assert (await ask(feed, host)).status == 200, host


async def test_what_is_no_host_in_a_whole_url_is_400(serve: Serve) -> None:
    feed = await serve(allow_host=("*",))
    for target in ("http://me@localhost/", "http://localhost:99999/", "http:///x"):
        assert (await ask(feed, "localhost", target)).status == 400, target
    assert (await ask(feed, "[::1", "http://localhost/")).status == 400


async def test_a_whole_url_as_target_counts_before_the_header(serve: Serve) -> None:
    feed = await serve()
    assert (await ask(feed, "localhost", "http://evil.example/v1/symbols")).status == 421
    assert (await ask(feed, "evil.example", "http://localhost/v1/symbols")).status == 200


async def test_health_is_told_under_any_name_and_http_1_0_needs_none(serve: Serve) -> None:
    feed = await serve()
    assert (await ask(feed, "evil.example", "/healthz")).status == 200
    wire = await RawHttp.open((feed.host, feed.port))
    assert (await wire.ask(b"GET /v1/symbols HTTP/1.0\r\n\r\n")).status == 200


async def test_a_websocket_under_a_rebound_name_is_not_opened(serve: Serve) -> None:
    feed = await serve()
    address = (feed.host, feed.port)
    lines = "Host: evil.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    key = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    wire = await RawHttp.open(address)
    answer = await wire.ask(f"GET /v1/ws HTTP/1.1\r\n{lines}{key}".encode())
    assert answer.status == 421
    allowed = await serve(allow_host=("evil.example",))
    reader = await WebSocketReader.connect((allowed.host, allowed.port))
    await reader.begin()
