"""Times as people write them."""

import pytest

from feed.errors import InvalidParameter
from feed.trust.lifetime import end_of, span_ns

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND  # 2027-01-15T08:00:00Z


@pytest.mark.parametrize(
    ("text", "seconds"), [("90d", 7_776_000), ("12h", 43_200), ("30m", 1_800), ("1w", 604_800)]
)
def test_a_span_is_from_now(text: str, seconds: int) -> None:
    assert span_ns("x", text) == seconds * SECOND
    assert end_of("x", text, NOW) == NOW + seconds * SECOND


@pytest.mark.parametrize(
    ("text", "end_s"),
    [
        ("2027-01-16", 1_800_057_600),
        ("2027-01-15T09:00:00Z", 1_800_003_600),
        ("2027-01-15T10:00:00+01:00", 1_800_003_600),
    ],
)
def test_a_date_is_in_utc_unless_it_says_another_offset(text: str, end_s: int) -> None:
    assert end_of("x", text, NOW) == end_s * SECOND


@pytest.mark.parametrize(
    "text",
    [
        "",
        "90",
        "d",
        "-1d",
        "0s",
        "1.5h",
        "2027-01-15",
        "1999-01-01",
        "tomorrow",
        "٣d",
        "999999w",
        "9999-12-31",
    ],
)
def test_what_is_no_time_to_come_is_refused(text: str) -> None:
    with pytest.raises(InvalidParameter, match="--expires") as refused:
        end_of("--expires", text, NOW)
    assert "90d" in str(refused.value)
