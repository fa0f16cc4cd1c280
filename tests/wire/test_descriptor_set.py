"""The committed descriptor set is what protoc makes of the schema, and what the runtime loads."""

import shlex
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2

from feed.wire.protobuf_codec import DESCRIPTOR_SET, load_messages

ROOM = files("feed.wire")
SCHEMA = (ROOM / "feed.proto").read_text(encoding="utf-8")
REMAKE = "python -m grpc_tools.protoc --proto_path=. --descriptor_set_out=feed.binpb feed.proto"


@pytest.mark.programs
def test_the_descriptor_set_is_what_protoc_makes_of_the_schema(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools is not installed (the extra `test`)")
    (tmp_path / "feed.proto").write_text(SCHEMA, encoding="utf-8")
    _, *arguments = shlex.split(REMAKE)
    subprocess.run([sys.executable, *arguments], cwd=tmp_path, check=True)
    made, committed = (
        descriptor_pb2.FileDescriptorSet.FromString((room / DESCRIPTOR_SET).read_bytes())
        for room in (tmp_path, ROOM)
    )
    assert committed == made, f"feed.proto has changed; run in feed/wire: {REMAKE}"


def test_the_schema_says_how_its_descriptor_set_is_made() -> None:
    assert f"//   {REMAKE}\n" in SCHEMA


def test_what_is_loaded_meets_no_class_that_somebody_else_made_of_the_schema() -> None:
    first, second = load_messages(), load_messages()
    assert first["Mark"].DESCRIPTOR is not second["Mark"].DESCRIPTOR
    assert first["Mark"].DESCRIPTOR.full_name == "feed.v1.Mark"
