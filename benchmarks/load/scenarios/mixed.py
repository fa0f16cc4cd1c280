"""Mixed: a thousand subscribers, each with its own ten of five hundred symbols.

What do very many different selections cost, against bare sends of frames just as long?
"""

from collections.abc import Iterator
from contextlib import contextmanager

from ...peers.contenders import FLOOR
from ..feed_server import Options, Subscription
from ..outcome import Aim, Outcome, Row, at_least, at_most, compare, ticks_per_core_s
from ..stage import KEEP_PAYLOADS, Case, Stage, Target

SUBSCRIBERS = 1_000
SYMBOLS = 500
OWN_SYMBOLS = 10
BATCH_MS = 50
RATES = ((5_000.0, 2.0), (20_000.0, 3.0))  # ticks/s, and the most that a frame may cost ÷ a send
TICKS_AIM = 1_000_000  # delivered per second and core, at the highest rate
RECORDED_SUBSCRIBERS = 64


def run(stage: Stage) -> Outcome:
    """Measure each rate against the floor."""
    count = stage.settings.subscribers or SUBSCRIBERS
    title = f"{count:,} subscribers, each its own {OWN_SYMBOLS} of {SYMBOLS} symbols"
    outcome = Outcome("mixed", title)
    rates: tuple[tuple[float, float], ...] = RATES
    if stage.settings.rate is not None:
        rates = ((stage.settings.rate, RATES[-1][1]),)
    elif stage.settings.url is not None:
        rates = RATES[-1:]
    for rate, limit in rates:
        pace = stage.pace(rate)
        rows = _measure(stage, count, rate, pace)
        outcome.rows += rows
        outcome.aims += _aims(rows, pace, limit)
    return outcome


def _measure(stage: Stage, count: int, rate: float, pace: str) -> list[Row]:
    options = Options(rate, BATCH_MS, SYMBOLS)
    recording = stage.record(
        lambda server: server.group(
            f"mixed-{rate:g}",
            RECORDED_SUBSCRIBERS,
            Subscription(),
            server.own_symbols(RECORDED_SUBSCRIBERS, OWN_SYMBOLS),
            sample_every=1,
            keep_payloads=KEEP_PAYLOADS,
        ),
        options,
    )

    @contextmanager
    def start() -> Iterator[Target]:
        with stage.server(options) as server:
            openings = server.own_symbols(count, OWN_SYMBOLS)
            group = server.group("own symbols", count, Subscription(), openings)
            # No validators beside them: one lane of everything would be a cost of its own here.
            # The sampled ones check that trades have no holes.
            yield Target((group,), server.pids)

    cases = [
        Case(f"feed, {pace}", start, ours=True),
        *stage.peers([FLOOR], count, recording, rotate=True),
    ]
    rows = stage.compare(f"{count:,} selections at {pace}", cases)
    for row in rows[1:]:
        row.name = f"{row.name}, frames of {pace}"
    return rows


def _aims(rows: list[Row], pace: str, limit: float) -> list[Aim]:
    ours, *others = rows
    floor = others[0] if others else Row(FLOOR.name, skipped="not part of this run")
    what = f"CPU per frame ÷ {FLOOR.name} of equal frames, {pace}"
    aims = [at_most(what, compare(ours, floor), limit, floor.skipped)]
    if limit == RATES[-1][1]:
        what = f"ticks delivered per second and core, mixed lanes, {pace}"
        reached = ours.spread(ticks_per_core_s) if ours.samples else None
        aims.append(at_least(what, reached, TICKS_AIM, ours.skipped))
    return aims
