"""A cluster, from the writer that leads to the edges that follow: one row a stage."""

from grafana.ages import quantile, rate
from grafana.house import AMBER, GREEN, RED, Board, Kind, Panel, Query, Row, Unit

_LEAD = Row(
    "1 · Who leads",
    (
        Panel(
            "Role",
            "What each writer does. One leads, the others stand by; beginning takes up what those "
            "before have left. Two leaders for a moment: one does not know yet that its term is "
            "over, and nobody sees what it cuts.",
            Unit.COUNT,
            (Query("feed_bus_role<> == 1", "{{instance}} {{role}}"),),
            Kind.TABLE,
            thresholds=((1, GREEN),),
        ),
        Panel(
            "Terms begun",
            "How often the lead was taken, in five minutes. Roll-outs do that; else somebody died, "
            "or could not renew its lease.",
            Unit.COUNT,
            (Query("increase(feed_bus_terms_total<>[5m])", "{{instance}}"),),
        ),
        Panel(
            "Terms ended, by reason",
            "In five minutes. another, lease: another process leads, or is about to; lost: the "
            "stream has lost what it had acknowledged; failed: a defect; left: told to end.",
            Unit.COUNT,
            (Query("sum by (reason) (increase(feed_bus_endings_total<>[5m])) > 0", "{{reason}}"),),
            Kind.STACK,
        ),
        Panel(
            "Connected to NATS",
            "1 while a writer has a connection to NATS; and connections that were made, a second. "
            "Of a server that writes to no bus always 0.",
            Unit.COUNT,
            (
                Query("feed_bus_up<>", "{{instance}}"),
                rate("feed_bus_connections_total", "connections"),
            ),
        ),
        Panel(
            "Processes of --workers",
            "1 while a process of a server answers; and those that died and were started anew, in "
            "five minutes.",
            Unit.COUNT,
            (
                Query("feed_worker_up<>", "{{instance}} {{worker}}"),
                Query("increase(feed_worker_restarts_total<>[5m])", "{{instance}} {{worker}} died"),
            ),
        ),
    ),
)
_LOG = Row(
    "2 · The log",
    (
        Panel(
            "Waits for the log",
            "For how long the oldest cut waits to be acknowledged. Nobody sees it before.",
            Unit.SECONDS,
            (Query("feed_bus_lag_seconds<>", "{{instance}}"),),
            thresholds=((1, AMBER), (5, RED)),
        ),
        Panel(
            "A batch",
            "From sending a batch until the stream is known to have it; one is on its way at a "
            "time, and the next one grows meanwhile.",
            Unit.SECONDS,
            (
                quantile(0.5, "feed_bus_batch_seconds", "p50"),
                quantile(0.99, "feed_bus_batch_seconds", "p99"),
            ),
            Kind.LOG,
        ),
        Panel(
            "Batches not answered at once",
            "Refused: the stream ended elsewhere than was expected; unanswered in time; resent, "
            "since they were not there. Each was looked up, and none is in the stream twice.",
            Unit.PER_S,
            (rate("feed_bus_unsure_total", "{{outcome}}", "outcome"),),
        ),
        Panel(
            "Buffer",
            "Bytes that wait to be acknowledged ÷ --bus-buffer. When it is full, sources that can "
            "wait are not read, and ticks of the others are dropped.",
            Unit.SHARE,
            (
                Query(
                    "feed_bus_buffer_bytes<> / (feed_bus_buffer_limit_bytes<> > 0)", "{{instance}}"
                ),
            ),
            thresholds=((0.5, AMBER), (0.9, RED)),
        ),
        Panel(
            "Dropped before they got a sequence",
            "Ticks of sources that cannot wait, while that buffer was full: no edge ever has them.",
            Unit.PER_S,
            (rate("feed_bus_dropped_total", "{{source}}", "source"),),
            Kind.STACK,
        ),
        Panel(
            "Written",
            "Batches and events that the stream has acknowledged.",
            Unit.PER_S,
            (
                rate("feed_bus_batches_total", "batches"),
                rate("feed_bus_events_total", "events"),
            ),
            Kind.LOG,
        ),
        Panel(
            "Written bytes",
            "Payload of these batches; each edge and each replica takes as much again.",
            Unit.BYTES_PER_S,
            (rate("feed_bus_payload_bytes_total", "payload"),),
        ),
        Panel(
            "Checkpoints",
            "Written to the object store, about one a minute, or not: edges that begin, and a "
            "writer that takes over, then have a longer tail to read.",
            Unit.PER_S,
            (rate("feed_bus_checkpoints_total", "{{outcome}}", "outcome"),),
        ),
        Panel(
            "Erased in the stream",
            "Batches that were erased since a message in them was deleted, a second; and messages "
            "whose texts may still be there.",
            Unit.COUNT,
            (
                rate("feed_bus_erased_total", "erased"),
                Query("feed_bus_unerased<>", "{{instance}} waiting"),
            ),
        ),
    ),
)
_EDGES = Row(
    "3 · The edges",
    (
        Panel(
            "Edges behind",
            "How long ago the writer had ingested the newest event when it came to an edge.",
            Unit.SECONDS,
            (Query("feed_follow_delay_seconds<>", "{{instance}} {{worker}}"),),
            Kind.LOG,
            thresholds=((1, AMBER), (5, RED)),
        ),
        Panel(
            "Events behind",
            "Events that the log is known to have and an edge has not.",
            Unit.COUNT,
            (Query("feed_follow_lag_events<>", "{{instance}} {{worker}}"),),
        ),
        Panel(
            "Holes",
            "Sequences that an edge was told are not coming: what was evicted before it was read, "
            "or erased.",
            Unit.PER_S,
            (rate("feed_follow_missing_events_total", "holes"),),
        ),
        Panel(
            "Buckets unheard",
            "Buckets of the cluster that an edge cannot read: it has events, and no news of "
            "sources, of instruments, or of who leads..",
            Unit.COUNT,
            (Query("sum by (instance) (feed_follow_unheard_buckets<>)", "{{instance}}"),),
            thresholds=((1, AMBER),),
        ),
        Panel(
            "Epochs",
            "Epochs of the writer that began at an edge, in five minutes: each is a loss of "
            "everybody's positions.",
            Unit.COUNT,
            (Query("increase(feed_follow_epochs_total<>[5m])", "{{instance}}"),),
        ),
        Panel(
            "Subscribers of each edge",
            "A balancer that is well set gives each as many.",
            Unit.COUNT,
            (Query("sum by (instance) (feed_connections<>)", "{{instance}}"),),
        ),
        Panel(
            "Resumes, by outcome",
            "Of those that came back, from this edge or another.",
            Unit.PER_S,
            (rate("feed_resumes_total", "{{outcome}}", "outcome"),),
            Kind.STACK,
        ),
    ),
)

BOARD = Board(
    "feed-cluster",
    "Cluster",
    "Writers, their log, edges: the first row that is bad is to blame.",
    (_LEAD, _LOG, _EDGES),
)
