"""Several exchanges watched by one process, since importing ccxt takes a second.

A process of its own, as in production: importing ccxt gives all of aiohttp another zlib. It reads
orders, one a line, up to an empty line, and ends with its input. Each row and each line that it
says is an array of the exchange and the row, or the words.
"""

import asyncio
import sys
import threading
from functools import partial
from itertools import count
from typing import Any

import orjson

from feed.errors import FeedError
from feed.sources.exchanges.orders import Order
from feed.sources.exchanges.sayings import Sayings
from feed.sources.exchanges.watching import Watching


def tell(exchange: str, rows: list[Any]) -> None:
    for row in rows:
        sys.stdout.buffer.write(orjson.dumps([exchange, row]) + b"\n")
    sys.stdout.buffer.flush()


def say(exchange: str, line: bytes) -> None:
    tell(exchange, [line.decode().rstrip()])


async def watch(order: Order) -> None:
    numbers = count(0, 1 << 40)  # nothing is left out
    sayings = Sayings(partial(say, order.exchange), lambda: next(numbers))
    try:
        await Watching(order, partial(tell, order.exchange), sayings).run()
    except FeedError as error:
        sayings.say("error", str(error))


async def watch_all(orders: list[Order]) -> None:
    async with asyncio.TaskGroup() as group:
        for order in orders:
            group.create_task(watch(order))
        await asyncio.to_thread(sys.stdin.buffer.read)
        raise SystemExit


if __name__ == "__main__":
    given = []
    while line := sys.stdin.buffer.readline().strip():
        given.append(Order.of(line))
    threading.current_thread().name = "watching"
    asyncio.run(watch_all(given))
