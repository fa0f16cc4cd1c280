"""Intervals of conflation: read, rounded up to a step, and refused."""

import pytest

from feed.errors import InvalidParameter
from feed.market.intervals import INTERVALS_MS, format_interval, parse_interval


@pytest.mark.parametrize(
    ("text", "interval_ms"),
    [("50ms", 50), ("1ms", 50), ("51ms", 100), ("250ms", 250), ("1s", 1_000), ("3s", 5_000)],
)
def test_an_interval_is_rounded_up_to_a_step(text: str, interval_ms: int) -> None:
    assert parse_interval(text) == interval_ms


@pytest.mark.parametrize("text", ["0ms", "0s"])
def test_no_interval_means_lossless(text: str) -> None:
    assert parse_interval(text) == 0


@pytest.mark.parametrize(
    "text", ["", "250", "ms", "-1s", "1.5s", "6s", "9999999ms", "1m", 250, None]
)
def test_a_bad_interval_is_refused_with_the_steps(text: object) -> None:
    with pytest.raises(InvalidParameter, match=r"conflate: .* accepted: .*250ms.*5s") as refused:
        parse_interval(text)
    assert refused.value.value == text


@pytest.mark.parametrize("interval_ms", INTERVALS_MS)
def test_a_step_is_read_as_it_is_written(interval_ms: int) -> None:
    assert parse_interval(format_interval(interval_ms)) == interval_ms
