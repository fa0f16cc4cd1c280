"""JSON by orjson. Measured on 512 trades: 560 ns a tick."""

from collections.abc import Sequence

import orjson

from feed.errors import InvalidMessage
from feed.market.ticks import SECOND_NS, Tick
from feed.wire.codec_name import CodecName
from feed.wire.delimiter import Delimiter
from feed.wire.letters import fields_of
from feed.wire.messages import Message
from feed.wire.rfc3339 import second_prefix


class JsonCodec:
    """JSON by orjson.

    A fragment is an object without its leading `{"T":` and trailing `}`. A whole batch is one call
    of orjson, split at `},{"T":`, where one object ends and the next begins. That can stand nowhere
    else in an array of flat objects: inside a string a quote is escaped, and after one that ends in
    `},{` the closing quote is followed by a comma or a bracket. The split also copies, as it must:
    orjson's own buffers are over-allocated, and kept fragments would hold 30 times their size.
    """

    name: CodecName = "json"
    is_text = True
    is_both_ways = True
    media_types: tuple[str, ...] = ("application/x-ndjson", "application/json")
    delimiter = Delimiter.LINE_FEED
    around_bytes = len('[{"T":}]')
    between_bytes = len('},{"T":')
    __slots__ = ()

    _BETWEEN = b'},{"T":'

    def encode(self, ticks: Sequence[Tick]) -> list[bytes]:
        """Return one fragment a tick."""
        if not ticks:
            return []
        objects = []
        cached_second, prefix = -1, ""
        for tick in ticks:
            fields = fields_of(tick)
            second, nanosecond = divmod(tick.event_ns, SECOND_NS)
            if second != cached_second:
                cached_second, prefix = second, second_prefix(second)
            fields["t"] = f"{prefix}{nanosecond:09d}Z"
            objects.append(fields)
        return orjson.dumps(objects)[len('[{"T":') : -2].split(self._BETWEEN)

    def fragment(self, message: Message) -> bytes:
        """Return a feed message as a fragment; its `T` must be its first key."""
        return orjson.dumps(message)[len('{"T":') : -1]

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """Return the array of these fragments."""
        return b'[{"T":%b}]' % self._BETWEEN.join(fragments)

    def array(self, messages: Sequence[Message]) -> bytes:
        """Return an array of messages."""
        return orjson.dumps(messages)

    def bare(self, message: Message) -> bytes:
        """Return one message that stands in no array: the data of a named SSE event."""
        return orjson.dumps(message)

    def decode(self, data: bytes | str) -> object:
        """Return the value that a client sent as JSON."""
        try:
            value: object = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise InvalidMessage(f"not JSON: {error}; accepted: one JSON object") from None
        return value


JSON = JsonCodec()
