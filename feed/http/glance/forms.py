"""The forms of what is answered of the market at a glance, for documents."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from feed.wire.message_models import Count, PositionText, Time

_Symbol = Annotated[str, Field(examples=["AAPL"])]
_Price = Annotated[float, Field(examples=[236.42])]
_Percent = Annotated[float, Field(examples=[1.69])]
_NOT_TOLD = "null for whoever is granted ticks at intervals only"
_Sum = Annotated[float | None, Field(description=_NOT_TOLD, examples=[1_234_567.0])]


class MarketRow(TypedDict):
    """One symbol on the day that is open."""

    symbol: _Symbol
    name: Annotated[str, Field(examples=["Apple"])]
    last: Annotated[_Price, Field(description="the last price")]
    open: Annotated[float, Field(description="the first price of the day", examples=[232.5])]
    change_percent: Annotated[_Percent, Field(description="from the open to the last price")]
    volume: Annotated[_Sum, Field(description=f"sizes of trades, summed; {_NOT_TOLD}")]
    turnover: Annotated[
        float | None,
        Field(description=f"price × size, summed; {_NOT_TOLD}", examples=[291_876_301.2]),
    ]
    trades: Annotated[int | None, Field(description=f"how many; {_NOT_TOLD}", examples=[8_121])]


class MarketBreadth(TypedDict):
    """How many symbols rose and fell since the open."""

    advancers: Annotated[Count, Field(examples=[212])]
    decliners: Annotated[Count, Field(examples=[101])]
    unchanged: Annotated[Count, Field(examples=[9])]
    untraded: Annotated[
        Count, Field(description="those without an open to measure from", examples=[9])
    ]


class MarketSector(TypedDict):
    """The symbols of one sector."""

    sector: Annotated[str, Field(description='"": unknown', examples=["Technology"])]
    change_percent: Annotated[_Percent, Field(description="the mean by volume, of all of them")]
    volume: Annotated[float, Field(description="of all of them", examples=[52_310_443.0])]
    symbols: Annotated[list[MarketRow], Field(description="the largest turnover first")]
    omitted: Annotated[Count, Field(description="how many are not given", examples=[14])]


class MarketAnswer(TypedDict):
    """The market at a glance, as of a position."""

    as_of: Annotated[Time, Field(description="the market's time where it is not ours")]
    position: PositionText
    since: Annotated[Time, Field(description="the begin of the day, which is one of UTC")]
    volumes_since: Annotated[
        Time,
        Field(
            description="since when volumes, turnovers and trades count: `since`, or the server's "
            "first tick where what was before is not known of all symbols"
        ),
    ]
    breadth: MarketBreadth
    gainers: list[MarketRow]
    losers: list[MarketRow]
    most_active: list[MarketRow]
    sectors: Annotated[list[MarketSector], Field(description="the largest turnover first")]


class ActiveStock(TypedDict):
    """One of the most active stocks, in the dialect's words."""

    symbol: _Symbol
    volume: Annotated[int, Field(examples=[1_234_567])]
    trade_count: Annotated[int, Field(examples=[8_121])]


class MostActivesAnswer(TypedDict):
    """The most active stocks of the day, in the dialect's words."""

    most_actives: list[ActiveStock]
    last_updated: Time


class MarketType(StrEnum):
    """What is screened, in the dialect's words."""

    STOCKS = "stocks"
    CRYPTO = "crypto"


class Mover(TypedDict):
    """A stock or coin that moved, in the dialect's words."""

    symbol: _Symbol
    percent_change: _Percent
    change: Annotated[float, Field(examples=[3.92])]
    price: _Price


class MoversAnswer(TypedDict):
    """Those that moved farthest since the close of the day before, in the dialect's words."""

    gainers: list[Mover]
    losers: list[Mover]
    market_type: MarketType
    last_updated: Time
