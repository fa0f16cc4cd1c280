"""Codecs: ticks → fragments → one array.

A fragment is one encoded tick such that an array is a header plus joined fragments. So a tick is
encoded once per codec, whoever wants it, and a payload is a `join`. Feed messages (marks, gaps)
join like ticks. The letters are the market-data dialect's. Each codec has
a module of its own. Knows nothing of transports.
"""

from collections.abc import Sequence
from typing import Protocol

from feed.market.ticks import Tick
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.messages import Message
from feed.wire.protobuf_codec import PROTOBUF


class Codec(Protocol):
    """How ticks and messages become bytes.

    Attributes:
        name: as users write it: "json", "msgpack", "protobuf".
        is_text: whether its bytes are UTF-8 text.
    """

    name: str
    is_text: bool

    def encode(self, ticks: Sequence[Tick]) -> list[bytes]:
        """Return one fragment a tick."""

    def fragment(self, message: Message) -> bytes:
        """Return a feed message as a fragment that joins with those of ticks."""

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """Return the array of these fragments; there must be at least one."""

    def array(self, messages: Sequence[Message]) -> bytes:
        """Return an array of messages."""

    def decode(self, data: bytes | str) -> object:
        """Return what a client sent.

        Raises:
            InvalidMessage: the data is not of this codec.
        """


CODECS: dict[str, Codec] = {codec.name: codec for codec in (JSON, MESSAGE_PACK, PROTOBUF)}
