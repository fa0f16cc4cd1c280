"""Every metric of the server: names, help texts, and the origin of the numbers.

The rooms keep plain counters, which are read when Prometheus asks. Only histograms are filled as
things happen: one observation a lane and frame, a cut, or a list of a source, never one a
subscriber or tick. No label grows with users or symbols, and every value of a label is there from
the start: so the number of series is fixed, and a rate begins at 0. (Longer than 300 lines, since
all names are in one file; but for those of words, rooms, jobs and alerts, which have others.)
"""

import math
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import product

from prometheus_client.core import Metric

import feed
from feed.alerting.desk import Alerts
from feed.broadcast.resumption import Resume
from feed.generations.desk import Generations
from feed.hub.census import Census
from feed.hub.hub import Hub
from feed.hub.steps import Step
from feed.hub.waiting import TurnedAway
from feed.ingest.desk import Desk
from feed.ingest.runner import Ingest
from feed.ingest.side import Refusal
from feed.jobs.desk import Jobs
from feed.market.symbol_health import Health
from feed.market.ticks import Kind
from feed.metrics.alerts import alert_families
from feed.metrics.archive import archive_families
from feed.metrics.bus import bus_families
from feed.metrics.edges import edge_families
from feed.metrics.family import NS_PER_S, counter, gauge, histogram
from feed.metrics.jobs import job_families
from feed.metrics.rooms import room_families
from feed.metrics.words import words
from feed.reign.keeper import BusKeeper
from feed.rooms.desk import Rooms
from feed.sources.pushed.flaws import Flaw
from feed.sources.pushed.source import PushedSource
from feed.sources.replay import bad_rows
from feed.sources.source import Sequenced
from feed.sources.upstream.account import Account, ReadsServer
from feed.state.keeper import Keeper
from feed.state.recovery import Recovery
from feed.trust.certificate import Certificate
from feed.trust.identities import OUTCOMES
from feed.trust.watched_keys import Reload
from feed.wire.codec import CODECS
from feed.wire.disconnect import Reason
from feed.wire.generations.codecs import FOREIGN_CODECS
from feed.wire.limit import Limit
from feed.wire.messages import WarningReason
from feed.wire.transport import Transport

LAG_STEPS_TICKS = (1, 100, 1_000, 10_000)
_SERVED = (*product(Transport, CODECS), *product((Transport.SSE,), FOREIGN_CODECS))
_NO_SERVER = Account("")
_LADDER_STEPS = ("paused", "caught_up", "gap", "conflated", "lagging", "slow")


@dataclass(frozen=True, slots=True)
class Watched:
    """The sources of the numbers.

    Attributes:
        hub, ingest: they count.
        census: found just now by walking over all subscribers.
        lost_log_records: the number of records of the log that could not be written.
        rooms: where people talk.
        jobs: exports to files.
        alerts: rules on ticks, and their firings.
        certificate: of a server that encrypts by itself.
        keeper: of a server that keeps its state over restarts.
        desk: where producers push.
        generations: the answers of language models.
        bus: of a server that writes to one.
    """

    hub: Hub
    ingest: Ingest
    census: Census
    lost_log_records: int
    rooms: Rooms
    jobs: Jobs
    alerts: Alerts
    certificate: Certificate | None = None
    keeper: Keeper | None = None
    desk: Desk | None = None
    generations: Generations | None = None
    bus: BusKeeper | None = None


def families(watched: Watched) -> Iterator[Metric]:
    """Yield every metric of the server, in the order in which a tick goes."""
    hub = watched.hub
    yield gauge(
        "feed_build_info", "The version that runs, as labels, and its fan-out; always 1."
    ).of(
        {(feed.__version__, platform.python_version(), hub.broadcast.fan_out.engine.value): 1},
        *("version", "python", "fan_out"),
    )
    yield from _sources(watched)
    yield from _upstreams(watched)
    yield from _pushed(watched)
    yield from _following(watched)
    yield from edge_families(hub, watched.rooms)
    yield from archive_families(hub, watched.ingest)
    yield from _symbols(watched)
    yield from _ring(watched)
    yield from _state(watched)
    yield from bus_families(watched.bus)
    yield from _cuts(watched)
    yield from _lanes(watched)
    yield from _compression(watched)
    yield from _connections(watched)
    yield from _identities(watched)
    yield from _limits(watched)
    yield from _subscribers(watched)
    yield from _ladder(watched)
    yield from _warnings(watched)
    yield from _feedback(watched)
    yield from words(hub.broadcast, watched.generations)
    yield from room_families(watched.rooms, hub.settings)
    yield from job_families(watched.jobs, hub.settings)
    yield from alert_families(watched.alerts, hub.settings)
    yield from _loop(watched)


