"""Tail: ticks, and words that are subscribed to, as lines of JSON, for a terminal or a pipe."""

import math
from collections.abc import Callable

from feed.client.events import Batch, Event
from feed.client.recording import json_line
from feed.client.stream import Stream
from feed.client.words import Words


async def tail(
    stream: Stream,
    write: Callable[[bytes], None],
    on_event: Callable[[Event], None],
    *,
    count: int | None = None,
) -> None:
    """Write the ticks of a stream, and its words, for ever or up to a number of ticks.

    Args:
        stream: whose consumer this becomes.
        write: called with the lines of a batch. While it blocks nothing is read, and the server
            waits, or tells a gap later.
        on_event: called with each event that is neither.
        count: the number of ticks after which it ends; None: never.

    Raises:
        FeedError: the stream cannot go on.
        OSError: `write` failed.
    """
    left = math.inf if count is None else count
    async for event in stream.events():
        if isinstance(event, Words):
            write(b"".join(map(json_line, event)))
            continue
        if not isinstance(event, Batch):
            on_event(event)
            continue
        ticks = event if len(event) <= left else event[: int(left)]
        write(b"".join(map(json_line, ticks)))
        left -= len(event)
        if left <= 0:
            return
