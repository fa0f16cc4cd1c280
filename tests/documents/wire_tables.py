"""The tables of the wire, each made from where the code has it.

Words that the server's own documents need too stand with those, in `feed.http.contract`.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from feed.http.contract.actions import ACTIONS
from feed.http.contract.message_table import DESCRIBED, Described
from feed.http.contract.ticks import EXAMPLES, WORDS
from feed.http.contract.word_examples import WORDS_OF_TYPES
from feed.http.route import Route
from feed.http.routes import ROUTES
from feed.http.scopes import Scope
from feed.market.ticks import (
    CHANNEL_OF_KIND,
    Bar,
    ConflatedTrade,
    Kind,
    Quote,
    Status,
    Tick,
    Trade,
)
from feed.wire.codec import CODECS
from feed.wire.control import Control
from feed.wire.disconnect import Reason
from feed.wire.error_codes import ErrorCode
from feed.wire.letters import LETTERS
from feed.wire.messages import Message
from feed.wire.request_fields import OnLag
from feed.wire.requests import Channels, Request
from feed.wire.transport import Transport
from feed.wire.word_fields import WORD_FORMS
from feed.wire.word_keys import WORD_KEYS
from tests.documents.markdown import code, table

_CLASSES: dict[Kind, type[Tick]] = {
    Kind.TRADE: Trade,
    Kind.QUOTE: Quote,
    Kind.BAR: Bar,
    Kind.UPDATED_BAR: Bar,
    Kind.SECOND_BAR: Bar,
    Kind.STATUS: Status,
}
# Where the document says more of a message.
_SEE = {"warning": "; see [warnings](#warnings)", "error": "; see [errors](#errors)"}
# What a message's `reason` may be is said beside it; that of `bye` has a table of its own.
_REASONED = {"gap", "warning"}
_BY = {
    frozenset({Transport.WEBSOCKET}): "WebSocket: ",
    frozenset({Transport.SSE, Transport.STREAM}): "SSE and streams: ",
}
_CHANNELS = "CHANNELS"  # stands for all of them
_TELLING = {"success": "msg", "snapshot": "state"}  # what tells messages of one `T` apart
_VALUES = {
    "after": "a position, or `0`; a time: `2026-11-27T14:30:00Z`; a while ago: `-30s`, `-5m`",
    "last": "a number from 1 to 1,000,000",
    "conflate": '`quotes:250ms,trades:1s`; as a message `{"quotes":"250ms"}`',
    "fields": '`p,s,t`; as a message `["p","s","t"]`',
    "on_lag": ", ".join(map(code, OnLag)),
}
# Of routes: the first map that a route has all names of.
_SHARED_PARAMETERS = {
    frozenset(Request.model_fields): "[those of every transport](#what-every-transport-takes)",
    frozenset(Channels.model_fields): "channels",
}


def ticks() -> str:
    """Every kind of tick: its `T`, its channel, and its fields by the letters of the wire."""
    kinds = {tick.kind: WORDS[name] for name, tick in reversed(EXAMPLES.items())}
    return table(
        ["`T`", "channel", "what", "fields"],
        (
            [
                code(kind),
                code(CHANNEL_OF_KIND[kind]),
                kinds[kind],
                _listed(_letters(_CLASSES[kind])),
            ]
            for kind in Kind
        ),
    )


def conflated_trade() -> str:
    """What a conflated trade carries beside what every trade carries."""
    plain, every = _letters(Trade), _letters(ConflatedTrade)
    added = {letter: name for letter, name in every.items() if letter not in plain}
    return f"A conflated trade carries also {_listed(added)}.\n"


def word_keys() -> str:
    """Return the table of channels of words: their keys, and who may read which."""
    return table(
        ("channel", "keys", "that you may subscribe to"),
        ([code(channel), keys.shape, keys.whose] for channel, keys in WORD_KEYS.items()),
    )


def words() -> str:
    """Every type of word, and its keys on the wire."""
    return table(
        ["`T`", "what", "keys"],
        (
            [
                code(kind),
                WORDS_OF_TYPES[kind],
                ", ".join(map(code, [*WORD_FORMS[kind].keys.values(), "t"])),
            ]
            for kind in WORDS_OF_TYPES
        ),
    )


def parameters() -> str:
    """Every parameter that all transports take, but the channels."""
    return table(
        ["name", "values", "meaning"],
        (
            [code(name), _VALUES.get(name) or _switch(field), field.description or ""]
            for name, field in Request.model_fields.items()
            if name not in Channels.model_fields
        ),
    )


def actions() -> str:
    """Every control message that a client may send."""
    return table(
        ["message", "what it is for"],
        (
            [code(_shape(message)), ACTIONS[action].words]
            for action, message in map(_asked, get_args(Control))
        ),
    )


def messages() -> str:
    """Every message of the server that is no tick."""
    return table(
        ["message", "when"],
        ([code(_shape(described.example)), _when(described)] for described in DESCRIBED),
    )


def codecs() -> str:
    """Every codec, and how each transport is asked for it."""
    return table(
        [
            "codec",
            "WebSocket: subprotocol",
            "SSE",
            "stream: `Accept`",
            "how payloads are separated there",
        ],
        (
            [
                name,
                code(f"feed.{name}") + ("" if codec.is_both_ways else " (control messages: JSON)"),
                code(f"codec={name}") + ("" if codec.is_text else " (in base64)"),
                ", ".join(map(code, codec.media_types)),
                codec.delimiter.value,
            ]
            for name, codec in CODECS.items()
        ),
    )


def routes() -> str:
    """Every route but the pages."""
    return table(
        ["request", "answer", "parameters"],
        (
            [code(f"{route.method} {route.path}"), route.words, _parameters_of(route)]
            for route in ROUTES
        ),
    )


def scopes() -> str:
    """Every scope, who that is, and the routes of it."""
    return table(
        ["scope", "who may ask", "for"],
        (
            [
                code(scope),
                scope.words,
                ", ".join(code(route.path) for route in ROUTES if route.scope is scope),
            ]
            for scope in Scope
        ),
    )


def error_codes() -> str:
    """Every code of an error message, and what becomes of the connection."""
    return table(
        ["code", "words", "when", "what becomes of the connection"],
        ([code(int(it)), it.words, it.meaning, it.consequence.value] for it in ErrorCode),
    )


def disconnects() -> str:
    """Every reason why a connection ends."""
    return table(
        ["reason", "close code", "error before it", "words", "come back?"],
        (
            [
                code(reason.name),
                str(reason.close_code),
                "" if reason.error_code is None else str(reason.error_code),
                reason.words,
                "yes" if reason.may_reconnect else "no",
            ]
            for reason in (member.value for member in Reason)
        ),
    )


def _letters(of: type[Tick]) -> dict[str, str]:
    """Return the names of a tick's fields by the letters of the wire, without `T`."""
    names = (field.name for field in fields(of) if field.name != "kind")
    return {LETTERS[name]: name for name in names}