def _sources(watched: Watched) -> Iterator[Metric]:
    strands, sides = watched.ingest.strands, watched.ingest.sides
    yield counter(
        "feed_ticks",
        "Ticks published into the ring, by source and kind (t trade, q quote, b and b1s bars, u "
        "corrected bar, s status).",
    ).of(
        {(strand.name, kind): strand.ticks[kind] for strand in strands for kind in Kind},
        "source",
        "kind",
    )
    yield gauge("feed_source_up", "1 while the source is open and produces, else 0.").of(
        {(side.name,): side.up for side in sides}, "source"
    )
    yield gauge(
        "feed_source_finished",
        "1 once a recording has come to its end: it is not up, and nothing is wrong.",
    ).of({(side.name,): side.finished for side in sides}, "source")
    yield gauge(
        "feed_source_given_up",
        "1 once the source failed for good and is not opened again, such as where its server "
        "refuses the key, else 0.",
    ).of({(side.name,): side.given_up for side in sides}, "source")
    yield counter(
        "feed_source_failures", "How often the source died and had to be opened again."
    ).of({(side.name,): side.failures for side in sides}, "source")
    yield gauge(
        "feed_last_tick_timestamp_seconds",
        "When the source gave its newest tick, by this server's clock; before there was one, when "
        "the server began.",
    ).of({(side.name,): side.last_tick_wall_ns / NS_PER_S for side in sides}, "source")
    yield gauge(
        "feed_source_silence_limit_seconds",
        "After how long without any tick the source counts as silent: a multiple of its own usual "
        "gap between ticks. Infinite for a recording, which may pause.",
    ).of(
        {
            (side.name,): strand.health.silence_limit_ns / NS_PER_S
            if side.source.live
            else math.inf
            for strand in strands
            for side in strand.sides
        },
        "source",
    )
    yield histogram(
        "feed_source_age_seconds",
        "How old the oldest tick of a list was when it was ingested, since its own event time. One "
        "observation a list of a live source; recordings have none.",
    ).of_ns({(side.name,): side.ages for side in sides}, "source")
    yield counter("feed_source_rows_skipped", "Rows of a source that are no ticks, by reason.").of(
        {
            (side.name, reason): side.source.rows_skipped.get(reason, 0)
            for side in sides
            for reason in bad_rows.Flaw
        },
        "source",
        "reason",
    )
    yield counter(
        "feed_source_refused_ticks",
        "Ticks of a source that are not told, by reason: foreign (their symbol belongs to another "
        "source), unnamed (their symbol cannot be told by the name that it would have).",
    ).of(
        {(side.name, reason): side.refused[reason] for side in sides for reason in Refusal},
        "source",
        "reason",
    )
    yield counter(
        "feed_source_waits",
        "How often a source that can wait was held for the slowest lossless subscriber.",
    ).of({(strand.name,): strand.waits for strand in strands}, "source")
    yield counter(
        "feed_pair_ticks",
        "Ticks of each side of an A/B pair, by outcome: firsts (told), repeats (the other side had "
        "given them), missed (the other side gave them, and this one did not within the window). 0 "
        "without a pair.",
    ).of(
        {
            (side.name, outcome): number
            for strand in strands
            for side, counts in zip(strand.sides, strand.pair_counts, strict=True)
            for outcome, number in asdict(counts).items()
        },
        "source",
        "outcome",
    )


