"""What ccxt hears of a feed server, as one JSON object on standard output.

A process of its own: importing ccxt gives all of aiohttp another zlib.
"""

import asyncio
import json
import sys
from typing import Any

import ccxt.pro

TRADES = 20


async def listen(http_url: str, websocket_url: str) -> dict[str, Any]:
    exchange = ccxt.pro.alpaca({"apiKey": "key", "secret": "secret"})
    exchange.urls["api"]["ws"]["crypto"] = websocket_url
    exchange.urls["api"]["trader"] = http_url
    try:
        markets = await exchange.load_markets()
        # The server waits for a subscriber, so that the first minute bar comes to this one.
        candles = await exchange.watch_ohlcv("BTC/USD", "1m")
        trades: dict[str, Any] = {}
        while len(trades) < TRADES:
            for trade in await exchange.watch_trades("BTC/USD"):
                trades[trade["id"]] = trade
        ticker = await exchange.watch_ticker("ETH/USD")
    finally:
        await exchange.close()
    return {
        "markets": sorted(markets),
        "candles": candles,
        "trades": list(trades.values()),
        "ticker": ticker,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(listen(sys.argv[1], sys.argv[2]))))  # noqa: T201 - its answer
