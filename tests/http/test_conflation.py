"""Conflation over real sockets: what is told, and that all is accounted for."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import pytest

from feed.market.ticks import Tick, Trade
from tests.fakes.deflated_readers import connect_deflated, open_deflated
from tests.fakes.hand_clock import HandClock
from tests.fakes.messages import Message
from tests.fakes.patience import repeat_until, until
from tests.fakes.readers import TRANSPORTS, Reader
from tests.fakes.servers import EVENT_NS, Feed, Serve, quote, trade, trades
from tests.metrics.test_families import metrics

EACH = pytest.mark.parametrize("transport", TRANSPORTS)
SYMBOLS = ("AAPL", "MSFT", "BTC/USD")


def address(feed: Feed) -> tuple[str, int]:
    return feed.host, feed.port


class Listening:
    """A reader that is read all the time, and what it heard.

    Attributes:
        frames: the ticks of each frame that had some.
    """

    def __init__(self, reader: Reader) -> None:
        self.frames: list[list[Message]] = []
        self.marks: list[str] = []
        self._reader = reader

    @property
    def ticks(self) -> list[Message]:
        return [tick for frame in self.frames for tick in frame]

    async def run(self) -> None:
        while True:
            messages, _ = await self._reader.read()
            ticks = [message for message in messages if message["T"] in {"t", "q"}]
            if ticks:
                self.frames.append(ticks)
                self.marks += [str(message["t"]) for message in messages if message["T"] == "mark"]


@asynccontextmanager
async def listening(*readers: Reader) -> AsyncIterator[list[Listening]]:
    listeners = [Listening(reader) for reader in readers]
    tasks = [asyncio.create_task(listener.run()) for listener in listeners]
    yield listeners
    for task in tasks:
        assert not task.done(), task.exception()
        task.cancel()


def sized(number: int, symbol: str = "AAPL") -> Tick:
    """Return a quote whose bid is as large as its number."""
    return replace(quote(number, symbol), bid_size=float(number))


def random_trade(number: int, rng: random.Random) -> Tick:
    return Trade(
        symbol=rng.choice(SYMBOLS),
        trade_id=number,
        exchange="V",
        price=rng.randint(400, 500) / 4,
        size=float(rng.randint(1, 9)),
        event_ns=EVENT_NS + number,
        conditions=(),
        tape="C",
    )


# What is told


@EACH
async def test_conflated_trades_account_for_all_that_a_lossless_reader_has(
    serve: Serve, transport: str
) -> None:
    feed = await serve()
    rng = random.Random(transport)
    lossless = await open_deflated(transport, address(feed), compressed=False)
    readers = [
        await open_deflated(
            transport, address(feed), conflate={"trades": "50ms"}, compressed=compressed
        )
        for compressed in (True, True, False)
    ]
    await feed.sessions_reach(4)
    async with listening(lossless, *readers) as (due, *told):
        last = 0
        for _ in repeat_until(lambda: min(len(one.frames) for one in told) >= 4):
            count = rng.randint(8, 20)  # more than twice as many as there are symbols
            await feed.publish(*(random_trade(last + n, rng) for n in range(1, count + 1)))
            last += count
        await until(lambda: due.ticks[-1]["i"] == last)
        await until(lambda: all(any(tick["i"] == last for tick in one.ticks) for one in told))
    assert [tick["i"] for tick in due.ticks] == list(range(1, last + 1))
    assert len(told[0].ticks) < last / 2
    for one in told:
        assert one.ticks == told[0].ticks, "the same whether compressed or not"
    for symbol in SYMBOLS:
        plain = [tick for tick in due.ticks if tick["S"] == symbol]
        conflated = [tick for tick in told[0].ticks if tick["S"] == symbol]
        assert sum(tick["n"] for tick in conflated) == len(plain)
        assert sum(tick["v"] for tick in conflated) == sum(tick["s"] for tick in plain)
        assert max(tick["h"] for tick in conflated) == max(tick["p"] for tick in plain)
        assert min(tick["l"] for tick in conflated) == min(tick["p"] for tick in plain)
        notional = sum(tick["v"] * tick["vw"] for tick in conflated)
        assert notional == pytest.approx(sum(tick["s"] * tick["p"] for tick in plain))
        ids = [tick["i"] for tick in plain]
        edges = [(ids.index(tick["fi"]), ids.index(tick["i"])) for tick in conflated]
        assert edges[0][0] == 0
        assert [first for first, _ in edges[1:]] == [final + 1 for _, final in edges[:-1]]


@EACH
async def test_quotes_are_conflated_beside_lossless_trades_in_one_subscription(
    serve: Serve, transport: str
) -> None:
    feed = await serve()
    reader = await open_deflated(
        transport,
        address(feed),
        channels={"trades": ["*"], "quotes": ["AAPL", "MSFT"]},
        conflate={"quotes": "50ms"},
    )
    await feed.sessions_reach(1)
    async with listening(reader) as (told,):
        last = 0
        for _ in repeat_until(lambda: sum(frame[0]["T"] == "q" for frame in told.frames) >= 4):
            last += 5
            await feed.publish(
                *(sized(number) for number in range(last - 4, last - 1)),
                trade(last - 1, "MSFT"),
                sized(last, "BTC/USD"),
            )
        await until(lambda: any(tick.get("bs") == last - 2 for tick in told.ticks))
    assert [tick["i"] for tick in told.ticks if tick["T"] == "t"] == list(range(4, last, 5))
    quotes = [tick for tick in told.ticks if tick["T"] == "q"]
    assert {tick["S"] for tick in quotes} == {"AAPL"}
    assert len(quotes) < 3 * last / 5 / 2


@pytest.mark.parametrize("interval_ms", [50, 100])
async def test_frames_are_never_closer_than_half_an_interval(
    serve: Serve, interval_ms: int
) -> None:
    """A machine that is busy takes late; the next multiple is then left out if it is too near."""
    feed = await serve()
    reader = await open_deflated(
        "websocket-json", address(feed), conflate={"trades": f"{interval_ms}ms"}
    )
    await feed.sessions_reach(1)
    async with listening(reader) as (told,):
        for last in repeat_until(lambda: len(told.frames) >= 6):
            await feed.publish(trade(last))
    written_ms = [_day_ms(mark) for mark in told.marks]
    assert all(later - earlier >= interval_ms // 2 - 1 for earlier, later in pairwise(written_ms))


def _day_ms(mark: str) -> int:
    """Return milliseconds since midnight."""
    hours, minutes, seconds = mark[11:-1].split(":")
    whole, _, nanoseconds = seconds.partition(".")
    return (int(hours) * 60 + int(minutes)) * 60_000 + int(whole) * 1_000 + int(nanoseconds[:3])


async def test_equal_intervals_share_a_lane_however_they_were_written(serve: Serve) -> None:
    feed = await serve()
    for interval in ("100ms", "51ms", "99ms"):
        await open_deflated("sse-json", address(feed), conflate={"trades": interval})
        await feed.publish(trade(1))  # they come one after the other
    assert (await metrics(feed))("feed_lanes", transport="sse", codec="json") == 1
    await open_deflated("sse-json", address(feed), conflate={"trades": "101ms"})
    await open_deflated("sse-json", address(feed))
    await feed.sessions_reach(5)
    assert (await metrics(feed))("feed_lanes", transport="sse", codec="json") == 3


async def test_there_are_no_more_intervals_than_steps(serve: Serve) -> None:
    feed = await serve()
    for interval_ms in range(1, 5_001, 100):
        reader = await connect_deflated(address(feed))
        await reader.subscribe(trades=["*"], conflate={"trades": f"{interval_ms}ms"})
    await feed.sessions_reach(50)
    assert (await metrics(feed))("feed_lanes", transport="websocket", codec="json") <= 7


# Coming back, and changing one's mind


@EACH
async def test_who_comes_back_is_restated_the_newest_of_what_changed(
    serve: Serve, transport: str
) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 10))
    position = feed.position(feed.hub.broadcast.cut_sequence)
    await feed.publish(trade(11, "MSFT"), trade(12), trade(13, "MSFT"))
    reader = await open_deflated(
        transport, address(feed), conflate={"trades": "5s"}, after=position
    )
    messages, at = await reader.read()
    told = {tick["S"]: tick for tick in messages if tick["T"] == "t"}
    assert at == feed.position(feed.hub.broadcast.cut_sequence)
    assert {symbol: tick["i"] for symbol, tick in told.items()} == {"AAPL": 12, "MSFT": 13}
    # What the interval had collected at the position was not told before it.
    assert told["AAPL"]["fi"] <= 10
    assert told["AAPL"]["n"] == 12 - told["AAPL"]["fi"]  # 11 is of MSFT
    await feed.sessions_reach(1)


@EACH
async def test_lossless_channels_are_resumed_and_conflated_ones_restated(
    serve: Serve, transport: str
) -> None:
    feed = await serve()
    await feed.publish(trade(1), quote(2))
    position = feed.position(feed.hub.broadcast.cut_sequence)
    await feed.publish(*(trade(n) if n % 2 else sized(n) for n in range(3, 21)))
    reader = await open_deflated(
        transport,
        address(feed),
        channels={"trades": ["*"], "quotes": ["*"]},
        conflate={"quotes": "5s"},
        after=position,
    )
    ticks: list[Message] = []
    while not any(tick["T"] == "t" for tick in ticks):
        ticks += [message for message in (await reader.read())[0] if message["T"] in {"t", "q"}]
    # Restated first: cut off in between, it comes back for what a position speaks for.
    restated, *rest = ticks
    assert (restated["T"], restated["bs"]) == ("q", 20)
    assert [tick["i"] for tick in rest] == list(range(3, 21, 2))


async def next_trade(reader: Reader) -> Message:
    """Return the next trade; there is one in its frame."""
    while True:
        messages, _ = await reader.read()
        for message in messages:
            if message["T"] == "t":
                return message


@pytest.mark.parametrize("interval", ["0ms", "50ms"])
async def test_what_an_interval_has_collected_is_told_when_it_is_changed(
    serve: Serve, interval: str
) -> None:
    clock = HandClock()
    feed = await serve(clock=clock.clock)
    reader = await connect_deflated(address(feed))
    await reader.subscribe(trades=["*"], quotes=["*"], conflate={"trades": "5s", "quotes": "5s"})
    await feed.sessions_reach(1)
    await feed.publish(trade(1), trade(2), quote(3))
    await reader.subscribe(conflate={"trades": interval})
    await feed.sessions_reach(1)
    told = await next_trade(reader)
    assert (told["fi"], told["i"], told["n"]) == (1, 2, 2)
    await feed.publish(trade(3), quote(4))
    clock.pass_s(0.1)
    told = await next_trade(reader)
    assert (told["i"], "n" in told) == (3, interval != "0ms")


async def test_what_is_unsubscribed_is_not_told_at_the_end_of_the_interval(serve: Serve) -> None:
    feed = await serve()
    reader = await connect_deflated(address(feed))
    await reader.subscribe(trades=["AAPL", "MSFT"], conflate={"trades": "50ms"})
    await feed.sessions_reach(1)
    await feed.publish(trade(1), trade(2, "MSFT"))
    reader.say({"action": "unsubscribe", "trades": ["AAPL"]})
    messages, _ = await reader.read()
    while messages[0]["T"] == "t":  # the interval may have ended before
        messages, _ = await reader.read()
    assert messages[0]["trades"] == ["MSFT"]
    await feed.publish(trade(3), trade(4, "MSFT"))
    ticks: list[Message] = []
    while not any(tick["i"] == 4 for tick in ticks):
        ticks += (await reader.read())[0]
    assert {tick["S"] for tick in ticks} == {"MSFT"}


async def test_a_snapshot_beside_conflation_is_of_single_ticks(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 3))
    reader = await connect_deflated(address(feed))
    await reader.subscribe(trades=["*"], conflate={"trades": "50ms"}, snapshot=True)
    begin, (state,), end = [(await reader.read())[0] for _ in range(3)]
    assert (begin[0]["state"], state["i"], "n" in state, end[0]["state"]) == (
        "begin",
        3,
        False,
        "end",
    )
    await feed.publish(trade(4))
    (told,), _ = await reader.read()
    assert (told["fi"], told["i"], told["n"]) == (4, 4, 1)