def _upstreams(watched: Watched) -> Iterator[Metric]:
    """Yield what became of connections to other servers; sources that read from none have zeros."""
    accounts = {
        side.name: side.source.account if isinstance(side.source, ReadsServer) else _NO_SERVER
        for side in watched.ingest.sides
    }
    yield counter(
        "feed_upstream_connections",
        "Connections of a source to its server that stood, by whether they resumed: went on where "
        "the one before had ended, or began with what came then.",
    ).of(
        {
            (name, outcome): number
            for name, account in accounts.items()
            for outcome, number in (
                ("resumed", account.resumed),
                ("anew", account.connections - account.resumed),
            )
        },
        "source",
        "outcome",
    )
    yield counter(
        "feed_upstream_ends",
        "Connections of a source to its server that ended or could not be made, by reason: "
        "unreachable, refused, closed, cut, unanswered (pings are not answered), silent (nothing "
        "was told for longer than the limit), malformed, too_large, out_of_sequence (sequences of "
        "a server that is followed did not add up).",
    ).of(
        {
            (name, end): number
            for name, account in accounts.items()
            for end, number in account.ends.items()
        },
        "source",
        "reason",
    )
    yield counter(
        "feed_upstream_refusals",
        "How often the source's server said no, by the dialect's error code; http: by the status "
        "of its answer.",
    ).of(
        {
            (name, code): number
            for name, account in accounts.items()
            for code, number in account.refusals.items()
        },
        "source",
        "code",
    )
    yield counter(
        "feed_upstream_gaps",
        "How often the source's server said that events which were due are not coming.",
    ).of({(name,): account.gaps for name, account in accounts.items()}, "source")
    yield counter(
        "feed_upstream_untold",
        "Events that the source's server told and that this one has no kind of ticks for, by the "
        "dialect's T.",
    ).of(
        {
            (name, kind): number
            for name, account in accounts.items()
            for kind, number in account.untold.items()
        },
        "source",
        "kind",
    )


def _pushed(watched: Watched) -> Iterator[Metric]:
    """Yield what became of batches; sources that nobody pushes into have zeros."""
    sides = [(side.name, side.source) for side in watched.ingest.sides]
    pushed = {name: source for name, source in sides if isinstance(source, PushedSource)}
    taken = {name: source.batches_taken for name, source in pushed.items()}
    again = {name: source.duplicates for name, source in pushed.items()}
    yield counter(
        "feed_push_batches",
        "Batches that were pushed to the source and are acknowledged, by outcome: applied, or "
        "duplicate (it was applied before, and is not again).",
    ).of(
        {
            (name, outcome): counted.get(name, 0)
            for name, _ in sides
            for outcome, counted in (("applied", taken), ("duplicate", again))
        },
        "source",
        "outcome",
    )
    yield counter(
        "feed_push_refused_batches",
        "Batches that were pushed to the source and are not taken, by reason.",
    ).of(
        {
            (name, flaw.value): pushed[name].refused[flaw] if name in pushed else 0
            for name, _ in sides
            for flaw in Flaw
        },
        "source",
        "reason",
    )
    desk = watched.desk
    yield gauge("feed_push_connections", "Connections over which many batches are pushed.").of(
        0 if desk is None else desk.visits
    )
    yield gauge(
        "feed_push_held_bytes", "Bytes of batches that are on their way and not yet applied."
    ).of(0 if desk is None else desk.held_bytes)


def _following(watched: Watched) -> Iterator[Metric]:
    """Yield how far behind the server that is followed this one is; zeros where it follows none."""
    relay = watched.hub.relay
    sources = [side.source for side in watched.ingest.sides]
    lag = sum(source.lag_events for source in sources if isinstance(source, Sequenced))
    yield gauge(
        "feed_follow_lag_events",
        "Events that the followed server is known to have and this one has not.",
    ).of(lag)
    yield gauge(
        "feed_follow_delay_seconds",
        "How long ago the followed server had ingested the newest event when it came here.",
    ).of(relay.delay_ns / NS_PER_S)
    yield counter(
        "feed_follow_missing_events",
        "Sequences that the followed server said are not coming; they are holes here.",
    ).of(relay.missing)
    yield counter("feed_follow_epochs", "Epochs of the followed server that began here.").of(
        relay.epochs
    )


