"""Ramp: more and more subscribers of one lane.

How does the age at the reader grow with the load, and what is it at half a core?
"""

from ..feed_server import Options, Subscription
from ..outcome import Outcome, Row, Spread, at_most, cpu_share, oldest_p99_ms
from ..stage import Stage

STEPS = (250, 500, 1_000, 2_000, 3_000, 4_000)
RATE = 320
BATCH_MS = 25
HALF_A_CORE = 0.5
NEAR = 0.15  # a step is at half a core if its share is at most this far from it
AIM_MS = BATCH_MS + 10


def run(stage: Stage) -> Outcome:
    """Measure each number of subscribers; stop where the swarm or the server is saturated."""
    settings = stage.settings
    steps = STEPS if settings.subscribers is None else _steps_to(settings.subscribers)
    options = Options(settings.rate or RATE, BATCH_MS)
    title = f"from {steps[0]:,} to {steps[-1]:,} subscribers in one lane"
    cases = [stage.ours(f"feed, {count:,}", count, Subscription(), options) for count in steps]
    rows = stage.compare(title, cases)
    what = "milliseconds, p99 age of the oldest tick of a frame at half a core's load"
    near = _nearest(rows)
    if near is None:
        aim = at_most(what, None, AIM_MS, "no step is near half a core")
    else:
        name, reached = near
        aim = at_most(f"{what} ({name})", reached, AIM_MS)
    return Outcome("ramp", title, rows, [aim])


def _steps_to(most: int) -> tuple[int, ...]:
    return tuple(dict.fromkeys(max(1, most * part // 4) for part in range(1, 5)))


def _nearest(rows: list[Row]) -> tuple[str, Spread] | None:
    """Return the row whose load is nearest to half a core, and its age; None if none is near."""
    measured = [row for row in rows if row.samples]
    if not measured:
        return None
    row = min(measured, key=lambda row: abs(row.median(cpu_share) - HALF_A_CORE))
    if abs(row.median(cpu_share) - HALF_A_CORE) > NEAR:
        return None
    return f"{row.name}: {row.median(cpu_share):.0%}", row.spread(oldest_p99_ms)
