"""The message objects of the AsyncAPI document: each with its schema, and what is really sent.

An example is made by the codec and the framing that make it for subscribers.
"""

from base64 import b64encode
from collections.abc import Iterator
from typing import get_args

import orjson

from feed.http.contract.actions import ACTIONS
from feed.http.contract.message_table import DESCRIBED, Described
from feed.http.contract.pushing import forms as forms_of_pushing
from feed.http.contract.pushing import push_messages
from feed.http.contract.schemas import Schema, narrowed, ref, schemas_of
from feed.http.contract.ticks import EXAMPLES, tick_schemas
from feed.http.pages import PROTOBUF_SCHEMA
from feed.wire.codec import CODECS, Codec
from feed.wire.control import Control
from feed.wire.framing import Framing, SseFraming, StreamFraming, message_envelope
from feed.wire.messages import mark_message
from feed.wire.position import Position
from feed.wire.transport import Transport

WIRE = "x-wire"  # the bytes of the first example, with all that is around it
BINARY = tuple(codec for codec in CODECS.values() if not codec.is_text)
_PROTOBUF_FORMAT = "application/vnd.google.protobuf;version=3"
_LAST = Position("k3x9m2pq", 1_240)
_POSITION = Position("k3x9m2pq", 1_247)
_WALL_NS = 1_767_623_400_130_000_000


def messages() -> Iterator[tuple[str, Schema]]:
    """Yield every message by its name: what is sent over each transport, and what clients send."""
    yield from _ticks_messages()
    for described in DESCRIBED:
        schema = _form_of(described)
        if described.on != {Transport.SSE}:
            array = {"type": "array", "items": schema, "minItems": 1, "maxItems": 1}
            example: Schema = {"name": described.name, "payload": [dict(described.example)]}
            yield described.name, _message(described.name, described.words, array, [example])
        if Transport.SSE in described.on:
            yield f"{described.name}_event", _named_event(described, schema)
    for model in get_args(Control):
        action = get_args(model.model_fields["action"].annotation)[0]
        said = ACTIONS[action]
        examples: list[Schema] = [{"name": action, "payload": dict(said.example)}]
        yield action, _message(action, said.words, ref(model.__name__), examples)
    yield from push_messages()


def _message(name: str, words: str, payload: Schema, examples: list[Schema]) -> Schema:
    return {"name": name, "summary": words, "payload": payload, "examples": examples}


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
    message = _message(f"{described.name}_event", described.words, schema, [example])
    message["headers"] = {"type": "object", "properties": fields}
    message[WIRE] = whole.decode()
    return message


def _moved_to(described: Described) -> Position | None:
    """Return the position to which the event of an example moves its reader, if it does."""
    return {"mark": _LAST, "snapshot_end": _LAST}.get(described.name)


def _ticks_messages() -> Iterator[tuple[str, Schema]]:
    ticks = list(EXAMPLES.values())
    json = CODECS["json"]
    stream = StreamFraming(json.delimiter, chunked=False)
    fragments = json.encode(ticks)
    payload = json.join(fragments)
    marked = json.join([*fragments[:1], json.fragment(mark_message(_POSITION, _WALL_NS))])
    examples: list[Schema] = [
        {"name": "every_kind", "payload": orjson.loads(payload)},
        {
            "name": "marked",
            "summary": "with `marks`, on by default on streams",
            "payload": orjson.loads(marked),
        },
    ]
    words = "ticks, oldest first; messages without a place of their own may stand among them"
    message = _message("ticks", words, ref("Frame"), examples)
    yield "ticks", {**message, WIRE: stream.envelop_ticks(payload, b"").decode()}
    at = str(_POSITION).encode()
    event = _message(
        "ticks_event",
        "ticks, oldest first; those of a snapshot have no id",
        ref("Ticks"),
        [
            {
                "name": "every_kind",
                "headers": {"id": str(_POSITION)},
                "payload": orjson.loads(payload),
            }
        ],
    )
    event[WIRE] = _sse(json).envelop_ticks(payload, at).decode()
    event["headers"] = {
        "type": "object",
        "properties": {"id": {"type": "string", "description": "the position"}},
    }
    yield "ticks_event", event
    for codec in BINARY:
        yield from _binary(codec, at)


def _binary(codec: Codec, at: bytes) -> Iterator[tuple[str, Schema]]:
    """Yield ticks in a binary codec; in the example its bytes are in base64."""
    encoded = codec.join(codec.encode(list(EXAMPLES.values())))
    if codec.name == "protobuf":
        payload: Schema = {"schemaFormat": _PROTOBUF_FORMAT, "schema": PROTOBUF_SCHEMA.read_text()}
    else:
        payload = ref("Frame")
    words = f"the same in {codec.media_types[0]}"
    example = {"name": "every_kind", "payload": b64encode(encoded).decode()}
    message = _message(f"ticks_{codec.name}", words, payload, [])
    if codec.name == "protobuf":
        words_of_it = "the schema: each payload is one `feed.v1.Batch`"
        message["externalDocs"] = {"url": PROTOBUF_SCHEMA.name, "description": words_of_it}
    yield (
        f"ticks_{codec.name}",
        {
            **message,
            "contentType": codec.media_types[0],
            "examples": [{**example, "summary": "in base64, for this document only"}],
        },
    )
    whole = _sse(codec).envelop_ticks(encoded, at).decode()
    yield (
        f"ticks_{codec.name}_event",
        {
            **message,
            "name": f"ticks_{codec.name}_event",
            "summary": f"{words}, in base64, since events are text",
            "contentType": codec.media_types[0],
            "examples": [{**example, "headers": {"id": at.decode()}}],
            WIRE: whole,
        },
    )


def _sse(codec: Codec) -> Framing:
    return SseFraming(base64=not codec.is_text, chunked=False)


def schemas() -> dict[str, Schema]:
    """Return the schemas of all that stands in messages, by their names."""
    forms = [described.form for described in DESCRIBED]
    schemas = schemas_of([*forms, *forms_of_pushing(), *get_args(Control)])
    for described in DESCRIBED:
        form = schemas[described.form.__name__]
        schemas[_schema_name(described)] = narrowed(form, described.values)
    del schemas["SnapshotMessage"]
    schemas |= tick_schemas()
    every = [_schema_name(described) for described in DESCRIBED]
    schemas["Ticks"] = {"type": "array", "items": ref("ToldTick"), "minItems": 1}
    schemas["Frame"] = {
        "type": "array",
        "items": {"anyOf": [ref("ToldTick"), *map(ref, every)]},
        "minItems": 1,
    }
    return schemas
