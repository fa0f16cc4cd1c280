"""The fields of requests: what each accepts, and what is said of it in documents.

A validator of ours reads a value that is decoded already, and refuses it with the words of what is
accepted. Knows neither messages nor query strings: those are put together in `requests`.
"""

from enum import StrEnum
from functools import partial
from sys import intern
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, FailFast, PlainValidator, WithJsonSchema

from feed.errors import InvalidParameter, shorten
from feed.market.intervals import INTERVAL_PATTERN, parse_interval
from feed.market.symbols import ALL, SYMBOL_PATTERN, SYMBOL_SHAPE, is_symbol
from feed.market.ticks import Channel
from feed.market.word_channels import WordChannel
from feed.wire.beginning import (
    ACCEPTED,
    BEGINNING_PATTERN,
    MOST_LAST,
    Ago,
    Beginning,
    Moment,
    read_beginning,
)
from feed.wire.position import Position
from feed.wire.projection import ALL_FIELDS, EVERY_LETTER
from feed.wire.validation import refusal
from feed.wire.word_keys import WORD_KEYS, WordKeys

MAX_AGES = 64  # that one feedback message reports
MOST_FIELDS = 100  # that one request may name, each once or more often
MAX_AGE_MS = 86_400_000  # a day; an older tick comes from a clock that is wrong


class OnLag(StrEnum):
    """The treatment of a subscriber that the ring overran."""

    GAP = "gap"
    CONFLATE = "conflate"
    DISCONNECT = "disconnect"


def _check_symbol(text: str) -> str:
    if text != ALL and not is_symbol(text):
        raise refusal(f"'*' for every symbol, or {SYMBOL_SHAPE}")
    return intern(text)  # thousands of selections name the same: 55 bytes each (measured)


def _check_key(keys: WordKeys, text: str) -> str:
    if not keys.accept(text):
        raise refusal(keys.shape)
    return text


def _read_after(value: object) -> Beginning:
    if isinstance(value, Position | Ago | Moment):
        return value
    try:
        return read_beginning(str(value) if value == 0 else value)  # type: ignore[arg-type]  # refused below
    except (InvalidParameter, TypeError):
        raise refusal(ACCEPTED) from None


def _read_last(value: object) -> int:
    if type(value) is not int or not 1 <= value <= MOST_LAST:
        raise refusal(f"a whole number from 1 to {MOST_LAST}")
    return value


def _read_fields(value: object) -> frozenset[str]:
    accepted = f"a list of keys of ticks, {', '.join(sorted(EVERY_LETTER))}, or * for all of them"
    if not isinstance(value, list) or not 0 < len(value) <= MOST_FIELDS:
        raise refusal(accepted)
    for letter in value:
        if letter != ALL_FIELDS and not (isinstance(letter, str) and letter in EVERY_LETTER):
            raise refusal(f"{accepted}; not {shorten(letter)}")
    return frozenset(value)


def _read_on_lag(value: object) -> OnLag:
    if isinstance(value, str) and value in list(OnLag):  # an enum would write out any other value
        return OnLag(value)
    raise refusal(", ".join(OnLag))


def _read_intervals(value: object) -> dict[Channel, int]:
    if not isinstance(value, dict):
        raise refusal('a map of channels to intervals, such as {"quotes": "250ms"}')
    intervals = {}
    for name, text in value.items():
        if name not in list(Channel):
            raise refusal(f"the channels {', '.join(Channel)}, not {shorten(name)}")
        try:
            intervals[Channel(name)] = parse_interval(text)
        except InvalidParameter as error:
            raise refusal(f"{name}: {error.accepted}") from None
    return intervals


def _read_ages(value: object) -> list[float]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_AGES:
        raise refusal(f"a list of 1 to {MAX_AGES} ages")
    for age in value:
        if type(age) not in {int, float} or not 0 <= age <= MAX_AGE_MS:
            raise refusal(f"ages in milliseconds from 0 to {MAX_AGE_MS}, not {shorten(age)}")
    return value


# What a validator of ours accepts is said once more for documents: a test holds the two together.
Ages = Annotated[
    list[float],
    PlainValidator(_read_ages),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "number", "minimum": 0, "maximum": MAX_AGE_MS},
            "minItems": 1,
            "maxItems": MAX_AGES,
        }
    ),
]
Symbol = Annotated[
    str,
    AfterValidator(_check_symbol),
    WithJsonSchema({"type": "string", "pattern": SYMBOL_PATTERN}),
]
# Validation stops at the first fault: an error costs 3 µs, and a message has room for 65,000.
Symbols = Annotated[list[Symbol], FailFast()]


def _key(channel: WordChannel) -> Any:  # noqa: ANN401 - an annotation
    """Return what pydantic has to know of a key of a channel of words."""
    keys = WORD_KEYS[channel]
    schema = WithJsonSchema({"type": "string", "pattern": keys.pattern})
    return Annotated[str, AfterValidator(partial(_check_key, keys)), schema]


if TYPE_CHECKING:
    Generations = list[str]
    Rooms = list[str]
    Presence = list[str]
    Alerts = list[str]
    Jobs = list[str]
else:
    Generations = Annotated[list[_key(WordChannel.GENERATIONS)], FailFast()]
    Rooms = Annotated[list[_key(WordChannel.ROOMS)], FailFast()]
    Presence = Annotated[list[_key(WordChannel.PRESENCE)], FailFast()]
    Alerts = Annotated[list[_key(WordChannel.ALERTS)], FailFast()]
    Jobs = Annotated[list[_key(WordChannel.JOBS)], FailFast()]
Names = Annotated[list[str], FailFast()]  # of channels that this server has nothing for
After = Annotated[
    Beginning,
    PlainValidator(_read_after),
    WithJsonSchema({"type": "string", "pattern": BEGINNING_PATTERN}),
]
Last = Annotated[
    int,
    PlainValidator(_read_last),
    WithJsonSchema({"type": "integer", "minimum": 1, "maximum": MOST_LAST}),
]
Conflate = Annotated[
    dict[Channel, int],
    PlainValidator(_read_intervals),
    WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"enum": list(Channel)},
            "additionalProperties": {"type": "string", "pattern": INTERVAL_PATTERN},
        }
    ),
]
Fields = Annotated[
    frozenset[str],
    PlainValidator(_read_fields),
    WithJsonSchema(
        {
            "type": "array",
            "items": {"type": "string", "enum": [ALL_FIELDS, *sorted(EVERY_LETTER)]},
            "minItems": 1,
            "maxItems": MOST_FIELDS,
        }
    ),
]
WhenLagging = Annotated[
    OnLag,
    PlainValidator(_read_on_lag),
    WithJsonSchema({"type": "string", "enum": list(OnLag)}),
]
