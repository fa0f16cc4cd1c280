"""Golden bytes: what goes over the wire, byte for byte, shared by Python and TypeScript.

`ticks.json`: a tick, its object in the dialect, and the array of it alone in each codec. Times are
texts, since JavaScript's numbers do not hold nanoseconds; so are times in every `object` and in
`messages`, although MessagePack carries them as Timestamps.

`frames.json`: what a transport writes for messages at a position, and the WebSocket's headers.
`bodies` are whole connections: the names of frames in the order in which they come, which a parser
must read however they are cut.

`batch.txtpb`: these ticks and the feed's messages in one batch of Protobuf, as protoc tells it.

Bytes are in `utf8` where they are text, and in `hex` where they are not.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feed.market.ticks import Bar, ConflatedTrade, Kind, Quote, Status, Tick, Trade

_HERE = Path(__file__).parent
_CLASSES: dict[Kind, type[Trade | Quote | Status]] = {
    Kind.TRADE: Trade,
    Kind.QUOTE: Quote,
    Kind.STATUS: Status,
}


@dataclass(frozen=True, slots=True)
class TickVector:
    """A tick, its object, and the array of it alone in each codec."""

    name: str
    tick: Tick
    object: dict[str, Any]
    data: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class FrameVector:
    """What a transport writes for one message, and what a client is to read from it.

    Attributes:
        event: the name of an SSE event; None: an unnamed one, or another transport.
        position: where it moves the subscriber, where the transport says it beside the message.
        messages: the objects of it; none in what says nothing.
    """

    name: str
    transport: str
    codec: str
    chunked: bool
    event: str | None
    position: str | None
    messages: list[dict[str, Any]]
    data: bytes


@dataclass(frozen=True, slots=True)
class HeaderVector:
    """The first bytes of a WebSocket frame with so much data."""

    opcode: str
    length: int
    compressed: bool
    header: bytes


def _bytes(written: dict[str, str]) -> bytes:
    return written["utf8"].encode() if "utf8" in written else bytes.fromhex(written["hex"])


def _tick(fields: dict[str, Any]) -> Tick:
    kind = Kind(fields["kind"])
    values = {name: value for name, value in fields.items() if name != "kind"}
    values["event_ns"] = int(values["event_ns"])
    if "conditions" in values:
        values["conditions"] = tuple(values["conditions"])
    if kind is Kind.TRADE and "trade_count" in values:
        return ConflatedTrade(**values)
    if kind in _CLASSES:
        return _CLASSES[kind](**values)
    return Bar(kind, **values)


_ticks = json.loads((_HERE / "ticks.json").read_bytes())
_frames = json.loads((_HERE / "frames.json").read_bytes())

TICKS = [
    TickVector(
        name=vector["name"],
        tick=_tick(vector["tick"]),
        object=vector["object"],
        data={codec: _bytes(written) for codec, written in vector["arrays"].items()},
    )
    for vector in _ticks["ticks"]
]
FRAMES = {
    vector["name"]: FrameVector(
        name=vector["name"],
        transport=vector["transport"],
        codec=vector["codec"],
        chunked=vector["chunked"],
        event=vector["event"],
        position=vector["position"],
        messages=vector["messages"],
        data=_bytes(vector),
    )
    for vector in _frames["frames"]
}
BODIES: dict[str, list[str]] = _frames["bodies"]
HEADERS = [
    HeaderVector(
        opcode=vector["opcode"],
        length=vector["length"],
        compressed=vector["compressed"],
        header=bytes.fromhex(vector["hex"]),
    )
    for vector in _frames["websocket_headers"]
]
