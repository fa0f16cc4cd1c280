"""The AsyncAPI document: every message of every stream, from the forms that the server makes.

It speaks from the server's side: it sends what subscribers read, and receives what they say.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import orjson

import feed
from feed.http.access import Scope
from feed.http.contract.message_table import DESCRIBED, Described
from feed.http.contract.parameters import parameter_of
from feed.http.contract.schemas import Schema, narrowed, ref, schemas_of
from feed.http.contract.security import requirements, schemes_of_messages
from feed.http.contract.ticks import EXAMPLES, tick_schemas
from feed.http.pages import PROTOBUF_SCHEMA
from feed.http.unserved import PLACES
from feed.wire.codec import CODECS, Codec
from feed.wire.disconnect import Reason
from feed.wire.error_codes import ErrorCode
from feed.wire.framing import Framing, SseFraming, StreamFraming, message_envelope
from feed.wire.messages import mark_message
from feed.wire.position import Position
from feed.wire.requests import Control, Request
from feed.wire.transport import Transport

VERSION = "3.0.0"
WIRE = "x-wire"  # the bytes of the first example, with all that is around it
_JSON = "application/json"
_PROTOBUF_FORMAT = "application/vnd.google.protobuf;version=3"
_LAST = Position("k3x9m2pq", 1_240)
_POSITION = Position("k3x9m2pq", 1_247)
_WALL_NS = 1_767_623_400_130_000_000
_WORDS = """\
What goes over the streams of this server, message by message. What is answered once is described in
[OpenAPI](openapi.json).

