"""Subscribers: those that are there, are behind, were lost and came back."""

from grafana.ages import rate
from grafana.house import AMBER, RED, Board, Kind, Panel, Query, Row, Unit

_THERE = Row(
    "Who is there",
    (
        Panel(
            "Connected",
            "Subscribers by transport and codec.",
            Unit.COUNT,
            (
                Query(
                    "sum by (instance, transport, codec) (feed_connections<>)",
                    "{{instance}} {{transport}} {{codec}}",
                ),
            ),
            Kind.STACK,
        ),
        Panel(
            "Coming and going",
            "Connections opened, and ended for whatever reason. Both high: somebody is in a loop.",
            Unit.PER_S,
            (
                rate("feed_connections_opened_total", "opened"),
                rate("feed_disconnects_total", "ended"),
            ),
        ),
        Panel(
            "Room for more",
            "Connections and their limit; beyond it everybody is told 406 and to come back later.",
            Unit.COUNT,
            (
                Query("sum by (instance) (feed_connections<>)", "{{instance}} connected"),
                Query("feed_connections_limit<>", "{{instance}} {{worker}} limit"),
            ),
            Kind.LOG,
        ),
    ),
)
_BEHIND = Row(
    "Who is behind",
    (
        Panel(
            "Behind by at least so many ticks",
            "A reader is behind when its socket was full; it catches up from the ring.",
            Unit.COUNT,
            (
                Query(
                    "sum by (instance, ticks) (feed_lagging_subscribers<>)",
                    "{{instance}} ≥ {{ticks}} ticks",
                ),
            ),
        ),
        Panel(
            "Largest lag ÷ ring",
            "How much of the ring the slowest reader is behind by. At 1 it is overrun, and goes "
            "down the ladder.",
            Unit.SHARE,
            (
                Query(
                    "max by (instance) (feed_largest_lag_ticks<>)"
                    " / max by (instance) (feed_ring_capacity_ticks<>)",
                    "{{instance}}",
                ),
            ),
            thresholds=((0.5, AMBER), (0.9, RED)),
        ),
        Panel(
            "Held in sockets",
            "Bytes written that the sockets have not taken: over all subscribers, and the most of "
            "one.",
            Unit.BYTES,
            (
                Query("feed_socket_buffer_bytes<>", "{{instance}} {{worker}} all"),
                Query("feed_largest_socket_buffer_bytes<>", "{{instance}} {{worker}} largest"),
            ),
        ),
        Panel(
            "Ladder",
            "Steps of slow readers: paused, caught up again, told of a gap, and dropped as lagging "
            "or slow.",
            Unit.PER_S,
            (rate("feed_ladder_steps_total", "{{step}}", "step"),),
            width=12,
        ),
        Panel(
            "Ticks in gaps",
            "Sequences that subscribers were told they will not get.",
            Unit.PER_S,
            (rate("feed_gap_ticks_total", ""),),
            width=12,
        ),
    ),
)
_LOST = Row(
    "Who was lost, and came back",
    (
        Panel(
            "Ended, by reason",
            "client_left is their own doing; complete had all of an answer. slow and lagging could "
            "not keep up; unresponsive did not answer a ping; the others broke a rule or a limit.",
            Unit.PER_S,
            (rate("feed_disconnects_total", "{{reason}}", "reason"),),
            width=12,
        ),
        Panel(
            "Resumes, by outcome",
            "Positions that subscribers came back with: replayed without loss, gap (the ring was "
            "too short), new_epoch (the server had restarted).",
            Unit.PER_S,
            (rate("feed_resumes_total", "{{outcome}}", "outcome"),),
            width=12,
        ),
    ),
)

