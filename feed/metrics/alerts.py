"""The metrics of alerts: rules, what evaluating and keeping them takes, firings and webhooks."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from feed.alerting.desk import Alerts
from feed.alerting.tally import Tally
from feed.metrics.family import NS_PER_S, counter, gauge, histogram
from feed.settings.options import Settings


def alert_families(alerts: Alerts, settings: Settings) -> Iterator[Metric]:
    """Yield every metric of alerts."""
    tally = alerts.tally
    yield gauge("feed_alert_rules", "Rules of alerts, of all identities.").of(tally.rules)
    yield gauge("feed_alert_rules_limit", "The most that there may be (alerts_max_rules).").of(
        settings.alerts_max_rules
    )
    yield gauge(
        "feed_alert_rules_armed",
        "Rules that are evaluated; the others have fired, are expired, or suspended.",
    ).of(alerts.armed)
    yield counter(
        "feed_alert_rules_suspended",
        "How often a rule was suspended: its owner may not read any more what it sees, or has too "
        "many alerts that are not acknowledged.",
    ).of(tally.suspended)
    yield from _evaluation(tally)
    yield counter("feed_alert_firings", "Alerts that fired, and were committed.").of(tally.firings)
    yield counter("feed_alert_acknowledgements", "Alerts that were acknowledged.").of(
        tally.acknowledged
    )
    yield gauge("feed_alert_firings_waiting", "Alerts that nobody has acknowledged yet.").of(
        len(alerts.firings)
    )
    yield from _webhooks(tally, alerts.sending)


def _evaluation(tally: Tally) -> Iterator[Metric]:
    """Yield what rules take of the loop, and of the disk."""
    yield counter("feed_alert_evaluated_ticks", "Ticks that were shown to rules.").of(
        tally.evaluated
    )
    yield counter(
        "feed_alert_evaluation_seconds",
        "How much time that took in all. While rules are evaluated, the loop does nothing else.",
    ).of(tally.evaluation_ns / NS_PER_S)
    yield histogram(
        "feed_alert_commit_seconds",
        "How long it took to commit alerts that fired; they are told after it.",
    ).of_ns({(): tally.commit_ns})
    yield counter(
        "feed_alert_commit_failures",
        "Commits of rules and alerts that failed. Alerts that fired are not told before they are "
        "committed; that is tried again every second.",
    ).of(tally.failed_commits)


def _webhooks(tally: Tally, sending: int) -> Iterator[Metric]:
    """Yield what becomes of webhooks."""
    yield counter(
        "feed_webhooks",
        "What became of attempts to send a webhook, by outcome: delivered, retried (it failed, and "
        "is tried again), given_up (it failed for good, or for too long), withdrawn (its rule is "
        "gone, or has no webhook any more).",
    ).of(
        {
            ("delivered",): tally.delivered,
            ("retried",): tally.retried,
            ("given_up",): tally.given_up,
            ("withdrawn",): tally.withdrawn,
        },
        "outcome",
    )
    yield gauge("feed_webhooks_waiting", "Webhooks that are neither delivered nor given up.").of(
        sending
    )
