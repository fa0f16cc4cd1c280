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
        """Count those of somebody."""
        return len(self._owners.get(owner, ()))

    def write(self, changes: Changes, word: AlertWord, *, is_said: bool) -> None:
        """Write a word to the book; one that acknowledges, only until it is said."""
        if word.is_gone and is_said:
            changes.delete("firings", word.id)
            return
        if not word.is_gone and is_said and word.id not in self._words:
            return  # it was acknowledged meanwhile
        changes.put("firings", word.id, record_of(word), int(is_said))

    def find(self, key: str, owner: str) -> AlertWord:
        """Return a firing of an owner.

        Raises:
            UnknownRule: there is none of theirs.
        """
        word = self._words.get(key)
        if word is None or word.symbol != owner:
            raise UnknownRule("alert")
        return word

    def forget(self, word: AlertWord, wall_ns: int) -> AlertWord:
        """Have one less; return the word that acknowledges it."""
        self._words.pop(word.id, None)
        own = self._owners.get(word.symbol, {})
        own.pop(word.id, None)
        if not own:
            self._owners.pop(word.symbol, None)
        return AlertWord(word.symbol, AlertType.ACKNOWLEDGED, word.id, wall_ns, word.rule)

    def write_all(self, changes: Changes) -> None:
        """Write all to a new book, to be said again by the next server."""
        for word in self._words.values():
            self.write(changes, word, is_said=False)

    def restore(self, rows: list[tuple[Any, ...]]) -> list[AlertWord]:
        """Take up what the book has; return what has to be said, since nobody may have heard it."""
        unsaid = []
        keyed = self._hub.broadcast.keyed
        for key, record, is_said in rows:
            read = orjson.loads(record)
            word = AlertWord(**{**read, "type": AlertType(read["type"])})
            if not word.is_gone:
                self.hold(word)
            if not is_said or keyed.part(WordChannel.ALERTS, word.symbol, key) is None:
                unsaid.append(replace(word))
        return unsaid

    def hold(self, *words: AlertWord) -> None:
        """Have more, which are committed."""
        for word in words:
            self._words[word.id] = word
            self._owners.setdefault(word.symbol, {})[word.id] = word


def record_of(word: AlertWord) -> bytes:
    """Return a word for the book."""
    return orjson.dumps(asdict(word))
