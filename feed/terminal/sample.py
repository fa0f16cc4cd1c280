"""Samples: the state of a server at one moment, and the changes between two of them.

Made of the answers to `/v1/status` and `/metrics`, and of who is the worst. Knows no server,
terminal or clock.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from prometheus_client.parser import text_string_to_metric_families
from pydantic import BaseModel, ValidationError

from feed.client.errors import Malformed
from feed.histogram import quantile
from feed.market.ticks import SECOND_NS
from feed.terminal.workers import counts
from feed.terminal.worst import Connection, worst_of


class RingStatus(BaseModel):
    """The ring buffer."""

    epoch: str
    capacity: int
    oldest: int
    newest: int
    oldest_age_s: float


class FeedStatus(BaseModel):
    """Whether ticks can come, and the reason where they cannot."""

    state: str
    reason: str


class PairStatus(BaseModel):
    """A side of a pair that tells one market."""

    of: str
    firsts: int
    repeats: int
    missed: int


class SourceStatus(BaseModel):
    """A source of ticks; older servers tell less of it."""

    name: str
    live: bool = False
    up: bool
    silent: bool = False
    finished: bool
    given_up: bool = False
    failures: int
    last_error: str
    refused: dict[str, int] = {}
    feed: FeedStatus | None = None
    pair: PairStatus | None = None


class StateStatus(BaseModel):
    """What is kept over restarts."""

    durable: str | None
    fault: str
    checkpoint_age_s: float | None
    holes: int


class ServerStatus(BaseModel):
    """The answer to `/v1/status`, as far as it is shown; see `feed.http.status`."""

    version: str
    uptime_s: float
    leaving: bool
    source: SourceStatus
    sources: list[SourceStatus] = []
    ring: RingStatus
    feed: FeedStatus
    state: StateStatus | None = None
    symbols: dict[str, int]
    resume_window_s: float
    connections: dict[str, int]
    behind: int
    largest_lag_ticks: int
    lanes: int


class Metrics:
    """The answer to `/metrics`."""

    __slots__ = ("_samples",)

    def __init__(self, text: str) -> None:
        """Read the text format.

        Raises:
            Malformed: it is something else.
        """
        self._samples: dict[str, list[tuple[Mapping[str, str], float]]] = defaultdict(list)
        try:
            for family in text_string_to_metric_families(text):
                for sample in family.samples:
                    if not counts(sample.name, sample.labels.get("worker")):
                        continue
                    self._samples[sample.name].append((sample.labels, sample.value))
        except ValueError as error:
            raise Malformed(f"metrics are not in Prometheus' text format: {error}") from None

    def total(self, name: str, **labels: str) -> float | None:
        """Return a metric, summed over the series with these labels; None: there is none."""
        values = [
            value
            for series, value in self._samples.get(name, ())
            if labels.items() <= series.items()
        ]
        return sum(values) if values else None

    def labels(self, name: str, label: str) -> list[str]:
        """Return the values that a label of a metric has, in the order of the text."""
        return list(dict.fromkeys(series[label] for series, _ in self._samples.get(name, ())))

    def buckets(self, name: str) -> dict[float, float]:
        """Return how many observations were at most each bound, summed over all series."""
        counts: dict[float, float] = defaultdict(float)
        for series, value in self._samples.get(f"{name}_bucket", ()):
            counts[float(series["le"])] += value
        return dict(sorted(counts.items()))


@dataclass(frozen=True, slots=True)
class Sample:
    """The state of a server.

    Attributes:
        mono_ns: the time of the request.
        status, metrics: its answers.
        worst: its worst connections; None: that is not for us.
    """

    mono_ns: int
    status: ServerStatus
    metrics: Metrics
    worst: Sequence[Connection] | None = None

    @classmethod
    def of(
        cls,
        mono_ns: int,
        status: Mapping[str, Any],
        metrics: str,
        worst: Mapping[str, Any] | None = None,
    ) -> Self:
        """Read a server's answers.

        Raises:
            Malformed: they are not answers of a feed server.
        """
        try:
            read = ServerStatus.model_validate(status)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise Malformed(f"/v1/status: {where}: {first['msg']}") from None
        return cls(mono_ns, read, Metrics(metrics), None if worst is None else worst_of(worst))

    @property
    def run(self) -> tuple[str, float | None]:
        """A value that differs when the server was started again: counters begin at zero then."""
        return self.status.ring.epoch, self.metrics.total("process_start_time_seconds")


@dataclass(frozen=True, slots=True)
class Span:
    """The time between two samples of one run.

    Attributes:
        first, last: the samples; the same one, where there is only one yet.
    """

    first: Sample
    last: Sample

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.last.mono_ns - self.first.mono_ns) / SECOND_NS

    def rate(self, name: str, **labels: str) -> float | None:
        """Return how fast a counter grew, a second; None where that is not known yet."""
        before = self.first.metrics.total(name, **labels)
        now = self.last.metrics.total(name, **labels)
        if before is None or now is None or not self.seconds:
            return None
        return (now - before) / self.seconds

    def quantile_s(self, name: str, share: float) -> float | None:
        """Return a quantile of a histogram of seconds; None: it observed nothing."""
        now, before = self.last.metrics.buckets(name), self.first.metrics.buckets(name)
        new = [count - before.get(bound, 0.0) for bound, count in now.items()]
        counts = [int(each - below) for each, below in zip(new, [0.0, *new], strict=False)]
        bounds_ns = [round(bound * SECOND_NS) for bound in list(now)[:-1]]
        value_ns = quantile(bounds_ns, counts, share) if counts else None
        return None if value_ns is None else value_ns / SECOND_NS
