"""The dialect's screener answers as its SDKs read it."""

from typing import Any

import pytest

from feed.market.ticks import MINUTE_NS, Tick
from tests.fakes.hand_clock import HandClock
from tests.fakes.servers import Feed, ScriptedSource, Serve
from tests.http.glance.test_market import TICKS, TODAY_NS, ask, told, trade

ACTIVES, STOCKS, CRYPTO = (
    f"/v1beta1/screener/{path}"
    for path in ("stocks/most-actives", "stocks/movers", "crypto/movers")
)
MORE: list[Tick] = [
    trade("MSFT", 45.0, 7.4, TODAY_NS + MINUTE_NS),
    trade("MSFT", 45.0, 7.3, TODAY_NS + MINUTE_NS),
    trade("MSFT", 45.0, 0.1, TODAY_NS + MINUTE_NS),
]


async def begun(serve: Serve) -> Feed:
    feed = await serve(ScriptedSource(builds_bars=True), clock=HandClock().clock)
    await feed.publish(*TICKS, *MORE)
    return feed


async def test_the_most_active_stocks_are_told_in_whole_numbers(serve: Serve) -> None:
    feed = await begun(serve)
    assert await told(feed, ACTIVES) == {
        "most_actives": [
            {"symbol": "AAPL", "volume": 40, "trade_count": 2},
            {"symbol": "MSFT", "volume": 15, "trade_count": 3},
            {"symbol": "X", "volume": 1, "trade_count": 1},
        ],
        "last_updated": "2023-11-14T22:13:20.000000000Z",
    }
    (first,) = (await told(feed, f"{ACTIVES}?by=trades&top=1"))["most_actives"]
    assert first["symbol"] == "MSFT"


async def test_movers_are_measured_from_the_close_of_the_day_before(serve: Serve) -> None:
    feed = await begun(serve)
    stocks = await told(feed, STOCKS)
    assert stocks["market_type"] == "stocks"
    assert stocks["gainers"] == [
        {"symbol": "AAPL", "percent_change": 13.333333, "change": 12.0, "price": 102.0}
    ], "X stands where it opened"
    assert stocks["losers"] == [
        {"symbol": "MSFT", "percent_change": -10.0, "change": -5.0, "price": 45.0}
    ]
    assert await told(feed, f"{CRYPTO}?top=1") == {
        "gainers": [],
        "losers": [
            {"symbol": "BTC/USD", "percent_change": -5.0, "change": -3_000.0, "price": 57_000.0}
        ],
        "market_type": "crypto",
        "last_updated": "2023-11-14T22:13:20.000000000Z",
    }, "nobody knows its close"


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (f"{ACTIVES}?by=turnover", ("by", "turnover", "volume, trades")),
        (f"{ACTIVES}?top=101", ("top", "101", "a whole number from 1 to 100")),
        (f"{STOCKS}?top=51", ("top", "51", "a whole number from 1 to 50")),
        (f"{STOCKS}?by=volume", ("by", "…", "the parameters top")),
        ("/v1beta1/screener/bonds/movers", ("market_type", "bonds", "stocks, crypto")),
    ],
)
async def test_what_is_not_accepted_is_named(
    serve: Serve, target: str, problem: tuple[Any, ...]
) -> None:
    answer = await ask(await begun(serve), target)
    document = await answer.document()
    assert answer.status == 400
    assert tuple(document[name] for name in ("parameter", "value", "accepted")) == problem
