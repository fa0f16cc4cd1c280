"""The keys of words on the wire, and both ways between words and objects.

The table says which fields a word of each type has there; all objects are flat.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from feed.market.alert_words import AlertType, AlertWord
from feed.market.generation_words import GenerationState, GenerationType, GenerationWord
from feed.market.job_words import JobState, JobType, JobWord
from feed.market.presence_words import PresenceType, PresenceWord
from feed.market.room_words import EntryWord, MessageWord, RoomType
from feed.market.words import WORD_CLASSES, Word
from feed.wire.rfc3339 import rfc3339, unix_ns


@dataclass(frozen=True, slots=True)
class WordForm:
    """How words of one type stand on the wire.

    Attributes:
        word: their class.
        type: what they say.
        keys: of their fields, by the names that the class has; `T` and the time `t` are beside.
        optional: keys that are left out where they say nothing.
    """

    word: type[Word]
    type: StrEnum
    keys: Mapping[str, str]
    optional: frozenset[str] = frozenset()


_OVER = {
    "state": "state",
    "code": "code",
    "words": "msg",
    "prompt_tokens": "prompt_tokens",
    "completion_tokens": "completion_tokens",
}
_BEGUN = {"symbol": "id", "number": "n"}
_GROUNDED = {name: name for name in ("facts", "as_of", "symbols", "shared", "owner")}
_SAID = {"symbol": "room", "id": "id", "sender": "from", "by": "by"}
_LISTED = {"symbol": "room", "entry": "symbol", "version": "version"}
_WHO = {"sender": "from", "by": "by", "name": "name"}
_FIRED = {"symbol": "owner", "id": "id", "rule": "rule"}
_RULE = ("field", "op", "value", "window_s", "seen", "at", "after_gap", "note")
_JOB = ("state", "exports", "format", "done", "total", "per_s", "left_s", "size_bytes", "sha256")
_ENDED = frozenset(_OVER.values()) - {"state"}
_FORMS = (
    WordForm(
        GenerationWord,
        GenerationType.GENERATION,
        {**_BEGUN, "model": "model", "text": "text", **_GROUNDED, **_OVER},
        frozenset(_GROUNDED) | _ENDED,
    ),
    WordForm(GenerationWord, GenerationType.TOKEN, {**_BEGUN, "text": "text"}),
    WordForm(GenerationWord, GenerationType.GENERATED, {**_BEGUN, **_OVER}, _ENDED),
    WordForm(
        MessageWord,
        RoomType.MESSAGE,
        {**_SAID, "name": "name", "text": "text", "edited_ns": "edited"},
        frozenset({"name", "edited"}),
    ),
    WordForm(MessageWord, RoomType.EDITED, {**_SAID, "text": "text"}),
    WordForm(MessageWord, RoomType.DELETED, _SAID),
    WordForm(
        EntryWord,
        RoomType.ENTRY,
        {**_LISTED, "place": "place", "note": "note", **_WHO},
        frozenset({"name"}),
    ),
    WordForm(EntryWord, RoomType.REMOVED, {**_LISTED, **_WHO}, frozenset({"name"})),
    WordForm(
        PresenceWord,
        PresenceType.PRESENT,
        {"symbol": "room", **_WHO, "since_ns": "since", "connections": "connections"},
        frozenset({"name"}),
    ),
    WordForm(PresenceWord, PresenceType.ABSENT, {"symbol": "room", **_WHO}, frozenset({"name"})),
    WordForm(PresenceWord, PresenceType.TYPING, {"symbol": "room", **_WHO}, frozenset({"name"})),
    WordForm(
        AlertWord,
        AlertType.ALERT,
        {**_FIRED, "instrument": "symbol", **{name: name for name in _RULE}},
        frozenset({"window_s", "after_gap", "note"}),
    ),
    WordForm(AlertWord, AlertType.ACKNOWLEDGED, _FIRED),
    WordForm(
        JobWord,
        JobType.JOB,
        {
            "symbol": "id",
            **{name: name for name in _JOB},
            "code": "code",
            "words": "msg",
            "by": "by",
        },
        frozenset({"sha256", "code", "msg"}),
    ),
)
WORD_FORMS: Mapping[str, WordForm] = {form.type.value: form for form in _FORMS}
WORD_TYPES = frozenset(WORD_FORMS)
_TIMES = ("edited_ns", "since_ns")  # beside `event_ns`
_TEXTS: Mapping[type[Word], tuple[str, ...]] = {
    word: tuple(field.name for field in fields(word) if field.type is str) for word in WORD_CLASSES
}
_STATES: Mapping[type[Word], type[StrEnum]] = {GenerationWord: GenerationState, JobWord: JobState}


def fields_of_word(word: Word) -> dict[str, Any]:
    """Return a word's fields under their keys on the wire, without its time `t`."""
    if word.type is GenerationType.TOKEN:  # nearly all of them
        return {"T": "token", "id": word.symbol, "n": word.number, "text": word.text}
    form = WORD_FORMS[word.type]
    fields: dict[str, Any] = {"T": form.type.value}
    for name, key in form.keys.items():
        value = getattr(word, name)
        if value or key not in form.optional:
            fields[key] = rfc3339(value) if name in _TIMES else value
    return fields


def word_of(row: Mapping[str, Any]) -> Word:
    """Return the word that an object of our own says.

    Raises:
        KeyError, TypeError, ValueError: it says none.
    """
    form = WORD_FORMS[row["T"]]
    said: dict[str, Any] = {"type": form.type, "event_ns": unix_ns(row["t"])}
    for name, key in form.keys.items():
        if key in row or key not in form.optional:
            value = row[key]
            said[name] = unix_ns(value) if name in _TIMES else value
    for name in _TEXTS[form.word]:
        if not isinstance(said.get(name, ""), str):
            raise TypeError(f"{form.keys[name]} {said[name]!r} is no text")
    states = _STATES.get(form.word)
    if states is not None and "state" in said:
        said["state"] = states(said["state"])
    if "symbols" in said:
        said["symbols"] = tuple(said["symbols"])
    return form.word(**said)
