"""Codecs: ticks → fragments → one array.

A fragment is one encoded tick such that an array is a header plus joined fragments. So a tick is
encoded once per codec, however many subscribers want it, and a payload is a `join`. Feed messages
(marks, gaps) join like ticks. The letters are the market-data dialect's. Each codec has a module of
its own, and says there all that transports and metrics ask of it; its name stands in
`feed.wire.codec_name`.
"""

from collections.abc import Sequence
from typing import Protocol

from feed.market.ticks import Tick, is_opaque, opaque_fragment
from feed.market.words import Event
from feed.wire.bus_codec import BusCodec
from feed.wire.delimiter import Delimiter
from feed.wire.frame_shape import Joints
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.messages import Message
from feed.wire.protobuf_codec import PROTOBUF


class Codec(Protocol):
    """How ticks and messages become bytes.

    Attributes:
        is_text: whether its bytes are UTF-8 text.
        is_both_ways: whether control messages are written in it too; else they are JSON.
        media_types: by which `Accept` asks for a stream in it; answers carry the first.
        delimiter: how such a stream tells where one payload ends.
        around_bytes: the most that `join` adds to fragments.
        between_bytes: what it adds between two of them.
        joints: all that it adds; None: that depends on the fragments.
    """

    is_text: bool
    is_both_ways: bool
    media_types: tuple[str, ...]
    delimiter: Delimiter
    around_bytes: int
    between_bytes: int
    joints: Joints | None

    @property
    def name(self) -> str:
        """As users write it, where they may choose it; a label of metrics."""

    @property
    def is_loaded(self) -> bool:
        """Whether everything is in memory that it needs; else its first use loads that."""

    def load(self) -> None:
        """Load what it needs, as its first use would; from any thread, since it takes a while."""

    def encode(self, ticks: Sequence[Event], letters: frozenset[str] | None = None) -> list[bytes]:
        """Return one fragment a tick; with letters they keep these keys only, of which `T` is."""

    def fragment(self, message: Message) -> bytes:
        """Return a feed message as a fragment that joins with those of ticks."""

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """Return the array of these fragments; there must be at least one."""

    def array(self, messages: Sequence[Message]) -> bytes:
        """Return an array of messages."""

    def decode(self, data: bytes | str) -> object:
        """Return the value that a client sent.

        Raises:
            InvalidMessage: the data is not of this codec.
        """


def encode_events(codec: Codec, events: Sequence[Tick], *, opaque: bool) -> list[bytes]:
    """Return one fragment an event, whether its kind is known or not.

    Args:
        codec: that encodes what is known; whatever else came in JSON is b"" in any other than that
            and the bus, since nobody gets it so.
        events: in order.
        opaque: some of them may be of unknown kinds.
    """
    if not opaque:
        return codec.encode(events)
    known = iter(codec.encode([event for event in events if not is_opaque(event)]))
    return [
        next(known) if (came := opaque_fragment(event)) is None else _opaque(codec, came)
        for event in events
    ]


def _opaque(codec: Codec, came: bytes) -> bytes:
    if isinstance(codec, BusCodec):
        return codec.opaque(came)
    return came if codec is JSON else b""


_ALL: tuple[Codec, ...] = (JSON, MESSAGE_PACK, PROTOBUF)
CODECS: dict[str, Codec] = {codec.name: codec for codec in _ALL}
