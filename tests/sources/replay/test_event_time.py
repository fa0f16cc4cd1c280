from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from feed.errors import InvalidTick
from feed.market.ticks import MAX_EVENT_NS
from feed.sources.replay.event_time import csv_time_ns, rfc3339_ns, time_ns

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
event_ns = st.integers(0, MAX_EVENT_NS)
SECOND_NS = 1_000_000_000


def rfc3339_of(ns: int, digits: int, offset: timedelta = timedelta()) -> str:
    """Write a time by another way than the code under test: datetime for the whole seconds."""
    seconds, fraction = divmod(ns, SECOND_NS)
    local = (EPOCH + timedelta(seconds=seconds)).astimezone(timezone(offset))
    text = local.strftime("%Y-%m-%dT%H:%M:%S")
    if digits:
        text += f".{fraction:09d}"[: digits + 1]
    return text + (local.strftime("%z")[:3] + ":" + local.strftime("%z")[3:] if offset else "Z")


@given(event_ns)
@example(0)
@example(MAX_EVENT_NS)
def test_rfc3339_with_nine_digits_gives_back_every_nanosecond(ns: int) -> None:
    assert rfc3339_ns(rfc3339_of(ns, 9)) == ns


@given(event_ns, st.integers(0, 9))
def test_fewer_fraction_digits_give_the_time_they_say(ns: int, digits: int) -> None:
    unit_ns = 10 ** (9 - digits)
    assert rfc3339_ns(rfc3339_of(ns, digits)) == ns // unit_ns * unit_ns


@given(st.integers(86_400 * SECOND_NS, MAX_EVENT_NS - 86_400 * SECOND_NS), st.integers(-1439, 1439))
def test_an_offset_changes_the_text_and_not_the_time(ns: int, minutes: int) -> None:
    assert rfc3339_ns(rfc3339_of(ns, 9, timedelta(minutes=minutes))) == ns


@pytest.mark.parametrize(
    "text",
    [
        "2020-02-22T00:00:02.111Z",
        "2020-02-22t00:00:02.111z",
        "2020-02-22 00:00:02.111Z",
        "2020-02-22T00:00:02.111000000+00:00",
        "2020-02-22T00:00:02.111-00:00",
        "2020-02-21T20:30:02.111-03:30",
        "2020-02-22T00:00:02.111",
        "2020-02-22 00:00:02.111",
        "2020-02-22 00:00:02.111 UTC",
        "2020-02-22 00:00:02.111 Z",
        "2020-02-22 00:00:02,111+00",
        "2020-02-22T01:00:02.111+0100",
        "2020-02-22T00:00:02.111000000999Z",
    ],
)
def test_every_spelling_of_rfc3339_is_the_same_time(text: str) -> None:
    assert rfc3339_ns(text) == 1_582_329_602_111_000_000


