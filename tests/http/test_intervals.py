"""Intervals of conflation, as a client and the server agree on them."""

from urllib.parse import quote as url_quote

import pytest

from tests.fakes.deflated_readers import connect_deflated
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve


def address(feed: Feed) -> tuple[str, int]:
    return feed.host, feed.port


@pytest.mark.parametrize("codec", ["json", "msgpack", "protobuf"])
async def test_the_acknowledgement_says_how_intervals_were_rounded(
    serve: Serve, codec: str
) -> None:
    feed = await serve()
    reader = await connect_deflated(address(feed), codec=codec)
    said = await reader.subscribe(
        trades=["AAPL"],
        quotes=["*"],
        bars=["*"],
        conflate={"trades": "51ms", "quotes": "3s", "bars": "0ms"},
    )
    assert said["conflate"] == {"trades": "100ms", "quotes": "5s"}
    said = await reader.subscribe(trades=["MSFT"], conflate={"quotes": "1001ms"})
    assert said["conflate"] == {"trades": "100ms", "quotes": "2s"}, "the rest is as it was"
    said = await reader.subscribe(conflate={"trades": "0ms", "quotes": "0s"})
    assert "conflate" not in said
    assert (said["trades"], said["quotes"]) == (["AAPL", "MSFT"], ["*"])


async def test_intervals_are_agreed_on_before_there_are_symbols(serve: Serve) -> None:
    feed = await serve()
    reader = await connect_deflated(address(feed))
    assert (await reader.subscribe(conflate={"quotes": "250ms"}))["conflate"] == {"quotes": "250ms"}
    assert (await reader.message())["reason"] == "nothing"
    await reader.subscribe(quotes=["*"])
    (lane,) = (one for one in feed.hub.broadcast.lanes if one.payload.key.selection.symbols)
    assert lane.payload.key.selection.intervals_ms == (("quotes", 250),)


@pytest.mark.parametrize("path", ["sse", "stream"])
async def test_the_header_says_how_intervals_were_rounded(serve: Serve, path: str) -> None:
    feed = await serve()
    conflate = "quotes:51ms,trades:3s,bars:0ms,statuses:1s"
    http = await RawHttp.get(
        address(feed), f"/v1/{path}?trades=*&quotes=AAPL&bars=*&conflate={conflate}"
    )
    assert http.status == 200
    assert http.headers["Feed-Conflate"] == "trades:5s,quotes:100ms"  # of what is subscribed
    http = await RawHttp.get(address(feed), f"/v1/{path}?trades=*")
    assert "Feed-Conflate" not in http.headers


_ABSURD = [
    "",
    "250",
    "ms",
    "-1s",
    "1.5s",
    "6s",
    "5001ms",
    "1m",
    "99999999999s",
    "nan",
    "1e3ms",
    "٢s",
]


@pytest.mark.parametrize("interval", _ABSURD)
@pytest.mark.parametrize("path", ["sse", "stream"])
async def test_an_absurd_interval_in_a_query_is_a_problem_that_names_it(
    serve: Serve, path: str, interval: str
) -> None:
    feed = await serve()
    http = await RawHttp.get(
        address(feed), f"/v1/{path}?quotes=*&conflate=quotes:{url_quote(interval)}"
    )
    assert http.status == 400
    problem = await http.document()
    assert "conflate" in problem["detail"]
    assert "250ms" in problem["detail"], "what is accepted"


@pytest.mark.parametrize("conflate", ["quotes", "quotes:", ":1s", "nothing:1s", "quotes=1s", "::"])
async def test_a_conflate_that_is_no_list_of_channels_is_a_problem(
    serve: Serve, conflate: str
) -> None:
    feed = await serve()
    http = await RawHttp.get(address(feed), f"/v1/sse?quotes=*&conflate={conflate}")
    assert http.status == 400
    assert "conflate" in (await http.document())["detail"]


@pytest.mark.parametrize(
    "conflate",
    [
        *({"quotes": interval} for interval in _ABSURD),
        *({"quotes": value} for value in (250, 0, None, True, ["1s"], {"ms": 250})),
        {"nothing": "1s"},
        {"dailyBars": "1s"},
        ["quotes:1s"],
        "quotes:1s",
        250,
    ],
    ids=str,
)
async def test_an_absurd_conflate_is_an_error_that_changes_nothing(
    serve: Serve, conflate: object
) -> None:
    feed = await serve()
    reader = await connect_deflated(address(feed))
    await reader.subscribe(trades=["AAPL"], conflate={"trades": "50ms"})
    reader.say({"action": "subscribe", "trades": ["MSFT"], "conflate": conflate})
    error = await reader.message()
    assert (error["T"], error["code"]) == ("error", 400)
    assert "conflate" in error["msg"]
    said = await reader.subscribe()
    assert (said["trades"], said["conflate"]) == (["AAPL"], {"trades": "50ms"})
