"""Slow: a tenth of the readers stop reading.

What do the other readers notice of it, and how much memory do the stalled ones hold?
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from ..comparison import compare, difference
from ..feed_server import Options, Subscription
from ..outcome import (
    Outcome,
    at_most,
    cpu_us,
    find,
    memory_growth_bytes,
    newest_p99_ms,
)
from ..stage import Case, Stage, Target

READERS = 1_000
STALLED_SHARE = 0.1
RATE = 800  # ticks/s: 20 a frame; a reader that stalls is full after 2 s
BATCH_MS = 25
SETTLE_S = 3.0  # less than the 10 s after which a server lets go of stalled readers
RECEIVE_BUFFER_BYTES = 4096  # theirs, so that they are full soon
SOCKET_BUFFER_BYTES = 64 * 1024  # ours, per subscriber: the server's high water mark
NOISE = 1.1
NOISE_MS = 10.0


def run(stage: Stage, settle_s: float = SETTLE_S) -> Outcome:
    """Measure the readers with nobody stalled, and with a tenth of them."""
    count = stage.settings.subscribers or READERS
    stalled = int(count * STALLED_SHARE)
    options = Options(stage.settings.rate or RATE, BATCH_MS)

    def start_with(stalled: int) -> Callable[[], AbstractContextManager[Target]]:
        @contextmanager
        def start() -> Iterator[Target]:
            with stage.server(options) as server:
                groups = [server.group("readers", count - stalled, Subscription())]
                if stalled:
                    groups.append(
                        server.group(
                            "stalled",
                            stalled,
                            Subscription(),
                            stalled=True,
                            receive_buffer_bytes=RECEIVE_BUFFER_BYTES,
                        )
                    )
                groups.append(server.validators())
                yield Target(tuple(groups), server.pids, settle_s=settle_s)

        return start

    calm_name, stalled_name = "feed, all reading", f"feed, {stalled} of {count:,} stalled"
    cases = [
        Case(calm_name, start_with(0), ours=True),
        Case(stalled_name, start_with(stalled), ours=True),
    ]
    title = f"{count:,} readers, {stalled} of whom stop reading"
    rows = stage.compare(title, cases)
    calm, disturbed = find(rows, calm_name), find(rows, stalled_name)
    aims = [
        at_most(
            f"CPU per frame of the others, {stalled} stalled ÷ none",
            compare(disturbed, calm, cpu_us),
            NOISE,
        ),
        at_most(
            "milliseconds that the others' p99 age grows",
            difference(disturbed, calm, newest_p99_ms),
            NOISE_MS,
        ),
        at_most(
            f"bytes of memory that {stalled} stalled hold",
            difference(disturbed, calm, memory_growth_bytes),
            stalled * SOCKET_BUFFER_BYTES,
        ),
    ]
    return Outcome("slow", title, rows, aims)
