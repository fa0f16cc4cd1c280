"""JSON by orjson. Measured on 512 trades: 560 ns a tick."""

from collections.abc import Sequence

import orjson

from feed.errors import InvalidMessage
from feed.market.ticks import SECOND_NS
from feed.market.words import Event, is_word
from feed.wire.codec_name import CodecName
from feed.wire.delimiter import Delimiter
from feed.wire.frame_shape import Joints
from feed.wire.letters import fields_of
from feed.wire.messages import Message
from feed.wire.rfc3339 import second_prefix

_JOINTS = Joints(b'[{"T":', b'},{"T":', b"}]")
_MANY_DIGITS = 1_000_000_000 * SECOND_NS  # so that any time has nine digits and more


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
    joints: Joints | None = _JOINTS
    around_bytes = len(_JOINTS.begin) + len(_JOINTS.end)
    between_bytes = len(_JOINTS.between)
    is_loaded = True
    __slots__ = ()

    def load(self) -> None:
        """Do nothing: it is loaded."""

    def encode(self, ticks: Sequence[Event], letters: frozenset[str] | None = None) -> list[bytes]:
        """Return one fragment a tick; with letters they keep these keys only, of which `T` is."""
        if not ticks:
            return []
        objects = []
        begin_ns = end_ns = 0  # of the second whose prefix is at hand
        prefix = ""
        for tick in ticks:
            fields = fields_of(tick)
            event_ns = tick.event_ns
            if not begin_ns <= event_ns < end_ns:
                second = event_ns // SECOND_NS
                begin_ns, end_ns = second * SECOND_NS, (second + 1) * SECOND_NS
                prefix = second_prefix(second)
            # The last nine digits: half the time of a division and a format.
            fields["t"] = f"{prefix}{str(event_ns + _MANY_DIGITS)[-9:]}Z"
            if letters is not None and not is_word(tick):
                fields = {letter: fields[letter] for letter in fields if letter in letters}
            objects.append(fields)
        return self.split(orjson.dumps(objects))

    def fragment(self, message: Message) -> bytes:
        """Return a feed message as a fragment; its `T` must be its first key."""
        return orjson.dumps(message)[len('{"T":') : -1]

    def split(self, array: bytes) -> list[bytes]:
        """Return the fragments of an array that was encoded, or joined; it is not empty."""
        begin, between, end = _JOINTS
        return array[len(begin) : -len(end)].split(between)

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """Return the array of these fragments."""
        begin, between, end = _JOINTS
        return b"".join((begin, between.join(fragments), end))

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
