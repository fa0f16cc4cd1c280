"""Levels: what can only be known by looking at every subscriber.

Ten thousand of them are looked at in slices, so that no look keeps the event loop from a cut.
"""

import asyncio
import time
from dataclasses import dataclass
from itertools import islice

from feed.hub.hub import Hub

_SLICE = 1_000  # subscribers between two turns of the loop: 0.2 ms


@dataclass(frozen=True, slots=True)
class Levels:
    """What was found.

    Attributes:
        now_ns: when the look ended.
        held_bytes: written, and not taken by the sockets yet, over all subscribers.
        largest_held_bytes: the most of one of them.
        lags_ticks: how far behind those are who are not live.
    """

    now_ns: int
    held_bytes: int
    largest_held_bytes: int
    lags_ticks: list[int]


async def look(hub: Hub) -> Levels:
    """Look at all subscribers; those who come or go meanwhile may be counted or not."""
    held_bytes = largest_held_bytes = 0
    subscribers = iter(list(hub.sessions))
    while held := [each.buffered_bytes() for each in islice(subscribers, _SLICE)]:
        held_bytes += sum(held)
        largest_held_bytes = max(largest_held_bytes, *held)
        await asyncio.sleep(0)
    lags_ticks: list[int] = []
    behind = iter(list(hub.drain.behind))
    while lags := [each.subscriber.lag_ticks for each in islice(behind, _SLICE)]:
        lags_ticks += lags
        await asyncio.sleep(0)
    return Levels(time.time_ns(), held_bytes, largest_held_bytes, lags_ticks)
