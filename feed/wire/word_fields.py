"""The keys of words on the wire, and both ways between words and objects.

The table says which fields a word of each type has there; all objects are flat.
"""

from collections.abc import Mapping
from typing import Any

from feed.market.words import GenerationState, GenerationWord, Word, WordType
from feed.wire.rfc3339 import unix_ns

WORD_TYPES = frozenset(each.value for each in WordType)
# By the names that `feed.market.words` has; `T` and the time `t` are in all of them.
_OVER = {
    "state": "state",
    "code": "code",
    "words": "msg",
    "prompt_tokens": "prompt_tokens",
    "completion_tokens": "completion_tokens",
}
_BEGUN = {"symbol": "id", "number": "n"}
WORD_FIELDS: dict[WordType, dict[str, str]] = {
    WordType.GENERATION: {
        **_BEGUN,
        "model": "model",
        "text": "text",
        "facts": "facts",
        "as_of": "as_of",
        "symbols": "symbols",
        "shared": "shared",
        "owner": "owner",
        **_OVER,
    },
    WordType.TOKEN: {**_BEGUN, "text": "text"},
    WordType.GENERATED: {**_BEGUN, **_OVER},
}
ALWAYS = ("id", "n", "model", "text", "state")  # others are left out where they say nothing


def fields_of_word(word: Word) -> dict[str, Any]:
    """Return a word's fields under their keys on the wire, without its time `t`."""
    if word.type is WordType.TOKEN:  # nearly all of them
        return {"T": "token", "id": word.symbol, "n": word.number, "text": word.text}
    fields: dict[str, Any] = {"T": word.type.value}
    for name, key in WORD_FIELDS[word.type].items():
        value = getattr(word, name)
        if value or key in ALWAYS:
            fields[key] = value
    return fields


def word_of(fields: Mapping[str, Any]) -> Word:
    """Return the word that an object of our own says.

    Raises:
        KeyError, TypeError, ValueError: it says none.
    """
    kind = WordType(fields["T"])
    word = GenerationWord(fields["id"], kind, fields["n"], unix_ns(fields["t"]))
    for name, key in WORD_FIELDS[kind].items():
        if key in fields:
            setattr(word, name, fields[key])
    word.state = GenerationState(word.state)
    word.symbols = tuple(word.symbols)
    return word