Objects, field names, `action` messages and error codes are those of Alpaca's market-data API; what
is ours comes on top. The same subscription works on every transport, and a position from one of
them can be continued on any other. Clients pass over keys and messages that they do not know."""
_CHANNELS = {
    Transport.WEBSOCKET: (
        "ticks over a WebSocket, as subscribed to by messages. Every message is an array, in the "
        "codec that the subprotocol names (`feed.json`, `feed.msgpack`, `feed.protobuf`); by "
        "default JSON text"
    ),
    Transport.SSE: (
        "ticks as Server-Sent Events: unnamed events, whose id is the position, and whose data is "
        "one array; all others are named, in JSON. The keepalive is `:` without a blank line"
    ),
    Transport.STREAM: (
        "ticks as an HTTP stream: one payload after the other, in the codec that `Accept` names"
    ),
}


@dataclass(frozen=True, slots=True)
class Action:
    """A message that clients send.

    Attributes:
        words: what it is for.
        example: one.
        answers: the names of the messages that answer it.
    """

    words: str
    example: Mapping[str, Any]
    answers: tuple[str, ...] = ()


ACTIONS: Mapping[str, Action] = {
    "auth": Action(
        "says who the client is; where no identities are configured, anything is accepted",
        {"action": "auth", "key": "any", "secret": "any"},
        ("authenticated", "error"),
    ),
    "subscribe": Action(
        "adds symbols; `after` and `snapshot` are for these, the rest for the connection",
        {
            "action": "subscribe",
            "trades": ["AAPL"],
            "quotes": ["*"],
            "after": str(_POSITION),
            "conflate": {"quotes": "250ms"},
            "marks": True,
        },
        ("subscription", "error"),
    ),
    "unsubscribe": Action(
        "takes symbols away",
        {"action": "unsubscribe", "quotes": ["*"]},
        ("subscription", "error"),
    ),
    "feedback": Action(
        "tells how old ticks were when they arrived",
        {"action": "feedback", "ages_ms": [12.5, 7]},
    ),
}
_BINARY = tuple(codec for codec in CODECS.values() if not codec.is_text)


def asyncapi_document(*, identities_required: bool) -> dict[str, Any]:
    """Return the document; hosts and schemes of its servers are for whoever answers it.

    Args:
        identities_required: whether somebody has to show who they are.
    """
    return {
        "asyncapi": VERSION,
        "info": {
            "title": "feed",
            "version": feed.__version__,
            "description": _WORDS,
            "license": {"name": "Apache 2.0"},
            "externalDocs": {"url": "docs", "description": "both documents, to be read"},
        },
        "defaultContentType": _JSON,
        "servers": _servers(identities_required=identities_required),
        "channels": dict(_channels()),
        "operations": dict(_operations()),
        "components": {
            "schemas": _schemas(),
            "messages": dict(_messages()),
            "securitySchemes": schemes_of_messages(),
        },
        "x-disconnects": [_disconnect(member) for member in Reason],
        "x-errors": [
            {
                "code": int(code),
                "words": code.words,
                "when": code.meaning,
                "consequence": code.consequence.value,
            }
            for code in ErrorCode
        ],
    }


def _servers(*, identities_required: bool) -> Schema:
    words = {"ws": "WebSockets", "http": "Server-Sent Events and HTTP streams"}
    wanted = requirements(Scope.GRANTED, required=identities_required, tickets=True)
    names = list(dict.fromkeys(name for requirement in wanted for name in requirement))
    servers: Schema = {}
    for protocol, text in words.items():
        own = [name for name in names if name != "ticket" or protocol == "http"]
        if protocol == "ws":
            own.append("auth")
        server: Schema = {"host": "", "protocol": protocol, "description": text}
        if identities_required:
            server["security"] = [{"$ref": f"#/components/securitySchemes/{name}"} for name in own]
        servers[protocol] = server
    return servers


def _disconnect(member: Reason) -> Schema:
    reason = member.value
    return {
        "reason": reason.name,
        "closeCode": reason.close_code,
        "error": None if reason.error_code is None else int(reason.error_code),
        "words": reason.words,
        "reconnect": reason.may_reconnect,
    }


def _channels() -> Iterator[tuple[str, Schema]]:
    for name, address, words in (
        ("websocket", "/v1/ws", ""),
        ("equities", "/v2/{feed}", "; a `*` is every share"),
        ("crypto", "/v1beta3/crypto/{location}", "; a `*` is every pair"),
    ):
        channel = _channel(Transport.WEBSOCKET, address, words)
        channel["messages"] |= {action: _message_ref(action) for action in ACTIONS}
        headers = {
            "type": "object",
            "properties": {"Sec-WebSocket-Protocol": {"type": "string", "enum": _subprotocols()}},
        }
        channel["bindings"] = {"ws": {"method": "GET", "headers": headers}}
        yield name, channel
    yield "sse", _channel(Transport.SSE, "/v1/sse", "")
    yield "stream", _channel(Transport.STREAM, "/v1/stream", "")


def _channel(transport: Transport, address: str, more: str) -> Schema:
    server = "ws" if transport is Transport.WEBSOCKET else "http"
    channel: Schema = {
        "address": address,
        "description": f"{_CHANNELS[transport]}{more}",
        "servers": [{"$ref": f"#/servers/{server}"}],
        "messages": {name: _message_ref(name) for name in _sent(transport)},
    }
    in_path = {
        name: {"enum": list(known)} for name, known in PLACES.items() if f"{{{name}}}" in address
    }
    if in_path:
        channel["parameters"] = in_path
    return channel


def _subprotocols() -> list[str]:
    return [f"feed.{name}" for name in CODECS]


def _operations() -> Iterator[tuple[str, Schema]]:
    for name, channel in _channels():
        transport = _transport_of(name)
        operation: Schema = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": f"what subscribers read at {channel['address']}",
            "messages": [_of_channel(name, message) for message in _sent(transport)],
        }
        if transport is not Transport.WEBSOCKET:
            query = {"type": "object", "properties": _query(channel["address"])}
            operation["bindings"] = {"http": {"method": "GET", "query": query}}
        yield f"{name}_sends", operation
        if transport is Transport.WEBSOCKET:
            for name_of_it, action in ACTIONS.items():
                heard: Schema = {
                    "action": "receive",
                    "channel": {"$ref": f"#/channels/{name}"},
                    "summary": action.words,
                    "messages": [_of_channel(name, name_of_it)],
                }
                if action.answers:
                    heard["reply"] = {
                        "channel": {"$ref": f"#/channels/{name}"},
                        "messages": [_of_channel(name, answer) for answer in action.answers],
                    }
                yield f"{name}_{name_of_it}", heard


def _query(path: str) -> Schema:
    """Return the parameters of a stream, as the document of requests has them."""
    names = ["symbols", *Request.model_fields]
    if path == "/v1/sse":
        names.append("codec")
    properties = {}
    for name in names:
        parameter = parameter_of("GET", path, name)
        properties[name] = {"description": parameter.words, **parameter.schema}
    return properties


def _transport_of(channel: str) -> Transport:
    known = {"sse": Transport.SSE, "stream": Transport.STREAM}
    return known.get(channel, Transport.WEBSOCKET)


def _sent(transport: Transport) -> Iterator[str]:
    """Yield the names of the messages that a transport carries to subscribers."""
    suffix = "_event" if transport is Transport.SSE else ""
    yield f"ticks{suffix}"
    for codec in _BINARY:
        yield f"ticks_{codec.name}{suffix}"
    for described in DESCRIBED:
        if transport in described.on:
            yield f"{described.name}{suffix}"


def _message_ref(name: str) -> Schema:
    return {"$ref": f"#/components/messages/{name}"}


def _of_channel(channel: str, message: str) -> Schema:
    return {"$ref": f"#/channels/{channel}/messages/{message}"}


def _messages() -> Iterator[tuple[str, Schema]]:
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
    for codec in _BINARY:
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


def _schemas() -> dict[str, Schema]:
    forms = [described.form for described in DESCRIBED]
    schemas = schemas_of([*forms, *get_args(Control)])
    for described in DESCRIBED:
        form = schemas[described.form.__name__]
        schemas[_schema_name(described)] = narrowed(form, described.values)
    del schemas["SnapshotMessage"]
    schemas |= tick_schemas()
    every = [_schema_name(described) for described in DESCRIBED]
    schemas["Ticks"] = {"type": "array", "items": ref("Tick"), "minItems": 1}
    schemas["Frame"] = {
        "type": "array",
        "items": {"anyOf": [ref("Tick"), *map(ref, every)]},
        "minItems": 1,
    }
    return schemas
