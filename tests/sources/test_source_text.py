"""The text of a source: its name, kind, place and options, whatever stands in a place."""

import pytest

from feed.errors import InvalidInput
from feed.sources.source_text import SourceText, parse_source


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("sim", ("", "sim", None, {})),
        ("md=sim", ("md", "sim", None, {})),
        ("-", ("", "-", None, {})),
        ("in=-?recorded=true", ("in", "-", None, {"recorded": "true"})),
        (
            "fx=sim?symbols=EUR/USD,GBP/USD&on-bad-row=stop",
            ("fx", "sim", None, {"symbols": "EUR/USD,GBP/USD", "on_bad_row": "stop"}),
        ),
        ("replay:a.csv", ("", "replay", "a.csv", {})),
        ("replay:./a b:c.csv", ("", "replay", "./a b:c.csv", {})),
        ("replay:/data/date=2026-01-02/x.csv", ("", "replay", "/data/date=2026-01-02/x.csv", {})),
        ("md=replay:day?.csv", ("md", "replay", "day?.csv", {})),
        ("replay:day?.csv?speed=max", ("", "replay", "day?.csv", {"speed": "max"})),
        ("feed:http://a:1/?x=y?rate=2", ("", "feed", "http://a:1/?x=y", {"rate": "2"})),
        ("sim?rename=A%26B>C", ("", "sim", None, {"rename": "A&B>C"})),
        ("a-b_2=replay:", ("a-b_2", "replay", "", {})),
        ("", ("", "", None, {})),
    ],
)
def test_a_text_is_taken_apart(
    text: str, parts: tuple[str, str, str | None, dict[str, str]]
) -> None:
    assert parse_source(text) == SourceText(*parts)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sim?rate=5&loop", "'loop' has no value"),
        ("sim?rate=5&rate=6", "'rate' comes twice"),
        ("n" * 33 + "=sim", "the name 'nnn"),
    ],
)
def test_what_cannot_be_taken_apart_is_refused_with_the_reason(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        parse_source(text)
