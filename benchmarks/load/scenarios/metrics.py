"""Metrics: what do counting and scraping cost the subscribers?

The same load on a server that counts and on one that counts nothing: everybody in one lane, and
each in a lane of its own, where a frame to one subscriber is counted alone. Then with scrapes, and
how long a scrape takes when very many are connected.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from ..comparison import compare, difference
from ..feed_server import Options, Server, Subscription
from ..outcome import Outcome, Spread, at_most, find, newest_p99_ms
from ..scraper import Scraper
from ..stage import Case, Stage, Target
from .idle import most_subscribers
from .mixed import BATCH_MS as OWN_BATCH_MS
from .mixed import OWN_SYMBOLS, SYMBOLS

SUBSCRIBERS = 2_000
RATE = 320  # ticks/s: 8 a frame, 1 kB of JSON
BATCH_MS = 25
OWN_SHARE = 2  # a lane costs more: half as many of them
OWN_RATE = 5_000
MANY = 10_000
RATE_OF_MANY = 1  # ticks/s: they wait for the scrape, and the scrape hardly ever for them
EVERY_S = 1.0
EVERY_S_OF_MANY = 0.1  # so that one window has many scrapes
MOST_AGAIN = 10  # windows, of which one may be shorter than a scrape
AIM_MS = 20
AIM_SHARE = 1.03
NOISE_MS = 5.0
COUNTED, SCRAPED, UNCOUNTED = "feed", "feed, scraped every second", "feed that counts nothing"
OWN_COUNTED, OWN_UNCOUNTED = "feed, lanes of one", "feed that counts nothing, lanes of one"
# By name: importing it here would load the whole server before the first option is read.
_UNCOUNTED_SERVER = f"{__name__.rpartition('.scenarios.')[0]}.uncounted_server"

Start = Callable[[], AbstractContextManager[Target]]


def run(stage: Stage, every_s: float = EVERY_S) -> Outcome:
    """Measure servers that count, are scraped, and do neither; then scrapes of a crowded one."""
    count = stage.settings.subscribers or SUBSCRIBERS
    many = most_subscribers(stage.settings.subscribers or MANY)
    options = Options(stage.settings.rate or RATE, BATCH_MS)
    own = Options(stage.settings.rate or OWN_RATE, OWN_BATCH_MS, SYMBOLS)
    missing = "" if stage.settings.url is None else "the server that runs already counts"
    took_ms: list[float] = []
    series: set[int] = set()

    def plain(module: str) -> Start:
        @contextmanager
        def start() -> Iterator[Target]:
            with stage.server(options, module) as server:
                yield _one_lane(server, count)

        return start

    def lanes_of_one(module: str) -> Start:
        @contextmanager
        def start() -> Iterator[Target]:
            with stage.server(own, module) as server:
                each = max(1, count // OWN_SHARE)
                openings = server.own_symbols(each, OWN_SYMBOLS)
                group = server.group("own symbols", each, Subscription(), openings)
                yield Target((group,), server.pids)

        return start

    def scraped(count: int, options: Options, every_s: float, into: list[float]) -> Start:
        @contextmanager
        def start() -> Iterator[Target]:
            with stage.server(options) as server, Scraper(server, count, every_s) as scraper:
                target = _one_lane(server, count)
                yield target
                until_scraped(stage, target, scraper)
                into.extend(scraper.took_ms)
                series.add(scraper.series)

        return start

    crowd = f"feed, {many:,} subscribers"
    cases = [
        Case(COUNTED, plain("feed"), ours=True),
        Case(SCRAPED, scraped(count, options, every_s, []), ours=True),
        Case(UNCOUNTED, plain(_UNCOUNTED_SERVER), ours=True, missing=missing),
        Case(OWN_COUNTED, lanes_of_one("feed"), ours=True),
        Case(OWN_UNCOUNTED, lanes_of_one(_UNCOUNTED_SERVER), ours=True, missing=missing),
        Case(crowd, scraped(many, Options(RATE_OF_MANY), EVERY_S_OF_MANY, took_ms), ours=True),
    ]
    title = f"{count:,} subscribers, {stage.pace(options.rate)}"
    rows = stage.compare(title, cases)
    counted, watched, silent = (find(rows, name) for name in (COUNTED, SCRAPED, UNCOUNTED))
    own_ratio = compare(find(rows, OWN_COUNTED), find(rows, OWN_UNCOUNTED))
    cost = "CPU per frame and subscriber"
    aims = [
        at_most(f"{cost}, counted ÷ not counted", compare(counted, silent), AIM_SHARE, missing),
        at_most(f"{cost}, counted ÷ not counted, lanes of one", own_ratio, AIM_SHARE, missing),
        at_most(f"{cost}, scraped every second ÷ never", compare(watched, counted), AIM_SHARE),
        at_most(
            "milliseconds that p99 ages grow when scraped every second",
            difference(watched, counted, newest_p99_ms),
            NOISE_MS,
        ),
        at_most(
            f"milliseconds of a scrape, {many:,} subscribers",
            Spread.of(took_ms) if took_ms else None,
            AIM_MS,
            "no scrape ended within the window",
        ),
    ]
    notes = [f"{count:,} series" for count in sorted(series)]
    return Outcome("metrics", title, rows, aims, notes)


def until_scraped(stage: Stage, target: Target, scraper: Scraper) -> None:
    """Bring a crowd back amid which no scrape has ended; a slow machine takes that long for one.

    Raises:
        SwarmError: it cannot be brought back.
    """
    for _ in range(MOST_AGAIN):
        if scraper.took_ms:
            return
        stage.run(target)


def _one_lane(server: Server, count: int) -> Target:
    groups = (server.group("readers", count, Subscription()), server.validators())
    return Target(groups, server.pids)
