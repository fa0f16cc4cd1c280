"""Projections: ticks with some of their keys, in any codec.

Equal projections of one codec are one object, so that whoever asks for the same shares fragments,
payloads and lanes. Messages that are no ticks are whole. What keys there are the letters say
(`feed.wire.letters`); `T` and `S` are always kept.
"""

from collections.abc import Iterable, Sequence
from weakref import WeakValueDictionary

from feed.errors import InvalidParameter
from feed.market.ticks import KIND_OF_CHANNEL, Channel, Kind
from feed.market.words import Event
from feed.wire.codec import Codec
from feed.wire.letters import names_by_letter
from feed.wire.messages import Message

ALL_FIELDS = "*"  # as `fields`: no projection
_ALWAYS = frozenset({"T", "S"})
LETTERS_OF: dict[Kind, frozenset[str]] = {
    kind: frozenset(names_by_letter(kind)) | _ALWAYS for kind in Kind
}
EVERY_LETTER = frozenset[str]().union(*LETTERS_OF.values())


class ProjectedCodec:
    """A codec whose ticks have some of their keys only.

    Attributes:
        whole: the codec that it is of; it has its name too.
        letters: the keys that are kept.
    """

    __slots__ = (
        "__weakref__",
        "around_bytes",
        "between_bytes",
        "delimiter",
        "is_both_ways",
        "is_text",
        "joints",
        "letters",
        "media_types",
        "name",
        "whole",
    )

    def __init__(self, whole: Codec, letters: frozenset[str]) -> None:
        self.whole = whole
        self.letters = letters
        self.name = whole.name
        self.is_text = whole.is_text
        self.is_both_ways = whole.is_both_ways
        self.media_types = whole.media_types
        self.delimiter = whole.delimiter
        self.around_bytes = whole.around_bytes
        self.between_bytes = whole.between_bytes
        self.joints = whole.joints

    @property
    def is_loaded(self) -> bool:
        """Whether everything is in memory that it needs; else its first use loads that."""
        return self.whole.is_loaded

    def load(self) -> None:
        """Load what it needs."""
        self.whole.load()

    def encode(self, ticks: Sequence[Event], letters: frozenset[str] | None = None) -> list[bytes]:
        """Return one fragment a tick."""
        return self.whole.encode(ticks, self.letters if letters is None else letters)

    def fragment(self, message: Message) -> bytes:
        """Return a feed message as a fragment that joins with those of ticks."""
        return self.whole.fragment(message)

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """Return the array of these fragments; there must be at least one."""
        return self.whole.join(fragments)

    def array(self, messages: Sequence[Message]) -> bytes:
        """Return an array of messages."""
        return self.whole.array(messages)

    def decode(self, data: bytes | str) -> object:
        """Return the value that a client sent."""
        return self.whole.decode(data)


_projected: WeakValueDictionary[tuple[str, frozenset[str]], ProjectedCodec] = WeakValueDictionary()


def check_fields(fields: frozenset[str] | None, channels: Iterable[Channel]) -> None:
    """Refuse keys that no tick of some channels has.

    Raises:
        InvalidParameter: names one of them, and those that are there.
    """
    named = list(channels)
    if fields is None or not named:
        return
    channels = [channel for channel in named if channel in KIND_OF_CHANNEL]
    if not channels and fields - {ALL_FIELDS}:
        accepted = f"keys of ticks; what comes on {', '.join(named)} is whole"
        raise InvalidParameter("fields", min(fields), accepted)
    there = _letters_on(channels)
    unknown = fields - there - {ALL_FIELDS}
    if unknown:
        accepted = f"on {', '.join(channels)} the keys {', '.join(sorted(there))}"
        raise InvalidParameter("fields", min(unknown), accepted)


def projected(codec: Codec, fields: frozenset[str] | None, channels: Iterable[Channel]) -> Codec:
    """Return a codec that keeps some keys; the codec itself where that is all there are.

    Args:
        codec: of whole ticks.
        fields: the keys; None: all.
        channels: what is selected; nothing is as good as whole.
    """
    if fields is None or ALL_FIELDS in fields or _letters_on(channels) <= fields | _ALWAYS:
        return codec
    key = codec.name, fields | _ALWAYS
    known = _projected.get(key)
    if known is None:
        known = _projected[key] = ProjectedCodec(codec, key[1])
    return known


def _letters_on(channels: Iterable[Channel]) -> frozenset[str]:
    return _ALWAYS.union(
        *(LETTERS_OF[KIND_OF_CHANNEL[each]] for each in channels if each in KIND_OF_CHANNEL)
    )
