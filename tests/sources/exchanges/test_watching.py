"""Exchanges as ccxt reads them, each from a local server: all that is told, and what is cut off.

One process watches all of them, so one test starts it, and the exchanges are told things side by
side.
"""

import asyncio
import importlib.util
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from feed.market.ticks import Trade
from feed.sources.exchanges.orders import Order
from tests.fakes.patience import PROGRAM_PATIENCE_S, repeat_until, until
from tests.fakes.servers import Feed, Serve, quote, trade, trades
from tests.sources.exchanges.venues import START_MS, VENUES, Kraken, Told, Venue, speaking

pytestmark = [
    pytest.mark.programs,
    pytest.mark.skipif(
        importlib.util.find_spec("ccxt") is None, reason="ccxt is not installed (extra `exchanges`)"
    ),
]


# No trade of anything that is watched; each class of ccxt raises at some of them.
GARBAGE = (
    *("{", "[", "[" * 100_000, "null", "true", "[]", "{}", '"x"', "\0", "x" * 100_000),
    '{"channel":"trade","data":[{}]}',
    '{"channel":"trade","data":"x"}',
    '{"channel":"ticker","data":[null]}',
    '{"channel":"market_trades","events":[{"trades":[{"product_id":"NOPE"}]}]}',
    '{"channel":"l2_data","events":[{"product_id":"NOPE","type":"snapshot"}]}',
    '{"channel":5}',
    '{"e":"trade"}',
    '{"e":"trade","s":5,"p":[],"q":{}}',
    '{"e":"trade","s":"BTCUSDT","p":NaN,"q":1,"t":1,"T":1}',
)


class Watchers:
    """What the watching process has told, by exchange."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.words: dict[str, list[str]] = defaultdict(list)

    async def listen(self, output: asyncio.StreamReader) -> None:
        async for line in output:
            exchange, told = json.loads(line)
            (self.words if isinstance(told, str) else self.rows)[exchange].append(told)

    def take(self, exchange: str) -> list[dict[str, Any]]:
        """Return the rows since the last time."""
        return self.rows.pop(exchange, [])

    async def until_told(self, exchange: str, count: int) -> list[dict[str, Any]]:
        """Return the rows since the last time, which have to be as many."""
        await until(lambda: len(self.rows[exchange]) >= count, PROGRAM_PATIENCE_S)
        return self.take(exchange)

    async def until_said(self, exchange: str, words: str) -> None:
        def said() -> bool:
            return any(words in line for line in self.words[exchange])

        try:
            await until(said, PROGRAM_PATIENCE_S)
        except AssertionError:
            raise AssertionError(f"{words!r} is not in {self.words}") from None


@asynccontextmanager
async def watching(*orders: Order) -> AsyncIterator[Watchers]:
    """Watch some exchanges in a process of their own."""
    keys = {"CCXT_ALPACA_APIKEY": "key", "CCXT_ALPACA_SECRET": "secret"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.sources.exchanges.watch_all"),
        stdin=PIPE,
        stdout=PIPE,
        env=os.environ | keys,
        cwd=Path(__file__).parents[3],
        limit=1 << 24,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    watchers = Watchers()
    listening = asyncio.create_task(watchers.listen(process.stdout))
    process.stdin.write(b"".join(order.line() for order in orders) + b"\n")
    try:
        yield watchers
    finally:
        process.stdin.close()
        await process.wait()
        await listening


def trade_row(venue: Venue, told: Told) -> dict[str, Any]:
    milliseconds = told.ms - START_MS
    return {
        "T": "t",
        "S": told.symbol,
        "x": venue.name,
        "p": told.price,
        "s": told.size,
        "t": f"2026-01-02T14:30:00.{milliseconds:03d}000000Z",
        "i": str(told.number),
        "tks": told.side[0].upper(),
    }


async def all_ready(venue: Venue) -> None:
    await venue.ready(
        *(f"{kind} {each}" for kind in ("trades", "quotes") for each in venue.symbols)
    )


async def follow(venue: Venue, watchers: Watchers) -> None:
    """Tell an exchange's trades, bids and asks; see that they come out, over a cut too."""
    one, other = venue.symbols
    begins: list[Told] = []
    markets = 3 if isinstance(venue, Kraken) else 2
    if isinstance(venue, Kraken):  # tells its last trades to whoever subscribes: the newest is news
        venue.past = [Told(one, 801, 99.0, 1.0), Told(one, 802, 99.5, 1.0)]
        begins = venue.past[-1:]
    await all_ready(venue)
    listed = await watchers.until_told(venue.name, markets + len(begins))
    assert [(row["T"], row["S"]) for row in listed[:2]] == [
        ("instrument", one),
        ("instrument", other),
    ]
    assert {row["asset_class"] for row in listed[:2]} == {"crypto"}
    assert listed[markets:] == [trade_row(venue, each) for each in begins]
    told = [
        Told(one, 1, 100.5, 0.25),
        Told(other, 2, 10.25, 1.5, "sell"),
        Told(one, 3, 100.75, 2.0, "sell"),
        Told(one, 4, 100.5, 0.125),
    ]
    await venue.tell_trades(*told)
    assert await watchers.until_told(venue.name, 4) == [trade_row(venue, each) for each in told]
    # Equal tops are told once, of a book also when levels below have changed.
    for top in ((100, 1, 101.5, 2), (100, 1, 101.5, 2), (100.25, 1, 101.5, 2)):
        await venue.tell_quote(one, *top)
    await venue.tell_quote(other, 10, 3, 10.5, 4)
    quotes = await watchers.until_told(venue.name, 3)
    keys = ("T", "S", "bx", "bp", "bs", "ax", "ap", "as")
    name = venue.name
    assert [tuple(row[key] for key in keys) for row in quotes] == [
        ("q", one, name, 100, 1, name, 101.5, 2),
        ("q", one, name, 100.25, 1, name, 101.5, 2),
        ("q", other, name, 10, 3, name, 10.5, 4),
    ]
    # What nobody can read is left out, and the connection is read further.
    connections = venue.connections
    await venue.tell(*GARBAGE)
    good = Told(one, 50, 100.0, 1.0)
    await venue.tell_trades(good)
    assert await watchers.until_told(name, 1) == [trade_row(venue, good)]
    await watchers.until_said(name, f"{name} sent a message that ccxt cannot read, which is left")
    assert venue.connections == connections
    # While nobody is connected a trade happens; Kraken tells it afterwards, and the others do not.
    venue.cut()
    meanwhile = Told(one, 5, 100.0, 1.0)
    is_told_later = isinstance(venue, Kraken)
    if is_told_later:
        venue.trade(meanwhile)
    await watchers.until_said(name, f"trades: {name} has lost the connection: Connection closed")
    await all_ready(venue)
    after = [Told(one, 6, 99.5, 1.0), Told(other, 7, 9.5, 1.0)]
    await venue.tell_trades(*after)
    expected = [*([meanwhile] if is_told_later else []), *after]
    rows = await watchers.until_told(name, len(expected))
    assert sorted(rows, key=lambda row: row["i"]) == [trade_row(venue, each) for each in expected]
    await watchers.until_said(name, f"info {name} tells trades again")


