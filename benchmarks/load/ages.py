"""Ages of ticks at the reader, as HDR histograms and as the percentiles that are reported."""

from dataclasses import dataclass
from datetime import datetime

from hdrh.histogram import HdrHistogram

HIGHEST_US = 120_000_000  # two minutes; anything older is counted there
SIGNIFICANT_FIGURES = 3
_NS_PER_US = 1_000
_US_PER_MS = 1_000.0


@dataclass(frozen=True, slots=True)
class AgeSummary:
    """Percentiles of ages in milliseconds; all 0 where `count` is."""

    count: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    p999_ms: float
    max_ms: float


class Ages:
    """Ages recorded in an interval and in all."""

    def __init__(self) -> None:
        self._interval = HdrHistogram(1, HIGHEST_US, SIGNIFICANT_FIGURES)
        self._all = HdrHistogram(1, HIGHEST_US, SIGNIFICANT_FIGURES)

    def record(self, age_ns: int) -> None:
        """Record one age; one below a microsecond (clocks, rounding) counts as that."""
        self._interval.record_value(min(max(age_ns // _NS_PER_US, 1), HIGHEST_US))

    def interval(self) -> AgeSummary:
        """Return the percentiles since the last call, and begin anew."""
        summary = _summary(self._interval)
        self._all.add(self._interval)
        self._interval.reset()
        return summary

    def total(self) -> AgeSummary:
        """Return the percentiles of all that has been recorded since `restart`."""
        self.interval()
        return _summary(self._all)

    def restart(self) -> None:
        """Forget everything: the steady window begins."""
        self._interval.reset()
        self._all.reset()


def _summary(histogram: HdrHistogram) -> AgeSummary:
    count = histogram.get_total_count()
    if not count:
        return AgeSummary(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    values = histogram.get_percentile_to_value_dict([50, 90, 99, 99.9])
    milliseconds = {percentile: value / _US_PER_MS for percentile, value in values.items()}
    return AgeSummary(
        count=count,
        p50_ms=milliseconds[50],
        p90_ms=milliseconds[90],
        p99_ms=milliseconds[99],
        p999_ms=milliseconds[99.9],
        max_ms=histogram.get_max_value() / _US_PER_MS,
    )


class Rfc3339:
    """Reads time stamps, remembering the last whole second: ticks come in order."""

    def __init__(self) -> None:
        self._second = ""
        self._second_ns = 0

    def parse_ns(self, text: str) -> int:
        """Return nanoseconds since the Unix epoch of `2026-11-20T05:16:56.857123456Z`."""
        second = text[:19]
        if second != self._second:
            self._second_ns = int(datetime.fromisoformat(f"{second}+00:00").timestamp()) * 10**9
            self._second = second
        fraction = text[20:-1]
        return self._second_ns + (int(fraction.ljust(9, "0")) if fraction else 0)
