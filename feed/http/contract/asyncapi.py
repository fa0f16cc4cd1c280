"""The AsyncAPI document: every stream of the server, and which messages go over it.

It speaks from the server's side: it sends what subscribers read, and receives what they say.
"""

from collections.abc import Iterator
from typing import Any

import feed
from feed.http.contract.actions import ACTIONS
from feed.http.contract.event_messages import BINARY, CARRIED
from feed.http.contract.message_objects import messages, schemas
from feed.http.contract.message_table import DESCRIBED
from feed.http.contract.parameters import parameter_of
from feed.http.contract.pushing import CHANNEL, push_channel, push_operations
from feed.http.contract.schemas import Schema
from feed.http.contract.security import requirements, schemes_of_messages
from feed.http.scopes import Scope
from feed.http.unserved import PLACES
from feed.wire.codec import CODECS
from feed.wire.disconnect import Reason
from feed.wire.error_codes import ErrorCode
from feed.wire.requests import Request
from feed.wire.transport import Transport

VERSION = "3.0.0"
_JSON = "application/json"
_WORDS = """\
What goes over the streams of this server, message by message. What is answered once is described in
[OpenAPI](openapi.json).

Objects, field names, `action` messages and error codes are those of Alpaca's market-data API; what
is ours comes on top. The same subscription works on every transport, and a position from one of
them can be continued on any other. Clients pass over keys and messages that they do not know.

Beside ticks there are words: what language models answer, under the ids of their generations. They
come to whoever names such an id on the channel `generations`, in the same sequence as ticks, and in
arrays of the same form."""
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
        "channels": {**dict(_channels()), CHANNEL: push_channel()},
        "operations": {**dict(_operations()), **dict(push_operations())},
        "components": {
            "schemas": schemas(),
            "messages": dict(messages()),
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
    for carried in CARRIED:
        yield f"{carried.name}{suffix}"
        for codec in BINARY:
            yield f"{carried.name}_{codec.name}{suffix}"
    for described in DESCRIBED:
        if transport in described.on:
            yield f"{described.name}{suffix}"


def _message_ref(name: str) -> Schema:
    return {"$ref": f"#/components/messages/{name}"}


def _of_channel(channel: str, message: str) -> Schema:
    return {"$ref": f"#/channels/{channel}/messages/{message}"}
