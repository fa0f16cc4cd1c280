"""The message objects of the AsyncAPI document: each with its schema, and what is really sent.

An example is made by the codec and the framing that make it for subscribers.
"""

from collections.abc import Iterator
from typing import get_args

from feed.http.contract.actions import ACTIONS
from feed.http.contract.event_messages import WIRE, event_messages, message_of
from feed.http.contract.message_table import DESCRIBED, Described
from feed.http.contract.pushing import forms as forms_of_pushing
from feed.http.contract.pushing import push_messages
from feed.http.contract.schemas import Schema, narrowed, ref, schemas_of
from feed.http.contract.ticks import tick_schemas
from feed.http.contract.words import word_schemas
from feed.wire.codec import CODECS
from feed.wire.control import Control
from feed.wire.framing import SseFraming, message_envelope
from feed.wire.position import Position
from feed.wire.transport import Transport

_LAST = Position("k3x9m2pq", 1_240)


def messages() -> Iterator[tuple[str, Schema]]:
    """Yield every message by its name: what is sent over each transport, and what clients send."""
    yield from event_messages()
    for described in DESCRIBED:
        schema = _form_of(described)
        if described.on != {Transport.SSE}:
            array = {"type": "array", "items": schema, "minItems": 1, "maxItems": 1}
            example: Schema = {"name": described.name, "payload": [dict(described.example)]}
            yield described.name, message_of(described.name, described.words, array, [example])
        if Transport.SSE in described.on:
            yield f"{described.name}_event", _named_event(described, schema)
    for model in get_args(Control):
        action = get_args(model.model_fields["action"].annotation)[0]
        said = ACTIONS[action]
        examples: list[Schema] = [{"name": action, "payload": dict(said.example)}]
        yield action, message_of(action, said.words, ref(model.__name__), examples)
    yield from push_messages()


def _form_of(described: Described) -> Schema:
    """Return the schema of a message; one that is narrowed stands under its own name."""
    return ref(_schema_name(described))


def _schema_name(described: Described) -> str:
    if described.form.__name__ == "SnapshotMessage":  # there are two of these
        return "".join(part.capitalize() for part in described.name.split("_")) + "Message"
    return described.form.__name__


def _named_event(described: Described, schema: Schema) -> Schema:
    """Return a message as a Server-Sent Event with a name."""
    event = described.example["T"]
    framing = SseFraming(base64=False, chunked=False)
    whole = message_envelope(framing, CODECS["json"], described.example, _moved_to(described))
    headers = {"event": event}
    fields: Schema = {"event": {"const": event}}
    moved = _moved_to(described)
    if moved is not None:
        headers["id"] = str(moved)
        fields["id"] = {"type": "string", "description": "the position"}
    example: Schema = {
        "name": described.name,
        "headers": headers,
        "payload": dict(described.example),
    }
    message = message_of(f"{described.name}_event", described.words, schema, [example])
    message["headers"] = {"type": "object", "properties": fields}
    message[WIRE] = whole.decode()
    return message


def _moved_to(described: Described) -> Position | None:
    """Return the position to which the event of an example moves its reader, if it does."""
    return {"mark": _LAST, "snapshot_end": _LAST}.get(described.name)


def schemas() -> dict[str, Schema]:
    """Return the schemas of all that stands in messages, by their names."""
    forms = [described.form for described in DESCRIBED]
    schemas = schemas_of([*forms, *forms_of_pushing(), *get_args(Control)])
    for described in DESCRIBED:
        form = schemas[described.form.__name__]
        schemas[_schema_name(described)] = narrowed(form, described.values)
    del schemas["SnapshotMessage"]
    schemas |= tick_schemas() | word_schemas()
    every = [_schema_name(described) for described in DESCRIBED]
    schemas["Events"] = {"type": "array", "items": ref("Event"), "minItems": 1}
    schemas["Frame"] = {
        "type": "array",
        "items": {"anyOf": [ref("Event"), *map(ref, every)]},
        "minItems": 1,
    }
    return schemas
