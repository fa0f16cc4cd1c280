"""A client of alerts, and what tests of them share."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from feed.alerting.book import FILE
from feed.http.app import ALERTS
from feed.market.ticks import Trade
from tests.fakes.patience import until
from tests.fakes.servers import Feed, trade

RULE = {"symbol": "AAPL", "field": "price", "op": ">=", "value": 0.5}


class Client:
    """Asks one server."""

    def __init__(self, feed: Feed, headers: dict[str, str] | None = None) -> None:
        self.feed = feed
        self.headers = headers or {}
        self.alerts = feed.server.app[ALERTS]

    async def ask(self, method: str, path: str = "", **more: Any) -> tuple[int, Any]:
        url = self.feed.url(path if path.startswith("/v1/") else f"/v1/alerts{path}")
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, headers=self.headers, **more) as answer,
        ):
            return answer.status, orjson.loads(await answer.read())

    async def make(self, **asked: Any) -> dict[str, Any]:
        status, rule = await self.ask("POST", json={**RULE, **asked})
        assert status == 201, rule
        return dict(rule)

    async def firings(self, count: int) -> list[dict[str, Any]]:
        await until(lambda: self.alerts.tally.firings >= count)
        _, told = await self.ask("GET", "/v1/firings")
        return list(told["firings"])


def priced(number: int, price: float) -> Trade:
    return replace(trade(number), price=price)


async def snapshot(feed: Feed) -> list[dict[str, Any]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(feed.url("/v1/snapshot?alerts=*")) as answer,
    ):
        return list(orjson.loads(await answer.read())["ticks"])


async def kill(feed: Feed, state: Path) -> None:
    """Close a server, and take away what it wrote of its index then: a kill leaves none."""
    await feed.server.close()
    with closing(sqlite3.connect(state / FILE)) as base, base:
        base.execute("DELETE FROM notes WHERE name = 'memory'")
