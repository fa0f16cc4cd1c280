"""`GET /v1/market`: the market at a glance, of all symbols whose bars may be read."""

from collections.abc import Iterable
from dataclasses import asdict

from aiohttp import web

from feed.http.glance.asked import terms_of
from feed.http.glance.forms import MarketAnswer, MarketRow, MarketSector
from feed.http.glance.tables import Made
from feed.http.glance.telling import Asked, answer
from feed.http.server import Server
from feed.market.glance.glance import Glance, Sector
from feed.market.glance.row import Row
from feed.market.glance.table import Base
from feed.wire.rfc3339 import rfc3339

PATH = "/v1/market"
DIGITS = 6  # of changes behind the point


async def market(request: web.Request, server: Server) -> web.Response:
    """Answer movers, breadth, the most active, and sectors, since the day's open."""
    terms = terms_of(request)
    asked = Asked(PATH, asdict(terms), Base.OPEN, terms, _document)
    return await answer(asked, request, server)


def _document(made: Made, glance: Glance) -> MarketAnswer:
    breadth = glance.breadth
    return {
        "as_of": rfc3339(made.as_of_ns),
        "position": made.position,
        "since": rfc3339(made.since_ns),
        "volumes_since": rfc3339(made.volumes_since_ns),
        "breadth": {
            "advancers": breadth.up,
            "decliners": breadth.down,
            "unchanged": breadth.unchanged,
            "untraded": glance.untraded,
        },
        "gainers": _rows(glance.gainers),
        "losers": _rows(glance.losers),
        "most_active": _rows(glance.most_active),
        "sectors": [_sector(*each) for each in glance.sectors],
    }


def _sector(sector: Sector, rows: list[Row]) -> MarketSector:
    return {
        "sector": sector.name,
        "change_percent": round(sector.change_pct, DIGITS),
        "volume": sector.volume,
        "symbols": _rows(rows),
        "omitted": sector.symbols - len(rows),
    }


def _rows(rows: Iterable[Row]) -> list[MarketRow]:
    return [_row(row) for row in rows]


def _row(row: Row) -> MarketRow:
    known, last, opened, change, volume, turnover, trades = row
    return {
        "symbol": known.symbol,
        "name": known.name,
        "last": last,
        "open": opened,
        "change_percent": round(change, DIGITS),
        "volume": volume,
        "turnover": turnover,
        "trades": trades,
    }
