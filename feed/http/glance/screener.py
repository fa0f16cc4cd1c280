"""The dialect's screener: the most active stocks, and movers, as its SDKs ask for them.

What is active counts since the day's open, as `/v1/market` has it; movers are measured from the
close of the day before, or from the open of a symbol that had none.
"""

from collections.abc import Iterable
from functools import partial

from aiohttp import web

from feed.errors import InvalidParameter
from feed.http.answers import number_of
from feed.http.glance.asked import by_of
from feed.http.glance.forms import (
    ActiveStock,
    MarketType,
    MostActivesAnswer,
    Mover,
    MoversAnswer,
)
from feed.http.glance.market import DIGITS
from feed.http.glance.tables import Made, Tell
from feed.http.glance.telling import Asked, answer
from feed.http.server import Server
from feed.market.asset_classes import AssetClass
from feed.market.glance.glance import By, Glance, Terms
from feed.market.glance.row import Row
from feed.market.glance.table import Base
from feed.wire.rfc3339 import rfc3339

ACTIVES_PATH = "/v1beta1/screener/stocks/most-actives"
MOVERS_PATH = "/v1beta1/screener/{market_type}/movers"
USUAL, MOST_ACTIVES, MOST_MOVERS = 10, 100, 50  # as the dialect has them
SCREENED = (By.VOLUME, By.TRADES)
_CLASSES = {MarketType.STOCKS: AssetClass.EQUITY, MarketType.CRYPTO: AssetClass.CRYPTO}


async def most_actives(request: web.Request, server: Server) -> web.Response:
    """Answer the most active stocks of the day."""
    top = number_of(request, "top", USUAL, (1, MOST_ACTIVES))
    by = by_of(request, SCREENED)
    terms = Terms(top, by, 0, AssetClass.EQUITY)
    asked = Asked(ACTIVES_PATH, {"by": by, "top": top}, Base.OPEN, terms, _actives)
    return await answer(asked, request, server)


async def movers(request: web.Request, server: Server) -> web.Response:
    """Answer the stocks, or the coins, that moved farthest."""
    named = request.match_info["market_type"]
    if named not in list(MarketType):
        raise InvalidParameter("market_type", named, ", ".join(MarketType))
    market_type, top = MarketType(named), number_of(request, "top", USUAL, (1, MOST_MOVERS))
    terms = Terms(top, heat=0, asset_class=_CLASSES[market_type])
    path = MOVERS_PATH.format(market_type=market_type)
    asked = Asked(path, {"top": top}, Base.PREVIOUS_CLOSE, terms, _TELLS[market_type])
    return await answer(asked, request, server)


def _actives(made: Made, glance: Glance) -> MostActivesAnswer:
    return {
        "most_actives": [_active(row) for row in glance.most_active],
        "last_updated": rfc3339(made.as_of_ns),
    }


def _active(row: Row) -> ActiveStock:
    volume, trades = row.volume, row.trades
    # Clients of the dialect read whole numbers.
    return {"symbol": row.known.symbol, "volume": round(volume or 0), "trade_count": trades or 0}


def _moved(market_type: MarketType, made: Made, glance: Glance) -> MoversAnswer:
    return {
        "gainers": _movers(glance.gainers),
        "losers": _movers(glance.losers),
        "market_type": market_type,
        "last_updated": rfc3339(made.as_of_ns),
    }


# One for each: what is told is shared by whoever has the same one tell it.
_TELLS: dict[MarketType, Tell] = {each: partial(_moved, each) for each in MarketType}


def _movers(rows: Iterable[Row]) -> list[Mover]:
    return [
        {
            "symbol": row.known.symbol,
            "percent_change": round(row.change_pct, DIGITS),
            "change": round(row.last - row.base, DIGITS),
            "price": row.last,
        }
        for row in rows
    ]
