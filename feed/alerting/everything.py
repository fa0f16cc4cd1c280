"""Everything that a book has, for one that is made anew because its file is gone."""

from collections.abc import Iterable, Mapping

from feed.alerting.book import Changes
from feed.alerting.firings import Firings
from feed.alerting.rule import StoredRule, record_of
from feed.alerting.webhooks import Delivery
from feed.trust.identity import Identity


def everything(
    identities: Mapping[str, Identity],
    rules: Iterable[StoredRule],
    firings: Firings,
    deliveries: Iterable[Delivery],
) -> Changes:
    """Return the changes that fill an empty book; firings are said again by the next server."""
    changes = Changes(is_everything=True)
    for owner, identity in identities.items():
        changes.put("owners", owner, record_of(identity))
    for rule in rules:
        changes.put("rules", rule.id, rule.owner, rule.record())
    firings.write_all(changes)
    for each in deliveries:
        changes.put("deliveries", each.id, each.rule, each.body, each.attempts, each.until_ns)
    return changes
