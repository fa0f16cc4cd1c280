"""Ticks for documents: the schema of each kind, and an example that the encoder made.

A schema is read off a tick's class and the letters of the wire, so a new field is in it by itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import Field, fields
from typing import Any, get_origin, get_type_hints

import orjson

from feed.market.ticks import (
    CHANNEL_OF_KIND,
    SECOND_NS,
    Bar,
    ConflatedTrade,
    Kind,
    Quote,
    Status,
    Tick,
    Trade,
)
from feed.market.words import Event
from feed.wire.json_codec import JSON
from feed.wire.letters import LETTERS

Schema = dict[str, Any]

# 2026-01-05, 14:30:00 in UTC, when New York opens; and some nanoseconds.
_OPENING_NS = 1_767_623_400 * SECOND_NS
EVENT_NS = _OPENING_NS + 123_456_789
_TRADE = Trade(
    symbol="AAPL",
    trade_id=52983525029461,
    exchange="V",
    price=271.25,
    size=100.0,
    event_ns=EVENT_NS,
    conditions=("@",),
    tape="C",
    taker_side="B",
)
_CONFLATED = ConflatedTrade(
    symbol="BTC/USD",
    trade_id=9007199254741000,
    exchange="CBSE",
    price=91250.5,
    size=0.25,
    event_ns=EVENT_NS,
    taker_side="S",
    exact_id="9007199254741000",
    trade_count=12,
    high=91260.0,
    low=91250.0,
    volume=3.75,
    vwap=91254.125,
    first_trade_id=9007199254740989,
)
_QUOTE = Quote("AAPL", "V", 271.24, 3.0, "Q", 271.26, 2.0, EVENT_NS, ("R",), "C")
_STATUS = Status("AAPL", "H", "Trading Halt", "T1", "News Pending", EVENT_NS, "C")


def _bar(kind: Kind) -> Bar:
    return Bar(kind, "AAPL", 271.2, 271.3, 271.1, 271.25, 18250.0, 214, 271.214, _OPENING_NS)


# By the name of each schema.
EXAMPLES: dict[str, Tick] = {
    "Trade": _TRADE,
    "ConflatedTrade": _CONFLATED,
    "Quote": _QUOTE,
    "Bar": _bar(Kind.BAR),
    "UpdatedBar": _bar(Kind.UPDATED_BAR),
    "SecondBar": _bar(Kind.SECOND_BAR),
    "Status": _STATUS,
}
_TOLD = ("Tick", "ProjectedTick")
WORDS = {
    "Trade": "one execution",
    "ConflatedTrade": "the newest trade within an interval, and the range that it stands for",
    "Quote": "the best bid and ask at one moment",
    "Bar": "the trades of one minute; `t` is its start",
    "UpdatedBar": "the late correction of a minute's bar that was sent",
    "SecondBar": "the trades of one second; `t` is its start",
    "Status": "a halt, a resumption, a symbol that went stale or is live again",
}
_TYPES: Mapping[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    tuple: {"type": "array", "items": {"type": "string"}},
}
_OWN: Mapping[str, Schema] = {
    "event_ns": {"type": "string", "format": "date-time"},
    "taker_side": {"type": "string", "enum": ["B", "S"]},
}
_LEFT_OUT_IF_EMPTY = frozenset({"taker_side", "exact_id", "first_exact_id"})


def encoded(*events: Event) -> Any:  # noqa: ANN401 - JSON
    """Return events as the array that the encoder makes of them."""
    return orjson.loads(JSON.join(JSON.encode(events)))


def tick_schemas() -> dict[str, Schema]:
    """Return the schema of each kind of tick, and of any tick, by name."""
    schemas = {name: _schema(name, tick) for name, tick in EXAMPLES.items()}
    schemas["Tick"] = _any_of("one market event; `T` tells which", EXAMPLES)
    schemas["ProjectedTick"] = _projected([schemas[name] for name in EXAMPLES])
    schemas["ToldTick"] = _any_of("a market event, whole or as `fields` has it", _TOLD)
    schemas["DayBar"] = _day_bar(schemas["Bar"])
    schemas["AnyBar"] = _any_of(
        "a bar of a minute, of a second, or of a day", ("Bar", "SecondBar", "DayBar")
    )
    return schemas


def _projected(whole: Sequence[Schema]) -> Schema:
    """Return the schema of a tick of which some keys are kept."""
    forms: dict[str, list[Schema]] = {}
    for schema in whole:
        for letter, form in schema["properties"].items():
            forms.setdefault(letter, []).append(form)
    return {
        "type": "object",
        "description": "a market event of which the keys that `fields` names are kept",
        "properties": {letter: {"anyOf": each} for letter, each in forms.items()},
        "required": ["T", "S"],
        "additionalProperties": False,
        "examples": [{"T": "t", "S": "AAPL", "p": 271.2}],
    }


def _day_bar(minute: Schema) -> Schema:
    """Return the schema of a daily bar, which is in answers only."""
    type_of: Schema = {"const": "d", "description": "in answers of `/v1/bars` only"}
    return {
        **minute,
        "description": "the trades of one day of UTC; `t` is its start",
        "properties": {**minute["properties"], "T": type_of},
        "examples": [{**each, "T": "d"} for each in minute["examples"]],
    }


def _any_of(words: str, names: Any) -> Schema:  # noqa: ANN401 - any collection
    # Not `oneOf`: a trade that is conflated is a trade as well.
    refs = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    return {"description": words, "anyOf": refs}


def _schema(name: str, tick: Tick) -> Schema:
    channel = CHANNEL_OF_KIND[tick.kind]
    properties: dict[str, Schema] = {
        "T": {"const": tick.kind.value, "description": f"of the channel `{channel}`"}
    }
    required = ["T"]
    for field, kind in _fields(type(tick)):
        letter = LETTERS[field.name]
        words = field.name.replace("_ns", " time").replace("_", " ")
        properties[letter] = {"description": words, **_OWN.get(field.name, _TYPES[kind])}
        if field.name not in _LEFT_OUT_IF_EMPTY:
            required.append(letter)
    return {
        "type": "object",
        "description": WORDS[name],
        "properties": properties,
        "required": required,
        "examples": encoded(tick),
    }


def _fields(of: type[Tick]) -> Iterator[tuple[Field[Any], Any]]:
    """Yield the fields of a tick that are on the wire, and the type of each."""
    hints = get_type_hints(of)
    for field in fields(of):
        if field.name != "kind":
            hint = hints[field.name]
            yield field, get_origin(hint) or hint