def _listed(letters: Mapping[str, str]) -> str:
    words = {
        letter: name.replace("_ns", " time").replace("_", " ") for letter, name in letters.items()
    }
    return ", ".join(f"{code(letter)} {name}" for letter, name in words.items())


def _when(described: Described) -> str:
    """Return when a message is sent, by what, and what its reason may be."""
    reasons = ""
    if described.name in _REASONED:
        reasons = f" (the reason: {', '.join(map(code, described.values['reason']))})"
    by, see = _BY.get(described.on, ""), _SEE.get(described.name, "")
    return f"{by}{described.words}{reasons}{see}"


def _parameters_of(route: Route) -> str:
    """Return the names that a query may have; those that many routes share have one word."""
    names = dict.fromkeys(route.parameters)
    words = []
    for fields_shared, shared in _SHARED_PARAMETERS.items():
        if names.keys() >= fields_shared:
            names = {name: None for name in names if name not in fields_shared}
            words.append(shared)
    return ", ".join([*words, *map(code, names)])


def _asked(control: type[BaseModel]) -> tuple[str, Message]:
    """Return a control message's action, and the message without values."""
    [action] = get_args(control.model_fields["action"].annotation)
    message = {"action": action}
    for name in control.model_fields:
        message.setdefault(_CHANNELS if name in Channels.model_fields else name, "")
    return action, message


def _shape(message: Message) -> str:
    """Return a message without its values, but those that make it what it is."""
    shown = {"T", "action", _TELLING.get(message.get("T", ""))}
    names = [f'"{key}":"{message[key]}"' if key in shown else f'"{key}"' for key in message]
    return f"{{{','.join(names)}}}".replace(f'"{_CHANNELS}"', _CHANNELS)


def _switch(field: FieldInfo) -> str:
    assert bool in get_args(field.annotation), "what is no switch has words for its values"
    return "`1`, `0`; as a message `true`, `false`"
