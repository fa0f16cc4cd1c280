"""Silence is never an answer: what is asked for and does not come is said, on every transport."""

from typing import Any

import pytest

from tests.fakes.hand_clock import HandClock
from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, Reader, open_unread
from tests.fakes.servers import Feed, ScriptedSource, Serve, quote, trade
from tests.fakes.sse_reader import SseReader
from tests.http.talk import connect

UNLISTED = {
    "T": "warning",
    "reason": "unlisted",
    "msg": "2 symbols are not listed: BTCUSD (did you mean BTC/USD?), aapl (did you mean AAPL?)",
    "names": ["BTCUSD", "aapl"],
    "nearest": {"aapl": "AAPL", "BTCUSD": "BTC/USD"},
    "count": 2,
}
ENDLESS = ("/v1/sse", "/v1/stream")
FINITE = ("/v1/snapshot", "/v1/history")


async def open_reader(feed: Feed, transport: str, symbols: list[str]) -> Reader:
    channels: Any = symbols if transport.startswith("websocket") else ",".join(symbols)
    return await open_unread(transport, (feed.host, feed.port), trades=channels)


async def read_warning(reader: Reader) -> Message:
    """Read on until a warning, which is alone in its array."""
    while True:
        messages, _ = await reader.read()
        if messages[0]["T"] == "warning":
            assert len(messages) == 1
            return messages[0]


async def get(feed: Feed, target: str, status: int = 200) -> Any:
    answer = await RawHttp.get((feed.host, feed.port), target)
    assert answer.status == status, await answer.body()
    document = await answer.document()
    answer.wire.abort()
    return document


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_symbols_that_are_not_listed_are_told_and_come_once_they_are(
    serve: Serve, transport: str
) -> None:
    feed = await serve()
    reader = await open_reader(feed, transport, ["aapl", "AAPL", "BTCUSD"])
    assert await read_warning(reader) == UNLISTED
    await feed.publish(trade(1, "aapl"))
    messages, _ = await reader.read()
    assert (messages[0]["T"], messages[0]["S"]) == ("t", "aapl")


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_symbol_beside_all_of_them_is_told_too(serve: Serve, transport: str) -> None:
    feed = await serve()
    reader = await open_reader(feed, transport, ["aapl", "*", "AAPL", "BTCUSD"])
    assert await read_warning(reader) == UNLISTED


@pytest.mark.parametrize("path", FINITE)
async def test_a_symbol_beside_all_of_them_is_told_in_a_finite_answer(
    serve: Serve, path: str
) -> None:
    feed = await serve()
    assert (await get(feed, f"{path}?trades=*,aapl,BTCUSD"))["warnings"] == [UNLISTED]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_recording_tells_after_ten_seconds_what_it_did_not_come_to(
    serve: Serve, transport: str
) -> None:
    hand = HandClock()
    source = ScriptedSource(can_wait=True)
    feed = await serve(source, clock=hand.clock, keepalive_s=0.05)
    reader = await open_reader(feed, transport, ["AAPL", "LATE", "NEVER"])
    await feed.publish(trade(1), quote(2))
    await feed.publish(trade(3, "LATE"))
    ticks: list[Message] = []
    while len(ticks) < 2:
        messages, _ = await reader.read()
        ticks += [message for message in messages if message["T"] == "t"]
        assert all(message["T"] != "warning" for message in messages)

    def warned_in_time() -> bool:
        hand.pass_s(0.05)
        return bool(feed.hub.audience.warnings.counts)

    await until(warned_in_time)
    assert (await read_warning(reader))["names"] == ["NEVER"]


async def test_an_event_of_its_own_on_sse_without_an_id(serve: Serve) -> None:
    feed = await serve()
    reader = await open_reader(feed, "sse-json", ["aapl"])
    assert isinstance(reader, SseReader)
    event = await reader.event()
    while event.name != "warning":
        event = await reader.event()
    assert event.id is None
    assert "did you mean AAPL?" in event.data


