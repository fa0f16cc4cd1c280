"""Which requests for a file have a range of it as their answer (RFC 9110, 13.1.5 and 14.2)."""

import pytest

from feed.http.jobs.file import is_range_wanted

ETAG = '"1f-2"'


@pytest.mark.parametrize(
    ("range_", "if_range", "wanted"),
    [
        ("bytes=0-9", None, True),
        ("Bytes=5-", None, True),
        (" bytes=-5 ", None, True),
        ("bytes=7-7", ETAG, True),
        ("bytes=0-9", '"other"', False),
        ("bytes=0-9", f"W/{ETAG}", False),  # a weak one never matches
        ("bytes=0-9", "Fri, 27 Nov 2026 14:30:00 GMT", False),
        ("bytes=9-8", None, False),
        ("bytes=-0", None, False),
        ("bytes=-", None, False),
        ("bytes=0-1,5-6", None, False),
        ("lines=0-9", None, False),
        ("bytes=\u0661-", None, False),
        (None, None, False),
        (None, ETAG, False),
    ],
)
def test_the_range_of_a_request(
    range_: str | None,
    if_range: str | None,
    wanted: bool,
) -> None:
    assert is_range_wanted("GET", range_, if_range, ETAG) == wanted
    assert not is_range_wanted("HEAD", range_, if_range, ETAG)
