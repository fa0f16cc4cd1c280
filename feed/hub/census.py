"""The census: what can only be known by looking at every subscriber.

Ten thousand of them are looked at in slices, so that no look keeps the event loop from a cut.
"""

import asyncio
from dataclasses import dataclass
from itertools import islice

from feed.hub.hub import Hub

_SLICE = 1_000  # subscribers between two turns of the loop: 0.2 ms


@dataclass(frozen=True, slots=True)
class Census:
    """What a look at all subscribers found.

    Attributes:
        mono_ns: when the look ended.
        held_bytes: written, and not taken by the sockets yet, over all subscribers.
        largest_held_bytes: the most of one of them.
        lags_ticks: how far behind those are that are not live.
    """

    mono_ns: int
    held_bytes: int
    largest_held_bytes: int
    lags_ticks: list[int]


async def take_census(hub: Hub, slice_subscribers: int = _SLICE) -> Census:
    """Look at all subscribers; those that come or go meanwhile may be counted or not."""
    held_bytes = largest_held_bytes = 0
    subscribers = iter(list(hub.sessions))
    while held := [each.buffered_bytes() for each in islice(subscribers, slice_subscribers)]:
        held_bytes += sum(held)
        largest_held_bytes = max(largest_held_bytes, *held)
        await asyncio.sleep(0)
    lags_ticks: list[int] = []
    behind = iter(list(hub.audience.behind))
    while lags := [each.lag_ticks for each in islice(behind, slice_subscribers)]:
        lags_ticks += lags
        await asyncio.sleep(0)
    return Census(hub.clock.mono_ns(), held_bytes, largest_held_bytes, lags_ticks)
