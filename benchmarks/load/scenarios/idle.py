"""Idle: ten thousand subscribers to whom hardly anything is sent.

What memory does a subscriber take, over one of plain aiohttp after the same handshake?
"""

import resource

from ...peers.contenders import AIOHTTP
from ..comparison import difference
from ..feed_server import Options, Subscription
from ..outcome import Outcome, at_most, find, memory_per_subscriber_bytes
from ..recording import Recording
from ..stage import Stage

SUBSCRIBERS = 10_000
RATE = 1  # ticks/s over all symbols
ONE_TICK = b'[{"T":"t","S":"A","i":1,"p":1.0,"s":1,"t":"2026-01-01T00:00:00.000000000Z"}]'
SPARE_DESCRIPTORS = 500
AIM_BYTES = 3 * 1024


def run(stage: Stage) -> Outcome:
    """Measure the growth of our memory and of aiohttp's."""
    wished = stage.settings.subscribers or SUBSCRIBERS
    count = most_subscribers(wished)
    options = Options(stage.settings.rate or RATE)
    recording = Recording.of(stage.folder / "idle.ndjson", [ONE_TICK], hz=RATE)
    cases = [
        stage.ours("feed", count, Subscription(), options, validate=False),
        *stage.peers([AIOHTTP], count, recording),
    ]
    title = f"{count:,} subscribers, {stage.pace(options.rate)}"
    rows = stage.compare(title, cases)
    ours, aiohttp = find(rows, "feed"), find(rows, AIOHTTP.name)
    extra = difference(ours, aiohttp, memory_per_subscriber_bytes)
    what = "bytes of memory per subscriber, over plain aiohttp's"
    outcome = Outcome("idle", title, rows, [at_most(what, extra, AIM_BYTES, aiohttp.skipped)])
    if count < wished:
        outcome.notes.append(f"{wished:,} were wished; the limit of open files allows {count:,}")
    return outcome


def most_subscribers(wished: int) -> int:
    """Return how many can connect, at most `wished`, with this many open files a process."""
    return min(wished, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_DESCRIPTORS)
