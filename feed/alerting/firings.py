"""Firings that nobody has acknowledged, as the book and the loop know them."""

from dataclasses import asdict, replace
from typing import Any

import orjson

from feed.alerting.book import Changes
from feed.alerting.errors import UnknownRule
from feed.hub.hub import Hub
from feed.market.alert_words import AlertType, AlertWord
from feed.market.word_channels import WordChannel


class Firings:
    """The newest word of each firing that its owner does not know of yet."""

    def __init__(self, hub: Hub) -> None:
        """Begin with none; `hub`: knows what was said of each."""
        self._hub = hub
        self._words: dict[str, AlertWord] = {}
        self._owners: dict[str, dict[str, AlertWord]] = {}

    def __len__(self) -> int:
        """Count them."""
        return len(self._words)

    @property
    def owners(self) -> list[str]:
        """Whose they are."""
        return list(self._owners)

    def of(self, owner: str) -> list[AlertWord]:
        """Return all of somebody, in the order in which they fired."""
        return [*self._owners.get(owner, {}).values()]

    def count(self, owner: str) -> int:
        """Return how many somebody has."""
        return len(self._owners.get(owner, ()))

    def write(self, changes: Changes, word: AlertWord, *, is_said: bool) -> None:
        """Keep a word; one that acknowledges, only until it is said."""
        if word.is_gone:
            self._drop(word)
            if is_said:
                changes.delete("firings", word.id)
                return
        elif not is_said:
            self._hold(word)
        elif word.id not in self._words:
            return  # it was acknowledged meanwhile
        changes.put("firings", word.id, _record(word), int(is_said))

    def acknowledged(self, key: str, owner: str, wall_ns: int) -> AlertWord:
        """Return the word that acknowledges a firing.

        Raises:
            UnknownRule: there is none of theirs.
        """
        word = self._words.get(key)
        if word is None or word.symbol != owner:
            raise UnknownRule("alert")
        return AlertWord(owner, AlertType.ACKNOWLEDGED, key, wall_ns, word.rule)

    def restore(self, rows: list[tuple[Any, ...]]) -> list[AlertWord]:
        """Take up what the book has; return what has to be said, since nobody may have heard it."""
        unsaid = []
        keyed = self._hub.broadcast.keyed
        for key, record, is_said in rows:
            read = orjson.loads(record)
            word = AlertWord(**{**read, "type": AlertType(read["type"])})
            if not word.is_gone:
                self._hold(word)
            if not is_said or keyed.part(WordChannel.ALERTS, word.symbol, key) is None:
                unsaid.append(replace(word))
        return unsaid

    def _hold(self, word: AlertWord) -> None:
        self._words[word.id] = word
        self._owners.setdefault(word.symbol, {})[word.id] = word

    def _drop(self, word: AlertWord) -> None:
        self._words.pop(word.id, None)
        own = self._owners.get(word.symbol, {})
        own.pop(word.id, None)
        if not own:
            self._owners.pop(word.symbol, None)


def _record(word: AlertWord) -> bytes:
    return orjson.dumps(asdict(word))
