"""Local servers that speak for exchanges, from what their public documentation says.

Of each: the markets over REST, as far as ccxt asks, and the streams of trades and of best bids and
asks over a WebSocket. None of it was recorded: the forms are those of the documentation, the values
are our own.

Binance: https://developers.binance.com/docs/binance-spot-api-docs (exchangeInfo, <symbol>@trade,
<symbol>@bookTicker). Kraken: https://docs.kraken.com/api (AssetPairs, Assets; WebSocket v2: trade,
ticker). Coinbase: https://docs.cdp.coinbase.com/advanced-trade (public products, currencies;
market_trades, level2).
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple

from aiohttp import WSMsgType, web

from tests.fakes.patience import PROGRAM_PATIENCE_S, until

Message = dict[str, Any]
START_MS = 1_767_364_200_000  # 2026-01-02T14:30:00Z


class Told(NamedTuple):
    """A trade that an exchange tells."""

    symbol: str
    number: int
    price: float
    size: float
    side: str = "buy"

    @property
    def ms(self) -> int:
        """When it happened."""
        return START_MS + self.number

    @property
    def iso(self) -> str:
        """The same in words, with microseconds."""
        return datetime.fromtimestamp(self.ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Venue(ABC):
    """A server that speaks for an exchange.

    Attributes:
        name: of ccxt's class.
        symbols: two that it has, as ccxt writes them.
        asked: the paths that were asked for over REST.
        connections: how many WebSockets there were.
        topics: what the open ones have subscribed to: "trades BTC/USDT", "quotes BTC/USDT".
        answers_with: a status and a body, whatever is asked for over REST.
    """

    name: str
    symbols: tuple[str, str]
    answers_with: tuple[int, str] | None = None

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.connections = 0
        self._sockets: dict[web.WebSocketResponse, set[str]] = {}
        self.url = ""

    @property
    def topics(self) -> set[str]:
        return {topic for topics in self._sockets.values() for topic in topics}

    @abstractmethod
    def answer(self, path: str, query: dict[str, str]) -> Any:
        """Return the document of a path."""

    @abstractmethod
    def subscribe(self, message: Message) -> tuple[list[str], list[Message]]:
        """Return what a message subscribes to, and what is answered."""

    @abstractmethod
    def trade(self, told: Told) -> Message:
        """Return the message of a trade."""

    @abstractmethod
    def quote(self, symbol: str, bid: float, bid_size: float, ask: float, ask_size: float) -> Any:
        """Return the message of a best bid and ask."""

    async def ready(self, *topics: str) -> None:
        """Return when all of these are subscribed to."""
        await until(lambda: set(topics) <= self.topics, PROGRAM_PATIENCE_S)

    async def tell(self, *messages: object, topic: str = "") -> None:
        """Send messages to everybody, or to those who have subscribed to a topic."""
        for socket, topics in list(self._sockets.items()):
            if not topic or topic in topics:
                for message in messages:
                    text = message if isinstance(message, str) else json.dumps(message)
                    await socket.send_str(text)

    async def tell_trades(self, *trades: Told) -> None:
        for told in trades:
            await self.tell(self.trade(told), topic=f"trades {told.symbol}")

    async def tell_quote(self, symbol: str, *top: float) -> None:
        bid, bid_size, ask, ask_size = top
        message = self.quote(symbol, bid, bid_size, ask, ask_size)
        await self.tell(message, topic=f"quotes {symbol}")

    def cut(self) -> None:
        """Cut all connections, as a cable that is pulled and put in again."""
        for socket in list(self._sockets):
            transport = socket._req.transport if socket._req is not None else None
            if transport is not None:
                transport.abort()
        self._sockets.clear()

    async def serve_document(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if request.headers.get("Upgrade"):
            return await self.serve_socket(request)
        if self.answers_with is not None:
            status, text = self.answers_with
            return web.Response(status=status, text=text, content_type="text/html")
        return web.json_response(self.answer(request.path, dict(request.query)))

    async def serve_socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.connections += 1
        self._sockets[socket] = set()
        try:
            async for message in socket:
                if message.type is not WSMsgType.TEXT:
                    continue
                topics, replies = self.subscribe(json.loads(message.data))
                for reply in replies:
                    await socket.send_str(json.dumps(reply))
                if socket in self._sockets:
                    self._sockets[socket].update(topics)
        except (ConnectionError, asyncio.CancelledError):
            pass  # cut
        finally:
            self._sockets.pop(socket, None)
        return socket


class Binance(Venue):
    name = "binance"
    symbols = ("BTC/USDT", "ETH/USDT")

    def answer(self, path: str, query: dict[str, str]) -> Any:  # noqa: ARG002
        if path != "/api/v3/exchangeInfo":
            return {"timezone": "UTC", "serverTime": START_MS, "symbols": []}
        bases = ("BTC", "ETH", "XRP")
        return {
            "timezone": "UTC",
            "serverTime": START_MS,
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": [_binance_market(base) for base in bases],
        }

    def subscribe(self, message: Message) -> tuple[list[str], list[Message]]:
        kinds = {"trade": "trades", "bookTicker": "quotes"}
        topics = []
        for stream in message["params"]:
            market, _, kind = stream.partition("@")
            symbol = f"{market.removesuffix('usdt').upper()}/USDT"
            topics.append(f"{kinds[kind]} {symbol}")
        return topics, [{"result": None, "id": message["id"]}]

    def trade(self, told: Told) -> Message:
        return {
            "e": "trade",
            "E": told.ms + 1,
            "s": told.symbol.replace("/", ""),
            "t": told.number,
            "p": f"{told.price:.8f}",
            "q": f"{told.size:.8f}",
            "T": told.ms,
            "m": told.side == "sell",  # the buyer is the maker
            "M": True,
        }

    def quote(self, symbol: str, bid: float, bid_size: float, ask: float, ask_size: float) -> Any:
        return {
            "u": 400_900_217,
            "s": symbol.replace("/", ""),
            "b": f"{bid:.8f}",
            "B": f"{bid_size:.8f}",
            "a": f"{ask:.8f}",
            "A": f"{ask_size:.8f}",
        }


def _binance_market(base: str) -> Message:
    return {
        "symbol": f"{base}USDT",
        "status": "TRADING",
        "baseAsset": base,
        "baseAssetPrecision": 8,
        "quoteAsset": "USDT",
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "orderTypes": ["LIMIT", "MARKET"],
        "icebergAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "0.01000000",
                "maxPrice": "1000000.00000000",
                "tickSize": "0.01000000",
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": "0.00010000",
                "maxQty": "9000.00000000",
                "stepSize": "0.00010000",
            },
        ],
        "permissions": ["SPOT"],
    }


class Kraken(Venue):
    name = "kraken"
    symbols = ("BTC/USD", "ETH/USD")

    def __init__(self) -> None:
        super().__init__()
        self.past: list[Told] = []  # trades that are told to whoever subscribes
        self.refuses = "SOL/USD"  # a market whose subscription is refused

    def answer(self, path: str, query: dict[str, str]) -> Any:  # noqa: ARG002
        if path == "/0/public/Assets":
            coins = {"XXBT": ("XBT", 10), "XETH": ("ETH", 10), "XSOL": ("SOL", 10)}
            assets = {**coins, "ZUSD": ("USD", 4)}
            result: Message = {
                name: {
                    "aclass": "currency",
                    "altname": altname,
                    "decimals": decimals,
                    "display_decimals": 5,
                    "status": "enabled",
                }
                for name, (altname, decimals) in assets.items()
            }
        elif path == "/0/public/AssetPairs":
            result = {
                f"X{base}ZUSD": {
                    "altname": f"{base}USD",
                    "wsname": f"{base}/USD",
                    "aclass_base": "currency",
                    "base": f"X{base}",
                    "aclass_quote": "currency",
                    "quote": "ZUSD",
                    "lot": "unit",
                    "pair_decimals": 1,
                    "cost_decimals": 5,
                    "lot_decimals": 8,
                    "lot_multiplier": 1,
                    "leverage_buy": [],
                    "leverage_sell": [],
                    "fees": [[0, 0.4]],
                    "fees_maker": [[0, 0.25]],
                    "fee_volume_currency": "ZUSD",
                    "ordermin": "0.00005",
                    "costmin": "0.5",
                    "tick_size": "0.1",
                    "status": "online",
                }
                for base in ("XBT", "ETH", "SOL")
            }
        else:
            raise web.HTTPNotFound
        return {"error": [], "result": result}

    def subscribe(self, message: Message) -> tuple[list[str], list[Message]]:
        if message.get("method") != "subscribe":
            return [], [{"method": "pong", "req_id": message.get("req_id")}]
        asked = message["params"]
        kind = {"trade": "trades", "ticker": "quotes"}.get(asked["channel"], asked["channel"])
        topics, replies = [], []
        for symbol in asked["symbol"]:
            if symbol == self.refuses:
                refusal = {
                    "error": "Currency pair not supported " + symbol,
                    "method": "subscribe",
                    "req_id": message["req_id"],
                    "success": False,
                    "symbol": symbol,
                }
                replies.append(refusal)
                continue
            topics.append(f"{kind} {symbol}")
            result = {"channel": asked["channel"], "symbol": symbol, "snapshot": True}
            acknowledged = {"method": "subscribe", "result": result, "success": True}
            replies.append({**acknowledged, "req_id": message["req_id"]})
            past = [told for told in self.past if told.symbol == symbol]
            if kind == "trades" and past:
                replies.append(self._trades("snapshot", past))
        return topics, replies

    def trade(self, told: Told) -> Message:
        self.past.append(told)
        return self._trades("update", [told])

    def quote(self, symbol: str, bid: float, bid_size: float, ask: float, ask_size: float) -> Any:
        ticker = {
            "symbol": symbol,
            "bid": bid,
            "bid_qty": bid_size,
            "ask": ask,
            "ask_qty": ask_size,
            "last": bid,
            "volume": 2158.3,
            "vwap": bid,
            "low": bid,
            "high": ask,
            "change": 0.0,
            "change_pct": 0.0,
        }
        return {"channel": "ticker", "type": "update", "data": [ticker]}

    def _trades(self, kind: str, trades: Iterable[Told]) -> Message:
        rows = [
            {
                "symbol": told.symbol,
                "side": told.side,
                "price": told.price,
                "qty": told.size,
                "ord_type": "market",
                "trade_id": told.number,
                "timestamp": told.iso,
            }
            for told in trades
        ]
        return {"channel": "trade", "type": kind, "data": rows}


class Coinbase(Venue):
    name = "coinbase"
    symbols = ("BTC/USD", "ETH/USD")

    def answer(self, path: str, query: dict[str, str]) -> Any:
        if path == "/v2/currencies":
            return {"data": [{"id": "USD", "name": "US Dollar", "min_size": "0.01"}]}
        if path == "/v2/currencies/crypto":
            names = {"BTC": "Bitcoin", "ETH": "Ethereum"}
            return {
                "data": [
                    {
                        "asset_id": f"5b71fc48-3dd3-540c-809b-{code}",
                        "code": code,
                        "name": name,
                        "color": "#F7931A",
                        "sort_index": 100,
                        "exponent": 8,
                        "type": "crypto",
                    }
                    for code, name in names.items()
                ]
            }
        if path == "/v2/exchange-rates":
            return {"data": {"currency": "USD", "rates": {"BTC": "0.00001", "ETH": "0.0003"}}}
        if path == "/api/v3/brokerage/market/products":
            spot = query.get("product_type") != "FUTURE"
            products = [_coinbase_product(base) for base in ("BTC", "ETH")] if spot else []
            return {"products": products, "num_products": len(products)}
        raise web.HTTPNotFound

    def subscribe(self, message: Message) -> tuple[list[str], list[Message]]:
        kinds = {"market_trades": "trades", "level2": "quotes"}
        symbols = [each.replace("-", "/") for each in message["product_ids"]]
        topics = [f"{kinds[message['channel']]} {symbol}" for symbol in symbols]
        told = {"subscriptions": {message["channel"]: message["product_ids"]}}
        return topics, [self._message("subscriptions", told)]

    def trade(self, told: Told) -> Message:
        row = {
            "trade_id": str(told.number),
            "product_id": told.symbol.replace("/", "-"),
            "price": f"{told.price}",
            "size": f"{told.size}",
            "side": told.side.upper(),
            "time": told.iso,
        }
        return self._message("market_trades", {"type": "update", "trades": [row]})

    def quote(self, symbol: str, bid: float, bid_size: float, ask: float, ask_size: float) -> Any:
        levels = [("bid", bid, bid_size), ("offer", ask, ask_size)]
        deeper = [("bid", bid - 1, 5.0), ("offer", ask + 1, 5.0)]
        updates = [
            {
                "side": side,
                "event_time": "2026-01-02T14:30:00.000000Z",
                "price_level": f"{price}",
                "new_quantity": f"{size}",
            }
            for side, price, size in (*levels, *deeper)
        ]
        told = {"type": "snapshot", "product_id": symbol.replace("/", "-"), "updates": updates}
        return self._message("l2_data", told)

    def _message(self, channel: str, event: Message) -> Message:
        return {
            "channel": channel,
            "client_id": "",
            "timestamp": "2026-01-02T14:30:00.5Z",
            "sequence_num": 0,
            "events": [event],
        }


def _coinbase_product(base: str) -> Message:
    return {
        "product_id": f"{base}-USD",
        "price": "67060",
        "price_percentage_change_24h": "3.3",
        "volume_24h": "10967.8",
        "base_increment": "0.00000001",
        "quote_increment": "0.01",
        "quote_min_size": "1",
        "quote_max_size": "150000000",
        "base_min_size": "0.0001",
        "base_max_size": "3400",
        "base_name": base,
        "quote_name": "US Dollar",
        "is_disabled": False,
        "status": "online",
        "trading_disabled": False,
        "product_type": "SPOT",
        "quote_currency_id": "USD",
        "base_currency_id": base,
        "alias": "",
        "price_increment": "0.01",
    }


VENUES = (Binance, Kraken, Coinbase)


@asynccontextmanager
async def speaking(venue: Venue) -> AsyncIterator[Venue]:
    """Let an exchange be asked at its `url`."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", venue.serve_document)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    venue.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield venue
    finally:
        venue.cut()
        await runner.cleanup()
