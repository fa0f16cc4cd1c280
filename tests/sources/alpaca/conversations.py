"""What a server of the dialect says, as its documentation shows it and its SDKs need it.

Written out from the public documentation of the streams of shares and of coins, in JSON; in
MessagePack times are of its type for them.
"""

from typing import Any

import msgpack
import orjson

from feed.market.ticks import Bar, Kind, Quote, Status, Tick, Trade
from feed.sources.replay.event_time import rfc3339_ns

Message = dict[str, Any]

SHARES: list[list[Message]] = [
    [
        {
            "T": "t",
            "i": 96921,
            "S": "AAPL",
            "x": "D",
            "p": 126.55,
            "s": 1,
            "t": "2021-02-22T15:51:44.208Z",
            "c": ["@", "I"],
            "z": "C",
        },
        {
            "T": "q",
            "S": "AMD",
            "bx": "U",
            "bp": 87.66,
            "bs": 1,
            "ax": "Q",
            "ap": 87.68,
            "as": 4,
            "t": "2021-02-22T15:51:45.335689322Z",
            "c": ["R"],
            "z": "C",
        },
    ],
    [
        {
            "T": "b",
            "S": "SPY",
            "o": 388.985,
            "h": 389.13,
            "l": 388.975,
            "c": 389.12,
            "v": 49378,
            "n": 461,
            "vw": 389.062639,
            "t": "2021-02-22T19:15:00Z",
        }
    ],
    [
        {
            "T": "s",
            "S": "AAPL",
            "sc": "H",
            "sm": "Trading Halt",
            "rc": "T12",
            "rm": "Trading Halted; For information requested by NASDAQ",
            "t": "2021-02-22T19:15:00Z",
            "z": "C",
        },
        {"T": "l", "S": "IONM", "u": 3.24, "d": 2.65, "i": "B", "t": "2023-04-06T13:11:00Z"},
        {
            "T": "c",
            "S": "EEM",
            "x": "M",
            "oi": 52983525033527,
            "op": 39.1582,
            "os": 440000,
            "oc": [" ", "7"],
            "ci": 52983525034326,
            "cp": 39.1809,
            "cs": 440000,
            "cc": [" ", "7"],
            "z": "B",
            "t": "2023-04-06T14:25:06.542305024Z",
        },
        {
            "T": "x",
            "S": "GOOGL",
            "i": 465,
            "x": "D",
            "p": 105.31,
            "s": 300,
            "a": "C",
            "z": "C",
            "t": "2023-04-06T13:15:42.83540958Z",
        },
    ],
]
COINS: list[list[Message]] = [
    [
        {
            "T": "t",
            "S": "AVAX/USD",
            "p": 47.299,
            "s": 29.205707815,
            "t": "2024-03-12T10:27:48.858228144Z",
            "i": 3447222699101865076,
            "tks": "S",
        }
    ],
    [
        {
            "T": "q",
            "S": "BAT/USD",
            "bp": 0.35718,
            "bs": 13445.46,
            "ap": 0.3581,
            "as": 13561.902,
            "t": "2024-03-12T10:29:43.111588173Z",
        },
        {
            "T": "o",
            "S": "MKR/USD",
            "t": "2024-03-12T10:38:50.79613221Z",
            "b": [{"p": 2947.77, "s": 0}],
            "a": [],
            "r": False,
        },
    ],
]


def packed(message: list[Message]) -> bytes:
    """Return a message in MessagePack."""
    return bytes(msgpack.packb([_timed(item) for item in message]))


def written(message: list[Message]) -> str:
    """Return a message in JSON."""
    return orjson.dumps(message).decode()


def ticks_of(conversation: list[list[Message]]) -> list[Tick]:
    """Return what a conversation tells, as ticks; written out a second time, by hand."""
    return SHARES_AS_TICKS if conversation is SHARES else COINS_AS_TICKS


def _timed(item: Message) -> Message:
    if "t" not in item:
        return item
    return item | {"t": msgpack.Timestamp(*divmod(rfc3339_ns(item["t"]), 10**9))}


SHARES_AS_TICKS: list[Tick] = [
    Trade("AAPL", 96921, "D", 126.55, 1.0, 1_614_009_104_208_000_000, ("@", "I"), "C"),
    Quote("AMD", "U", 87.66, 1.0, "Q", 87.68, 4.0, 1_614_009_105_335_689_322, ("R",), "C"),
    Bar(
        Kind.BAR,
        "SPY",
        388.985,
        389.13,
        388.975,
        389.12,
        49378.0,
        461,
        389.062639,
        1_614_021_300_000_000_000,
    ),
    Status(
        "AAPL",
        "H",
        "Trading Halt",
        "T12",
        "Trading Halted; For information requested by NASDAQ",
        1_614_021_300_000_000_000,
        "C",
    ),
]
COINS_AS_TICKS: list[Tick] = [
    Trade(
        "AVAX/USD",
        3447222699101865076,
        "",
        47.299,
        29.205707815,
        1_710_239_268_858_228_144,
        taker_side="S",
        exact_id="3447222699101865076",
    ),
    Quote("BAT/USD", "", 0.35718, 13445.46, "", 0.3581, 13561.902, 1_710_239_383_111_588_173),
]