async def follow_ours(feed: Feed, watchers: Watchers) -> None:
    """See that ccxt's class of Alpaca reads our own server, but for what it cuts off of times."""
    rows = watchers.rows["alpaca"]
    await until(lambda: rows, PROGRAM_PATIENCE_S)
    for number in repeat_until(lambda: {"q", "t"} <= {row["T"] for row in rows}):  # subscribed
        await feed.publish(trade(number, "BTC/USD"), quote(number, "BTC/USD"))
        await asyncio.sleep(0.01)
    told = trades(10_001, 10_003, "BTC/USD")
    last = replace(quote(10_004, "BTC/USD"), bid_price=98.5)
    await feed.publish(*told, trade(1, "AAPL"), last)
    await until(lambda: rows[-1].get("bp") == last.bid_price, PROGRAM_PATIENCE_S)
    assert (rows[0]["T"], rows[0]["S"]) == ("instrument", "BTC/USD")
    assert [(row["S"], row["i"], row["p"], row["s"]) for row in rows[-4:-1]] == [
        ("BTC/USD", str(each.trade_id), each.price, each.size)
        for each in told
        if isinstance(each, Trade)
    ]
    assert (rows[-1]["as"], rows[-1]["ax"]) == (2.0, "alpaca")


async def test_each_exchange_comes_out_as_it_was_told_over_a_cut_too(serve: Serve) -> None:
    feed = await serve()
    async with AsyncExitStack() as stack:
        venues = [await stack.enter_async_context(speaking(venue())) for venue in VENUES]
        binance, kraken, coinbase = venues
        asked = (*binance.symbols, "BTCUSDT", "SOL/USDT")
        ours = {"ws.crypto": feed.url("/v1beta3/crypto/us", "ws")}
        orders = [
            Order(binance.name, asked, url=binance.url),
            Order(kraken.name, (*kraken.symbols, "SOL/USD"), url=kraken.url),
            Order(coinbase.name, coinbase.symbols, url=coinbase.url),
            Order("alpaca", ("BTC/USD",), url=feed.url(""), urls=ours, quotes_from="ticker"),
        ]
        watchers = await stack.enter_async_context(watching(*orders))

        async with asyncio.TaskGroup() as group:
            for venue in venues:
                group.create_task(follow(venue, watchers))
            group.create_task(follow_ours(feed, watchers))
        # The symbols that there are not, with the nearest; what stands in for a stream.
        words = watchers.words
        assert any("'BTCUSDT'; did you mean BTC/USDT" in line for line in words["binance"])
        assert any("does not have the symbol 'SOL/USDT'" in line for line in words["binance"])
        refused = "kraken does not know the symbol: Currency pair not supported SOL/USD"
        assert any(refused in line for line in words["kraken"]), "nobody in ccxt waits for that"
        from_book = "best bids and asks come from the top of its order book, since ccxt does not"
        assert any(from_book in line for line in words["coinbase"])
