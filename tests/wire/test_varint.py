"""Varints against those of Google's runtime."""

import pytest
from google.protobuf.internal.encoder import _VarintBytes
from hypothesis import example, given
from hypothesis import strategies as st

from feed.errors import InvalidMessage
from feed.wire.varint import read_varint, varint


@example(127)
@example(128)
@example((1 << 35) - 1)
@given(st.integers(0, (1 << 35) - 1))
def test_a_length_is_written_as_googles_runtime_does_and_read_back(length: int) -> None:
    data = varint(length)
    assert data == _VarintBytes(length)
    assert read_varint(b"x" + data + b"y", 1) == (length, 1 + len(data))


@pytest.mark.parametrize("before", [b"", b"\x80" * 7])
@pytest.mark.parametrize("data", [b"", b"\x80", b"\xff\xff\xff\xff"])
def test_a_length_that_is_cut_is_waited_for(before: bytes, data: bytes) -> None:
    assert read_varint(before + data, len(before)) is None


@pytest.mark.parametrize("before", [b"", b"\x01" * 7])
@pytest.mark.parametrize("after", [b"", b"\x00", b"\x80" * 300])
def test_what_is_longer_than_any_length_is_refused(before: bytes, after: bytes) -> None:
    with pytest.raises(InvalidMessage, match=r"^80 80 80 80 80 is no length.*up to 5 bytes$"):
        read_varint(before + b"\x80" * 5 + after, len(before))
