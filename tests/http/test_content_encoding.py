"""Finite responses in the encoding that the client ranks highest, and everything else untouched."""

import asyncio
import json
import zlib
from collections.abc import Callable
from typing import Any

import aiohttp
import brotli
import httpx
import pytest
import zstandard
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from feed.http.content_encoding import (
    ENCODERS,
    MAX_INLINE_BYTES,
    MIN_BYTES,
    choose_encoding,
    encoded,
)
from feed.http.problems import problem, with_problems
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, trades

DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda data: zstandard.ZstdDecompressor().decompress(data),
    "br": brotli.decompress,
    "gzip": lambda data: zlib.decompress(data, 16 + zlib.MAX_WBITS),
}
EACH = pytest.mark.parametrize("name", DECODERS)
LARGE = MIN_BYTES


async def get(feed: Feed, path: str, accepted: str | None, method: str = "GET") -> RawHttp:
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    return await RawHttp.get((feed.host, feed.port), path, headers, method=method)


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        ("", LARGE, "identity"),
        (" ", LARGE, "identity"),
        ("gzip", LARGE, "gzip"),
        ("GZIP", LARGE, "gzip"),
        ("gzip, deflate, br, zstd", LARGE, "zstd"),  # browsers and curl
        ("gzip, deflate, br", LARGE, "br"),
        ("gzip, deflate", LARGE, "gzip"),
        ("*", LARGE, "zstd"),
        ("zstd;q=0, *", LARGE, "br"),
        ("zstd;q=0.1, br;q=0.2, gzip;q=0.3", LARGE, "gzip"),
        ("gzip;q=0.5, identity", LARGE, "identity"),
        ("gzip;q=0", LARGE, "identity"),
        ("deflate", LARGE, "identity"),
        ("compress, sdch, nonsense;q=1;x, =", LARGE, "identity"),
        ("identity;q=0, gzip", LARGE, "gzip"),
        ("identity;q=0", LARGE, None),
        ("*;q=0", LARGE, None),
        ("*;q=0, identity", LARGE, "identity"),
        ("deflate, *;q=0", LARGE, None),
        ("gzip, br, zstd", MIN_BYTES - 1, "identity"),
        ("identity;q=0.001, gzip", MIN_BYTES - 1, "identity"),
        ("identity;q=0, gzip", MIN_BYTES - 1, "gzip"),
        ("identity;q=0", MIN_BYTES - 1, None),
        ("*;q=0", 1, None),
    ],
)
def test_the_highest_rank_is_chosen(header: str, size: int, expected: str | None) -> None:
    assert choose_encoding(header, size) == expected


@EACH
@given(st.binary(max_size=5000))
def test_a_body_comes_back_as_it_was(name: str, body: bytes) -> None:
    assert DECODERS[name](ENCODERS[name](body)) == body


def test_every_encoding_that_is_offered_is_tried_here() -> None:
    assert set(ENCODERS) == set(DECODERS)


@EACH
async def test_a_large_answer_is_compressed_and_says_so(serve: Serve, name: str) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 200))
    plain = await get(feed, "/v1/history?symbols=AAPL", None)
    assert "Content-Encoding" not in plain.headers
    answer = await get(feed, "/v1/history?symbols=AAPL", name)
    assert answer.headers["Content-Encoding"] == name
    assert answer.headers["Content-Type"] == plain.headers["Content-Type"]
    data, expected = await answer.body(), await plain.body()
    assert DECODERS[name](data) == expected
    assert len(data) < len(expected) / 4
    for told in (plain, answer):
        assert told.headers.getall("Vary") == ["Accept-Encoding"]


@EACH
async def test_httpx_decodes_it_by_itself(serve: Serve, name: str) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 200))
    async with httpx.AsyncClient(headers={"Accept-Encoding": name}) as client:
        answer = await client.get(feed.url("/v1/history?symbols=AAPL"))
    assert answer.headers["Content-Encoding"] == name
    assert [tick["i"] for tick in answer.json()["ticks"]] == list(range(1, 201))