def _symbols(watched: Watched) -> Iterator[Metric]:
    strands = watched.ingest.strands
    yield gauge(
        "feed_symbols",
        "Symbols that ever ticked, by source and health: live, stale (no tick for a multiple of "
        "its usual gap), halted, source_down (the source is silent or gone, so nothing is known).",
    ).of(
        {
            (strand.name, health): strand.health.counts[health]
            for strand in strands
            for health in Health
        },
        "source",
        "state",
    )
    yield counter(
        "feed_late_trades", "Trades of a second whose bar was published already; they correct it."
    ).of({(strand.name,): strand.bars.late_trades for strand in strands}, "source")
    yield counter(
        "feed_stray_ticks",
        "Ticks whose event time is days away from all others: a broken clock. They are passed on "
        "and join no bar.",
    ).of({(strand.name,): strand.bars.stray_ticks for strand in strands}, "source")


def _ring(watched: Watched) -> Iterator[Metric]:
    hub = watched.hub
    ring = hub.broadcast.ring
    yield gauge("feed_ring_capacity_ticks", "How many ticks the ring buffer can hold.").of(
        ring.capacity
    )
    yield gauge("feed_ring_ticks", "How many ticks the ring buffer holds now.").of(len(ring))
    yield gauge(
        "feed_ring_oldest_age_seconds",
        "How long ago the oldest tick in the ring was ingested: a subscriber that was away for "
        "longer cannot resume without a gap.",
    ).of(ring.oldest_age_ns(watched.census.mono_ns) / NS_PER_S)
    yield gauge(
        "feed_resume_window_seconds",
        "For how long a subscriber may be away and still resume without a gap, as promised in the "
        "settings.",
    ).of(hub.settings.resume_window_s)
    yield counter(
        "feed_ring_overruns",
        "How often a subscriber needed a tick that the ring no longer held.",
    ).of(hub.audience.ladder.overruns)
    yield gauge("feed_waiting_ticks", "Ticks that are published and not yet in a frame.").of(
        hub.broadcast.waiting_ticks
    )


def _state(watched: Watched) -> Iterator[Metric]:
    keeper = watched.keeper
    yield gauge(
        "feed_state_unlogged",
        "1 while a kill means a new epoch: the log of the state has a place where something was "
        "left out, or there is no checkpoint yet; else 0.",
    ).of(keeper is not None and keeper.writer.durable is None)
    yield gauge("feed_state_queued_bytes", "Bytes that wait to be written to the log.").of(
        0 if keeper is None else keeper.writer.queued_bytes
    )
    yield counter("feed_state_written_bytes", "Bytes written to the log of the state.").of(
        0 if keeper is None else keeper.writer.written_bytes
    )
    yield counter(
        "feed_state_untailed",
        "Cuts that had no room in the tail of the state: until they are in the log a kill takes "
        "them along, which is told as a gap.",
    ).of(0 if keeper is None else keeper.writer.untailed)
    yield gauge(
        "feed_state_unerased",
        "Deleted messages whose texts may still be in a file of the state, for a moment.",
    ).of(0 if keeper is None else keeper.eraser.pending)
    yield counter("feed_state_checkpoints", "Checkpoints written, by whether they could be.").of(
        {
            ("written",): 0 if keeper is None else keeper.checkpoints,
            ("failed",): 0 if keeper is None else keeper.failures,
        },
        "outcome",
    )
    yield gauge(
        "feed_state_recovery",
        "What became of the state that another process had left: 1 for the one that it was.",
    ).of(
        {(each,): keeper is not None and keeper.found.recovery is each for each in Recovery},
        "outcome",
    )


