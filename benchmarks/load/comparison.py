"""Comparisons of rows, round by round, and the reason why two of them cannot be compared.

Samples of the same round ran one after another on the same machine. A ratio leaves out samples that
have not its figure (0: CPU time of processes that are not known, ages of nothing).
"""

import statistics
from collections.abc import Callable

from .outcome import Metric, Row, Sample, Spread, cpu_share, cpu_us, payload_bytes, payloads_per_s
from .plan import Interval

EQUAL_SHARE = 0.03  # frames whose mean lengths differ by more are not the same work
_US_PER_S = 1e6
_FEW = 4  # ratios, of which quartiles say nothing


def compare(above: Row, below: Row, metric: Metric = cpu_us) -> Spread | None:
    """Return the ratio of a metric, round by round; None where a row has nothing."""
    return _ratios(_pairs(above, below), metric, metric)


def difference(above: Row, below: Row, metric: Metric) -> Spread | None:
    """Return the difference of a metric, round by round; None where a row has nothing."""
    found = [metric(mine) - metric(other) for mine, other in _pairs(above, below)]
    return Spread.of(found) if found else None


def compare_net(above: Row, without: Row, below: Row) -> Spread | None:
    """Return the ratio of CPU time per frame, where the cost of a bare server is taken off ours.

    Args:
        above: our server with its subscribers.
        without: the same server with the same ticks and nobody who reads them.
        below: a loop that does nothing but send, from which nothing is to be taken off.
    """
    fixed = {sample.round: cpu_share(sample) for sample in without.samples}

    def net_us(sample: Sample) -> float:
        frames_per_s = payloads_per_s(sample)
        share = cpu_share(sample) - fixed[sample.round]
        return share * _US_PER_S / frames_per_s if frames_per_s else 0.0

    pairs = [pair for pair in _pairs(above, below) if fixed.get(pair[0].round)]
    return _ratios(pairs, net_us, cpu_us)


def compare_crowds(above: Row, below: Row, without: Row) -> Spread | None:
    """Return the ratio of CPU time per frame of two crowds, each the first group of its server.

    Whoever else is there gets the same from all three.

    Args:
        above: our server with the one crowd.
        below: with the other.
        without: without a crowd; what that costs is taken off both.
    """
    fixed = {sample.round: cpu_share(sample) for sample in without.samples}

    def net_us(sample: Sample) -> float:
        share = cpu_share(sample) - fixed[sample.round]
        frames_per_s = sample.readers.frames / sample.result.seconds
        return share * _US_PER_S / frames_per_s if frames_per_s else 0.0

    pairs = [pair for pair in _pairs(above, below) if pair[0].round in fixed]
    return _ratios(pairs, net_us, net_us)


def compare_intervals(above: Row, below: Row) -> Spread | None:
    """Return the ratio of CPU time per frame of rows side by side: its median and quartiles.

    They are compared interval by interval, of all rounds.
    """
    ratios = [
        mine / other
        for pair in _pairs(above, below)
        for mine, other in zip(
            *(map(_cost, sample.result.intervals) for sample in pair), strict=True
        )
        if mine and other
    ]
    if len(ratios) < _FEW:
        return Spread.of(ratios) if ratios else None
    low, median, high = statistics.quantiles(ratios, n=4)
    return Spread(median, low, high)


def _cost(interval: Interval) -> float:
    """Return the CPU time per frame in an interval, in units of its length."""
    return interval.server_cpu_share / interval.frames if interval.frames else 0.0


def unequal_frames(above: Row, below: Row) -> str:
    """Return why a frame of one row is not the work of a frame of the other, or ""."""
    ratio = compare(above, below, payload_bytes)
    if ratio is None or abs(ratio.median - 1) <= EQUAL_SHARE:
        return ""
    sizes = [f"{row.median(payload_bytes):,.0f}" for row in (above, below)]
    return (
        f"frames of {' and '.join(sizes)} B differ by {abs(ratio.median - 1):.1%}; "
        f"compared are those that differ by at most {EQUAL_SHARE:.0%}"
    )


def _pairs(above: Row, below: Row) -> list[tuple[Sample, Sample]]:
    others = {sample.round: sample for sample in below.samples}
    return [(each, others[each.round]) for each in above.samples if each.round in others]


def _ratios(
    pairs: list[tuple[Sample, Sample]],
    above: Callable[[Sample], float],
    below: Callable[[Sample], float],
) -> Spread | None:
    figures = [(above(mine), below(other)) for mine, other in pairs]
    ratios = [mine / other for mine, other in figures if mine and other]
    return Spread.of(ratios) if ratios else None
