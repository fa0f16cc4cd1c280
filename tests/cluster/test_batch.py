"""The headers of a batch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.cluster.batch import (
    COUNT,
    EPOCH,
    FIRST,
    OFFSET,
    TERM,
    WRITER,
    Batch,
    headers_of,
    read_batch,
)
from feed.errors import InvalidMessage

BATCH = Batch("k3f9", 7, 101, 5, "a1", -12, mark='{"a":1}')


@given(
    st.builds(
        Batch,
        st.from_regex(r"[a-z0-9]{1,32}", fullmatch=True),
        st.integers(0, 1 << 62),
        st.integers(1, 1 << 62),
        st.integers(1, 1 << 30),
        st.text(),
        st.integers(),
        st.booleans(),
        st.text(),
        st.booleans(),
        st.lists(st.sampled_from(["json", "msgpack"]), unique=True).map(tuple),
    )
)
def test_a_batch_reads_as_it_was_written(batch: Batch) -> None:
    assert read_batch(headers_of(batch)) == batch


def test_a_batch_without_events_ends_before_it_begins() -> None:
    term = read_batch(headers_of(Batch("k3f9", 8, 106, 0, "b2", 0)))
    assert (term.last, str(term.before)) == (105, "k3f9-105")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        (EPOCH, "K3"),
        (EPOCH, ""),
        (TERM, "-1"),
        (TERM, "x"),
        (FIRST, "0"),
        (FIRST, "9" * 30),
        (COUNT, "1.5"),
        (OFFSET, ""),
        (WRITER, None),
    ],
)
def test_other_headers_are_refused_and_shown(header: str, value: str | None) -> None:
    headers = headers_of(BATCH)
    if value is None:
        del headers[header]
    else:
        headers[header] = value
    with pytest.raises(InvalidMessage):
        read_batch(headers)


def test_a_message_without_headers_is_no_batch() -> None:
    with pytest.raises(InvalidMessage, match="is no batch"):
        read_batch(None)


def test_a_hole_of_nothing_is_no_batch() -> None:
    with pytest.raises(InvalidMessage, match="0 events from 101"):
        read_batch(headers_of(Batch("k3f9", 7, 101, 0, "a1", 0, is_hole=True)))
