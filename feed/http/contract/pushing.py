"""What goes over the WebSocket `/v1/ingest`, and in the answers of bodies that need not end.

The messages are bare maps, not arrays; their examples are made by the functions that make them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from feed.http.contract.parameters import parameter_of
from feed.http.contract.schemas import Schema, ref
from feed.http.push.asked import INGEST_PATH
from feed.http.push.socket import PARAMETERS
from feed.market.applied import MAX_BATCH
from feed.wire.messages import Message
from feed.wire.push_messages import (
    AckMessage,
    DurableMessage,
    ProducerMessage,
    RefusedMessage,
    ack_message,
    durable_message,
    producer_message,
    refused_message,
)

CHANNEL = "ingest"
BATCH = "batch"
_WORDS = (
    "batches of ticks that are pushed: a message each, `{sequence, ticks}` in JSON or MessagePack, "
    "or a NumberedBatch of feed.proto; without a producer a tick, or an array of them"
)


@dataclass(frozen=True, slots=True)
class Told:
    """A message to a producer: its form, when it is sent, and an example."""

    form: type
    words: str
    example: Message


TOLD: dict[str, Told] = {
    "producer": Told(
        ProducerMessage,
        "the greeting: what is remembered of the producer, and what it may send",
        producer_message("me", 6, [(4, 4)], 6, keeps=True, most_ticks=10_000),
    ),
    "ack": Told(
        AckMessage,
        "a batch has its sequences, or had them before",
        ack_message("me", 7, "k3x9m2pq-1247", 500, durable=False, duplicate=False),
    ),
    "durable": Told(
        DurableMessage,
        "all that was acknowledged up to this batch would survive a kill; with `--state`",
        durable_message(7),
    ),
    "refused": Told(
        RefusedMessage,
        "a batch is not applied; those behind it are not concerned",
        refused_message(
            *(8, 400, "number", 3),
            "row 3: p 'x' is not accepted; accepted: a finite number",
        ),
    ),
}
_TICK: Schema = {
    "type": "object",
    "required": ["T", "S"],
    "description": "a tick as the server sends it; most fields have defaults",
}
_BATCH: Schema = {
    "type": "object",
    "required": ["sequence", "ticks"],
    "properties": {
        "sequence": {"type": "integer", "minimum": 1, "maximum": MAX_BATCH},
        "ticks": {"type": "array", "items": _TICK, "minItems": 1},
    },
    "additionalProperties": True,
}


def forms() -> list[type]:
    """Return the forms of all messages to producers."""
    return [told.form for told in TOLD.values()]


def push_messages() -> Iterator[tuple[str, Schema]]:
    """Yield the messages by their names: to producers, and of them."""
    for name, told in TOLD.items():
        yield name, _message(name, told.words, ref(told.form.__name__), dict(told.example))
    tick = {"T": "t", "S": "OWN", "p": 1.5, "s": 2.0}
    yield BATCH, _message(BATCH, _WORDS, _BATCH, {"sequence": 7, "ticks": [tick]})


def push_channel() -> Schema:
    """Return the channel."""
    query: dict[str, Any] = {}
    for name in PARAMETERS:
        parameter = parameter_of("GET", INGEST_PATH, name)
        query[name] = {"description": parameter.words, **parameter.schema}
    return {
        "address": INGEST_PATH,
        "description": _WORDS,
        "servers": [{"$ref": "#/servers/ws"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in (*TOLD, BATCH)},
        "bindings": {"ws": {"method": "GET", "query": {"type": "object", "properties": query}}},
    }


def push_operations() -> Iterator[tuple[str, Schema]]:
    """Yield what the server does with it."""
    channel = {"$ref": f"#/channels/{CHANNEL}"}
    told = [{"$ref": f"#/channels/{CHANNEL}/messages/{name}"} for name in TOLD]
    yield (
        f"{CHANNEL}_sends",
        {
            "action": "send",
            "channel": channel,
            "summary": "what producers are told",
            "messages": told,
        },
    )
    yield (
        f"{CHANNEL}_{BATCH}",
        {
            "action": "receive",
            "channel": channel,
            "summary": "a batch, applied whole and once, or refused",
            "messages": [{"$ref": f"#/channels/{CHANNEL}/messages/{BATCH}"}],
            "reply": {"channel": channel, "messages": [told[1], told[3]]},
        },
    )


def _message(name: str, words: str, payload: Schema, example: dict[str, Any]) -> Schema:
    examples = [{"name": name, "payload": example}]
    return {"name": name, "summary": words, "payload": payload, "examples": examples}
