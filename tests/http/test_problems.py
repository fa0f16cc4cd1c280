"""Bad requests are answered with problem documents (RFC 9457) that say what would be accepted."""

import shutil
from pathlib import Path

import pytest

from feed.http import pages
from feed.http.app import INGEST
from feed.http.origins import Origins
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Serve

ENDLESS = ("/v1/sse", "/v1/stream")
SELECTING = (*ENDLESS, "/v1/snapshot", "/v1/history")

CASES = [
    *((path, "?wat=1", "wat", "…", "trades") for path in SELECTING),
    *((path, "?trade=AAPL", "trade", "…", "trades") for path in SELECTING),
    *((path, "?trades=a*b", "trades.0", "a*b", "BTC/USD") for path in SELECTING),
    *((path, "?symbols=AAPL,[", "trades.1", "[", "BTC/USD") for path in SELECTING),
    *((path, "?after=nonsense", "after", "nonsense", "<epoch>-<sequence>") for path in ENDLESS),
    *((path, "?after=-1", "after", "-1", "<epoch>-<sequence>") for path in ENDLESS),
    *((path, "?after=", "after", "", "<epoch>-<sequence>") for path in ENDLESS),
    *((path, "?after=0&after=1", "after", "1", "once") for path in ENDLESS),
    *((path, "?snapshot=yes", "snapshot", "yes", "1 or 0") for path in ENDLESS),
    *((path, "?on_lag=panic", "on_lag", "panic", "gap") for path in ENDLESS),
    ("/v1/stream", "?marks=2", "marks", "2", "1 or 0"),
    ("/v1/sse", "?trades=*&codec=xml", "codec", "xml", "json, msgpack"),
    ("/v1/history", "?after=nonsense", "after", "nonsense", "<epoch>-<sequence>"),
    ("/v1/history", "?snapshot=1", "snapshot", "…", "after"),
    ("/v1/history", "?limit=0", "limit", "0", "1 to 10000"),
    ("/v1/history", "?limit=10001", "limit", "10001", "1 to 10000"),
    ("/v1/history", "?limit=ten", "limit", "ten", "1 to 10000"),
    ("/v1/snapshot", "?after=0", "after", "…", "symbols"),
    ("/v1/bars", "", "symbol", "", "AAPL or BTC/USD"),
    ("/v1/bars", "?symbol=A,B", "symbol", "A,B", "one symbol"),
    ("/v1/bars", "?symbol=AAPL&timeframe=5m", "timeframe", "5m", "1s, 1m, 1d"),
    ("/v1/bars", "?symbol=AAPL&limit=0", "limit", "0", "1 to 10000"),
    ("/v1/bars", "?symbol=AAPL&trades=*", "trades", "…", "symbol, timeframe, limit"),
    ("/v1/symbols", "?sektor=Energy", "sektor", "…", "query, class, sector"),
    ("/v1/status", "?verbose=1", "verbose", "…", "no parameters"),
    ("/v2/assets", "?wat=1", "wat", "…", "asset_class, exchange, status"),
]


@pytest.mark.parametrize(("path", "query", "parameter", "value", "accepted"), CASES)
async def test_a_bad_parameter_is_named_with_its_value_and_what_is_accepted(
    serve: Serve, *, path: str, query: str, parameter: str, value: str, accepted: str
) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), path + query)
    assert answer.status == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = await answer.document()
    assert (problem["status"], problem["title"]) == (400, "Bad Request")
    assert (problem["parameter"], problem["value"]) == (parameter, value)
    assert accepted in problem["accepted"]
    for words in (f"{parameter}: ", problem["accepted"]):
        assert words in problem["detail"]
    assert not feed.hub.sessions


@pytest.mark.parametrize(
    "target", ["/v1/stream?trades=AAPL&ticket=SEKRIT", "/v1/symbols?token=SEKRIT"]
)
async def test_a_secret_at_a_wrong_place_is_not_told(serve: Serve, target: str) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), target)
    assert answer.status == 400
    assert b"SEKRIT" not in await answer.body()


async def test_a_near_miss_is_told_what_was_probably_meant(serve: Serve) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), "/v1/sse?trade=AAPL")
    assert "did you mean 'trades'?" in (await answer.document())["detail"]


@pytest.mark.parametrize("path", ["/plain", "/page/plain.js"])
async def test_a_file_that_is_being_built_anew_is_404_and_not_cached(
    serve: Serve, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("index.html", "status.html", "plain.js"):
        (tmp_path / name).write_text("a page")
    monkeypatch.setattr(pages, "PLAIN", tmp_path)
    feed = await serve()
    shutil.rmtree(tmp_path)
    answer = await RawHttp.get((feed.host, feed.port), path)
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "Cache-Control" not in answer.headers
    assert path in (await answer.document())["detail"]


async def test_nothing_at_a_path_is_404(serve: Serve) -> None:
    feed = await serve()
    for path in ("/nothing", "/v1", "/v1/ws/x", "/page/..%2fapp.py", "/page/../app.py"):
        answer = await RawHttp.get((feed.host, feed.port), path)
        assert answer.status == 404, path
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert (await answer.document())["status"] == 404


async def test_another_method_is_405_and_told_which_are_answered(serve: Serve) -> None:
    feed = await serve()
    for path in ("/v1/sse", "/v1/stream", "/v1/history", "/metrics"):
        answer = await RawHttp.get((feed.host, feed.port), path, method="POST")
        assert answer.status == 405
        assert "GET" in answer.headers["Allow"]
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "POST" in (await answer.document())["detail"]


async def test_an_endless_answer_has_no_head(serve: Serve) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=*", method="HEAD")
    assert answer.status == 405


async def test_5000_symbols_fit_into_a_request_line(serve: Serve) -> None:
    feed = await serve()
    symbols = ",".join(f"SYMBOL{number:05d}" for number in range(5_000))  # 60 kB
    answer = await RawHttp.get((feed.host, feed.port), f"/v1/sse?trades={symbols}")
    assert answer.status == 200
    (lane,) = feed.hub.broadcast.lanes
    assert lane.payload.key.selection.entries == 5_000


@pytest.mark.parametrize(
    "path", ["/v1/symbols", "/v1/sse?trades=*", "/v1/stream?trades=*", "/v1/ws"]
)
async def test_what_was_not_foreseen_is_a_500_that_tells_no_secret(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    feed = await serve()

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret of the house")

    monkeypatch.setattr(feed.server.app[INGEST].sides[0].source, "instruments", fail)
    monkeypatch.setattr(feed.hub, "open", fail)
    monkeypatch.setattr(Origins, "check", fail)
    answer = await RawHttp.get((feed.host, feed.port), path)
    assert answer.status == 500
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert b"secret" not in await answer.body()
    assert "the secret of the house" in caplog.text
