"""Pipeline: one row a stage, in the order in which a tick goes."""

from grafana.ages import quantile, rate
from grafana.answers import ANSWERS
from grafana.desk import DESK
from grafana.house import AMBER, GREEN, RED, Board, Kind, Panel, Query, Row, Unit

_SOURCE = Row(
    "1 · Source",
    (
        Panel(
            "Ticks by kind",
            "t trades, q quotes, b and b1s bars, u corrected bars, s statuses (ours of stale "
            "symbols among them).",
            Unit.PER_S,
            (rate("feed_ticks_total", "{{kind}}", "kind", selector="$"),),
            Kind.STACK,
        ),
        Panel(
            "Event → ingest",
            "Age of the oldest tick of each list when the source handed it over: the exchange, the "
            "line and the source together. A recording has none.",
            Unit.SECONDS,
            (
                quantile(0.5, "feed_source_age_seconds", "{{source}} p50", "source", selector="$"),
                quantile(0.99, "feed_source_age_seconds", "{{source}} p99", "source", selector="$"),
            ),
            Kind.LOG,
        ),
        Panel(
            "Silence ÷ limit",
            "How long the source has been silent, in parts of what is too long for it: ten times "
            "its usual gap, and 5 s at least. At 1 it is said to be down.",
            Unit.SHARE,
            (Query("feed:silence:ratio<$>", "{{instance}} {{source}}"),),
            thresholds=((1, RED),),
        ),
        Panel(
            "Up, finished, given up",
            "1 while the source produces; finished is a recording at its end, and given up is a "
            "source whose server refuses it for good.",
            Unit.COUNT,
            (
                Query("feed_source_up<$>", "{{instance}} {{worker}} {{source}} up"),
                Query("feed_source_finished<$>", "{{instance}} {{worker}} {{source}} finished"),
                Query("feed_source_given_up<$>", "{{instance}} {{worker}} {{source}} given up"),
            ),
        ),
        Panel(
            "Failures",
            "How often the source died and was opened again; the log says of what.",
            Unit.PER_S,
            (rate("feed_source_failures_total", "{{source}}", "source", selector="$"),),
        ),
        Panel(
            "Held for the slowest",
            "How often a recording was held for its slowest lossless reader.",
            Unit.PER_S,
            (rate("feed_source_waits_total", "{{source}}", "source", selector="$"),),
        ),
        Panel(
            "Silence limit",
            "After how long without a tick the source counts as silent: learnt from its own gaps.",
            Unit.SECONDS,
            (
                Query(
                    "feed_source_silence_limit_seconds<$> < +Inf",
                    "{{instance}} {{worker}} {{source}}",
                ),
            ),
        ),
        Panel(
            "Rows skipped",
            "Rows of a source that are no ticks, by reason; the log names their lines.",
            Unit.PER_S,
            (
                rate(
                    "feed_source_rows_skipped_total",
                    "{{source}} {{reason}}",
                    "source",
                    "reason",
                    selector="$",
                ),
            ),
        ),
        Panel(
            "Ticks refused",
            "Ticks that are not told, since their symbol belongs to another source (foreign), or "
            "cannot be told by the name that it would have (unnamed); the log names the first.",
            Unit.PER_S,
            (
                rate(
                    "feed_source_refused_ticks_total",
                    "{{source}} {{reason}}",
                    "source",
                    "reason",
                    selector="$",
                ),
            ),
        ),
        Panel(
            "A/B pairs",
            "Ticks of each side of a pair: firsts are told, repeats the other side had given, and "
            "missed are those that it gave and this one never did.",
            Unit.PER_S,
            (
                rate(
                    "feed_pair_ticks_total",
                    "{{source}} {{outcome}}",
                    "source",
                    "outcome",
                    selector="$",
                ),
            ),
        ),
        Panel(
            "Pushed batches",
            "Batches that producers pushed: applied, duplicates (applied before), and refused, by "
            "reason; the producer is told the row.",
            Unit.PER_S,
            (
                rate(
                    "feed_push_batches_total",
                    "{{source}} {{outcome}}",
                    "source",
                    "outcome",
                    selector="$",
                ),
                rate(
                    "feed_push_refused_batches_total",
                    "{{source}} refused {{reason}}",
                    "source",
                    "reason",
                    selector="$",
                ),
            ),
        ),
        Panel(
            "Pushing now",
            "Connections over which many batches are pushed.",
            Unit.COUNT,
            (Query("feed_push_connections<$>", "{{instance}} {{worker}}"),),
        ),
        Panel(
            "Pushed and not applied",
            "Bytes of batches that are on their way: what a flood of them takes of memory.",
            Unit.BYTES,
            (Query("feed_push_held_bytes<$>", "{{instance}} {{worker}}"),),
        ),
        Panel(
            "Connections to servers",
            "Of sources that read from another server: connections that stood, and that ended, by "
            "why. One that began anew means a hole in its prices, and one that resumed does not.",
            Unit.PER_S,
            (
                rate(
                    "feed_upstream_connections_total",
                    "{{source}} {{outcome}}",
                    "source",
                    "outcome",
                    selector="$",
                ),
                rate(
                    "feed_upstream_ends_total",
                    "{{source}} {{reason}}",
                    "source",
                    "reason",
                    selector="$",
                ),
            ),
        ),
        Panel(
            "Refused, missing, untold",
            "Of sources that read from another server: how often it said no, by the dialect's "
            "code; how often it told a gap; events of kinds that are not told here.",
            Unit.PER_S,
            (
                rate(
                    "feed_upstream_refusals_total",
                    "{{source}} {{code}}",
                    "source",
                    "code",
                    selector="$",
                ),
                rate("feed_upstream_gaps_total", "{{source}} gaps", "source", selector="$"),
                rate(
                    "feed_upstream_untold_total",
                    "{{source}} untold {{kind}}",
                    "source",
                    "kind",
                    selector="$",
                ),
            ),
        ),
        Panel(
            "Behind the server that is followed",
            "How old the newest event was when it came from there, in seconds.",
            Unit.SECONDS,
            (Query("feed_follow_delay_seconds<>", "{{instance}} {{worker}}"),),
        ),
        Panel(
            "Following",
            "Events that the followed server has and this one has not; sequences that it said are "
            "not coming, a second; and epochs of it that began here: each is a restart there that "
            "positions did not outlive.",
            Unit.COUNT,
            (
                Query("feed_follow_lag_events<>", "{{instance}} {{worker}} behind"),
                rate("feed_follow_missing_events_total", "missing"),
                rate("feed_follow_epochs_total", "epochs"),
            ),
        ),
        Panel(
            "Handed on to the writer",
            "Requests of an edge's clients a second, by outcome: away finds no writer, cut loses "
            "it before it has answered. Subscribers ahead wait for what has not arrived yet; a "
            "position that is disowned nobody ever gave. Edges tell a writer who is in rooms.",
            Unit.COUNT,
            (
                rate("feed_edge_requests_total", "{{outcome}}", "outcome"),
                Query("feed_subscribers_ahead<>", "{{instance}} {{worker}} ahead"),
                rate("feed_edge_disowned_positions_total", "disowned"),
                Query("feed_edges<>", "{{instance}} {{worker}} edges"),
            ),
        ),
        Panel(
            "Older than the ring",
            "Subscribers of an edge that came with a position older than its ring, and pages of "
            "the stream that were read for them, a second; readings under way, 4 at most, and "
            "pages kept. Batches that are stale or unreadable should never be there.",
            Unit.COUNT,
            (
                rate("feed_archive_resumes_total", "resumes"),
                rate("feed_archive_requests_total", "requests"),
                rate("feed_archive_read_pages_total", "pages read"),
                Query("feed_archive_readings<>", "{{instance}} {{worker}} readings"),
                Query("feed_archive_pages<>", "{{instance}} {{worker}} pages kept"),
                rate("feed_follow_stale_batches_total", "stale"),
                rate("feed_follow_unreadable_batches_total", "unreadable"),
            ),
        ),
        Panel(
            "Odd times",
            "Late trades came after the bar of their second and correct it. Stray ticks are days "
            "away from all others: a broken clock.",
            Unit.PER_S,
            (
                rate("feed_late_trades_total", "{{source}} late", "source", selector="$"),
                rate("feed_stray_ticks_total", "{{source}} stray", "source", selector="$"),
            ),
        ),
    ),
)
_RING = Row(
    "2 · Ring",
    (
        Panel(
            "Fill",
            "Ticks held ÷ capacity. A full ring is as it should be.",
            Unit.SHARE,
            (
                Query(
                    "sum by (instance) (feed_ring_ticks<>)"
                    " / sum by (instance) (feed_ring_capacity_ticks<>)",
                    "{{instance}}",
                ),
            ),
        ),
        Panel(
            "How far back it reaches",
            "Who was away for longer cannot resume without a gap. Below what is promised, while "
            "full: make --ring larger.",
            Unit.SECONDS,
            (
                Query("feed_ring_oldest_age_seconds<>", "{{instance}} {{worker}} reaches"),
                Query("feed_resume_window_seconds<>", "{{instance}} {{worker}} promised"),
            ),
        ),
        Panel(
            "Overruns",
            "How often somebody needed a tick that the ring no longer held: each is a gap told, a "
            "conflated state or a disconnect, as they chose.",
            Unit.PER_S,
            (rate("feed_ring_overruns_total", ""),),
        ),
        Panel(
            "State: unlogged",
            "1 while the log of --state has a place where something was left out: whoever comes "
            "back after a kill is told a gap of unknown length.",
            Unit.COUNT,
            (Query("feed_state_unlogged<>", "{{instance}} {{worker}}"),),
            thresholds=((1, RED),),
        ),
        Panel(
            "State: queue",
            "Bytes of cuts that wait for the disk. Above 64 MB, or after five seconds, they are "
            "left out.",
            Unit.BYTES,
            (Query("feed_state_queued_bytes<>", "{{instance}} {{worker}}"),),
        ),
        Panel(
            "State: written",
            "Bytes of cuts written to the log, a second.",
            Unit.BYTES_PER_S,
            (rate("feed_state_written_bytes_total", ""),),
        ),
        Panel(
            "State: without room",
            "Cuts, a second, that had no room in the tail. A kill takes along those that are not "
            "in the log yet, and tells that as a gap; else it takes nothing.",
            Unit.PER_S,
            (rate("feed_state_untailed_total", ""),),
        ),
        Panel(
            "State: unerased",
            "Deleted messages whose texts may still be in a file of --state: for a moment each, "
            "and longer where the files cannot be written; the log says why.",
            Unit.COUNT,
            (Query("feed_state_unerased<>", "{{instance}} {{worker}}"),),
        ),
        Panel(
            "State: checkpoints",
            "How often everything was written down; failed: the log says why.",
            Unit.PER_S,
            (rate("feed_state_checkpoints_total", "{{outcome}}", "outcome"),),
        ),
        Panel(
            "State: taken up",
            "What became of the state that the process before had left.",
            Unit.COUNT,
            (Query("feed_state_recovery<> == 1", "{{instance}} {{worker}} {{outcome}}"),),
        ),
    ),
)
_CUT = Row(
    "3 · Cut",
    (
        Panel(
            "Cut",
            "How long a cut takes: encoding, joining, framing, and writing to everybody live. The "
            "loop does nothing else meanwhile.",
            Unit.SECONDS,
            (
                quantile(0.5, "feed_cut_seconds", "p50"),
                quantile(0.99, "feed_cut_seconds", "p99"),
            ),
            Kind.LOG,
        ),
        Panel(
            "Time spent cutting",
            "Share of all time. Cuts rest for three times their own cost, so about 0.25 means that "
            "batches are growing: a heavy load.",
            Unit.SHARE,
            (rate("feed_cut_seconds_sum", ""),),
            thresholds=((0.25, AMBER),),
        ),
        Panel(
            "Cuts",
            "How many cuts with ticks in them there are.",
            Unit.PER_S,
            (rate("feed_cut_seconds_count", ""),),
        ),
        Panel(
            "Batch",
            "How many ticks a cut takes together. It grows with the load, and so do ages.",
            Unit.COUNT,
            (
                quantile(0.5, "feed_batch_ticks", "p50"),
                quantile(0.99, "feed_batch_ticks", "p99"),
            ),
            Kind.LOG,
        ),
        Panel(
            "Ticks waiting",
            "Published, and in no frame yet.",
            Unit.COUNT,
            (Query("feed_waiting_ticks<>", "{{instance}} {{worker}}"),),
        ),
        Panel(
            "Symbols by health",
            "How many of the known symbols are not as usual.",
            Unit.COUNT,
            (
                Query(
                    'sum by (instance, state) (feed_symbols<state!="live">)',
                    "{{instance}} {{state}}",
                ),
            ),
            Kind.STACK,
        ),
    ),
)
_LANES = Row(
    "4 · Lanes",
    (
        Panel(
            "Lanes",
            "Different frames made per cut. Subscribers who ask for the same share a lane; a lane "
            "each is the dearest case.",
            Unit.COUNT,
            (
                Query(
                    "sum by (instance, transport, codec) (feed_lanes<>)",
                    "{{instance}} {{transport}} {{codec}}",
                ),
            ),
            Kind.STACK,
        ),
        Panel(
            "Index entries",
            "Symbols per channel that all different selections hold together, and the limit.",
            Unit.COUNT,
            (
                Query("feed_index_entries<>", "{{instance}} {{worker}} entries"),
                Query("feed_index_entries_limit<>", "{{instance}} {{worker}} limit"),
            ),
            Kind.LOG,
        ),
        Panel(
            "Projections",
            "Different projections of ticks in use (fields): each keeps fragments of its own.",
            Unit.COUNT,
            (
                Query("feed_projections<>", "{{instance}} {{worker}} in use"),
                Query("feed_projections_limit<>", "{{instance}} {{worker}} limit"),
            ),
        ),
        Panel(
            "Ingest → written",
            "Age of the oldest tick of a frame when its lane had been written: what this server "
            "adds.",
            Unit.SECONDS,
            (
                quantile(0.5, "feed_write_age_seconds", "{{source}} p50", "source", selector="$"),
                quantile(0.99, "feed_write_age_seconds", "{{source}} p99", "source", selector="$"),
            ),
            Kind.LOG,
            thresholds=((1, RED),),
        ),
    ),
)
_READERS = Row(
    "5 · Readers",
    (
        Panel(
            "Event → reader",
            "Age of ticks at their readers, as a sample of the clients reports by their own "
            "clocks.",
            Unit.SECONDS,
            (
                quantile(
                    0.5,
                    "feed_delivery_age_seconds",
                    "{{transport}} p50",
                    "transport",
                    selector="$",
                ),
                quantile(
                    0.99,
                    "feed_delivery_age_seconds",
                    "{{transport}} p99",
                    "transport",
                    selector="$",
                ),
            ),
            Kind.LOG,
        ),
        Panel(
            "Reports",
            "Clients' reports of ages: taken, too many a second (the rest is a random sample), or "
            "of a recording, whose ticks have no age.",
            Unit.PER_S,
            (rate("feed_feedback_total", "{{outcome}}", "outcome"),),
        ),
        Panel(
            "Running",
            "Which version runs where.",
            Unit.COUNT,
            (Query("feed_build_info<>", "{{instance}} {{worker}}"),),
            Kind.TABLE,
            thresholds=((1, GREEN),),
        ),
    ),
)

BOARD = Board(
    "feed-pipeline",
    "Pipeline",
    "One row a stage, in the order in which a tick goes: the first that is bad is to blame.",
    (_SOURCE, _RING, _CUT, _LANES, _READERS, ANSWERS, DESK),
)
