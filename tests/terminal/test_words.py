"""Numbers in few characters."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feed.terminal import words

SAID: list[tuple[Callable[..., str], tuple[Any, ...], str]] = [
    (words.price, (67123.456, 2), "67,123.46"),
    (words.price, (0.00001234, 8), "0.00001234"),
    (words.price, (67123.12345678, 8), "67,123.123"),
    (words.price, (612345.678, 4), "612,345.68"),
    (words.price, (1234567.891, 2), "1,234,568"),
    (words.price, (0.0, 2), "0.00"),
    (words.price, (None, 2), "–"),
    (words.price, (-36.73, 2), "-36.73"),
    (words.price, (1e-12, 8), "1e-12"),
    (words.price, (-1.25e-12, 8), "-1.25e-12"),
    (words.price, (0.000000012, 8), "1.2e-8"),
    (words.price, (1.23456789e12, 2), "1.235e12"),
    (words.price, (1e308, 2), "1e308"),
    (words.price, (-1.234e-300, 8), "-1.23e-300"),
    (words.price, (123456.78, 2, 8), "123,457"),
    (words.percent, (-0.00001,), "0.00%"),
    (words.percent, (0.0,), "0.00%"),
    (words.percent, (123.456,), "+12346%"),
    (words.percent, (1e300,), "+1e302%"),
    (words.percent, (1e308,), "–"),
    (words.percent, (0.0053,), "+0.53%"),
    (words.percent, (-0.0053,), "-0.53%"),
    (words.percent, (None,), "–"),
    (words.share, (0.719,), "72%"),
    (words.share, (None,), "–"),
    (words.count, (None,), "–"),
    (words.count, (0,), "0"),
    (words.count, (0.25,), "0.2"),
    (words.count, (7,), "7"),
    (words.count, (12.5,), "12"),
    (words.count, (99_999,), "99,999"),
    (words.count, (131_072,), "131k"),
    (words.count, (4_560_000,), "4.6M"),
    (words.count, (999_999,), "1.0M"),
    (words.rate, (1.23,), "1.2/s"),
    (words.data_size, (812,), "812 B"),
    (words.data_size, (64_000,), "64.0 kB"),
    (words.data_size, (999.6,), "1.0 kB"),
    (words.data_size, (None,), "–"),
    (words.age, (None,), "–"),
    (words.age, (-5,), "0.0s"),
    (words.age, (240_000_000,), "0.2s"),
    (words.age, (59_900_000_000,), "59s"),
    (words.age, (200_000_000_000,), "3m"),
    (words.age, (86_399_000_000_000,), "23h"),
    (words.age, (6 * 365 * 86_400_000_000_000,), "2190d"),
    (words.duration, (None,), "–"),
    (words.duration, (0.00085,), "850µs"),
    (words.duration, (0.0012,), "1.2ms"),
    (words.duration, (3.44,), "3.4s"),
    (words.duration, (200,), "3m 20s"),
    (words.duration, (7_500,), "2h 5m"),
    (words.duration, (345_600,), "4d 0h"),
    (words.printable, ("Halt\x1b]0;owned\x07",), "Halt�]0;owned�"),
    (words.printable, ("a" * 100, 10), "aaaaaaaaa…"),
    (words.printable, ("a" * 10, 10), "aaaaaaaaaa"),
]


@pytest.mark.parametrize(("say", "arguments", "said"), SAID)
def test_numbers_are_said_in_few_characters(
    say: Callable[..., str], arguments: tuple[Any, ...], said: str
) -> None:
    assert say(*arguments) == said


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(2, 8))
def test_a_price_fits_into_its_width(value: float, decimals: int) -> None:
    assert len(words.price(value, decimals)) <= words.PRICE_WIDTH


@given(st.floats(-1e308, 1e308), st.integers(2, 8))
def test_a_price_is_told_with_the_digits_that_matter(value: float, decimals: int) -> None:
    told = float(words.price(value, decimals).replace(",", ""))
    assert told == pytest.approx(value, rel=0.05, abs=0)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_change_fits_into_its_column_and_keeps_its_sign(share: float) -> None:
    text = words.percent(share)
    assert len(text) <= 8
    assert (text[0] == "-") <= (share < 0)


@given(st.floats(0, 1e14))
def test_a_count_fits_into_six_characters(value: float) -> None:
    assert len(words.count(value)) <= 6


def test_a_time_of_another_day_is_told_with_its_date() -> None:
    noon_ns = int(datetime(2024, 5, 1, 12, 34, 56).astimezone().timestamp()) * 1_000_000_000
    assert words.as_of(noon_ns, noon_ns + 3_600_000_000_000) == "as of 12:34:56"
    assert words.as_of(noon_ns, noon_ns + 86_400_000_000_000) == "as of 2024-05-01 12:34:56"


@given(st.integers(0, 30 * 365 * 86_400_000_000_000))
def test_an_age_of_at_most_27_years_fits_into_five_characters(age_ns: int) -> None:
    assert len(words.age(min(age_ns, 9_999 * 86_400_000_000_000))) <= 5
