"""How a server was, and what happened between two moments."""

from typing import Any

import pytest

from feed.client.errors import Malformed
from feed.market.ticks import SECOND_NS
from feed.terminal.sample import Metrics, Sample, Span
from tests.terminal.answers import STATUS, metrics


def sample_at(second: int, trades: int = 0, fast: int = 0, slow: int = 0) -> Sample:
    text = metrics(trades, fast, slow)
    return Sample.of(second * SECOND_NS, STATUS, text)


def test_metrics_are_summed_over_the_series_that_are_asked_for() -> None:
    read = sample_at(0, trades=5).metrics
    assert read.total("feed_ticks_total") == 15
    assert read.total("feed_ticks_total", kind="t") == 5
    assert read.total("feed_ticks_total", kind="z") is None
    assert read.total("feed_unheard_of") is None


def test_labels_are_in_the_order_of_the_text() -> None:
    read = sample_at(0).metrics
    assert read.labels("feed_ticks_total", "kind") == ["t", "q"]
    assert read.labels("feed_age_seconds_bucket", "transport") == ["websocket", "sse"]
    assert read.labels("feed_unheard_of", "kind") == []


@pytest.mark.parametrize("text", ["<html>no metrics here</html>", 'feed_ticks_total{kind="t" 5\n'])
def test_what_is_no_metric_is_malformed(text: str) -> None:
    with pytest.raises(Malformed, match="metrics are not in Prometheus' text format"):
        Metrics(text)


def test_a_rate_is_what_a_counter_grew_a_second() -> None:
    span = Span(sample_at(10, trades=100), sample_at(14, trades=300))
    assert span.rate("feed_ticks_total") == 50
    assert span.rate("feed_ticks_total", kind="q") == 0
    assert span.rate("feed_unheard_of") is None


def test_of_one_sample_no_rate_and_no_age_is_known() -> None:
    only = sample_at(10, trades=100, fast=5)
    assert Span(only, only).rate("feed_ticks_total") is None
    assert Span(only, only).quantile_s("feed_age_seconds", 0.5) is None


def test_a_quantile_is_of_what_was_observed_in_between() -> None:
    span = Span(sample_at(0, fast=1_000), sample_at(1, fast=1_000, slow=10))
    assert span.quantile_s("feed_age_seconds", 0.5) == pytest.approx(0.55)
    span = Span(sample_at(0, slow=1_000), sample_at(1, fast=10, slow=1_000))
    assert span.quantile_s("feed_age_seconds", 0.5) == pytest.approx(0.05)
    assert span.quantile_s("feed_unheard_of_seconds", 0.5) is None


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "version: Field required"),
    ({**STATUS, "source": {**STATUS["source"], "up": "perhaps"}}, "source.up: "),
    ({**STATUS, "behind": None}, "behind: "),
]


@pytest.mark.parametrize(("status", "words"), WRONG)
def test_a_status_that_is_none_is_malformed(status: dict[str, Any], words: str) -> None:
    with pytest.raises(Malformed, match=f"^/v1/status: {words}"):
        Sample.of(0, status, "")


def test_runs_differ_by_epoch_and_by_when_the_process_began() -> None:
    begun = sample_at(0)
    ring = {**STATUS["ring"], "epoch": "efgh"}
    assert begun.run == sample_at(5).run
    assert begun.run != Sample.of(0, {**STATUS, "ring": ring}, metrics()).run
    later = metrics().replace("seconds 1.5", "seconds 9.5")
    assert begun.run != Sample.of(0, STATUS, later).run
