"""The schema as we read it, against protoc's reading, and what is refused."""

import shutil
import subprocess
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from feed.wire.proto_schema import ProtoSyntaxError, load_messages, parse_proto

SCHEMA = (files("feed.wire") / "feed.proto").read_text(encoding="utf-8")
HEAD = 'syntax = "proto3";\npackage a.b;\n'


def test_the_schema_is_what_protoc_reads_in_it(tmp_path: Path) -> None:
    protoc = shutil.which("protoc")
    if protoc is None:
        pytest.skip("protoc is not installed (Debian: protobuf-compiler)")
    (tmp_path / "feed.proto").write_text(SCHEMA, encoding="utf-8")
    command = [protoc, "--descriptor_set_out=/dev/stdout", "feed.proto"]
    output = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True).stdout
    (theirs,) = descriptor_pb2.FileDescriptorSet.FromString(output).file
    ours = descriptor_pb2.FileDescriptorProto()
    load_messages("feed.proto", SCHEMA)["Batch"].DESCRIPTOR.file.CopyToProto(ours)
    assert _without_json_names(ours) == _without_json_names(theirs)


def _without_json_names(file: Any) -> Any:
    """Leave out what protoc derives from a field's name and the runtime derives when asked."""
    for message in file.message_type:
        for field in message.field:
            field.ClearField("json_name")
    return file


def test_every_scalar_a_list_and_a_choice_are_carried() -> None:
    messages = load_messages(
        "a.proto",
        HEAD
        + """message A{bool a=1;double b=2; int64 c = 3; sfixed64 d = 4; // a comment; with } signs
        string e = 5; repeated string f = 6; oneof one { A g = 70; B h = 8; } }
        message B { }""",
    )
    told = messages["A"](a=True, b=-0.5, c=-1, d=-2, e="é", f=["x", ""], h=messages["B"]())
    read = messages["A"].FromString(told.SerializeToString())
    assert (read.a, read.b, read.c, read.d, read.e, read.f) == (True, -0.5, -1, -2, "é", ["x", ""])
    assert read.WhichOneof("one") == "h"
    assert messages["A"].DESCRIPTOR.full_name == "a.b.A"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1: the end where syntax is due"),
        ('syntax = "proto2"; package a;', 'line 1: "proto2" where "proto3" is due'),
        ('syntax = "proto3";\nmessage A {}', "line 2: message where package is due"),
        (HEAD + 'import "other.proto";', "line 3: import where message is due"),
        (HEAD + "enum E { A = 0; }", "line 3: enum where message is due"),
        (HEAD + "service S {}", "line 3: service where message is due"),
        (HEAD + "message A {\n  optional string a = 1;\n}", "line 4: a where = is due"),
        (HEAD + "message A { map<string, string> a = 1; }", "line 3: '<' is not read here"),
        (HEAD + "message A { string a = 1 [deprecated = true]; }", r"line 3: '\[' is not read"),
        (HEAD + "message A { reserved 2; }", "line 3: 2 where a name is due"),
        (HEAD + "message A { string a = b; }", "line 3: b where a number is due"),
        (HEAD + "message A { message B {} }", "line 3: { where = is due"),
        (HEAD + "message A { oneof a { repeated string b = 1; } }", "line 3: b where = is due"),
        (HEAD + "message A { oneof a { A b = 1; } oneof c { A d = 2; } }", "{ where = is due"),
        (HEAD + "message A { /* string a = 1; */ }", "line 3: '/' is not read here"),
        (HEAD + "message A {\n  string a = 1;\n", "line 4: the end where a name is due"),
    ],
)
def test_what_is_not_read_here_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ProtoSyntaxError, match=words) as caught:
        parse_proto("a.proto", text)
    assert str(caught.value).startswith("a.proto, line ")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("Unknown a = 1;", "Unknown"),
        ("float a = 1;", "float"),
        ("string a = 1; string b = 1;", "duplicate field number"),
        ("string a = 0;", "invalid field number"),
    ],
)
def test_what_is_read_but_no_schema_is_refused_by_the_runtime(body: str, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        load_messages("a.proto", f"{HEAD}message A {{ {body} }}")


def test_two_readings_of_one_file_do_not_meet() -> None:
    first, second = (load_messages("feed.proto", SCHEMA) for _ in range(2))
    assert first["Mark"].DESCRIPTOR is not second["Mark"].DESCRIPTOR
