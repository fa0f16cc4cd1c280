"""Edge: what does it cost that subscribers are served by another process than the writer?

The same load on one process, and on an edge that follows a writer over a socket of this machine: at
several rates, the ages of ticks at the subscribers' sockets, and the CPU time of each process. What
an edge's intake takes a tick is measured by itself (`bench_intake.py`).
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from statistics import median

from ..comparison import difference
from ..edge_server import over_the_bus
from ..feed_server import Options, Subscription
from ..outcome import Outcome, Row, cpu_share, newest_p50_ms, newest_p99_ms
from ..process import cpu_ns
from ..stage import Case, Stage, Target

SUBSCRIBERS = 20
RATES = (1_000, 5_000, 20_000)
SETTLE_S = 1.0
NS_PER_S = 1_000_000_000


def run(stage: Stage, settle_s: float = SETTLE_S) -> Outcome:
    """Measure each rate, on one process and on two."""
    settings = stage.settings
    count = settings.subscribers or SUBSCRIBERS
    rates = RATES if settings.rate is None else (settings.rate,)
    title = f"{count:,} subscribers in one lane, of one process or of an edge"
    missing = "" if settings.url is None else "a server that runs is one process, or an edge"
    cases: list[Case] = []
    spent: dict[float, list[float]] = {rate: [] for rate in rates}
    for rate, writer in spent.items():
        options, pace = Options(rate), f"{rate:,g} ticks/s"
        alone, edge = (
            _alone(stage, count, options, settle_s),
            _following(count, options, settle_s, writer),
        )
        cases += [
            Case(f"feed, {pace}", alone, ours=True),
            Case(f"edge, {pace}", edge, ours=True, missing=missing),
        ]
    rows = stage.compare(title, cases)
    notes = [
        _note(rate, writer, alone, edge)
        for (rate, writer), alone, edge in zip(spent.items(), rows[::2], rows[1::2], strict=True)
        if edge.samples and alone.samples
    ]
    return Outcome("edge", title, rows, [], notes)


def _note(rate: float, writer: list[float], alone: Row, edge: Row) -> str:
    """Return in words what the way over an edge adds.

    Args:
        rate: of ticks.
        writer: the CPU time of the writer ÷ time, of each round.
        alone: the row of one process.
        edge: that of an edge.
    """
    told = [f"{rate:,g} ticks/s"]
    for name, figure in (("p50", newest_p50_ms), ("p99", newest_p99_ms)):
        grown = difference(edge, alone, figure)
        if grown is not None:
            told.append(f"{name} age {grown.median:+.2f} ms")
    share = median(writer)
    told.append(f"writer {share:.1%} of a core, {share / rate * 1e6:.1f} µs a tick")
    share = edge.median(cpu_share)
    told.append(f"edge {share:.1%}, {share / rate * 1e6:.1f} µs a tick")
    return ", ".join(told)


def _alone(
    stage: Stage, count: int, options: Options, settle_s: float
) -> Callable[[], AbstractContextManager[Target]]:
    @contextmanager
    def start() -> Iterator[Target]:
        with stage.server(options) as server:
            groups = (server.group("readers", count, Subscription()), server.validators())
            yield Target(groups, server.pids, settle_s=settle_s)

    return start


def _following(
    count: int, options: Options, settle_s: float, writer: list[float]
) -> Callable[[], AbstractContextManager[Target]]:
    @contextmanager
    def start() -> Iterator[Target]:
        with over_the_bus(options) as pair:
            edge = pair.edge
            groups = (edge.group("readers", count, Subscription()), edge.validators())
            began_s, began_ns = time.monotonic(), sum(map(cpu_ns, pair.writer))
            yield Target(groups, edge.pids, settle_s=settle_s)
            spent_s = (sum(map(cpu_ns, pair.writer)) - began_ns) / NS_PER_S
            writer.append(spent_s / (time.monotonic() - began_s))

    return start
