"""The rules of all owners, by their ids."""

from collections.abc import Iterator

from feed.alerting.errors import TooManyRules, UnknownRule
from feed.alerting.rule import StoredRule
from feed.settings.alerts import AlertOptions


class Rules:
    """All rules of a server, in the order in which they were made."""

    def __init__(self, limits: AlertOptions) -> None:
        """Begin with none; `limits`: how many there may be."""
        self._limits = limits
        self._rules: dict[str, StoredRule] = {}
        self._owners: dict[str, dict[str, StoredRule]] = {}

    def __len__(self) -> int:
        """Count them."""
        return len(self._rules)

    def __iter__(self) -> Iterator[StoredRule]:
        """Go through them."""
        return iter(self._rules.values())

    @property
    def owners(self) -> list[str]:
        """Whose they are."""
        return list(self._owners)

    def get(self, key: str) -> StoredRule | None:
        """Return a rule; None: there is none."""
        return self._rules.get(key)

    def owner_of(self, key: str) -> str:
        """Return whose a rule is; "": there is none."""
        return "" if (rule := self._rules.get(key)) is None else rule.owner

    def find(self, key: str, owner: str) -> StoredRule:
        """Return a rule of an owner.

        Raises:
            UnknownRule: there is none.
        """
        rule = self._rules.get(key)
        if rule is None or rule.owner != owner:
            raise UnknownRule("rule")
        return rule

    def of(self, owner: str) -> list[StoredRule]:
        """Return all rules of an owner."""
        return [*self._owners.get(owner, {}).values()]

    def check_room(self, owner: str) -> None:
        """Refuse one more.

        Raises:
            TooManyRules: the owner has as many as may be, or all together have.
        """
        limits = self._limits
        if len(self._owners.get(owner, ())) >= limits.alerts_max_rules_per_identity:
            raise TooManyRules(limits.alerts_max_rules_per_identity, own=True)
        if len(self._rules) >= limits.alerts_max_rules:
            raise TooManyRules(limits.alerts_max_rules, own=False)

    def keep(self, rule: StoredRule) -> None:
        """Have one more, or another one in its place."""
        self._rules[rule.id] = rule
        self._owners.setdefault(rule.owner, {})[rule.id] = rule

    def forget(self, rule: StoredRule) -> None:
        """Have one less; harmless where it is forgotten already."""
        self._rules.pop(rule.id, None)
        own = self._owners.get(rule.owner, {})
        own.pop(rule.id, None)
        if not own:
            self._owners.pop(rule.owner, None)
