"""Ramp: more and more subscribers of one lane.

How does the age at the reader grow with the load, and what is it at half a core? When to cut is
left to the cadence, as by default: it shares the core between cuts and all else, so that from some
load on ages grow where CPU time no longer does.
"""

from ..feed_server import Options, Subscription
from ..outcome import Outcome, Row, Spread, at_most, cpu_share, oldest_p99_ms
from ..stage import Stage

STEPS = (50, 100, 250, 500, 1_000, 2_000, 4_000)
RATE = 320
HALF_A_CORE = 0.5
NEAR = 0.1  # a step is at half a core if its share is at most this far from it
AIM_MS = 30


def run(stage: Stage) -> Outcome:
    """Measure each number of subscribers; stop where the swarm or the server is saturated."""
    settings = stage.settings
    steps = STEPS if settings.subscribers is None else _steps_to(settings.subscribers)
    options = Options(settings.rate or RATE)
    title = f"from {steps[0]:,} to {steps[-1]:,} subscribers in one lane"
    cases = [stage.ours(f"feed, {count:,}", count, Subscription(), options) for count in steps]
    rows = stage.compare(title, cases)
    what = "milliseconds, p99 age of a frame's oldest tick at half a core, cadence on"
    near = at_half_a_core(rows)
    if near is None:
        aim = at_most(what, None, AIM_MS, "no step takes about half a core")
    else:
        name, reached = near
        aim = at_most(f"{what} ({name})", reached, AIM_MS)
    return Outcome("ramp", title, rows, [aim])


def _steps_to(most: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(max(1, most * part // 4) for part in range(1, 5)))


def at_half_a_core(rows: list[Row]) -> tuple[str, Spread] | None:
    """Return the first row that takes about half a core, and its age; None if none does."""
    for row in rows:
        share = row.median(cpu_share)
        if row.samples and abs(share - HALF_A_CORE) <= NEAR:
            return f"{row.name}: {share:.0%}", row.spread(oldest_p99_ms)
    return None
