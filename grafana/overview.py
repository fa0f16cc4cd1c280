"""Overview: are prices fresh at the subscribers, and is there room left."""

from grafana.ages import quantile, rate
from grafana.house import AMBER, GREEN, RED, Board, Kind, Panel, Query, Row, Unit

_FRESHNESS = Row(
    "Freshness",
    (
        Panel(
            "Source",
            "Whether the source is open and produces. When it is down, subscribers were told once, "
            "and nothing below is news: look at the source.",
            Unit.COUNT,
            (
                Query(
                    "min by (instance) (feed_source_up<$> + 2 * feed_source_finished<$>)",
                    "{{instance}}",
                ),
            ),
            Kind.NUMBER,
            width=4,
            thresholds=((0, RED), (1, GREEN), (2, AMBER)),
            words=(("0", "down", RED), ("1", "up", GREEN), ("2", "finished", AMBER)),
        ),
        Panel(
            "Since the last tick",
            "How long the source has given nothing. It is judged by what is usual for it: see "
            "silence ÷ limit on the Pipeline.",
            Unit.SECONDS,
            (
                Query(
                    "min by (instance) (timestamp(feed_last_tick_timestamp_seconds<$>)"
                    " - feed_last_tick_timestamp_seconds<$>)",
                    "{{instance}}",
                ),
            ),
            Kind.NUMBER,
            width=4,
            thresholds=((5, AMBER), (30, RED)),
        ),
        Panel(
            "Written within, p99",
            "Age of the oldest tick of a frame, since it came in, when its lane had been written: "
            "what this server adds. 99 of 100 frames are faster.",
            Unit.SECONDS,
            (quantile(0.99, "feed_write_age_seconds", "", selector="$"),),
            Kind.NUMBER,
            width=4,
            thresholds=((0.25, AMBER), (1, RED)),
        ),
        Panel(
            "At the reader within, p99",
            "Age of ticks when readers had them, since their event, as a sample of the clients "
            "reports. Clocks of clients may be wrong: compare with the stages below.",
            Unit.SECONDS,
            (quantile(0.99, "feed_delivery_age_seconds", "", selector="$"),),
            Kind.NUMBER,
            width=4,
            thresholds=((0.5, AMBER), (2.5, RED)),
        ),
        Panel(
            "Stale symbols",
            "Symbols that have not ticked for ten times their usual gap, while others do.",
            Unit.COUNT,
            (Query('sum by (instance) (feed_symbols<state="stale">)', "{{instance}}"),),
            Kind.NUMBER,
            width=4,
            thresholds=((1, AMBER), (100, RED)),
        ),
        Panel(
            "Alerts",
            "How many alerts fire. Each has a section in grafana/README.md.",
            Unit.COUNT,
            (
                Query(
                    'sum(ALERTS{alertstate="firing", alertname=~"Feed.*"}) or vector(0)', "firing"
                ),
            ),
            Kind.NUMBER,
            width=4,
            thresholds=((1, RED),),
        ),
        Panel(
            "Age of ticks, stage by stage, p99",
            "Where the time goes: from the event until we have it (source), from there to the "
            "sockets (write), and all the way to the reader (delivery). The stage that grows is "
            "the one to blame.",
            Unit.SECONDS,
            (
                quantile(0.99, "feed_source_age_seconds", "source", selector="$"),
                quantile(0.99, "feed_write_age_seconds", "write", selector="$"),
                quantile(0.99, "feed_delivery_age_seconds", "delivery", selector="$"),
            ),
            Kind.LOG,
            width=16,
        ),
        Panel(
            "Health of symbols",
            "All symbols that ever ticked: live, stale, halted by the exchange, or unknown since "
            "the source is down.",
            Unit.COUNT,
            (Query("sum by (state) (feed_symbols<>)", "{{state}}"),),
            Kind.STACK,
        ),
    ),
)
_SUBSCRIBERS = Row(
    "Subscribers",
    (
        Panel(
            "Connected",
            "Subscribers connected now, by transport.",
            Unit.COUNT,
            (
                Query(
                    "sum by (instance, transport) (feed_connections<>)",
                    "{{instance}} {{transport}}",
                ),
            ),
            Kind.STACK,
        ),
        Panel(
            "Behind",
            "Subscribers that are paused or catching up. Some always are; all of them at once "
            "means that this server or its network is too slow.",
            Unit.COUNT,
            (Query("sum by (instance) (feed_behind_subscribers<>)", "{{instance}}"),),
        ),
        Panel(
            "Disconnected by us",
            "Subscribers that were disconnected, by reason; those who left by themselves, or "
            "had all that there was, are not in it.",
            Unit.PER_S,
            (
                rate(
                    "feed_disconnects_total",
                    "{{reason}}",
                    "reason",
                    selector='reason!~"client_left|complete"',
                ),
            ),
        ),
    ),
)
_RATES = Row(
    "Rates",
    (
        Panel(
            "Ticks in",
            "Ticks published into the ring.",
            Unit.PER_S,
            (rate("feed_ticks_total", "", selector="$"),),
        ),
        Panel(
            "Frames out",
            "Frames written, one for each subscriber.",
            Unit.PER_S,
            (rate("feed_frames_total", ""),),
        ),
        Panel(
            "Bytes out",
            "Bytes of those frames as the sockets got them.",
            Unit.BYTES_PER_S,
            (rate("feed_frame_bytes_total", ""),),
        ),
    ),
)
_SATURATION = Row(
    "Saturation",
    (
        Panel(
            "Event loop lag, p99",
            "How late the loop is for its timers. One process is one core: over 0.1 s it is "
            "saturated, and everybody's prices age.",
            Unit.SECONDS,
            (quantile(0.99, "feed_loop_lag_seconds", ""),),
            Kind.LOG,
            thresholds=((0.1, RED),),
        ),
        Panel(
            "CPU",
            "Of one core. At 1 there is no more.",
            Unit.SHARE,
            (rate("process_cpu_seconds_total", ""),),
            thresholds=((0.8, AMBER), (0.95, RED)),
        ),
        Panel(
            "Limits in use",
            "Connections, index entries, memory, answers being written, rooms and their members, "
            "rules of alerts, files of jobs and open files, each ÷ its limit. At 1 the next one is "
            "refused, or served without a shared compressor.",
            Unit.SHARE,
            (Query("feed:limit_used:ratio<>", "{{instance}} {{limit}}"),),
            Kind.GAUGE,
            thresholds=((0.8, AMBER), (0.95, RED)),
        ),
    ),
)

BOARD = Board(
    "feed-overview",
    "Overview",
    "Freshness first, then who reads, how much, and what is left. Start here.",
    (_FRESHNESS, _SUBSCRIBERS, _RATES, _SATURATION),
)
