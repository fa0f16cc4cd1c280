"""Watch: a live table of symbols, fed by a stream, with the past of those that are in view."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

from feed.client.errors import Malformed, NotAFeed, Refused
from feed.client.link import Lost
from feed.client.stream import Stream
from feed.client.tables import event_ns
from feed.terminal.finite import Finite
from feed.terminal.screen import show_here
from feed.terminal.together import until_first
from feed.terminal.watch_view import WatchView

REFRESH_S = 0.25
CONFLATE = ("trades:250ms", "quotes:250ms")  # nobody reads faster, and SSH need not carry more
CHANNELS = "trades,quotes,statuses"

ASK_AGAIN_S = 5.0  # for the past, after the server could not be reached
_LOOK_S = 0.5  # between two looks for rows that came into view
_MINUTES = 60
_FEW_MINUTES = 10  # with fewer, the server is young, and its seconds say more
_SECONDS = 600


async def watch(  # noqa: D417 - arguments of a kind are explained together
    stream: Stream,
    finite: Finite,
    symbols: Iterable[str],
    write: Callable[[bytes], object],
    explain: Callable[[str], object],
) -> None:
    """Show symbols until a key ends it.

    Args:
        stream: whose consumer this becomes.
        finite: asks the same server.
        symbols: those that the stream is subscribed to.
        write, explain: used where there is no terminal; see `show_here`.

    Raises:
        FeedError: the stream cannot go on, or the terminal is gone.
        OSError: `write` failed.
    """
    view = WatchView(symbols, str(finite.base.origin()), stream.counters)
    async with finite:
        await until_first(
            show_here(view, every_s=REFRESH_S, write=write, explain=explain),
            follow(stream, view),
            recall(finite, view),
        )


async def follow(stream: Stream, view: WatchView) -> None:
    """Give a view all that happens in a stream."""
    async for event in stream.events():
        view.update(event, time.time_ns())


async def recall(finite: Finite, view: WatchView, *, ask_again_s: float = ASK_AGAIN_S) -> None:
    """Give a view the past of symbols as they come into view; for ever."""
    try:
        while True:
            try:
                await _list_symbols(finite, view)
                await _recall_prices(finite, view)
            except Lost:  # most likely the stream is lost too, and says so
                await asyncio.sleep(ask_again_s)
    except (Refused, NotAFeed, Malformed, KeyError, TypeError, ValueError) as error:
        view.connection.note_incident(f"past prices cannot be had: {error}", time.time_ns())
        await asyncio.Event().wait()  # the live ones are not concerned


async def _list_symbols(finite: Finite, view: WatchView) -> None:
    answer = await finite.document("v1/symbols")
    listed = {known["symbol"]: known.get("price_step") for known in answer["symbols"]}
    view.board.list_symbols(listed)


async def _recall_prices(finite: Finite, view: WatchView) -> None:
    asked: set[str] = set()
    while True:
        for symbol in [symbol for symbol in view.in_view if symbol not in asked]:
            view.board.seed(symbol, await past_prices(finite, symbol))
            asked.add(symbol)
        await asyncio.sleep(_LOOK_S)


async def past_prices(finite: Finite, symbol: str) -> list[tuple[int, float]]:
    """Return times and prices of the last hour, oldest first, in minutes or seconds."""
    minutes = await _opens(finite, symbol, "1m", _MINUTES)
    if len(minutes) >= _FEW_MINUTES:
        return minutes
    seconds = await _opens(finite, symbol, "1s", _SECONDS)
    if not seconds:
        return minutes
    return [point for point in minutes if point[0] < seconds[0][0]] + seconds


async def _opens(
    finite: Finite, symbol: str, timeframe: str, limit: int
) -> list[tuple[int, float]]:
    query = {"symbol": symbol, "timeframe": timeframe, "limit": str(limit)}
    bars: list[dict[str, Any]] = (await finite.document("v1/bars", **query))["bars"]
    return [(event_ns(bar), float(bar["o"])) for bar in bars]