_WAITING = Row(
    "Who has not asked for anything",
    (
        Panel(
            "Connections without a request",
            "handshake: of TLS. head: the head of a request is not whole yet, the first one "
            "included. idle: between two requests. Above max_waiting_connections the one that "
            "waited longest is closed.",
            Unit.COUNT,
            (
                Query(
                    "sum by (instance, state) (feed_waiting_connections<>)",
                    "{{instance}} {{state}}",
                ),
            ),
            width=8,
        ),
        Panel(
            "Unfinished heads and messages",
            "Bytes that are held of what is not whole; above max_unfinished_heads_bytes the "
            "oldest is closed.",
            Unit.BYTES,
            (Query("feed_unfinished_heads_bytes<>", "{{instance}} {{worker}}"),),
            width=8,
        ),
        Panel(
            "Turned away, by reason",
            "Connections that ended before a route answered: too slow, too large, not HTTP, for "
            "another host, or closed to make room.",
            Unit.PER_S,
            (rate("feed_turned_away_total", "{{reason}}", "reason"),),
            width=8,
        ),
        Panel(
            "Warnings",
            "Told to subscribers that ask for what does not come: symbols that are not listed, "
            "channels on which the source gives nothing, no symbol at all.",
            Unit.PER_S,
            (rate("feed_warnings_total", "{{reason}}", "reason"),),
            width=12,
        ),
    ),
)
_CREDENTIALS = Row(
    "Who may come in",
    (
        Panel(
            "Credentials, by outcome",
            "What was shown, or was due and not shown. Many that are unknown or wrong: somebody "
            "guesses, or has an old key. All are 0 where no identities are configured.",
            Unit.PER_S,
            (rate("feed_credentials_total", "{{outcome}}", "outcome"),),
            width=12,
        ),
        Panel(
            "Keys",
            "Keys in the keys file, and 1 while a file that changed is not accepted.",
            Unit.COUNT,
            (
                Query("feed_keys<>", "{{instance}} {{worker}} keys"),
                Query("feed_keys_file_broken<>", "{{instance}} {{worker}} broken"),
                Query("feed_certificate_broken<>", "{{instance}} {{worker}} certificate broken"),
            ),
            width=8,
        ),
        Panel(
            "Reloads of keys and certificate",
            "Applied, or refused: then those before are still good.",
            Unit.PER_S,
            (
                rate("feed_keys_reloads_total", "keys {{outcome}}", "outcome"),
                rate("feed_certificate_reloads_total", "certificate {{outcome}}", "outcome"),
            ),
            width=4,
        ),
        Panel(
            "Left of the certificate",
            "Until it ends, of servers that encrypt by themselves.",
            Unit.SECONDS,
            (
                Query(
                    "feed_certificate_expires_timestamp_seconds<> - time() < Inf",
                    "{{instance}}",
                ),
            ),
            thresholds=((0.0, RED), (86_400.0, AMBER)),
            width=12,
        ),
        Panel(
            "Left of its life",
            "Below 0.15, or two weeks, it is told: most are renewed at a third.",
            Unit.SHARE,
            (
                Query(
                    "(feed_certificate_expires_timestamp_seconds<> - time() < Inf)"
                    " / feed_certificate_lifetime_seconds<>",
                    "{{instance}}",
                ),
            ),
            width=12,
        ),
    ),
)

_LIMITS = Row(
    "What is limited",
    (
        Panel(
            "Limits that had an effect",
            "Somebody was refused, turned away, or conflated, by limit. What each means, and what "
            "happens above it, stands in feed/trust/README.md.",
            Unit.PER_S,
            (rate("feed_limited_total", "{{limit}}", "limit"),),
            width=12,
        ),
        Panel(
            "Memory of subscribers",
            "Compressors, what sockets hold back, and caches. Above the soft limit nobody more is "
            "let in; above the hard one those that hold the most are dropped.",
            Unit.BYTES,
            (
                Query("feed_shared_memory_bytes<>", "{{instance}} {{worker}} {{kind}}"),
                Query(
                    "feed_shared_memory_limit_bytes<>", "{{instance}} {{worker}} {{level}} limit"
                ),
            ),
            Kind.LOG,
            width=12,
        ),
    ),
)

BOARD = Board(
    "feed-subscribers",
    "Subscribers",
    "Lag, the ladder of slow readers, reasons for disconnects, resumes.",
    (_THERE, _BEHIND, _LOST, _WAITING, _CREDENTIALS, _LIMITS),
)
