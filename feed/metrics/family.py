"""How a metric is told to Prometheus: its name and help text, then its numbers by label values."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)

from feed.histogram import Histogram

NS_PER_S = 1_000_000_000
Labels = tuple[str, ...]
Numbers = Mapping[Labels, float]


@dataclass(frozen=True, slots=True)
class PlainFamily:
    """A counter or a gauge to be: `of` gives it its numbers."""

    make: type[CounterMetricFamily] | type[GaugeMetricFamily]
    name: str
    help: str

    def of(self, numbers: float | Numbers, *labels: str) -> Metric:
        """Make it of one number, or of one for each tuple of values of the labels."""
        family = self.make(self.name, self.help, labels=labels)
        for values, number in _items(numbers):
            family.add_metric(values, number)
        return family


@dataclass(frozen=True, slots=True)
class HistogramFamily:
    """A histogram to be: `of` gives it its counts."""

    name: str
    help: str

    def of_ns(self, histograms: Mapping[Labels, Histogram], *labels: str) -> Metric:
        """Make it, in seconds, of histograms in nanoseconds."""
        return self.of(histograms, *labels, unit=NS_PER_S)

    def of(self, histograms: Mapping[Labels, Histogram], *labels: str, unit: int) -> Metric:
        """Make it of a histogram for each tuple of values of the labels; `unit` of them is 1."""
        family = HistogramMetricFamily(self.name, self.help, labels=labels)
        for values, histogram in histograms.items():
            buckets = [
                ("+Inf" if bound is None else repr(bound / unit), count)
                for bound, count in histogram.cumulative()
            ]
            family.add_metric(values, buckets, sum_value=histogram.total / unit)
        return family


def counter(name: str, words: str) -> PlainFamily:
    """Begin a counter; Prometheus appends `_total` to its name."""
    return PlainFamily(CounterMetricFamily, name, words)


def gauge(name: str, words: str) -> PlainFamily:
    """Begin a gauge."""
    return PlainFamily(GaugeMetricFamily, name, words)


def histogram(name: str, words: str) -> HistogramFamily:
    """Begin a histogram."""
    return HistogramFamily(name, words)


def _items(numbers: float | Numbers) -> Iterable[tuple[Labels, float]]:
    return numbers.items() if isinstance(numbers, Mapping) else [((), numbers)]
