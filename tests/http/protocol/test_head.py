"""The size of a head, however it is cut into pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.http.protocol.head import MAX_HEADERS, MAX_LINE_BYTES, MAX_REST_BYTES, Head

LINE = b"GET /v1/sse?trades=* HTTP/1.1\r\n"
HEADS = (LINE + b"\r\n", LINE + b"Host: a\r\n\r\n", LINE + b"Host: a\r\nAccept: */*\r\n\r\n")


def read(pieces: list[bytes]) -> list[tuple[int, int]]:
    """Return the lengths of the lines and rests of all heads."""
    head, sizes = Head(), []
    for piece in pieces:
        at = 0
        while at < len(piece):
            at = head.read(piece, at)
            if head.whole:
                sizes.append((head.line_bytes, head.rest_bytes))
                head.reset()
    return sizes


@given(
    heads=st.lists(st.sampled_from(HEADS), max_size=4),
    blank=st.sampled_from([b"", b"\r\n", b"\r\n\r\n"]),
    cuts=st.lists(st.integers(0, 200), max_size=30),
)
def test_each_head_has_its_size_however_it_comes(
    heads: list[bytes], blank: bytes, cuts: list[int]
) -> None:
    data = b"".join(blank + head for head in heads)
    ends = sorted({*(min(cut, len(data)) for cut in cuts), len(data)})
    pieces = [data[a:b] for a, b in zip([0, *ends], ends, strict=False)]
    assert read(pieces) == [(len(LINE), len(head) - len(LINE)) for head in heads]


@pytest.mark.parametrize(
    ("data", "fits"),
    [
        (b"x" * MAX_LINE_BYTES, True),
        (b"x" * (MAX_LINE_BYTES + 1), False),
        (LINE + b"x" * MAX_REST_BYTES, True),
        (LINE + b"x" * (MAX_REST_BYTES - 4) + b"\r\n\r\n", True),
        (LINE + b"x" * (MAX_REST_BYTES - 3) + b"\r\n\r\n", False),
        (LINE + b"X: 1\r\n" * MAX_HEADERS + b"\r\n", True),
        (LINE + b"X: 1\r\n" * (MAX_HEADERS + 1) + b"\r\n", False),
    ],
)
def test_the_limits_are_of_the_line_of_the_rest_and_of_how_many_there_are(
    data: bytes, fits: bool
) -> None:
    head = Head()
    head.read(data, 0)
    assert head.fits is fits