def _cuts(watched: Watched) -> Iterator[Metric]:
    instruments = watched.hub.instruments
    yield histogram(
        "feed_cut_seconds",
        "How long a cut took: encoding, joining, framing and writing to all live subscribers. "
        "While it runs, the event loop does nothing else.",
    ).of_ns({(): instruments.cut})
    yield histogram(
        "feed_batch_ticks",
        "How many ticks a cut took together. Larger batches mean higher load or a fixed interval.",
    ).of({(): instruments.batch_ticks}, unit=1)
    yield histogram(
        "feed_write_age_seconds",
        "How old the oldest tick of a frame was, since it was ingested, when its lane's frame had "
        "been written to everybody. One observation a lane and frame.",
    ).of_ns({(watched.ingest.name,): instruments.write_age}, "source")


def _lanes(watched: Watched) -> Iterator[Metric]:
    lanes, settings = watched.hub.broadcast.lanes, watched.hub.settings
    traffic = lanes.traffic
    yield gauge(
        "feed_lanes",
        "Different frames made per cut: groups of subscribers that get the same bytes.",
    ).of({served: lanes.counts[served] for served in _SERVED}, "transport", "codec")
    yield gauge(
        "feed_projections",
        "Different projections of ticks in use (fields), each with fragments of its own.",
    ).of(len(lanes.projections))
    yield gauge("feed_projections_limit", "The most that may be in use (max_projections).").of(
        settings.max_projections
    )
    yield counter(
        "feed_frames", "Frames of ticks and feed messages written, counted once per subscriber."
    ).of({served: traffic[served].frames for served in _SERVED}, "transport", "codec")
    yield counter("feed_frame_bytes", "Bytes of those frames as they went to the sockets.").of(
        {served: traffic[served].frame_bytes for served in _SERVED}, "transport", "codec"
    )
    yield counter(
        "feed_plain_bytes",
        "Bytes that those frames would have been without compression and framing.",
    ).of({served: traffic[served].plain_bytes for served in _SERVED}, "transport", "codec")
    yield gauge(
        "feed_index_entries", "Symbols per channel that all different selections hold together."
    ).of(lanes.index_entries)
    yield gauge(
        "feed_index_entries_limit", "The most of them that are let in (max_index_entries)."
    ).of(settings.max_index_entries)


def _compression(watched: Watched) -> Iterator[Metric]:
    budget = watched.hub.broadcast.lanes.budget
    yield gauge(
        "feed_compressor_memory_bytes", "Memory of the lanes' shared compressors together."
    ).of(budget.used_bytes)
    yield gauge(
        "feed_compressor_memory_limit_bytes",
        "The most memory that they may take; lanes beyond it compress every frame alone.",
    ).of(budget.maximum_bytes)
    yield counter(
        "feed_compressor_refusals",
        "How often a lane had to do without a shared compressor, since there was no memory left.",
    ).of(budget.refusals)
    yield counter(
        "feed_keyframes",
        "Compressed frames that refer to nothing before them, so that subscribers that joined, or "
        "missed a frame, can go on from there.",
    ).of(budget.keyframes)


def _connections(watched: Watched) -> Iterator[Metric]:
    hub = watched.hub
    yield gauge("feed_connections", "Subscribers connected now, by transport and codec.").of(
        {served: hub.connected[served] for served in _SERVED}, "transport", "codec"
    )
    yield gauge(
        "feed_connections_limit", "The most subscribers that are let in (max_connections)."
    ).of(hub.settings.max_connections)
    yield counter(
        "feed_connections_opened",
        "Subscribers that connected since the start, by transport and codec.",
    ).of({served: hub.opened[served] for served in _SERVED}, "transport", "codec")
    yield counter(
        "feed_disconnects",
        "Subscribers that left or were disconnected, by reason. client_left is their own doing; "
        "complete had all of an answer; slow and lagging are readers that could not keep up.",
    ).of({(reason.value.name,): hub.ended[reason] for reason in Reason}, "reason")
    waiting = hub.waiting
    yield gauge(
        "feed_waiting_connections",
        "Connections without a whole request: handshake of TLS, head until one has come, idle "
        "between two.",
    ).of(
        {
            ("handshake",): waiting.handshakes,
            ("head",): len(waiting.heads),
            ("idle",): len(waiting.idle),
        },
        "state",
    )
    yield gauge(
        "feed_unfinished_heads_bytes",
        "Bytes of requests' heads and WebSocket messages that are not whole, or not parsed yet, "
        "and of finite answers that are not taken.",
    ).of(waiting.held_bytes)
    yield counter(
        "feed_turned_away",
        "Connections that ended before a route answered, by reason: timeout (the head was not "
        "whole in time), crowded (others needed the room), too_large, malformed, host (asked for "
        "under a name that is not ours), pipelined (more came behind an endless request), rate "
        "(too many of one address), handshake (of TLS: too slow, too many, or none).",
    ).of({(why,): waiting.turned_away[why] for why in TurnedAway}, "reason")
    yield counter(
        "feed_resumes",
        "Positions that subscribers came back with, by outcome: replayed without loss, gap (the "
        "ring was too short), new_epoch (the server had restarted, or no such position).",
    ).of({(outcome,): hub.audience.resumes[outcome] for outcome in Resume}, "outcome")


