"""Compressed bodies of endless answers: for whom accepts them, and said to be so."""

from urllib.parse import quote as url_quote

import pytest

from feed.broadcast.deflate import GZIP_HEADER, KEYFRAME_EVERY
from feed.wire.disconnect import Reason
from tests.fakes.deflated_readers import RSV1, GzipHttp, connect_deflated, open_deflated
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Serve, trades
from tests.fakes.sse_reader import SseReader
from tests.fakes.stream_readers import LineReader
from tests.fakes.wire import Ended
from tests.http.compressed import address, ids, publish_frames, subscribe

_ENCODINGS = [
    ("gzip", True),
    ("GZip", True),
    ("gzip, deflate, br, zstd", True),
    ("br;q=1.0, gzip;q=0.8, *;q=0.1", True),
    ("*", True),
    ("gzip;q=0.001", True),
    ("identity;q=0, gzip", True),
    ("gzip;q=0.5,identity;q=0.5", True),
    ("gzip;q=0.5, identity;q=1", False),
    ("gzip;q=0", False),
    ("gzip ; q=0", False),
    ("gzip;Q=0.0", False),
    ("gzip;q=0, *", False),
    ("*;q=0", False),
    ("gzip;q=0, identity;q=0", False),
    ("identity", False),
    ("br", False),
    ("deflate, br, zstd", False),
    ("gzip;q=much", False),
    ("gzip;q=nan", False),
    ("not-gzip, gzip-not", False),
    (";;,,=", False),
    ("", False),  # RFC 9110 §12.5.3: no coding is wanted
    (None, False),
]


@pytest.mark.parametrize("path", ["sse", "stream"])
@pytest.mark.parametrize(("accepted", "compressed"), _ENCODINGS)
async def test_gzip_for_whom_accepts_it(
    serve: Serve, path: str, accepted: str | None, compressed: bool
) -> None:
    feed = await serve()
    headers = {} if accepted is None else {"Accept-Encoding": accepted}
    http_class = GzipHttp if compressed else RawHttp
    http = await http_class.get(address(feed), f"/v1/{path}?trades=*", headers)
    assert http.status == 200
    assert http.headers.get("Content-Encoding") == ("gzip" if compressed else None)
    assert "Accept-Encoding" in http.headers["Vary"]
    reader = SseReader(http) if path == "sse" else LineReader(http)
    await feed.sessions_reach(1)
    await publish_frames(feed, 1, 2)
    assert await ids(reader, 6) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("path", ["sse", "stream"])
async def test_compress_0_is_plain_whatever_is_accepted(serve: Serve, path: str) -> None:
    feed = await serve()
    gzip = {"Accept-Encoding": "gzip"}
    http = await RawHttp.get(address(feed), f"/v1/{path}?trades=*&compress=0", gzip)
    assert "Content-Encoding" not in http.headers
    await feed.sessions_reach(1)
    await feed.publish(*trades(1, 1))
    await http.up_to(b'"i":1,')  # as plain text


@pytest.mark.parametrize("value", ["", "2", "gzip", "no"])
async def test_an_unknown_compress_is_refused(serve: Serve, value: str) -> None:
    feed = await serve()
    http = await RawHttp.get(address(feed), f"/v1/sse?trades=*&compress={url_quote(value)}")
    assert http.status == 400
    assert "compress" in (await http.document())["detail"]


@pytest.mark.parametrize("value", [0, 1, "gzip", None, [], {}])
async def test_a_compress_that_is_no_boolean_is_refused_and_changes_nothing(
    serve: Serve, value: object
) -> None:
    feed = await serve()
    reader = await connect_deflated(address(feed))
    reader.say({"action": "subscribe", "trades": ["*"], "compress": value})
    message = await reader.message()
    if value is None:  # not given
        assert message["T"] == "subscription"
    else:
        assert (message["T"], message["code"]) == ("error", 400)
        assert "compress" in message["msg"]
        await subscribe(reader)
    await feed.sessions_reach(1)
    await publish_frames(feed, 1, 2)
    assert await ids(reader, 6) == [1, 2, 3, 4, 5, 6]
    assert reader.blocks[-1].rsv == RSV1


@pytest.mark.parametrize("path", ["sse", "stream"])
async def test_http_1_0_gets_a_bare_gzip_stream(serve: Serve, path: str) -> None:
    feed = await serve()
    gzip = {"Accept-Encoding": "gzip"}
    http = await GzipHttp.get(address(feed), f"/v1/{path}?trades=*", gzip, version="1.0")
    assert not http.chunked
    assert http.headers["Connection"] == "close"
    assert http.headers["Content-Encoding"] == "gzip"
    reader = SseReader(http) if path == "sse" else LineReader(http)
    others = [await open_deflated(f"{path}-json", address(feed)) for _ in range(2)]
    await feed.sessions_reach(3)
    last = await publish_frames(feed, 1, KEYFRAME_EVERY + 6)
    for one in (reader, *others):
        assert await ids(one, last) == list(range(1, last + 1))
    assert isinstance(http, GzipHttp)
    assert b"".join(http.blocks).startswith(GZIP_HEADER)


@pytest.mark.parametrize("path", ["sse", "stream"])
async def test_the_last_words_are_in_the_gzip_stream(serve: Serve, path: str) -> None:
    feed = await serve()
    reader = await open_deflated(f"{path}-json", address(feed))
    await feed.sessions_reach(1)
    await publish_frames(feed, 1, 3)
    (session,) = feed.hub.sessions.values()
    feed.hub.disconnect(session, Reason.SHUTDOWN)
    assert await ids(reader, 9) == list(range(1, 10))
    (bye,), _ = await reader.read()
    assert (bye["T"], bye["reason"]) == ("bye", "shutdown")
    with pytest.raises(Ended):
        await reader.read()


async def test_who_is_not_let_in_hears_so_plainly(serve: Serve) -> None:
    feed = await serve(max_connections=1)
    await open_deflated("sse-json", address(feed))
    await feed.sessions_reach(1)
    http = await RawHttp.get(address(feed), "/v1/sse?trades=*", {"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in http.headers
    assert (await SseReader(http).event()).name == "bye"
