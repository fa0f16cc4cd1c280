"""Every metric of the server: names, help texts, and where the numbers come from.

The rooms keep plain counters; they are read when Prometheus asks. Only histograms are filled as
things happen, one observation a lane and frame or a cut, never one a subscriber or tick. No label
grows with users or symbols.
"""

import time
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from feed.disconnect import Reason

if TYPE_CHECKING:  # the hub fills the instruments, so at run time the arrow points the other way
    from feed.server.hub import Hub
    from feed.server.ingest import Ingest

LAG_STEPS_TICKS = (1, 100, 1_000, 10_000)
_AGE_BUCKETS_S = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
_CUT_BUCKETS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5)
_BATCH_BUCKETS_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000)


class Instruments:
    """The histograms, in a registry of their own, so that a process can hold several servers."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.age = Histogram(
            "feed_write_age_seconds",
            "How old the oldest tick of a frame was, since it was ingested, when its lane's frame "
            "had been written to everybody. One observation a lane and frame.",
            buckets=_AGE_BUCKETS_S,
            registry=self.registry,
        )
        self.cut_seconds = Histogram(
            "feed_cut_seconds",
            "How long a cut took: encoding, joining, framing and writing to all live subscribers. "
            "While it runs, the event loop does nothing else.",
            buckets=_CUT_BUCKETS_S,
            registry=self.registry,
        )
        self.batch_ticks = Histogram(
            "feed_batch_ticks",
            "How many ticks a cut took together. Larger batches mean higher load or a fixed "
            "interval.",
            buckets=_BATCH_BUCKETS_TICKS,
            registry=self.registry,
        )
        self.loop_lag = Histogram(
            "feed_loop_lag_seconds",
            "How late the event loop was for a timer, looked at once a second or oftener. Over 0.1 "
            "the process is saturated.",
            buckets=_AGE_BUCKETS_S,
            registry=self.registry,
        )


class HubCollector(Collector):
    """Reads the hub's plain counters when it is scraped."""

    def __init__(self, hub: "Hub", ingest: "Ingest") -> None:
        self._hub = hub
        self._ingest = ingest

    def collect(self) -> Iterator[Metric]:
        """Yield every metric that is not a histogram."""
        yield from self._connections()
        yield from self._source()
        yield from self._ring()
        yield from self._lanes()
        yield from self._subscribers()
        yield from self._ladder()

    def _connections(self) -> Iterator[Metric]:
        hub = self._hub
        labels = ["transport", "codec"]
        now = GaugeMetricFamily(
            "feed_connections", "Subscribers connected now, by transport and codec.", labels=labels
        )
        open_now = Counter(
            (session.transport, session.subscriber.lane.payload.key.codec.name)
            for session in hub.sessions.values()
        )
        total = CounterMetricFamily(
            "feed_connections_opened",
            "Subscribers that connected since the start, by transport and codec.",
            labels=labels,
        )
        for labelled, count in hub.opened.items():
            now.add_metric(labelled, open_now[labelled])
            total.add_metric(labelled, count)
        yield now
        yield total
        ended = CounterMetricFamily(
            "feed_disconnects",
            "Subscribers that left or were disconnected, by reason. client_left is their own "
            "doing; slow and lagging are readers that could not keep up.",
            labels=["reason"],
        )
        for reason in Reason:
            ended.add_metric([reason.value.name], hub.ended[reason])
        yield ended
        resumes = CounterMetricFamily(
            "feed_resumes",
            "Positions that subscribers came back with, by outcome: replayed without loss, gap "
            "(the ring was too short), new_epoch (the server had restarted, or no such position).",
            labels=["outcome"],
        )
        for outcome in ("replayed", "gap", "new_epoch"):
            resumes.add_metric([outcome], hub.resumes[outcome])
        yield resumes

    def _source(self) -> Iterator[Metric]:
        ingest = self._ingest
        name = ingest.source.name
        ticks = CounterMetricFamily(
            "feed_ticks",
            "Ticks published into the ring, by source and kind (t trade, q quote, b and b1s bars, "
            "u corrected bar, s status).",
            labels=["source", "kind"],
        )
        for kind, count in self._hub.broadcast.ticks.items():
            ticks.add_metric([name, kind], count)
        yield ticks
        up = GaugeMetricFamily(
            "feed_source_up", "1 while the source is open and produces, else 0.", labels=["source"]
        )
        up.add_metric([name], ingest.up)
        yield up
        failures = CounterMetricFamily(
            "feed_source_failures",
            "How often the source died and had to be opened again.",
            labels=["source"],
        )
        failures.add_metric([name], ingest.failures)
        yield failures
        skipped = CounterMetricFamily(
            "feed_source_rows_skipped",
            "Rows of a recording that were left out, by reason.",
            labels=["source", "reason"],
        )
        for reason, count in ingest.source.rows_skipped.items():
            skipped.add_metric([name, reason], count)
        yield skipped
        yield from self._bars()
        waits = CounterMetricFamily(
            "feed_source_waits",
            "How often a source that can wait was held for the slowest lossless subscriber.",
            labels=["source"],
        )
        waits.add_metric([name], self._hub.waits)
        yield waits

    def _bars(self) -> Iterator[Metric]:
        bars = self._hub.broadcast.bars
        yield CounterMetricFamily(
            "feed_late_trades",
            "Trades of a second whose bar was published already; they correct it.",
            bars.late_trades,
        )
        yield CounterMetricFamily(
            "feed_stray_ticks",
            "Ticks whose event time is days away from all others: a broken clock. They are passed "
            "on and join no bar.",
            bars.stray_ticks,
        )

    def _ring(self) -> Iterator[Metric]:
        hub = self._hub
        ring = hub.broadcast.ring
        yield GaugeMetricFamily(
            "feed_ring_capacity_ticks", "How many ticks the ring buffer can hold.", ring.capacity
        )
        yield GaugeMetricFamily(
            "feed_ring_ticks", "How many ticks the ring buffer holds now.", len(ring)
        )
        yield GaugeMetricFamily(
            "feed_ring_oldest_age_seconds",
            "How long ago the oldest tick in the ring was ingested: who was away for longer cannot "
            "resume without a gap.",
            ring.oldest_age_ns(time.time_ns()) / 1e9,
        )
        yield CounterMetricFamily(
            "feed_ring_overruns",
            "How often a subscriber needed a tick that the ring no longer held.",
            hub.ladder.overruns,
        )
        yield GaugeMetricFamily(
            "feed_waiting_ticks",
            "Ticks that are published and not yet in a frame.",
            hub.broadcast.waiting_ticks,
        )

    def _lanes(self) -> Iterator[Metric]:
        labels = ["transport", "codec"]
        broadcast = self._hub.broadcast
        lanes = GaugeMetricFamily(
            "feed_lanes",
            "Different frames made per cut: groups of subscribers that get the same bytes.",
            labels=labels,
        )
        frames = CounterMetricFamily(
            "feed_frames",
            "Frames of ticks and feed messages written, counted once per subscriber.",
            labels=labels,
        )
        frame_bytes = CounterMetricFamily(
            "feed_frame_bytes", "Bytes of those frames as they went to the sockets.", labels=labels
        )
        now = Counter(
            (lane.framing.transport, lane.payload.key.codec.name) for lane in broadcast.lanes
        )
        for labelled, traffic in broadcast.traffic.items():
            lanes.add_metric(labelled, now[labelled])
            frames.add_metric(labelled, traffic.frames)
            frame_bytes.add_metric(labelled, traffic.frame_bytes)
        yield lanes
        yield frames
        yield frame_bytes
        yield GaugeMetricFamily(
            "feed_index_entries",
            "Symbols per channel that all different selections hold together.",
            broadcast.index_entries,
        )

    def _subscribers(self) -> Iterator[Metric]:
        hub = self._hub
        # Whoever is live is behind by the waiting ticks only, so just the others are looked at.
        lags = [session.subscriber.lag_ticks for session in hub.drain.behind]
        lagging = GaugeMetricFamily(
            "feed_lagging_subscribers",
            "Subscribers that are at least so many ticks behind the newest tick.",
            labels=["ticks"],
        )
        for step in LAG_STEPS_TICKS:
            lagging.add_metric([str(step)], sum(lag >= step for lag in lags))
        yield lagging
        yield GaugeMetricFamily(
            "feed_largest_lag_ticks",
            "How many ticks the subscriber that is furthest behind has not been given yet.",
            max(lags, default=0),
        )
        held = [subscriber.buffered_bytes() for subscriber in hub.sessions]
        yield GaugeMetricFamily(
            "feed_socket_buffer_bytes",
            "Bytes written that sockets have not taken yet, over all subscribers.",
            sum(held),
        )
        yield GaugeMetricFamily(
            "feed_largest_socket_buffer_bytes",
            "The most bytes that one subscriber's socket has not taken yet.",
            max(held, default=0),
        )

    def _ladder(self) -> Iterator[Metric]:
        counts = self._hub.ladder
        steps = CounterMetricFamily(
            "feed_ladder_steps",
            "Steps of slow subscribers down (and up) the ladder: paused (a frame could not be "
            "written), caught_up (live again without loss), gap (told that ticks are missing), "
            "lagging and slow (disconnected).",
            labels=["step"],
        )
        for step in ("paused", "caught_up", "gap", "lagging", "slow"):
            steps.add_metric([step], getattr(counts, step))
        yield steps
        yield CounterMetricFamily(
            "feed_gap_ticks",
            "Sequences that subscribers were told they will not get, over all gaps of this epoch.",
            counts.gap_ticks,
        )


def make_registry(hub: "Hub", ingest: "Ingest") -> CollectorRegistry:
    """Return the registry that `/metrics` exposes: the hub's, and the process's own."""
    registry = hub.instruments.registry
    registry.register(HubCollector(hub, ingest))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry
