"""Batches: what fired and what changed, from when it is settled until it is committed.

A batch stays until the book has it, so that whoever commits next, a change of a rule or the end of
the server, commits it too. Knows neither a disk nor who is told.
"""

from collections import Counter
from dataclasses import dataclass, field

from feed.alerting.book import Changes
from feed.alerting.firings import record_of
from feed.alerting.rule import StoredRule
from feed.alerting.webhooks import Delivery, body_of
from feed.market.alert_words import AlertWord


@dataclass(slots=True)
class Batch:
    """What was settled at once.

    Attributes:
        changes: rows of firings, deliveries and notes.
        rules: that are another now; of one that was deleted meanwhile nothing is written.
        words: that are said once it is committed.
        sent: webhooks that go out then.
    """

    changes: Changes = field(default_factory=Changes)
    rules: list[StoredRule] = field(default_factory=list)
    words: list[AlertWord] = field(default_factory=list)
    sent: list[Delivery] = field(default_factory=list)

    def fire(self, word: AlertWord, *, has_webhook: bool, until_ns: int) -> None:
        """Have one more firing, whose webhook is tried until some time of day."""
        self.words.append(word)
        self.changes.put("firings", word.id, record_of(word), 0)
        if has_webhook:
            body = body_of(word)
            self.sent.append(Delivery(word.id, word.symbol, word.rule, body, until_ns))
            self.changes.put("deliveries", word.id, word.rule, body, 0, until_ns)


class Batches:
    """All that is not committed yet, in order."""

    def __init__(self) -> None:
        """Begin with none."""
        self._batches: list[Batch] = []
        self._firings: Counter[str] = Counter()

    def __len__(self) -> int:
        """Count them."""
        return len(self._batches)

    def firings(self, owner: str) -> int:
        """Return how many firings of an owner's are in them."""
        return self._firings[owner]

    def begin(self) -> Batch:
        """Return a new one, the last."""
        self._batches.append(batch := Batch())
        return batch

    def note_firing(self, owner: str) -> None:
        """Count one more firing of an owner's."""
        self._firings[owner] += 1

    def changes(self) -> Changes:
        """Return all that they change, rules as these are now."""
        changes = Changes()
        rules: dict[str, StoredRule] = {}
        for batch in self._batches:
            changes.join(batch.changes)
            rules |= {rule.id: rule for rule in batch.rules}
        for rule in rules.values():
            changes.replace_rule(rule.id, rule.record())
        return changes

    def drop(self, count: int) -> tuple[list[AlertWord], list[Delivery]]:
        """Forget the oldest ones, which are committed; return what is said and sent now."""
        dropped, self._batches = self._batches[:count], self._batches[count:]
        words = [word for batch in dropped for word in batch.words]
        self._firings.subtract(word.symbol for word in words)
        self._firings = +self._firings
        return words, [each for batch in dropped for each in batch.sent]
