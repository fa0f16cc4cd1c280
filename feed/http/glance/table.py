"""The routes of the market at a glance."""

from feed.http.glance import forms, market, screener
from feed.http.route import Route
from feed.http.scopes import Scope

GLANCE_ROUTES = (
    Route(
        market.PATH,
        market.market,
        Scope.GRANTED,
        "the market at a glance since the day's open: breadth, movers, the most active, sectors",
        ("top", "by", "heat", "asset_class"),
        says={200: forms.MarketAnswer, 304: None},
        of_ring=True,
        in_line=False,  # those that ask for the same wait for one
    ),
    Route(
        screener.ACTIVES_PATH,
        screener.most_actives,
        Scope.GRANTED,
        "the most active stocks of the day, as the dialect's SDKs ask for them",
        ("by", "top"),
        says={200: forms.MostActivesAnswer, 304: None},
        of_ring=True,
        in_line=False,  # those that ask for the same wait for one
    ),
    Route(
        screener.MOVERS_PATH,
        screener.movers,
        Scope.GRANTED,
        "what moved farthest since the close of the day before, as those SDKs ask for it",
        ("top",),
        says={200: forms.MoversAnswer, 304: None},
        of_ring=True,
        in_line=False,  # those that ask for the same wait for one
    ),
)
