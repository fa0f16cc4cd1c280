"""Words for documents: the schema of each type, and an example that the encoder made.

A schema is read off the table of the wire (`feed.wire.word_fields`), so a new field is in it by
itself.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_type_hints

from feed.http.contract.schemas import Schema, ref
from feed.http.contract.ticks import EVENT_NS, encoded
from feed.market.generation_words import ID_PATTERN, GenerationState, GenerationType, GenerationWord
from feed.wire.position import POSITION_PATTERN
from feed.wire.word_fields import WORD_FORMS

_ID = "gen_00112233445566778899aabbccddeeff"
_MODEL = "market"


def _word(type_: GenerationType, number: int, text: str = "", **more: Any) -> GenerationWord:  # noqa: ANN401 - fields
    return GenerationWord(_ID, type_, number, EVENT_NS, text, **more)


# A generation from its beginning to its end, as those are told it who listen meanwhile.
WRITTEN = (
    _word(GenerationType.GENERATION, 0, model=_MODEL),
    _word(GenerationType.TOKEN, 1, "AAPL rose"),
    _word(GenerationType.TOKEN, 2, " 2.1 %"),
    _word(GenerationType.TOKEN, 3, " since the open."),
    _word(
        GenerationType.GENERATED,
        4,
        state=GenerationState.STOP,
        prompt_tokens=3,
        completion_tokens=3,
    ),
)
LATE = 3  # words that are said when somebody comes, who is told these as one state
STATE = replace(WRITTEN[0], number=2, text="AAPL rose 2.1 %")
_INTERRUPTED = _word(
    GenerationType.GENERATED,
    3,
    state=GenerationState.INTERRUPTED,
    code="interrupted",
    words="the server ended before the answer did",
)
# By the name of each schema.
_EXAMPLES: dict[str, tuple[GenerationWord, ...]] = {
    "Generation": (WRITTEN[0], STATE),
    "Token": (WRITTEN[1],),
    "Generated": (WRITTEN[-1], _INTERRUPTED),
}
# By the name of each example of a message.
SAID = {"written": WRITTEN, "late": (STATE,), "interrupted": (_INTERRUPTED,)}
WORDS_OF_TYPES = {
    GenerationType.GENERATION: "an answer begins; to whoever comes later its state, the text so "
    "far",
    GenerationType.TOKEN: "a piece of its text",
    GenerationType.GENERATED: "it is over; nothing follows",
}
_OVER = [state for state in GenerationState if state is not GenerationState.RUNNING]
_KEYS: Mapping[str, Schema] = {
    "id": {"description": "of the generation, which is its key", "pattern": ID_PATTERN},
    "n": {
        "description": "its place in the generation: 0, 1, 2 …; of a state that of the last word "
        "in it",
        "minimum": 0,
    },
    "text": {"description": "a piece of the text; of a state all of it so far"},
    "model": {"description": "what says it"},
    "state": {"description": "how the generation stands after it"},
    "code": {"description": "why it failed, for programs"},
    "msg": {"description": "why it ended so, for a person"},
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
}
_TYPES: Mapping[object, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer", "format": "int64"},
    bool: {"type": "boolean"},
    tuple[str, ...]: {"type": "array"},
}


def word_schemas() -> dict[str, Schema]:
    """Return the schema of each type of word, of any word, and of any event, by name."""
    schemas = {name: _schema(examples) for name, examples in _EXAMPLES.items()}
    schemas["Word"] = {
        "description": "one word of an answer; `T` tells which",
        "anyOf": [ref(name) for name in schemas],
    }
    schemas["Event"] = {
        "description": "what is numbered: a market event, or a word where its key is subscribed to",
        "anyOf": [ref("ToldTick"), ref("Word")],
    }
    return schemas


def _schema(examples: tuple[GenerationWord, ...]) -> Schema:
    kind = examples[0].type
    hints = get_type_hints(GenerationWord)
    always = set(WORD_FORMS[kind].keys.values()) - WORD_FORMS[kind].optional
    properties: dict[str, Schema] = {
        "T": {"const": kind.value, "description": "of the channel `generations`"}
    }
    for name, key in WORD_FORMS[kind].keys.items():
        properties[key] = {**_TYPES.get(hints[name], {"type": "string"}), **_KEYS[key]}
    if kind is GenerationType.GENERATED:
        properties["state"]["enum"] = _OVER
    elif "state" in properties:
        properties["state"]["enum"] = list(GenerationState)
    properties["t"] = {
        "description": "when it was said",
        "type": "string",
        "format": "date-time",
    }
    return {
        "type": "object",
        "description": WORDS_OF_TYPES[kind],
        "properties": properties,
        "required": ["T", *(key for key in properties if key in always), "t"],
        "examples": encoded(*examples),
    }
