"""Ticks as a client gets them: objects of the dialect, typed by their `T`.

Ticks are plain dicts at run time, so the types cost nothing. A type checker follows `T`: after
`if tick["T"] == "q"` it knows a `Quote`; among trades `"n" in tick` tells a `ConflatedTrade` from a
`Trade`. The words for the letters stand in `feed.client.tables`. The types say what a feed server
sends; no tick is checked against them.
"""

from typing import Literal, NotRequired, TypeAlias, TypedDict, final

import msgpack

# RFC 3339 with nanoseconds; with MessagePack a timestamp. `feed.client.event_ns(tick)` reads both.
Time: TypeAlias = str | msgpack.Timestamp


class _Execution(TypedDict):
    """One execution.

    `i` is its exchange's number, or the feed's own where that has none of 63 bits; `xi` is the
    exchange's id as text, where `i` is not that or exceeds 2^53 − 1.
    """

    T: Literal["t"]
    S: str
    i: int
    x: str
    p: float
    s: float
    c: list[str]
    z: str
    t: Time
    xi: NotRequired[str]


@final  # so that a type checker can tell by the keys which of the types it is
class Trade(_Execution):
    """One execution; `tks`, the taker's side, is there where the source says it."""

    tks: NotRequired[Literal["B", "S"]]


@final
class ConflatedTrade(_Execution):
    """The newest trade of an interval, with the trades that it stands for.

    Count, highest and lowest price, volume and volume-weighted price are over all trades of the
    interval, its own included. `fi` is the id of the first of them, `xfi` as `xi` is of the last.
    """

    n: int
    h: float
    l: float  # noqa: E741 - the dialect's letter
    v: float
    vw: float
    fi: int
    xfi: NotRequired[str]


_AskSize = TypedDict("_AskSize", {"as": float})  # a keyword cannot be the name of a field


@final
class Quote(_AskSize):
    """The best bid and ask of one symbol at one moment."""

    T: Literal["q"]
    S: str
    bx: str
    bp: float
    bs: float
    ax: str
    ap: float
    c: list[str]
    z: str
    t: Time


@final
class Bar(TypedDict):
    """Trades of one symbol in a minute ("b") or a second ("b1s"), or a late correction ("u").

    `t` is when the interval began.
    """

    T: Literal["b", "u", "b1s"]
    S: str
    o: float
    h: float
    l: float  # noqa: E741 - the dialect's letter
    c: float
    v: float
    n: int
    vw: float
    t: Time


@final
class Status(TypedDict):
    """A trading status of one symbol, such as a halt (`sc` "H") or a resumption ("T")."""

    T: Literal["s"]
    S: str
    sc: str
    sm: str
    rc: str
    rm: str
    z: str
    t: Time


Tick: TypeAlias = Trade | ConflatedTrade | Quote | Bar | Status
