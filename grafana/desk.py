"""A row: rooms in which people talk, rules that alert, and jobs that export."""

from grafana.ages import quantile, rate
from grafana.house import RED, Kind, Panel, Query, Row, Unit

_ROOMS = (
    Panel(
        "Rooms and members",
        "Rooms of which something is kept, and their members: who is in two is two. Beyond their "
        "limits nobody opens another room (--rooms-max), or enters one.",
        Unit.COUNT,
        (
            Query("feed_rooms<>", "{{instance}} {{worker}} rooms"),
            Query("feed_room_members<>", "{{instance}} {{worker}} members"),
        ),
    ),
    Panel(
        "Said in rooms",
        "Messages and changes of lists that were published, by type.",
        Unit.PER_S,
        (
            rate("feed_room_messages_total", "{{type}}", "type"),
            rate("feed_room_entries_total", "{{type}}", "type"),
        ),
        Kind.STACK,
    ),
    Panel(
        "Not published in rooms",
        "What was refused, by reason; and repeats, which were published before. limit: somebody "
        "says too much at once; unavailable: see Bytes that are kept.",
        Unit.PER_S,
        (
            rate("feed_room_refused_total", "{{reason}}", "reason"),
            rate("feed_room_repeats_total", "repeats"),
        ),
    ),
)
_SECONDS = "rate(feed_alert_evaluation_seconds_total<>[$__rate_interval])"
_TICKS = "rate(feed_alert_evaluated_ticks_total<>[$__rate_interval])"
_ALERTS = (
    Panel(
        "Rules of alerts",
        "Rules of all identities, and those of them that are evaluated: the others have fired, "
        "are expired, or suspended. At most --alerts-max-rules.",
        Unit.COUNT,
        (
            Query("feed_alert_rules<>", "{{instance}} {{worker}} rules"),
            Query("feed_alert_rules_armed<>", "{{instance}} {{worker}} armed"),
        ),
    ),
    Panel(
        "Alerts",
        "Alerts that fired and were acknowledged; and rules that were suspended, since their "
        "owners may not read what they see, or have too many alerts.",
        Unit.PER_S,
        (
            rate("feed_alert_firings_total", "fired"),
            rate("feed_alert_acknowledgements_total", "acknowledged"),
            rate("feed_alert_rules_suspended_total", "suspended"),
        ),
    ),
    Panel(
        "Alerts and webhooks that wait",
        "Alerts that nobody has acknowledged, and webhooks that are neither delivered nor given "
        "up: many of these are receivers that do not answer.",
        Unit.COUNT,
        (
            Query("feed_alert_firings_waiting<>", "{{instance}} {{worker}} alerts"),
            Query("feed_webhooks_waiting<>", "{{instance}} {{worker}} webhooks"),
        ),
    ),
    Panel(
        "Time spent on rules",
        "Share of all time in which the loop evaluates rules, before each cut. Over 0.1 there are "
        "too many rules on busy symbols.",
        Unit.SHARE,
        (rate("feed_alert_evaluation_seconds_total", ""),),
        thresholds=((0.1, RED),),
    ),
    Panel(
        "Time a tick",
        "How long a tick keeps the rules, on average over all ticks.",
        Unit.SECONDS,
        (
            Query(
                f"sum by (instance) ({_SECONDS}) / sum by (instance) ({_TICKS})",
                "{{instance}}",
            ),
        ),
        Kind.LOG,
    ),
    Panel(
        "Commit of alerts",
        "How long alerts that fired waited for the disk; they are told after it.",
        Unit.SECONDS,
        (
            quantile(0.5, "feed_alert_commit_seconds", "median"),
            quantile(0.99, "feed_alert_commit_seconds", "p99"),
        ),
        Kind.LOG,
    ),
    Panel(
        "Commits that failed",
        "Alerts that fire are not told while they cannot be committed: look at the disk "
        "of --state.",
        Unit.PER_S,
        (rate("feed_alert_commit_failures_total", ""),),
    ),
    Panel(
        "Webhooks",
        "Attempts to send one, by outcome. given_up: the log names the alert and why.",
        Unit.PER_S,
        (rate("feed_webhooks_total", "{{outcome}}", "outcome"),),
        Kind.STACK,
    ),
)
_JOBS = (
    Panel(
        "Jobs",
        "Jobs that are known, by state. Queued ones wait for --jobs-max-running; those that are "
        "over are forgotten after --jobs-keep-s.",
        Unit.COUNT,
        (Query("sum by (instance, state) (feed_jobs<>)", "{{instance}} {{state}}"),),
        Kind.STACK,
    ),
    Panel(
        "Jobs begun",
        "Jobs that were asked for, by kind and format; refused since as many are there as may be; "
        "and resumed after a restart.",
        Unit.PER_S,
        (
            rate("feed_jobs_started_total", "{{kind}} {{format}}", "kind", "format"),
            rate("feed_jobs_refused_total", "refused"),
            rate("feed_jobs_resumed_total", "resumed"),
        ),
    ),
    Panel(
        "Jobs ended",
        "Jobs that are over, by state; and those that failed, by code: disk_full, unwritable, "
        "crashed and not_started are about the machine, internal is a defect.",
        Unit.PER_S,
        (
            rate("feed_jobs_ended_total", "{{state}}", "state"),
            rate("feed_job_failures_total", "{{code}}", "code"),
        ),
    ),
    Panel(
        "Written by jobs",
        "Rows in the files of jobs, counted when they are done; and gaps: what the ring held no "
        "more, which the file tells.",
        Unit.PER_S,
        (rate("feed_job_rows_total", "rows"), rate("feed_job_gaps_total", "gaps")),
    ),
    Panel(
        "Bytes written by jobs",
        "Of files of jobs, counted when they are done.",
        Unit.BYTES_PER_S,
        (rate("feed_job_bytes_total", ""),),
    ),
    Panel(
        "Files of jobs",
        "Bytes that files of jobs have now, and the limit (--jobs-max-bytes): at it jobs fail "
        "(too_large), and others are refused.",
        Unit.BYTES,
        (
            Query("feed_job_file_bytes<>", "{{instance}} {{worker}} files"),
            Query("feed_job_file_limit_bytes<>", "{{instance}} {{worker}} limit"),
        ),
        Kind.LOG,
    ),
)
DESK = Row("7 · Desk", (*_ROOMS, *_ALERTS, *_JOBS))
