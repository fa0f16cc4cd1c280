"""Counting into buckets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.histogram import Histogram, quantile

VALUES = st.lists(st.integers(0, 1_000), max_size=60)


@given(bounds=st.sets(st.integers(0, 500), min_size=1, max_size=20), values=VALUES)
def test_each_bound_counts_what_is_at_or_below_it(bounds: set[int], values: list[int]) -> None:
    histogram = Histogram(sorted(bounds))
    for value in values:
        histogram.observe(value)
    together = Histogram(sorted(bounds))
    together.observe_all(values)
    assert together.counts == histogram.counts
    assert histogram.total == together.total == sum(values)
    assert histogram.count == len(values)
    for bound, count in histogram.cumulative():
        assert count == sum(bound is None or value <= bound for value in values)


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ([0, 0, 0, 0], 0.5, None),
        ([10, 0, 0, 0], 0.5, 5.0),
        ([0, 10, 0, 0], 0.5, 15.0),
        ([5, 0, 5, 0], 0.75, 30.0),
        ([0, 0, 0, 3], 0.5, 40.0),
        ([1, 0, 0, 0], 1.0, 10.0),
    ],
)
def test_quantiles_are_interpolated_as_prometheus_does(
    counts: list[int], share: float, expected: float | None
) -> None:
    assert quantile([10, 20, 40], counts, share) == expected