@pytest.mark.parametrize(
    "value",
    [
        "",
        "now",
        "2020-02-22",
        "2020-02-22T00:00:02.Z",
        "2020-02-22T00:00:02.1234567890123456789Z",
        "2020-02-30T00:00:00Z",
        "2021-02-29T00:00:00Z",
        "2020-13-01T00:00:00Z",
        "2020-02-22T24:00:00Z",
        "2020-02-22T00:60:00Z",
        "2016-12-31T23:59:60Z",
        "2020-02-22T00:00:02+010",
        "2020-02-22T00:00:02+24:00",
        "2020-02-22T00:00:02+01:60",
        " 2020-02-22T00:00:02Z",
        "2020-02-22T00:00:02Z\n",
        "\uff12020-02-22T00:00:02Z",
        "2020-02-22T00:00:02.\u0661Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "2262-04-11T23:47:16.854775808Z",
        1_582_329_602,
        None,
        ["2020-02-22T00:00:02Z"],
    ],
)
def test_a_text_that_is_not_an_rfc3339_time_is_refused_with_its_value(value: object) -> None:
    with pytest.raises(InvalidTick, match="accepted: RFC 3339") as refused:
        rfc3339_ns(value)
    assert repr(value) in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected_ns"),
    [
        ("1582329602", 1_582_329_602_000_000_000),
        ("1582329602111", 1_582_329_602_111_000_000),
        ("1582329602111222", 1_582_329_602_111_222_000),
        ("1582329602111222333", 1_582_329_602_111_222_333),
        ("0", 0),
        ("9223372036", 9_223_372_036 * SECOND_NS),
        ("100000000000", 100_000_000_000_000_000),
        ("100000000000000", 100_000_000_000_000_000),
        ("100000000000000000", 100_000_000_000_000_000),
        ("9223372036854775807", MAX_EVENT_NS),
        ("2020-02-22T00:00:02.111Z", 1_582_329_602_111_000_000),
        ("1582329602.111", 1_582_329_602_111_000_000),
        ("1582329602.111222333444555666", 1_582_329_602_111_222_333),
        ("1582329602111.222333", 1_582_329_602_111_222_333),
        ("1582329602111222.333999999999999999", 1_582_329_602_111_222_333),
        ("1582329602111222333.999999999999999999", 1_582_329_602_111_222_333),
        ("1582329602.", 1_582_329_602_000_000_000),
        ("1.582329602111222E+15", 1_582_329_602_111_222_000),
        ("1e9", 1_000_000_000_000_000_000),
    ],
)
def test_a_csv_time_is_a_number_of_any_unit_or_rfc3339(text: str, expected_ns: int) -> None:
    assert csv_time_ns(text) == expected_ns


@given(st.integers(10**17, MAX_EVENT_NS), st.sampled_from([1, 1_000, 1_000_000, SECOND_NS]))
def test_each_unit_is_told_by_its_magnitude_from_1973_on(ns: int, unit_ns: int) -> None:
    assert csv_time_ns(str(ns // unit_ns)) == ns // unit_ns * unit_ns


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "-1",
            "+1",
            "1_582_329_602",
            "1e99",
            "1e-9",
            "1.5.2",
            ".5",
            "9223372036.9",
            "\u00b2",
            "\u0661\u0662",
            "nan",
        ),
        *(" 1582329602", "9223372036854775808", "9223372037", "1" * 5_000),
    ],
)
def test_a_text_that_is_not_a_csv_time_is_refused(text: str) -> None:
    with pytest.raises(InvalidTick, match=r"timestamp .* accepted: an integer"):
        csv_time_ns(text)


@pytest.mark.parametrize(
    ("value", "expected_ns"),
    [
        (1_582_329_602, 1_582_329_602_000_000_000),
        (1_582_329_602.111222, 1_582_329_602_111_222_000),
        (1_582_329_602_111_222_333, 1_582_329_602_111_222_333),
        (1.582329602111e18, 1_582_329_602_111_000_000),
        ("2020-02-22 00:00:02.111", 1_582_329_602_111_000_000),
    ],
)
def test_an_object_has_its_time_as_a_number_or_a_text(value: object, expected_ns: int) -> None:
    assert time_ns(value) == expected_ns


@pytest.mark.parametrize("value", [-1, 1e300, 1 << 80, True, None, [1]])
def test_a_value_that_is_no_time_of_an_object_is_refused(value: object) -> None:
    with pytest.raises(InvalidTick, match="accepted"):
        time_ns(value)


@given(st.text())
def test_no_text_raises_anything_but_invalid_tick(text: str) -> None:
    for read in (rfc3339_ns, csv_time_ns):
        try:
            value = read(text)
        except InvalidTick:
            continue
        assert 0 <= value <= MAX_EVENT_NS


@pytest.mark.parametrize(
    "value", [1_582_329_602.111, "1582329602.111", "1582329602111", "1582329602111000000"]
)
def test_a_time_of_json_is_a_number_also_where_it_is_a_text(value: object) -> None:
    assert time_ns(value) == time_ns("2020-02-22T00:00:02.111Z")
