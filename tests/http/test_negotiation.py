"""What a header accepts: the offer that it ranks highest."""

import pytest

from feed.http.negotiation import choose

OFFERS = ["zstd", "gzip", "identity"]


@pytest.mark.parametrize(
    ("header", "chosen"),
    [
        (None, "zstd"),
        ("", "zstd"),
        ("gzip", "gzip"),
        ("gzip;q=0.5, zstd;q=0.4", "gzip"),
        ("GZIP ; Q=1.000", "gzip"),
        ("*", "zstd"),
        ("*;q=0.1, gzip", "gzip"),
        ("br", "identity"),
        ("br, identity;q=0", None),
        ("*;q=0", None),
        ("gzip;q=nan, zstd;q=0", "identity"),
        ("gzip;q=inf, zstd;q=0.001", "zstd"),
        ("gzip;q=-1", "identity"),
        ("gzip;q=1e0", "identity"),
        ("gzip;q=2", "identity"),
        ("gzip;q=", "identity"),
        ("gzip;level=9;q=0.7", "gzip"),
    ],
)
def test_the_highest_rank_is_chosen(header: str | None, chosen: str | None) -> None:
    assert choose(header, OFFERS) == chosen


def test_ranges_of_media_types_rank_below_what_is_named() -> None:
    offers = ["application/json", "text/csv"]
    assert choose("text/*, application/json;q=0.5", offers) == "text/csv"
    assert choose("application/*;q=0.2, */*;q=0.1", offers) == "application/json"
    assert choose("image/png", offers) is None
