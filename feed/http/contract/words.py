"""Words for documents: the schema of each type, with examples that the encoder made.

A schema is read off the table of the wire (`feed.wire.word_fields`), so a new field is in it by
itself.
"""

from collections.abc import Mapping
from typing import Any, get_type_hints

from feed.http.contract.schemas import Schema, ref
from feed.http.contract.ticks import encoded
from feed.http.contract.word_examples import EXAMPLES_OF_WORDS, WORDS_OF_TYPES
from feed.market.alert_words import OWNER_PATTERN, AlertWord
from feed.market.generation_words import ID_PATTERN, GenerationState, GenerationType, GenerationWord
from feed.market.job_words import JOB_PATTERN, JobState, JobWord
from feed.market.presence_words import PresenceWord
from feed.market.room_words import EntryWord, MessageWord
from feed.market.words import Word
from feed.wire.position import POSITION_PATTERN
from feed.wire.word_fields import WORD_FORMS
from feed.wire.word_keys import ROOM_PATTERN

_OVER = [state for state in GenerationState if state is not GenerationState.RUNNING]
_ROOM: Schema = {"description": "its room", "pattern": ROOM_PATTERN}
_WHO: Mapping[str, Schema] = {
    "room": _ROOM,
    "from": {"description": "who says so, for people"},
    "by": {"description": "the same for programs: a digest", "pattern": OWNER_PATTERN},
    "name": {"description": "what an anonymous one calls itself"},
}
_ENDED: Mapping[str, Schema] = {
    "code": {"description": "why it failed, for programs"},
    "msg": {"description": "why it ended so, for a person"},
}
_KEYS: Mapping[type[Word], Mapping[str, Schema]] = {
    GenerationWord: {
        "id": {"description": "of the generation, which is its key", "pattern": ID_PATTERN},
        "n": {
            "description": "its place in the generation: 0, 1, 2 …; of a state that of the last "
            "word in it",
            "minimum": 0,
        },
        "text": {"description": "a piece of the text; of a state all of it so far"},
        "model": {"description": "what says it"},
        "state": {
            "description": "how the generation stands after it",
            "enum": list(GenerationState),
        },
        **_ENDED,
        "prompt_tokens": {"description": "how many tokens were read", "minimum": 0},
        "completion_tokens": {"description": "how many were said", "minimum": 0},
        "facts": {"description": "what the prompt was grounded on, where it was"},
        "as_of": {
            "description": "the position as of which the facts are",
            "pattern": POSITION_PATTERN,
        },
        "symbols": {
            "description": "that the facts are of: whoever reads them has to be granted these",
            "items": {"type": "string"},
        },
        "shared": {"description": "whether others may read it than who asked"},
        "owner": {"description": "who asked, as a digest, another one for each key"},
    },
    MessageWord: {
        **_WHO,
        "id": {"description": "of the message, within the room"},
        "text": {"description": "what it says: data, never markup"},
        "edited": {"description": "when it was edited last", "format": "date-time"},
    },
    EntryWord: {
        **_WHO,
        "symbol": {"description": "that stands in the list"},
        "version": {"description": "of the entry: 1, 2, 3 …, removals included", "minimum": 1},
        "place": {"description": "entries stand in the order of their places"},
        "note": {"description": "on the symbol: data, never markup"},
    },
    PresenceWord: {
        **_WHO,
        "since": {"description": "since when they are there", "format": "date-time"},
        "connections": {"description": "over how many connections", "minimum": 0},
    },
    AlertWord: {
        "owner": {"description": "you, as a digest", "pattern": OWNER_PATTERN},
        "id": {"description": "of the firing: the same however often it comes"},
        "rule": {"description": "that fired"},
        "symbol": {"description": "that the rule is on"},
        "field": {"description": "what it looks at"},
        "op": {"description": "how it compares"},
        "value": {"description": "with what, as text"},
        "window_s": {"description": "within how many seconds", "minimum": 0},
        "seen": {"description": "what the field was, as text"},
        "at": {"description": "the position of the tick that fired it"},
        "after_gap": {"description": "ticks were missing before it, so that it may be late"},
        "note": {"description": "what you wrote to the rule"},
    },
    JobWord: {
        "id": {"description": "of the job", "pattern": JOB_PATTERN},
        "state": {"description": "how it stands", "enum": list(JobState)},
        "exports": {"description": "what it exports"},
        "format": {"description": "of the file"},
        "done": {"description": "ticks or bars that are written; it only grows", "minimum": 0},
        "total": {"description": "of these; 0: that is not known", "minimum": 0},
        "per_s": {"description": "written in a second, lately", "minimum": 0},
        "left_s": {"description": "the time that it takes still; 0: not known", "minimum": 0},
        "size_bytes": {"description": "of the file so far", "minimum": 0},
        "sha256": {"description": "of the file, once it is done"},
        **_ENDED,
        "by": {"description": "whose it is, as a digest"},
    },
}
_TYPES: Mapping[object, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer", "format": "int64"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    tuple[str, ...]: {"type": "array"},
}


def word_schemas() -> dict[str, Schema]:
    """Return the schema of each type of word, of any word, and of any event, by name."""
    schemas = {name: _schema(examples) for name, examples in EXAMPLES_OF_WORDS.items()}
    schemas["Word"] = {
        "description": "one word, such as a piece of an answer; `T` tells which",
        "anyOf": [ref(name) for name in schemas],
    }
    schemas["Event"] = {
        "description": "what is numbered: a market event, or a word where its key is subscribed to",
        "anyOf": [ref("ToldTick"), ref("Word")],
    }
    return schemas


def _schema(examples: tuple[Word, ...]) -> Schema:
    form = WORD_FORMS[examples[0].type]
    properties: dict[str, Schema] = {
        "T": {"const": form.type.value, "description": f"of the channel `{form.word.kind}`"}
    }
    hints: dict[str, Any] = get_type_hints(form.word)
    for name, key in form.keys.items():
        described = _KEYS[form.word][key]
        of = str if described.get("format") == "date-time" else hints[name]
        properties[key] = {**_TYPES.get(of, {"type": "string"}), **described}
    if form.type is GenerationType.GENERATED:
        properties["state"] = {**properties["state"], "enum": _OVER}
    properties["t"] = {
        "description": "when it was said",
        "type": "string",
        "format": "date-time",
    }
    return {
        "type": "object",
        "description": WORDS_OF_TYPES[form.type],
        "properties": properties,
        "required": ["T", *(key for key in form.keys.values() if key not in form.optional), "t"],
        "examples": encoded(*examples),
    }
