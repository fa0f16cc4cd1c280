"""Protobuf: ticks and feed messages as the items of a Batch, as `feed.proto` has them.

The codec loads `feed.binpb`, the descriptor set that protoc makes of `feed.proto`: Google's runtime
makes classes of descriptors, and leaves the reading of .proto files to protoc.

A fragment is one item with the tag and the length that it has within a batch, so a batch is the
concatenation of fragments. The names of a tick's fields are those of `feed.market.ticks`, so that
encoding is the same for every kind; the dialect's letters are needed only for messages, and to
decode.

Google's runtime and the schema are loaded at the first use (20 to 50 ms, once, and 4 MB):
processes that do not use the codec do not pay for them. Measured on 512 trades: 1.8 µs a tick.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from operator import attrgetter
from typing import Any, cast

from feed.errors import InvalidMessage
from feed.market.ticks import CHANNELS, ConflatedTrade, Kind, Tick, Trade
from feed.market.word_channels import WORD_CHANNELS
from feed.market.words import Event, Word, is_word
from feed.wire.codec_name import CodecName
from feed.wire.delimiter import Delimiter
from feed.wire.frame_shape import Joints
from feed.wire.letters import CHANNEL_FIELDS, LETTERS
from feed.wire.messages import SILENT_CHANNELS
from feed.wire.protobuf_rows import MessageRun, runs_of_items
from feed.wire.rfc3339 import rfc3339, unix_ns
from feed.wire.varint import varint
from feed.wire.word_fields import WORD_FORMS, WordForm

DESCRIPTOR_SET = "feed.binpb"
# How values that JSON has no type for are decoded.
_DECODERS: dict[str, Callable[[Any], object]] = {
    "event_ns": rfc3339,
    "time_ns": rfc3339,
    "edited_ns": rfc3339,
    "since_ns": rfc3339,
    "nearest": dict,
    "conflate": dict,
    **dict.fromkeys(("conditions", "names", "channels", "symbols", *WORD_CHANNELS), list),
    **dict.fromkeys((*CHANNELS, *SILENT_CHANNELS, *CHANNEL_FIELDS), list),
}
_TYPES = {kind.name.lower(): kind.value for kind in Kind}  # `T`, where it is not the item's name
_CONFLATED = "conflated"
_EXACT_ID = "exact_id"
_RARE = frozenset({_CONFLATED, _EXACT_ID})  # fields of few trades, set beside the others
_OMITTED_IF_EMPTY = ("tks", "xi", "xfi")  # letters
_OMITTED = {
    "gap": ("channels",),
    "subscription": WORD_CHANNELS,
    **{name: tuple(form.optional) for name, form in WORD_FORMS.items()},
}  # of other items
_LENGTH_DELIMITED = 2  # wire type
_ONE_BYTE = 0x80  # numbers below are one byte as a varint


def load_messages() -> dict[str, Any]:
    """Return the message classes of the schema, by their names without the package.

    They are in a pool of their own, and do not meet the classes that somebody else in the process
    may have generated from the same schema.
    """
    from google.protobuf import (  # noqa: PLC0415 - see the module docstring
        descriptor_pb2,
        descriptor_pool,
        message_factory,
    )

    data = (files("feed.wire") / DESCRIPTOR_SET).read_bytes()
    (file,) = descriptor_pb2.FileDescriptorSet.FromString(data).file
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    messages = pool.FindFileByName(file.name).message_types_by_name.values()
    return {found.name: message_factory.GetMessageClass(found) for found in messages}


@dataclass(frozen=True, slots=True)
class _Shape:
    """How one kind of item is made and read.

    Attributes:
        tag: its field's in Item; one byte, of words two.
        make: its message class.
        names: of its fields, without those that few trades have.
        values: reads the same from a tick; not used for feed messages.
        by_letter: the names of all of them by the dialect's letters.
        every: reads these.
        decoders: those of the letters whose value is not taken as it is.
    """

    tag: bytes
    make: Callable[..., Any]
    names: tuple[str, ...]
    values: Callable[[object], tuple[object, ...]]
    by_letter: dict[str, str]
    every: Callable[[object], tuple[Any, ...]]
    decoders: tuple[tuple[str, Callable[[Any], object]], ...]

    @classmethod
    def of(
        cls,
        make: Any,  # noqa: ANN401 - a message class
        tag: bytes = b"",
        form: WordForm | None = None,
    ) -> "_Shape":
        if form is not None:
            return cls.of_words(make, tag, form)
        every = [field.name for field in make.DESCRIPTOR.fields if field.name != _CONFLATED]
        names = tuple(name for name in every if name not in _RARE)
        by_letter = {LETTERS.get(name, name): name for name in every}
        decoders = tuple(
            (letter, _DECODERS[name]) for letter, name in by_letter.items() if name in _DECODERS
        )
        return cls(tag, make, names, attrgetter(*names), by_letter, attrgetter(*every), decoders)

    @classmethod
    def of_words(cls, make: Any, tag: bytes, form: WordForm) -> "_Shape":  # noqa: ANN401 - likewise
        """Return how words of a type are made and read: a key is called as it is on the wire."""
        names = tuple(field.name for field in make.DESCRIPTOR.fields)
        key = form.keys["symbol"]
        attributes = ["symbol" if name == key else name for name in names]
        letters = {"event_ns": "t", **form.keys}
        by_letter = {letters[of]: name for of, name in zip(attributes, names, strict=True)}
        decoders = tuple(
            (letter, _DECODERS[name]) for letter, name in by_letter.items() if name in _DECODERS
        )
        values, every = attrgetter(*attributes), attrgetter(*names)
        return cls(tag, make, names, values, by_letter, every, decoders)

    def read(self, message: Any) -> dict[str, Any]:  # noqa: ANN401 - of the class `make`
        """Return a message's fields under the dialect's letters."""
        fields = {letter: getattr(message, name) for letter, name in self.by_letter.items()}
        for letter, decode in self.decoders:
            fields[letter] = decode(fields[letter])
        return fields


class _Schema:
    """The classes of `feed.proto`, and the tables derived from them.

    Attributes:
        batch: the message class.
        batch_tag: the tag of an item in a batch, one byte.
        items: the shape of each field of Item.
        ticks: the same by kind of tick.
        conflated: the shape of the range that a conflated trade stands for.
        numbered: the class of a batch that a producer has numbered.
        readers: by the name of an item that is a tick: what reads all its fields, their letters,
            and its `T`.
        decode_error: the exception that the runtime raises at bytes that are not a batch.
    """

    __slots__ = (
        *("batch", "batch_tag", "conflated", "decode_error", "items", "numbered", "readers"),
        "ticks",
    )

    def __init__(self) -> None:
        from google.protobuf.message import DecodeError  # noqa: PLC0415 - see the module docstring

        classes = load_messages()
        self.batch = classes["Batch"]
        self.batch_tag = _tag(self.batch.DESCRIPTOR.fields_by_name["items"])
        self.items = {
            field.name: _Shape.of(
                classes[field.message_type.name], _tag(field), WORD_FORMS.get(field.name)
            )
            for field in classes["Item"].DESCRIPTOR.fields
        }
        self.ticks = {kind: self.items[kind.name.lower()] for kind in Kind}
        self.conflated = _Shape.of(classes["Conflated"])
        self.numbered = classes["NumberedBatch"]
        self.readers = {
            kind: (shape.every, tuple(shape.by_letter), _TYPES[kind])
            for kind, shape in self.items.items()
            if kind in _TYPES
        }
        self.decode_error: type[Exception] = DecodeError

    def word(self, word: Word) -> bytes:
        """Return a word as an item of a batch."""
        shape = self.items[word.type]
        fields = zip(shape.names, shape.values(word), strict=True)
        return self.item(shape, shape.make(**dict(fields)))

    def item(self, shape: _Shape, message: Any) -> bytes:  # noqa: ANN401 - a message
        """Return a message as an item of a batch."""
        data: bytes = message.SerializeToString()
        size = len(data)
        within = size + len(shape.tag) + 1
        if within < _ONE_BYTE:
            return b"%b%c%b%c%b" % (self.batch_tag, within, shape.tag, size, data)
        length = varint(size)
        return b"%b%b%b%b%b" % (
            self.batch_tag,
            varint(size + len(length) + len(shape.tag)),
            shape.tag,
            length,
            data,
        )


class ProtobufCodec:
    """Batches of `feed.proto`; control messages are not part of it."""

    name: CodecName = "protobuf"
    is_text = False
    is_both_ways = False
    media_types: tuple[str, ...] = ("application/x-protobuf",)
    delimiter = Delimiter.LENGTH
    joints: Joints | None = Joints(b"", b"", b"")
    around_bytes = between_bytes = 0
    __slots__ = ()

    @property
    def is_loaded(self) -> bool:
        """Whether the runtime and the schema are in memory."""
        return _schema.cache_info().currsize > 0

    def load(self) -> None:
        """Load the runtime and the schema."""
        _schema()

    def encode(self, ticks: Sequence[Event], letters: frozenset[str] | None = None) -> list[bytes]:
        """Return one fragment a tick; with letters only these fields are set."""
        schema = _schema()
        shapes, item, conflated = schema.ticks, schema.item, schema.conflated
        fragments = []
        for tick in ticks:
            if is_word(tick):
                fragments.append(schema.word(cast("Word", tick)))
                continue
            tick = cast("Tick", tick)
            shape = shapes[tick.kind]
            fields = dict(zip(shape.names, shape.values(tick), strict=True))
            if isinstance(tick, Trade):
                if tick.exact_id:
                    fields[_EXACT_ID] = tick.exact_id
                if isinstance(tick, ConflatedTrade):
                    values = zip(conflated.names, conflated.values(tick), strict=True)
                    fields[_CONFLATED] = conflated.make(**dict(values))
            if letters is not None:
                fields = _kept(fields, shape, letters)
                if isinstance(tick, ConflatedTrade):
                    own = dict(zip(conflated.names, conflated.values(tick), strict=True))
                    if some := _kept(own, conflated, letters):
                        fields[_CONFLATED] = conflated.make(**some)
            fragments.append(item(shape, shape.make(**fields)))
        return fragments

    def fragment(self, message: Mapping[str, Any]) -> bytes:
        """Return a feed message as a fragment.

        Raises:
            KeyError: the schema has no such message, or no such key in it.
        """
        schema = _schema()
        shape = schema.items[message["T"]]
        fields = {
            shape.by_letter[letter]: value for letter, value in message.items() if letter != "T"
        }
        if "time_ns" in fields:
            fields["time_ns"] = unix_ns(fields["time_ns"])
        return schema.item(shape, shape.make(**fields))

    def join(self, fragments: Sequence[bytes]) -> bytes:
        """Return the batch of these fragments."""
        return b"".join(fragments)

    def array(self, messages: Sequence[Mapping[str, Any]]) -> bytes:
        """Return a batch of feed messages."""
        return b"".join(map(self.fragment, messages))

    def decode(self, data: bytes | str) -> list[dict[str, Any]]:
        """Return a batch as the objects that it would be in JSON; unknown items are left out.

        Raises:
            InvalidMessage: the data is not a batch.
        """
        schema = _schema()
        objects = []
        for item in _parsed(schema.batch, data).items:
            kind = item.WhichOneof("kind")
            if kind is not None:
                objects.append(_object(schema, kind, getattr(item, kind)))
        return objects

    def runs(self, data: bytes) -> Iterator[MessageRun]:
        """Return the ticks of a batch as runs of rows: like `decode`, but quick.

        Raises:
            InvalidMessage: the data is not a batch.
        """
        schema = _schema()
        return runs_of_items(_parsed(schema.batch, data).items, schema.readers)

    def numbered_runs(self, data: bytes) -> tuple[int, Iterator[MessageRun]]:
        """Return the number and the rows of a numbered batch; see `runs`."""
        schema = _schema()
        numbered = _parsed(schema.numbered, data)
        return numbered.sequence, runs_of_items(numbered.batch.items, schema.readers)


def _kept(fields: Mapping[str, Any], shape: _Shape, letters: frozenset[str]) -> dict[str, Any]:
    """Return the fields of a message that some letters stand for."""
    return {
        name: fields[name]
        for letter, name in shape.by_letter.items()
        if letter in letters and name in fields
    }


@cache
def _schema() -> _Schema:
    return _Schema()


def _parsed(make: Any, data: bytes | str) -> Any:  # noqa: ANN401 - a message class
    try:
        return make.FromString(data)
    except (_schema().decode_error, TypeError) as error:
        words = f"not Protobuf: {error}; accepted: one {make.DESCRIPTOR.name}"
        raise InvalidMessage(words) from None


def _tag(field: Any) -> bytes:  # noqa: ANN401 - a FieldDescriptor
    return varint(field.number << 3 | _LENGTH_DELIMITED)


def _object(schema: _Schema, kind: str, message: Any) -> dict[str, Any]:  # noqa: ANN401 - a message
    """Return an item's message as the object that it would be in JSON."""
    fields = {"T": _TYPES.get(kind, kind), **schema.items[kind].read(message)}
    if kind == "subscription" and not fields["conflate"]:
        del fields["conflate"]
    if kind == "warning" and not fields["since"]:
        del fields["since"]
    for letter in _OMITTED.get(kind, ()):
        if not fields[letter]:
            del fields[letter]
    if kind == "trade":
        if message.HasField(_CONFLATED):
            fields |= schema.conflated.read(message.conflated)
        for letter in _OMITTED_IF_EMPTY:
            if not fields.get(letter, True):
                del fields[letter]
    return fields


PROTOBUF = ProtobufCodec()
