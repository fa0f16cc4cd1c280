"""The messages of the AsyncAPI document that carry events: ticks, and words beside them.

An example is made by the codec and the framing that make it for subscribers.
"""

from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from feed.http.contract.schemas import Schema, ref
from feed.http.contract.ticks import EXAMPLES
from feed.http.contract.word_examples import SAID
from feed.http.pages import PROTOBUF_SCHEMA
from feed.market.words import Event
from feed.wire.codec import CODECS, Codec
from feed.wire.framing import Framing, SseFraming, StreamFraming
from feed.wire.messages import mark_message
from feed.wire.position import Position

WIRE = "x-wire"  # the bytes of the first example, with all that is around it
BINARY = tuple(codec for codec in CODECS.values() if not codec.is_text)
_JSON = CODECS["json"]
_PROTOBUF_FORMAT = "application/vnd.google.protobuf;version=3"
_POSITION = Position("k3x9m2pq", 1_247)
_WALL_NS = 1_767_623_400_130_000_000


@dataclass(frozen=True, slots=True)
class _Carried:
    """Events that one message carries.

    Attributes:
        name: of the message, in JSON.
        words, words_on_sse: what it is.
        examples: of its events, by name; the first is shown as bytes too.
    """

    name: str
    words: str
    words_on_sse: str
    examples: Mapping[str, Sequence[Event]]

    @property
    def first(self) -> tuple[str, Sequence[Event]]:
        """The name and the events of its first example."""
        return next(iter(self.examples.items()))


CARRIED = (
    _Carried(
        "ticks",
        "ticks, oldest first; messages without a place of their own may stand among them",
        "ticks, oldest first; those of a snapshot have no id",
        {"every_kind": tuple(EXAMPLES.values())},
    ),
    _Carried(
        "words",
        "words of the keys that are subscribed to, oldest first; never compressed",
        "words of the keys that are subscribed to, oldest first; those of a snapshot have no id",
        SAID,
    ),
)


def event_messages() -> Iterator[tuple[str, Schema]]:
    """Yield every message that carries events by its name, in each codec."""
    at = str(_POSITION).encode()
    for carried in CARRIED:
        yield carried.name, _array(carried)
        yield f"{carried.name}_event", _event(carried, at)
        for codec in BINARY:
            yield from _binary(carried, codec, at)


def message_of(name: str, words: str, payload: Schema, examples: list[Schema]) -> Schema:
    """Return a message as the document has it."""
    return {"name": name, "summary": words, "payload": payload, "examples": examples}


def _array(carried: _Carried) -> Schema:
    examples: list[Schema] = [
        {"name": name, "payload": orjson.loads(_joined(_JSON, events))}
        for name, events in carried.examples.items()
    ]
    fragments = _JSON.encode(carried.first[1])
    marked = _JSON.join([*fragments[:1], _JSON.fragment(mark_message(_POSITION, _WALL_NS))])
    examples.append(
        {
            "name": "marked",
            "summary": "with `marks`, on by default on streams",
            "payload": orjson.loads(marked),
        }
    )
    stream = StreamFraming(_JSON.delimiter, chunked=False)
    wire = stream.envelop_ticks(_JSON.join(fragments), b"").decode()
    return {**message_of(carried.name, carried.words, ref("Frame"), examples), WIRE: wire}


def _event(carried: _Carried, at: bytes) -> Schema:
    """Return a message as a Server-Sent Event without a name."""
    name, events = carried.first
    payload = _joined(_JSON, events)
    example = {"name": name, "headers": {"id": at.decode()}, "payload": orjson.loads(payload)}
    message = message_of(f"{carried.name}_event", carried.words_on_sse, ref("Events"), [example])
    message[WIRE] = _sse(_JSON).envelop_ticks(payload, at).decode()
    message["headers"] = {
        "type": "object",
        "properties": {"id": {"type": "string", "description": "the position"}},
    }
    return message


def _binary(carried: _Carried, codec: Codec, at: bytes) -> Iterator[tuple[str, Schema]]:
    """Yield a message in a binary codec; in the example its bytes are in base64."""
    name, (example_name, events) = f"{carried.name}_{codec.name}", carried.first
    encoded = _joined(codec, events)
    if codec.name == "protobuf":
        payload: Schema = {"schemaFormat": _PROTOBUF_FORMAT, "schema": PROTOBUF_SCHEMA.read_text()}
    else:
        payload = ref("Frame")
    words = f"the same in {codec.media_types[0]}"
    example = {"name": example_name, "payload": b64encode(encoded).decode()}
    message = message_of(name, words, payload, [])
    if codec.name == "protobuf":
        words_of_it = "the schema: each payload is one `feed.v1.Batch`"
        message["externalDocs"] = {"url": PROTOBUF_SCHEMA.name, "description": words_of_it}
    yield (
        name,
        {
            **message,
            "contentType": codec.media_types[0],
            "examples": [{**example, "summary": "in base64, for this document only"}],
        },
    )
    yield (
        f"{name}_event",
        {
            **message,
            "name": f"{name}_event",
            "summary": f"{words}, in base64, since events are text",
            "contentType": codec.media_types[0],
            "examples": [{**example, "headers": {"id": at.decode()}}],
            WIRE: _sse(codec).envelop_ticks(encoded, at).decode(),
        },
    )


def _joined(codec: Codec, events: Sequence[Event]) -> bytes:
    return codec.join(codec.encode(events))


def _sse(codec: Codec) -> Framing:
    return SseFraming(base64=not codec.is_text, chunked=False)
