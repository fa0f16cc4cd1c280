"""Host: the process, its memory and files, and how it is scraped."""

from grafana.ages import quantile, rate
from grafana.house import AMBER, RED, Board, Kind, Panel, Query, Row, Unit

_PROCESS = Row(
    "Process",
    (
        Panel(
            "CPU",
            "Of one core: all of the feed runs on one event loop.",
            Unit.SHARE,
            (rate("process_cpu_seconds_total", ""),),
            thresholds=((0.8, AMBER), (0.95, RED)),
        ),
        Panel(
            "Memory",
            "Resident and virtual. What grows without more subscribers or a larger ring is a leak.",
            Unit.BYTES,
            (
                Query("process_resident_memory_bytes<>", "{{instance}} {{worker}} resident"),
                Query("process_virtual_memory_bytes<>", "{{instance}} {{worker}} virtual"),
            ),
        ),
        Panel(
            "Open files",
            "A subscriber is one. At the limit nobody more gets in: ulimit -n.",
            Unit.COUNT,
            (
                Query("process_open_fds<>", "{{instance}} {{worker}} open"),
                Query("process_max_fds<>", "{{instance}} {{worker}} limit"),
            ),
            Kind.LOG,
        ),
        Panel(
            "Event loop lag",
            "How late the loop is for its timers.",
            Unit.SECONDS,
            (
                quantile(0.5, "feed_loop_lag_seconds", "p50"),
                quantile(0.99, "feed_loop_lag_seconds", "p99"),
            ),
            Kind.LOG,
            thresholds=((0.1, RED),),
        ),
        Panel(
            "Longest steps",
            "What the loop did for longest in one go, by CPU time. Nothing else is done meanwhile.",
            Unit.SECONDS,
            (
                quantile(0.99, "feed_loop_step_seconds", "{{step}} p99", "step"),
                Query(
                    "feed_longest_loop_step_seconds<>", "{{instance}} {{worker}} {{step}} longest"
                ),
            ),
            Kind.LOG,
            thresholds=((0.05, RED),),
        ),
        Panel(
            "Garbage collections",
            "Runs of Python's collector by generation. Old ones walk everything, and are rare on "
            "purpose.",
            Unit.PER_S,
            (rate("python_gc_collections_total", "generation {{generation}}", "generation"),),
        ),
        Panel(
            "Garbage",
            "Objects that the collector freed: they were in cycles. Most never need it.",
            Unit.PER_S,
            (rate("python_gc_objects_collected_total", "freed"),),
        ),
        Panel(
            "Log records lost",
            "Records that standard error did not take: nobody reads it, or the disk is full.",
            Unit.PER_S,
            (rate("feed_log_records_lost_total", "lost"),),
        ),
    ),
)
_SCRAPE = Row(
    "Scrape",
    (
        Panel(
            "Up",
            "Whether Prometheus reaches the server.",
            Unit.COUNT,
            (Query('up<job="feed">', "{{instance}}"),),
        ),
        Panel(
            "Scrape",
            "How long a scrape takes; made in slices, so that it holds nobody up.",
            Unit.SECONDS,
            (Query('scrape_duration_seconds<job="feed">', "{{instance}}"),),
        ),
        Panel(
            "Series",
            "How many there are: a fixed number, whatever the subscribers and symbols.",
            Unit.COUNT,
            (Query('scrape_samples_scraped<job="feed">', "{{instance}}"),),
        ),
        Panel(
            "Running since",
            "When each process started.",
            Unit.TIME,
            (Query("process_start_time_seconds<> * 1000", "{{instance}} {{worker}}"),),
            Kind.NUMBER,
            width=12,
        ),
        Panel(
            "Python",
            "The interpreter of each process.",
            Unit.COUNT,
            (Query("python_info<>", "{{instance}} {{worker}}"),),
            Kind.TABLE,
            width=12,
        ),
    ),
)

BOARD = Board(
    "feed-host",
    "Host",
    "The process, its memory and files, and how it is scraped.",
    (_PROCESS, _SCRAPE),
)