@EACH
async def test_aiohttp_reads_it(serve: Serve, name: str) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 200))
    # Whether aiohttp decodes zstd by itself depends on its extras; its parser is what is tried.
    async with (
        aiohttp.ClientSession(auto_decompress=False) as client,
        client.get(
            feed.url("/v1/history?symbols=AAPL"), headers={"Accept-Encoding": name}
        ) as answer,
    ):
        assert answer.headers["Content-Encoding"] == name
        document = json.loads(DECODERS[name](await answer.read()))
    assert len(document["ticks"]) == 200


async def test_aiohttp_gets_what_it_asks_for_by_itself(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 200))
    async with (
        aiohttp.ClientSession() as client,
        client.get(feed.url("/v1/history?symbols=AAPL")) as answer,
    ):
        assert answer.headers["Content-Encoding"] in DECODERS
        assert len((await answer.json())["ticks"]) == 200


async def test_accept_encoding_in_several_lines_is_one_list(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 200))
    async with httpx.AsyncClient() as client:
        answer = await client.get(
            feed.url("/v1/history?symbols=AAPL"),
            headers=[("Accept-Encoding", "gzip;q=0.5"), ("Accept-Encoding", "br")],
        )
    assert answer.headers["Content-Encoding"] == "br"


async def test_a_small_answer_stays_plain(serve: Serve) -> None:
    feed = await serve()
    answer = await get(feed, "/healthz", "gzip, br, zstd")
    assert "Content-Encoding" not in answer.headers
    assert await answer.document() == {"status": "ok"}


async def test_a_small_answer_is_compressed_where_plain_is_refused(serve: Serve) -> None:
    feed = await serve()
    answer = await get(feed, "/healthz", "br, identity;q=0")
    assert answer.headers["Content-Encoding"] == "br"
    assert json.loads(brotli.decompress(await answer.body())) == {"status": "ok"}


@pytest.mark.parametrize("header", ["identity;q=0", "*;q=0", "deflate, identity;q=0"])
async def test_who_accepts_no_encoding_at_all_is_told_which_there_are(
    serve: Serve, header: str
) -> None:
    feed = await serve()
    answer = await get(feed, "/healthz", header)
    assert answer.status == 406
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.headers["Vary"] == "Accept-Encoding"
    document = await answer.document()
    assert document["parameter"] == "Accept-Encoding"
    assert document["value"] == header
    assert document["accepted"] == "zstd, br, gzip, identity"


async def test_an_error_is_told_plainly_to_who_accepts_nothing(serve: Serve) -> None:
    feed = await serve()
    answer = await get(feed, "/v1/bars?symbol=%3F", "identity;q=0")
    assert answer.status == 400
    assert (await answer.document())["parameter"] == "symbol"


async def test_a_long_answer_that_is_no_success_is_compressed_too(aiohttp_client: Any) -> None:
    client = await aiohttp_client(app_of(lambda: problem(409, "a" * LARGE)))
    answer = await client.get("/", headers={"Accept-Encoding": "gzip"})
    assert answer.status == 409
    assert answer.headers["Content-Encoding"] == "gzip"
    assert (await answer.json(content_type=None))["detail"] == "a" * LARGE


@pytest.mark.parametrize("header", ["gzip", "br", "zstd", None])
async def test_head_has_the_headers_of_get_and_no_body(serve: Serve, header: str | None) -> None:
    feed = await serve()
    path = "/v1/history?symbols=AAPL"
    await feed.publish(*trades(1, 200))
    whole = await get(feed, path, header)
    head = await get(feed, path, header, method="HEAD")
    for name in ("Content-Encoding", "Content-Length", "Content-Type", "Vary"):
        assert head.headers.get(name) == whole.headers.get(name), name
    assert ("Content-Encoding" in head.headers) == (header is not None)
    # The next thing on the connection is the answer to the next request, not a body.
    head.wire.writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    await head.head()
    assert await head.document() == {"status": "ok"}


