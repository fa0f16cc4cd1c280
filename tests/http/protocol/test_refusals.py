"""Requests that HTTP itself refuses, whatever their path."""

import gzip

import pytest

from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve

PATHS = ["/v1/symbols", "/v1/sse?trades=*", "/v1/ws", "/nothing"]
KEY = "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
UPGRADE = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"


async def ask(feed: Feed, line: str, headers: str = "", body: bytes = b"") -> RawHttp:
    wire = await RawHttp.open((feed.host, feed.port))
    return await wire.ask(f"{line}\r\nHost: localhost\r\n{headers}\r\n".encode() + body)


async def detail(answer: RawHttp) -> str:
    assert answer.version == "HTTP/1.1"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Server"] == "feed"
    return str((await answer.document())["detail"])


@pytest.mark.parametrize("coding", ["gzip, chunked", "deflate, Chunked", "gzip , chunked"])
async def test_a_transfer_coding_that_is_not_spoken_is_501(serve: Serve, coding: str) -> None:
    feed = await serve()
    for path in PATHS:
        headers = f"Transfer-Encoding: {coding}\r\n"
        answer = await ask(feed, f"POST {path} HTTP/1.1", headers, b"0\r\n\r\n")
        assert answer.status == 501
        assert "accepted: chunked" in await detail(answer)
        assert await answer.wire.rest() == b""


async def test_an_empty_transfer_coding_is_400_and_nothing_follows(serve: Serve) -> None:
    """The body would be taken for the next request."""
    feed = await serve()
    body = b"5\r\nhello\r\n0\r\n\r\n"
    answer = await ask(feed, "POST /v1/feedback HTTP/1.1", "Transfer-Encoding:\r\n", body)
    assert answer.status == 400
    assert "Transfer-Encoding is empty" in await detail(answer)
    assert await answer.wire.rest() == b""


@pytest.mark.parametrize("path", ["/v1/feedback", "/v1/symbols", "/nothing"])
async def test_a_body_that_is_compressed_is_415_and_not_inflated(
    serve: Serve, path: str, capfd: pytest.CaptureFixture[str]
) -> None:
    feed = await serve()
    for coding in ("gzip", "deflate", "br", "zstd", "x-odd", "identity, gzip"):
        for body in (gzip.compress(bytes(1 << 16)), b"not compressed"):
            headers = f"Content-Encoding: {coding}\r\nContent-Length: {len(body)}\r\n"
            answer = await ask(feed, f"POST {path} HTTP/1.1", headers, body)
            assert answer.status == 415
            assert answer.headers["Accept-Encoding"] == "identity"
            assert coding in await detail(answer)
    said = capfd.readouterr()
    assert "error" not in said.out + said.err


@pytest.mark.parametrize("version", ["2.0", "0.9"])
async def test_another_version_of_http_is_505_in_ours(serve: Serve, version: str) -> None:
    feed = await serve()
    for path in PATHS:
        answer = await ask(feed, f"GET {path} HTTP/{version}")
        assert answer.status == 505
        assert await detail(answer) == f"HTTP/{version} is not spoken; accepted: HTTP/1.1"
        assert await answer.wire.rest() == b""


async def test_options_of_everything_says_all_methods(serve: Serve) -> None:
    feed = await serve()
    answer = await ask(feed, "OPTIONS * HTTP/1.1")
    assert answer.status == 204
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    assert answer.headers["Server"] == "feed"
    answer.wire.writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await answer.head()
    assert answer.status == 200
    assert (await ask(feed, "OPTIONS /* HTTP/1.1")).status == 404


async def test_a_tunnel_is_501(serve: Serve) -> None:
    feed = await serve()
    answer = await ask(feed, "CONNECT localhost:443 HTTP/1.1")
    assert answer.status == 501
    assert "proxies" in await detail(answer)


async def test_every_expectation_is_looked_at_and_none_of_http_1_0(serve: Serve) -> None:
    feed = await serve()
    odd = "Expect: 100-continue\r\nExpect: odd\r\n"
    assert (await ask(feed, "GET /v1/symbols HTTP/1.1", odd)).status == 417
    assert (await ask(feed, "GET /v1/symbols HTTP/1.0", odd)).status == 200


FLAWS = {
    "": "Sec-WebSocket-Key",
    KEY + KEY: "Sec-WebSocket-Key",
    "Sec-WebSocket-Key: AAAA\r\n": "16 bytes",
    "Sec-WebSocket-Key: \u00e9AAAAAAAAAAAAAAAAAAAAAA==\r\n": "16 bytes",
    "Sec-WebSocket-Key: AAAAAAAAAAA-AAAAAAAAAA==\r\n": "16 bytes",
    KEY + "Content-Length: 5\r\n": "body",
    KEY + "Transfer-Encoding: chunked\r\n": "body",
}


@pytest.mark.parametrize("path", ["/v1/ws", "/v2/iex", "/v2/opra", "/v1beta1/news"])
async def test_a_handshake_without_one_key_or_with_a_body_is_400(serve: Serve, path: str) -> None:
    feed = await serve()
    for headers, said in FLAWS.items():
        answer = await ask(feed, f"GET {path} HTTP/1.1", UPGRADE + headers, b"hello")
        assert answer.status == 400
        assert said in await detail(answer)
    assert (await ask(feed, f"POST {path} HTTP/1.1", UPGRADE + KEY)).status in {404, 405}
    assert not feed.hub.sessions
