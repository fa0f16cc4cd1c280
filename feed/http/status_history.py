"""The last fifteen minutes, which `/status` draws for people without Grafana.

A sample every five seconds of the numbers behind the metrics: rates are differences, ages are
quantiles of the observations in between. 180 samples of 26 numbers, under any load.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from feed.histogram import Histogram, quantile
from feed.http.answer_models import StatusHistoryAnswer
from feed.hub.census import Census, take_census
from feed.hub.hub import Hub
from feed.ingest.runner import Ingest
from feed.market.symbol_health import Health
from feed.wire.transport import Transport

SAMPLE_S = 5.0
WINDOW_S = 900.0
_NS_PER_S = 1_000_000_000
_MEMORY = Path("/proc/self/statm")  # Linux; elsewhere the page leaves the line out
_PAGE_BYTES = 4_096

Sample = dict[str, float | None]


class StatusHistory:
    """The samples, and the task that takes them."""

    def __init__(self, hub: Hub, ingest: Ingest, sample_s: float = SAMPLE_S) -> None:
        """Begin without samples.

        Args:
            hub: counts what is served.
            ingest: counts what comes in.
            sample_s: between two samples.
        """
        self._sample_s = sample_s
        self._most_samples = int(WINDOW_S / sample_s)
        self._hub = hub
        self._ingest = ingest
        instruments = hub.instruments
        self._ages = {
            "source_age": _Since(instruments.source_ages.values()),
            "write_age": _Since([instruments.write_age]),
            "delivery_age": _Since(instruments.delivery_age.values()),
            "loop_lag": _Since([instruments.loop_lag]),
        }
        self._times_s: deque[float] = deque(maxlen=self._most_samples)
        self._samples: dict[str, deque[float | None]] = {}
        self._totals = self._count()
        self._sampled_ns = hub.clock.mono_ns()

    async def run(self) -> None:
        """Take a sample every five seconds, for ever."""
        while True:
            await asyncio.sleep(self._sample_s)
            self.sample(await take_census(self._hub))

    def sample(self, census: Census) -> None:
        """Take one sample, when the subscribers have just been looked at."""
        passed_s = max(census.mono_ns - self._sampled_ns, 1) / _NS_PER_S
        self._sampled_ns = census.mono_ns
        totals = self._count()
        sample: Sample = {
            name: (total - self._totals[name]) / passed_s for name, total in totals.items()
        }
        self._totals = totals
        for name, since in self._ages.items():
            counts = since.counts()
            for words, share in (("p50", 0.5), ("p99", 0.99)):
                sample[f"{name}_{words}_s"] = since.quantile_s(counts, share)
        sample |= self._measure(census)
        self._times_s.append(self._hub.clock.wall_ns() / _NS_PER_S)
        for name, number in sample.items():
            self._samples.setdefault(name, deque(maxlen=self._most_samples)).append(number)

    def document(self) -> StatusHistoryAnswer:
        """Return the samples as `GET /v1/status/history` answers them.

        `times` are seconds since 1970; each of `series` has a number, or None, for each of them.
        """
        return {
            "sample_s": self._sample_s,
            "window_s": WINDOW_S,
            "times": list(self._times_s),
            "series": {name: list(numbers) for name, numbers in self._samples.items()},
        }

    def _count(self) -> dict[str, float]:
        """Return totals, whose differences are rates."""
        hub = self._hub
        traffic = list(hub.broadcast.lanes.traffic.values())
        ladder = hub.audience.ladder
        return {
            "ticks_per_s": sum(hub.broadcast.ticks.values()),
            "frames_per_s": sum(each.frames for each in traffic),
            "frame_bytes_per_s": sum(each.frame_bytes for each in traffic),
            "plain_bytes_per_s": sum(each.plain_bytes for each in traffic),
            "paused_per_s": ladder.paused,
            "caught_up_per_s": ladder.caught_up,
            "gaps_per_s": ladder.gap,
            "dropped_per_s": ladder.lagging + ladder.slow,
            "resumes_per_s": hub.audience.resumes.total(),
            "cpu_share": time.process_time(),
        }

    def _measure(self, census: Census) -> Sample:
        """Return the census of this moment."""
        hub, counts = self._hub, self._ingest.symbols
        newest_ns = max(strand.last_tick_mono_ns for strand in self._ingest.strands)
        connected = dict.fromkeys((transport.value for transport in Transport), 0)
        for (transport, _), count in hub.connected.items():
            connected[transport] += count
        return {
            "silent_s": (census.mono_ns - newest_ns) / _NS_PER_S,
            "ring_window_s": hub.broadcast.ring.oldest_age_ns(census.mono_ns) / _NS_PER_S,
            **connected,
            "behind": len(census.lags_ticks),
            "largest_lag_ticks": max(census.lags_ticks, default=0),
            "stale": counts[Health.STALE],
            "halted": counts[Health.HALTED],
            "source_down": counts[Health.SOURCE_DOWN],
            "memory_bytes": _memory_bytes(),
        }


class _Since:
    """The observations of some histograms, of the same bounds, since they were last asked for."""

    def __init__(self, histograms: Iterable[Histogram]) -> None:
        self._histograms = list(histograms)
        self._seen = self._sum()

    def counts(self) -> list[int]:
        """Return the new observations per bucket."""
        before, self._seen = self._seen, self._sum()
        return [now - then for now, then in zip(self._seen, before, strict=True)]

    def quantile_s(self, counts: list[int], share: float) -> float | None:
        value_ns = quantile(self._histograms[0].bounds, counts, share)
        return None if value_ns is None else value_ns / _NS_PER_S

    def _sum(self) -> list[int]:
        return [
            sum(counts) for counts in zip(*(each.counts for each in self._histograms), strict=True)
        ]


def _memory_bytes() -> float | None:
    """Return how much memory the process has, where that is known."""
    with suppress(OSError, ValueError, IndexError):
        return int(_MEMORY.read_text().split()[1]) * _PAGE_BYTES
    return None