def _identities(watched: Watched) -> Iterator[Metric]:
    identities = watched.hub.identities
    keys = identities.keys
    yield counter(
        "feed_credentials",
        "Credentials that were shown, or were due and not shown, by outcome: accepted, missing, "
        "malformed, unknown (no such key), wrong (another secret), forged (a token that no known "
        "key has signed), foreign (another issuer or audience), early, expired, revoked, "
        "unavailable (the signing keys could not be had). All are 0 where no identities are "
        "configured.",
    ).of({(outcome,): identities.outcomes[outcome] for outcome in OUTCOMES}, "outcome")
    yield gauge("feed_keys", "Keys in the keys file as it was read last.").of(
        0 if keys is None else len(keys.keys)
    )
    yield gauge(
        "feed_keys_file_broken",
        "1 while the keys file is not accepted, so that the keys before are still good, else 0.",
    ).of(0 if keys is None else keys.is_broken)
    yield counter(
        "feed_keys_reloads",
        "How often the keys file had changed, by what became of it: applied, or refused.",
    ).of({(each,): 0 if keys is None else keys.reloads[each] for each in Reload}, "outcome")
    certificate = watched.certificate
    yield gauge(
        "feed_certificate_broken",
        "1 while the certificate and its key, which have changed, are not accepted, so that new "
        "connections are given the one before, else 0.",
    ).of(0 if certificate is None else certificate.is_broken)
    yield counter(
        "feed_certificate_reloads",
        "How often the certificate or its key had changed, by what became of it: applied, or "
        "refused.",
    ).of(
        {(each,): 0 if certificate is None else certificate.reloads[each] for each in Reload},
        "outcome",
    )
    pair = None if certificate is None else certificate.pair
    end_ns = math.inf if pair is None or pair.end_wall_ns is None else pair.end_wall_ns
    yield gauge(
        "feed_certificate_expires_timestamp_seconds",
        "When the certificate ends that new connections are given, or what is above it in its "
        "file; +Inf without one.",
    ).of(end_ns / NS_PER_S)
    yield gauge(
        "feed_certificate_lifetime_seconds",
        "For how long that certificate is valid in all; +Inf without one.",
    ).of((end_ns - (0 if pair is None else pair.begin_wall_ns)) / NS_PER_S)


def _limits(watched: Watched) -> Iterator[Metric]:
    door = watched.hub.door
    yield counter(
        "feed_limited",
        "How often a limit had an effect: somebody was refused, turned away, or conflated. The "
        "limits, and what happens above each, stand in feed/trust/README.md.",
    ).of({(limit.label,): door.limited[limit] for limit in Limit}, "limit")
    memory = door.memory
    yield gauge(
        "feed_shared_memory_bytes",
        "Memory of subscribers together, as it was looked at last, by kind: compressors, buffers "
        "(what sockets and requests hold back), caches.",
    ).of(
        {
            ("compressors",): memory.compressors_bytes,
            ("buffers",): memory.buffers_bytes,
            ("caches",): memory.caches_bytes,
        },
        "kind",
    )
    yield gauge(
        "feed_shared_memory_limit_bytes",
        "Its limits: above soft nobody more is let in, above hard the slowest are dropped.",
    ).of({("soft",): memory.soft_bytes, ("hard",): memory.hard_bytes}, "level")


def _subscribers(watched: Watched) -> Iterator[Metric]:
    census = watched.census
    yield gauge(
        "feed_behind_subscribers",
        "Subscribers that are not live: paused, or catching up from the ring.",
    ).of(len(census.lags_ticks))
    yield gauge(
        "feed_lagging_subscribers",
        "Subscribers that are at least `ticks` ticks behind the newest one.",
    ).of(
        {(str(step),): sum(lag >= step for lag in census.lags_ticks) for step in LAG_STEPS_TICKS},
        "ticks",
    )
    yield gauge(
        "feed_largest_lag_ticks",
        "How many ticks the subscriber that is furthest behind has not been given yet.",
    ).of(max(census.lags_ticks, default=0))
    yield gauge(
        "feed_socket_buffer_bytes",
        "Bytes written that sockets have not taken yet, over all subscribers.",
    ).of(census.held_bytes)
    yield gauge(
        "feed_largest_socket_buffer_bytes",
        "The most bytes that one subscriber's socket has not taken yet.",
    ).of(census.largest_held_bytes)


def _ladder(watched: Watched) -> Iterator[Metric]:
    counts = watched.hub.audience.ladder
    yield counter(
        "feed_ladder_steps",
        "Steps of slow subscribers down (and up) the ladder: paused (a frame could not be "
        "written), caught_up (live again without loss), gap (told that ticks are missing), "
        "conflated (told that they come conflated), lagging and slow (disconnected).",
    ).of({(step,): getattr(counts, step) for step in _LADDER_STEPS}, "step")
    yield counter(
        "feed_gap_ticks",
        "Sequences that subscribers were told they will not get, over all gaps of this epoch.",
    ).of(counts.gap_ticks)


def _warnings(watched: Watched) -> Iterator[Metric]:
    counts = watched.hub.audience.warnings.counts
    yield counter(
        "feed_warnings",
        "Warnings that what was asked for does not come, by reason: unlisted (symbols that are not "
        "listed), silent_channel (the source gives nothing there), nothing (no symbol was named), "
        "not_granted (to whoever asked).",
    ).of({(reason,): counts[reason] for reason in WarningReason}, "reason")


def _feedback(watched: Watched) -> Iterator[Metric]:
    hub = watched.hub
    name = watched.ingest.name
    yield histogram(
        "feed_delivery_age_seconds",
        "How old ticks were when their readers had them, since their event, as a sample of the "
        "clients reports by their own clocks.",
    ).of_ns(
        {(name, transport): ages for transport, ages in hub.instruments.delivery_age.items()},
        "source",
        "transport",
    )
    yield counter(
        "feed_feedback",
        "Reports of clients on the age of ticks, by outcome: taken, over_budget (too many a "
        "second), not_live (a recording's ticks have no age).",
    ).of({(outcome,): count for outcome, count in hub.age_reports.outcomes.items()}, "outcome")


def _loop(watched: Watched) -> Iterator[Metric]:
    yield histogram(
        "feed_loop_lag_seconds",
        "How late the event loop was for a timer, looked at once a second or oftener. Over 0.1 the "
        "process is saturated.",
    ).of_ns({(): watched.hub.instruments.loop_lag})
    yield counter(
        "feed_log_records_lost",
        "Records of the log that could not be written: nobody reads standard error, or it is full.",
    ).of(watched.lost_log_records)
    steps = watched.hub.steps
    yield histogram(
        "feed_loop_step_seconds",
        "How much CPU time single steps of the event loop took, by what they did. While one runs, "
        "the loop does nothing else; none should take over 0.05.",
    ).of_ns({(step,): steps.lengths[step] for step in Step}, "step")
    yield gauge(
        "feed_longest_loop_step_seconds",
        "The longest of them since the start, by what they did.",
    ).of({(step,): longest_ns / NS_PER_S for step, longest_ns in steps.longest_ns.items()}, "step")
