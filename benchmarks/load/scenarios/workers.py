"""Workers: how many subscribers are carried by one process, and by two edges and a writer?

More and more subscribers of one lane, on the one and on the other in turns; carried are the most
whose ticks are old by no more than an aim. The load generator runs on the same cores: its share of
them is told, and on few cores it is what is measured. So the CPU time of each process is told too,
from which the same is reckoned for more cores.
"""

from ..feed_server import Options, Subscription
from ..outcome import Outcome, Row, cpu_share, newest_p99_ms
from ..stage import Case, Stage

STEPS = (250, 500, 1_000, 2_000, 3_000, 4_000)
RATE = 320
WORKERS = 2
CARRIED_MS = 50.0  # of p99 age


def run(stage: Stage) -> Outcome:
    """Measure each number of subscribers, on one process and on several."""
    settings = stage.settings
    steps = STEPS if settings.subscribers is None else (settings.subscribers,)
    rate = settings.rate or RATE
    title = f"from {steps[0]:,} to {steps[-1]:,} subscribers in one lane, by processes"
    missing = "" if settings.url is None else "a server that runs is one process, or several"
    cases: list[Case] = []
    for count in steps:
        for workers in (None, WORKERS):
            name = "one process" if workers is None else f"{workers} workers"
            options = Options(rate, workers=workers)
            case = stage.ours(f"{name}, {count:,}", count, Subscription(), options)
            cases.append(Case(case.name, case.start, ours=True, missing=missing if workers else ""))
    rows = stage.compare(title, cases)
    notes = [
        f"{name}: {_carried(dict(zip(steps, part, strict=True)))}"
        for name, part in (("one process", rows[::2]), (f"{WORKERS} workers", rows[1::2]))
        if any(row.samples for row in part)
    ]
    return Outcome("workers", title, rows, [], notes)


def _carried(rows: dict[int, Row]) -> str:
    """Return in words how many were carried, and what that took."""
    fine = [
        count
        for count, row in rows.items()
        if row.samples and not row.troubles and row.median(newest_p99_ms) <= CARRIED_MS
    ]
    if not fine:
        return f"nobody is carried at a p99 age of {CARRIED_MS:g} ms"
    row = rows[max(fine)]
    share, swarm = row.median(cpu_share), row.median(lambda sample: sample.result.swarm_cpu_share)
    return (
        f"{max(fine):,} carried at p99 {row.median(newest_p99_ms):.1f} ms, with {share:.0%} of a "
        f"core for the server and {swarm:.0%} for the load generator"
    )
