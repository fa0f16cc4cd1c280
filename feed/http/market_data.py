"""Market data without a stream: symbols, the last known state, the ring page by page, bars."""

from typing import Any

from aiohttp import web

from feed.errors import InvalidParameter
from feed.http.answers import array_of, joined_answer, json_answer, limit_of, ticks_answer
from feed.http.ring_page import encode, read_page
from feed.http.server import Server
from feed.hub.steps import Step
from feed.market.symbols import ALL, is_symbol
from feed.market.ticks import Channel, Kind
from feed.wire.json_codec import JSON
from feed.wire.position import BEGINNING
from feed.wire.requests import Request
from feed.wire.selection import Selection

_TIMEFRAMES = {"1s": Kind.SECOND_BAR, "1m": Kind.BAR}
_EVERYTHING = Selection.of(dict.fromkeys(Channel, (ALL,)))
_ACTIVE = "active"  # the status of every asset


async def symbols(request: web.Request, server: Server) -> web.Response:  # noqa: ARG001 - a handler
    """Answer the symbols that can be subscribed to, sorted."""
    known = server.ingest.source.instruments()
    return json_answer({"symbols": known})


async def assets(request: web.Request, server: Server) -> web.Response:
    """Answer `/v2/assets`, which ccxt asks before it subscribes; its filters are honoured."""
    wanted = request.query
    return json_answer(
        [
            {
                "id": known.symbol,
                "class": known.asset_class,
                "exchange": known.exchange,
                "symbol": known.symbol,
                "name": known.name,
                "status": _ACTIVE,
                "tradable": True,
                "marginable": False,
                "shortable": False,
                "easy_to_borrow": False,
                "fractionable": True,
                "min_order_size": "0.000000001",
                "min_trade_increment": "0.000000001",
                "price_increment": "0.000000001",
            }
            for known in server.ingest.source.instruments()
            if wanted.get("asset_class", known.asset_class) == known.asset_class
            and wanted.get("exchange", known.exchange) == known.exchange
            and wanted.get("status", _ACTIVE) == _ACTIVE
        ]
    )


async def snapshot(request: web.Request, server: Server) -> web.Response:
    """Answer the last known state per symbol, as ticks: `{"pos","ticks"}`."""
    asked = _selection(request, _most_symbols(server))
    hub = server.hub
    async with hub.turns.turn(Step.ANSWER):
        position = hub.broadcast.position
        ticks = hub.broadcast.snapshot.state(dict((asked or _EVERYTHING).symbols))
    return ticks_answer({"pos": str(position)}, await encode(hub.turns, ticks))


async def history(request: web.Request, server: Server) -> web.Response:
    """Answer ticks after a position: `{"pos","ticks","next"}`, and a `gap` where one is due.

    `next` is the position to go on from, null when there is no more for now.
    """
    limit = limit_of(request)
    asked = Request.of_query(
        request.query.items(), others={"limit"}, most_symbols=_most_symbols(server)
    )
    selection = asked.selection if asked.selection.symbols else _EVERYTHING
    page = await read_page(server.hub, selection, asked.after or BEGINNING, limit)
    head: dict[str, Any] = {
        "pos": str(page.position),
        "next": str(page.position) if page.more else None,
    }
    if page.gap:
        head["gap"] = page.gap
    return ticks_answer(head, page.fragments)


async def bars(request: web.Request, server: Server) -> web.Response:
    """Answer finished bars of a symbol, oldest first, and the one that is still open."""
    symbol = request.query.get("symbol", "")
    if not is_symbol(symbol):
        raise InvalidParameter("symbol", symbol, "one symbol, such as AAPL or BTC/USD")
    timeframe = request.query.get("timeframe", "1m")
    if timeframe not in _TIMEFRAMES:
        raise InvalidParameter("timeframe", timeframe, ", ".join(_TIMEFRAMES))
    kind = _TIMEFRAMES[timeframe]
    finished = server.ingest.bars.history(symbol, kind, limit_of(request))
    current = server.ingest.bars.current(symbol, kind)
    return joined_answer(
        {"symbol": symbol, "timeframe": timeframe},
        {
            "bars": array_of(await encode(server.hub.turns, finished)),
            "current": array_of(JSON.encode([current]))[1:-1] if current else b"null",
        },
    )


def _most_symbols(server: Server) -> int:
    """Return the most symbols that a request may name: as many as a subscription."""
    return server.hub.settings.max_symbols_per_connection


def _selection(request: web.Request, most_symbols: int) -> Selection | None:
    """Return the selection of a query; None when it names nothing.

    `symbols=` here means all that is known of these symbols, not trades and quotes only.
    """
    asked = Request.of_query(request.query.items(), most_symbols=most_symbols)
    if "symbols" in request.query:
        return Selection.of(dict.fromkeys(Channel, asked.trades))
    return asked.selection if asked.selection.symbols else None
