"""The client and a real server, with a proxy between them that delays, cuts and breaks."""

import asyncio
from typing import Any

import pytest

from feed.client import connect
from feed.client.backoff import Backoff
from feed.client.events import Batch, Gap
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.client.ticks import Tick
from feed.market.ticks import Channel
from tests.cli.test_listening import simulator
from tests.fakes.chaos import ChaosProxy

pytestmark = pytest.mark.programs

RECONNECTS = 40  # of each of three clients
TICKS = 2_000
SYMBOLS = {Channel.TRADES: "*", Channel.QUOTES: "*", Channel.STATUSES: "*"}


def at_once(low: float, high: float) -> float:
    """Draw no wait at all."""
    del low, high
    return 0.0


async def through_chaos(port: int, transport: Any, codec: Any, *, break_bytes: bool) -> list[Tick]:
    """Return what comes through a proxy until it was lost often enough, and a while after."""
    ticks: list[Tick] = []
    async with (
        ChaosProxy(
            port,
            seed=1,
            mean_bytes=6_000,
            # The server catches up in frames of 48 KiB; compressed, of a fifth of that.
            spared_bytes=64_000 if break_bytes else 12_000,
            break_bytes=break_bytes,
        ) as proxy,
        Stream(
            f"http://127.0.0.1:{proxy.port}",
            Subscription.of(SYMBOLS),
            transport=transport,
            codec=codec,
            after="0",
            # What is broken must be seen to be broken; a deflated byte could be any other.
            compress=not break_bytes,
            heartbeat_s=1.0,
            backoff=Backoff(at_once),
        ) as stream,
    ):
        async for event in stream.events():
            assert not isinstance(event, Gap), event
            if isinstance(event, Batch):
                ticks += event
            # Not a number of cuts: a connection may be broken several times before it is given up.
            proxy.calm = stream.counters.reconnects >= RECONNECTS
            if proxy.calm and len(ticks) > TICKS:
                break
        assert (stream.counters.malformed > 0) is break_bytes
    return ticks


@pytest.mark.parametrize(
    ("codec", "break_bytes"), [("json", False), ("msgpack", False), ("json", True)]
)
async def test_everything_comes_exactly_once_through_a_hundred_cuts(
    codec: str, break_bytes: bool
) -> None:
    # On a machine that is busy this lasts longer than a ring of the usual size holds.
    with simulator("0", 5_000, "--ring", str(1 << 20)) as (_, port):
        seen = await asyncio.gather(
            *[
                through_chaos(int(port), transport, codec, break_bytes=break_bytes)
                for transport in ("websocket", "stream", "sse")
            ]
        )
        expected: list[Tick] = []
        options: Any = {"codec": codec, "after": "0", "transport": "stream"}
        url = f"http://127.0.0.1:{port}"
        async with connect(url, trades="*", quotes="*", statuses="*", **options) as stream:
            async for batch in stream:
                expected += batch
                if len(expected) >= max(map(len, seen)):
                    break
    for ticks in seen:
        assert len(ticks) > TICKS
        assert ticks == expected[: len(ticks)]
