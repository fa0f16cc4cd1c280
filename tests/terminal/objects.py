"""Ticks as a client gets them: objects of the dialect."""

from feed.client.ticks import Tick
from feed.market.ticks import SECOND_NS
from feed.wire.rfc3339 import rfc3339

NOW_NS = 1_700_000_000 * SECOND_NS


def trade(price: float, symbol: str = "AAPL", time_ns: int = NOW_NS) -> Tick:
    return {
        "T": "t",
        "S": symbol,
        "i": 1,
        "x": "V",
        "p": price,
        "s": 10,
        "c": [],
        "z": "C",
        "t": rfc3339(time_ns),
    }


def quote(
    bid: float,
    ask: float,
    symbol: str = "AAPL",
    time_ns: int = NOW_NS,
    sizes: tuple[float, float] = (1, 1),
) -> Tick:
    return {
        "T": "q",
        "S": symbol,
        "bx": "V",
        "bp": bid,
        "bs": sizes[0],
        "ax": "V",
        "ap": ask,
        "as": sizes[1],
        "c": [],
        "z": "C",
        "t": rfc3339(time_ns),
    }


def status(code: str, words: str = "", reason: str = "", symbol: str = "AAPL") -> Tick:
    return {
        "T": "s",
        "S": symbol,
        "sc": code,
        "sm": words,
        "rc": reason,
        "rm": "",
        "z": "C",
        "t": rfc3339(NOW_NS),
    }
