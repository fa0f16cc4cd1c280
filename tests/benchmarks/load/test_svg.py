"""Charts are well-formed and show what they were given."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.load.svg import Bar, Line, bars, lines, scale_of

SVG = "{http://www.w3.org/2000/svg}"


@given(st.floats(1e-6, 1e12))
def test_a_scale_begins_at_0_and_reaches_the_largest_value(most: float) -> None:
    ticks = scale_of(most)
    assert ticks[0] == 0
    assert ticks[-1] >= most * 0.999
    assert 2 <= len(ticks) <= 7


@pytest.mark.parametrize(("most", "last"), [(9.3, 10), (0, 1), (35, 40), (1, 1), (5_000, 5_000)])
def test_scales_end_at_round_numbers(most: float, last: float) -> None:
    assert scale_of(most)[-1] == pytest.approx(last)


def test_bars_are_as_long_as_their_values() -> None:
    chart = ET.fromstring(
        bars([Bar("ours & more", 2, 2, 2, "2 µs", ours=True), Bar("a peer", 8, 7, 8, "8 µs")])
    )
    mine, theirs = chart.iter(f"{SVG}rect")
    assert float(theirs.get("width", 0)) == pytest.approx(4 * float(mine.get("width", 0)), rel=0.01)
    assert [mine.get("class"), theirs.get("class")] == ["bar ours", "bar"]
    assert len(list(chart.iter(f"{SVG}path"))) == 1, "only where rounds differ"


def test_lines_carry_their_names_apart_from_each_other() -> None:
    chart = ET.fromstring(
        lines(
            [Line("p50", [(0, 1), (1, 5)], 1), Line("p99", [(0, 2), (1, 5)], 2), Line("no", [])],
            "ms",
        )
    )
    ends = [text for text in chart.iter(f"{SVG}text") if "end" in str(text.get("class"))]
    assert [text.text for text in ends] == ["p50", "p99"]
    assert float(ends[1].get("y", 0)) - float(ends[0].get("y", 0)) >= 15