async def test_metrics_and_streams_are_left_to_their_own_compression(serve: Serve) -> None:
    feed = await serve()
    metrics = await get(feed, "/metrics", "br")
    assert "Content-Encoding" not in metrics.headers
    metrics = await get(feed, "/metrics", "gzip")
    assert metrics.headers.getall("Content-Encoding") == ["gzip"]
    assert metrics.chunked or metrics.headers["Content-Length"]
    stream = await get(feed, "/v1/stream?trades=AAPL", "br")
    assert "Content-Encoding" not in stream.headers
    events = await get(feed, "/v1/sse?trades=AAPL", "br, gzip;q=0.1")
    assert events.headers["Content-Encoding"] == "gzip"


def app_of(response: Callable[[], web.StreamResponse]) -> web.Application:
    async def handle(request: web.Request) -> web.StreamResponse:  # noqa: ARG001 - aiohttp's signature
        return response()

    app = web.Application()
    app.router.add_get("/", encoded(with_problems(handle)))
    return app


@pytest.mark.parametrize(
    ("content_type", "compressed"),
    [
        ("text/plain", True),
        ("text/html", True),
        ("application/json", True),
        ("application/problem+json", True),
        ("application/javascript", True),
        ("image/svg+xml", True),
        ("application/octet-stream", False),
        ("image/png", False),
        ("application/zstd", False),
    ],
)
async def test_textual_types_are_compressed_and_no_others(
    aiohttp_client: Any, content_type: str, compressed: bool
) -> None:
    body = b"a" * LARGE
    app = app_of(lambda: web.Response(body=body, content_type=content_type))
    client = await aiohttp_client(app)
    answer = await client.get("/", headers={"Accept-Encoding": "gzip"})
    assert ("Content-Encoding" in answer.headers) == compressed
    assert ("Vary" in answer.headers) == compressed
    assert await answer.read() == body


@pytest.mark.parametrize(
    "make",
    [
        lambda: web.Response(
            body=ENCODERS["gzip"](b"a" * LARGE),
            content_type="text/plain",
            headers={"Content-Encoding": "gzip"},
        ),
        lambda: web.Response(status=204),
        lambda: web.Response(status=304),
        lambda: web.Response(body=b"", content_type="text/plain"),
    ],
    ids=["encoded", "204", "304", "empty"],
)
async def test_what_is_encoded_already_or_has_no_body_is_untouched(
    aiohttp_client: Any, make: Callable[[], web.Response]
) -> None:
    client = await aiohttp_client(app_of(make), auto_decompress=False)
    answer = await client.get("/", headers={"Accept-Encoding": "br"})
    made = make()
    assert answer.status == made.status
    assert answer.headers.get("Content-Encoding") == made.headers.get("Content-Encoding")
    assert "Vary" not in answer.headers
    assert await answer.read() == (made.body or b"")


@EACH
@pytest.mark.parametrize(("size", "threads"), [(MAX_INLINE_BYTES, 0), (MAX_INLINE_BYTES + 1, 1)])
async def test_a_large_body_is_compressed_in_a_thread(
    aiohttp_client: Any, monkeypatch: pytest.MonkeyPatch, name: str, size: int, threads: int
) -> None:
    calls = []
    to_thread = asyncio.to_thread

    async def count(function: Callable[[bytes], bytes], body: bytes) -> bytes:
        calls.append(len(body))
        return await to_thread(function, body)

    monkeypatch.setattr(asyncio, "to_thread", count)
    app = app_of(lambda: web.Response(body=b"a" * size, content_type="text/plain"))
    client = await aiohttp_client(app, auto_decompress=False)
    answer = await client.get("/", headers={"Accept-Encoding": name})
    assert DECODERS[name](await answer.read()) == b"a" * size
    assert len(calls) == threads
