"""The .proto file as message classes, without protoc and without generated code.

Google's runtime makes classes of descriptors, but leaves reading .proto files to protoc, which can
be neither installed with a package nor asked for at its start. So the little that one file of plain
messages needs is read here: the syntax and the package, messages of fields, each with one oneof at
most. Anything else is refused with its line, never passed over. That protoc reads the same is
tested where there is one.

Knows descriptors, and nothing of ticks. Source: Protocol Buffers Language Specification (proto3).
"""

import re
from collections.abc import Iterator
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_TOKEN = re.compile(r'(?P<skip>\s+|//[^\n]*)|(?P<token>[A-Za-z_][\w.]*|\d+|"[^"\n]*"|[{}=;])')

_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS = {
    "bool": _Field.TYPE_BOOL,
    "double": _Field.TYPE_DOUBLE,
    "int64": _Field.TYPE_INT64,
    "sfixed64": _Field.TYPE_SFIXED64,
    "string": _Field.TYPE_STRING,
}


class ProtoSyntaxError(ValueError):
    """A .proto file has something that is not read here: a mistake of ours, not of a user."""


def load_messages(name: str, text: str) -> dict[str, Any]:
    """Return the message classes of a .proto file, by their names without the package.

    They are in a pool of their own, and do not meet the classes that somebody else in the process
    may have generated from the same file.

    Args:
        name: of the file, for messages.
        text: its content.

    Raises:
        ProtoSyntaxError: there is something that is not read here; says the line.
        TypeError: what was read is no valid schema, in the runtime's words.
    """
    pool = descriptor_pool.DescriptorPool()
    file = parse_proto(name, text)
    pool.AddSerializedFile(file.SerializeToString())
    messages = pool.FindFileByName(name).message_types_by_name.values()
    return {found.name: message_factory.GetMessageClass(found) for found in messages}


def parse_proto(name: str, text: str) -> Any:  # noqa: ANN401 - the runtime is published without types
    """Return the FileDescriptorProto of a .proto file; its own types are resolved by the pool.

    Raises:
        ProtoSyntaxError: there is something that is not read here; says the line.
    """
    tokens = _Tokens(name, text)
    tokens.expect("syntax", "=", '"proto3"', ";", "package")
    file = descriptor_pb2.FileDescriptorProto(name=name, syntax="proto3", package=tokens.word())
    tokens.expect(";")
    while tokens.peek():
        tokens.expect("message")
        _read_message(tokens, file.message_type.add())
    return file


class _Tokens:
    """The words and signs of a file, in order, with their lines."""

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._at = 0  # where the token after `_next` begins
        self._line = 1  # of `_next`
        self._tokens = self._scan()
        self._next = next(self._tokens, "")  # "": the end

    def peek(self) -> str:
        return self._next

    def take(self) -> str:
        token = self._next
        self._next = next(self._tokens, "")
        return token

    def expect(self, *due: str) -> None:
        for token in due:
            if self._next != token:
                raise self.error(f"{self._next or 'the end'} where {token} is due")
            self.take()

    def word(self) -> str:
        if not re.match(r"[A-Za-z_]", self._next):
            raise self.error(f"{self._next or 'the end'} where a name is due")
        return self.take()

    def number(self) -> int:
        if not self._next.isdigit():
            raise self.error(f"{self._next or 'the end'} where a number is due")
        return int(self.take())

    def error(self, words: str) -> ProtoSyntaxError:
        return ProtoSyntaxError(f"{self._name}, line {self._line}: {words}")

    def _scan(self) -> Iterator[str]:
        while self._at < len(self._text):
            match = _TOKEN.match(self._text, self._at)
            self._line = self._text.count("\n", 0, self._at) + 1
            if match is None:
                raise self.error(f"{self._text[self._at]!r} is not read here")
            self._at = match.end()
            if match["token"]:
                yield match["token"]


def _read_message(tokens: _Tokens, message: Any) -> None:  # noqa: ANN401 - a DescriptorProto
    message.name = tokens.word()
    tokens.expect("{")
    while tokens.peek() != "}":
        if tokens.peek() == "oneof" and not message.oneof_decl:
            tokens.take()
            message.oneof_decl.add(name=tokens.word())
            tokens.expect("{")
            while tokens.peek() != "}":
                _read_field(tokens, message.field.add(oneof_index=0))
            tokens.take()
        else:
            _read_field(tokens, message.field.add())
    tokens.take()


def _read_field(tokens: _Tokens, field: Any) -> None:  # noqa: ANN401 - a FieldDescriptorProto
    field.label = _Field.LABEL_OPTIONAL
    kind = tokens.word()
    if kind == "repeated" and not field.HasField("oneof_index"):
        field.label = _Field.LABEL_REPEATED
        kind = tokens.word()
    if kind in _SCALARS:
        field.type = _SCALARS[kind]
    else:
        field.type_name = kind
    field.name = tokens.word()
    tokens.expect("=")
    field.number = tokens.number()
    tokens.expect(";")
