"""Symbols and trade ids as other people have them: over every transport, codec and request."""

from typing import Any
from urllib.parse import quote, urlencode

import pytest

from feed.client import connect
from feed.market.ticks import MINUTE_NS, Kind, Trade
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import EVENT_NS, ScriptedSource, Serve, trade
from tests.fakes.websocket_reader import WebSocketReader

SYMBOLS = [
    "I:SPX",
    "C:EURUSD",
    "^GSPC",
    "AAPL  240119C00150000",
    "BTC-27JUN25-100000-C-USDT",
    "btcusdt",
    "币安人生USDT",
    "A\u0308PL",
    "A%2FB&c=d#e;f+g/h\"'",
    "🚀" * 64,
]
IDS = {
    "I:SPX": ((1 << 53) + 1, str((1 << 53) + 1)),
    "^GSPC": (1, "df8a4b8e-5d9b-4c43-a0e1-0c3f7b8c5e11"),
    "btcusdt": (2, str((1 << 64) - 1)),
}


def traded(symbol: str) -> Trade:
    trade_id, exact_id = IDS.get(symbol, (7, ""))
    return Trade(symbol, trade_id, "V", 10.0, 1.0, EVENT_NS, exact_id=exact_id)


@pytest.mark.parametrize("conflate", [None, {"trades": "50ms"}])
@pytest.mark.parametrize("codec", ["json", "msgpack", "protobuf"])
@pytest.mark.parametrize("transport", ["websocket", "sse", "stream"])
async def test_symbols_and_ids_arrive_as_they_are(
    transport: Any, codec: Any, conflate: Any, serve: Serve
) -> None:
    feed = await serve()
    wanted = [symbol for symbol in SYMBOLS if symbol != "C:EURUSD"]
    received: dict[str, Any] = {}
    async with connect(
        feed.url(""), trades=wanted, transport=transport, codec=codec, conflate=conflate
    ) as stream:
        await stream.open()
        await feed.publish(*map(traded, SYMBOLS))
        async for batch in stream:
            received |= {tick["S"]: tick for tick in batch}
            if len(received) == len(wanted):
                break
    assert list(received) == wanted
    for symbol, tick in received.items():
        assert (tick["i"], tick.get("xi", "")) == IDS.get(symbol, (7, ""))
        if conflate:
            assert (tick["fi"], tick.get("xfi", "")) == IDS.get(symbol, (7, ""))


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_finite_requests_take_a_symbol_that_is_encoded(symbol: str, serve: Serve) -> None:
    feed = await serve(ScriptedSource(builds_bars=True))
    later = Trade("OTHER", 1, "V", 1.0, 1.0, EVENT_NS + 2 * MINUTE_NS)
    await feed.publish(traded(symbol), trade(1), later)
    for target, found in (
        (f"/v1/snapshot?{urlencode({'symbols': symbol})}", "ticks"),
        (f"/v1/history?trades={quote(symbol, safe='')}", "ticks"),
        (f"/v1/bars?{urlencode({'symbol': symbol})}", "bars"),
    ):
        answer = await RawHttp.get((feed.host, feed.port), target)
        document = await answer.document()
        assert answer.status == 200, document
        assert {tick["S"] for tick in document[found]} == {symbol}
        kinds = {tick["T"] for tick in document[found]}
        assert (Kind.BAR in kinds) == (found != "ticks" or "snapshot" in target)
        answer.wire.abort()


async def test_one_bad_name_in_a_long_subscription_is_named_alone(serve: Serve) -> None:
    feed = await serve()
    names = [f"S{number}" for number in range(900)]
    names[700] = "S[7]"
    answer = await RawHttp.get(
        (feed.host, feed.port), f"/v1/sse?{urlencode({'trades': ','.join(names)})}"
    )
    problem = await answer.document()
    reader = await (await WebSocketReader.connect((feed.host, feed.port))).begin()
    reader.say({"action": "subscribe", "quotes": names})
    error = await reader.message()
    assert answer.status == 400
    for words in (problem["detail"], error["msg"]):
        assert "'S[7]' is not accepted" in words
        assert "S1" not in words
        assert len(words) < 300
    reader.abort()