async def test_a_websocket_is_told_once_and_after_the_acknowledgement(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(trades=["aapl"], orderbooks=["AAPL"], news=["*"])
    channels, symbols = await reader.message(), await reader.message()
    assert (channels["reason"], channels["names"]) == ("silent_channel", ["news", "orderbooks"])
    assert (symbols["reason"], symbols["names"]) == ("unlisted", ["aapl"])
    await reader.subscribe(trades=["aapl"], quotes=["aapl"], orderbooks=["MSFT"])
    reader.say({"action": "unsubscribe", "trades": ["aapl"], "quotes": ["aapl"]})
    assert (await reader.message())["quotes"] == []
    await reader.subscribe(trades=["aapl", "AAPL"])
    await feed.publish(trade(1))
    assert (await reader.read())[0][0]["i"] == 1


@pytest.mark.parametrize("channels", [{}, {"trades": []}, {"trades": None}])
async def test_a_websocket_may_subscribe_to_nothing_and_is_told(
    serve: Serve, channels: dict[str, Any]
) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(**channels)
    warning = await reader.message()
    assert warning["reason"] == "nothing"
    assert "trades" in warning["names"]
    reader.say({"action": "subscribe", "orderbooks": ["AAPL"]})
    assert (await reader.message())["T"] == "subscription"
    assert (await reader.message())["names"] == ["orderbooks"]


@pytest.mark.parametrize("path", ENDLESS)
@pytest.mark.parametrize("query", ["", "?snapshot=1", "?marks=1"])
async def test_a_stream_of_nothing_is_refused(serve: Serve, path: str, query: str) -> None:
    feed = await serve()
    problem = await get(feed, path + query.replace("marks=1", "on_lag=gap"), 400)
    assert (problem["parameter"], problem["value"]) == ("symbols", "")
    assert "trades" in problem["accepted"]


@pytest.mark.parametrize("path", [*ENDLESS, *FINITE])
@pytest.mark.parametrize(
    ("query", "parameter", "value"),
    [
        ("symbols=", "symbols", ""),
        ("trades=", "trades", ""),
        ("trades=,&quotes=", "symbols", ""),
        ("orderbooks=AAPL", "orderbooks", "AAPL"),
        ("trades=&orderbooks=AAPL", "orderbooks", "AAPL"),
    ],
)
async def test_a_query_whose_channels_have_no_symbol_is_refused(
    serve: Serve, path: str, query: str, parameter: str, value: str
) -> None:
    feed = await serve()
    problem = await get(feed, f"{path}?{query}", 400)
    assert (problem["parameter"], problem["value"]) == (parameter, value)
    assert "quotes" in problem["accepted"]
    assert not feed.hub.sessions


@pytest.mark.parametrize("path", FINITE)
async def test_a_finite_answer_says_what_is_not_there(serve: Serve, path: str) -> None:
    feed = await serve()
    await feed.publish(trade(1))
    document = await get(feed, f"{path}?trades=AAPL,aapl,BTCUSD&news=AAPL")
    assert [tick["i"] for tick in document["ticks"]] == [1]
    silent, unlisted = document["warnings"]
    assert (silent["reason"], silent["names"]) == ("silent_channel", ["news"])
    assert unlisted == UNLISTED
    for query in ("trades=AAPL", "trades=*", ""):
        assert "warnings" not in await get(feed, f"{path}?{query}")


async def test_bars_of_a_symbol_that_is_not_listed_say_so(serve: Serve) -> None:
    feed = await serve()
    document = await get(feed, "/v1/bars?symbol=aapl")
    assert document["bars"] == []
    [warning] = document["warnings"]
    assert warning["msg"] == "aapl is not listed; did you mean AAPL?"
    assert "warnings" not in await get(feed, "/v1/bars?symbol=AAPL")
