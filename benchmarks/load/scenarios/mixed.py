"""Mixed: a thousand subscribers, each with its own ten of five hundred symbols.

What do very many different selections cost, against bare sends of frames just as long, and beyond
what the same server takes while nobody reads?
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ...peers.contenders import BARE_C, FLOOR
from ..comparison import compare, compare_net, unequal_frames
from ..feed_server import Options, Subscription
from ..outcome import Aim, Outcome, Row, at_least, at_most, find, ticks_per_core_s
from ..plan import Look
from ..stage import Case, Stage, Target

SUBSCRIBERS = 1_000
SYMBOLS = 500
OWN_SYMBOLS = 10
BATCH_MS = 50
# Ticks/s; the most that a frame may cost, net, ÷ a send in C; in all, ÷ a send in Python.
RATES = ((5_000.0, 1.7, 2.0), (20_000.0, 1.8, 3.0))
TICKS_AIM = 1_150_000  # delivered per second and core, at the highest rate


def run(stage: Stage) -> Outcome:
    """Measure each rate against the floors."""
    count = stage.settings.subscribers or SUBSCRIBERS
    title = f"{count:,} subscribers, each its own {OWN_SYMBOLS} of {SYMBOLS} symbols"
    outcome = Outcome("mixed", title)
    rates: Sequence[tuple[float, float, float]] = RATES
    if stage.settings.rate is not None:
        rates = ((stage.settings.rate, *RATES[-1][1:]),)
    elif stage.settings.url is not None:
        rates = RATES[-1:]
    for rate, net_limit, limit in rates:
        pace = stage.pace(rate)
        rows = _measure(stage, count, rate, pace)
        outcome.rows += rows
        outcome.aims += _aims(rows, pace, net_limit, limit)
        if rate == rates[-1][0]:
            outcome.aims.append(_ticks_aim(rows[0], pace))
    return outcome


def _measure(stage: Stage, count: int, rate: float, pace: str) -> list[Row]:
    options = Options(rate, BATCH_MS, SYMBOLS)
    recording = stage.record_sizes(
        lambda server: server.group(
            f"mixed-{rate:g}",
            count,
            Subscription(),
            server.own_symbols(count, OWN_SYMBOLS),
            sample_every=1,
            sample_limit=count,
            look=Look.SIZES,
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

    @contextmanager
    def start_alone() -> Iterator[Target]:
        with stage.server(options) as server:
            yield Target((server.group("nobody", 0, Subscription()),), server.pids)

    cases = [
        Case(f"feed, {pace}", start, ours=True),
        Case(f"feed, {pace}, nobody reads", start_alone, ours=True),
        *stage.peers([FLOOR, BARE_C], count, recording, rotate=True),
    ]
    rows = stage.compare(f"{count:,} selections at {pace}", cases)
    for row in rows:
        if not row.ours:
            row.name = f"{row.name}, frames of {pace}"
    return rows


def _aims(rows: list[Row], pace: str, net_limit: float, limit: float) -> list[Aim]:
    ours, alone, *_ = rows
    python, c = (find(rows, f"{floor.name}, frames of {pace}") for floor in (FLOOR, BARE_C))
    equal = f"of equal frames, {pace}"
    why = c.skipped or ours.skipped or unequal_frames(ours, c)
    net = None if why else compare_net(ours, alone, c)
    aims = [at_most(f"CPU per frame, net, ÷ {BARE_C.name} {equal}", net, net_limit, why)]
    why = python.skipped or ours.skipped or unequal_frames(ours, python)
    ratio = None if why else compare(ours, python)
    return [*aims, at_most(f"CPU per frame ÷ {FLOOR.name} {equal}", ratio, limit, why)]


def _ticks_aim(ours: Row, pace: str) -> Aim:
    what = f"ticks delivered per second and core, mixed lanes, {pace}"
    reached = ours.spread(ticks_per_core_s) if ours.samples else None
    return at_least(what, reached, TICKS_AIM, ours.skipped)
