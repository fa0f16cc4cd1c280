"""Each attack of the table names a test that holds it, and that test is there."""

import re

from tests.documents.markdown import ROOT
from tests.documents.test_promises import names_in

DOCUMENT = ROOT / "tests" / "hostile" / "README.md"
FEWEST = 40
_ROW = re.compile(
    r"^\| (?!attack |---)(.+) \| (.+) \| `(tests/[\w/]+\.py)::(test_\w+)` \|$", re.MULTILINE
)


def section() -> str:
    text = DOCUMENT.read_text()
    return text[text.index("<!-- attacks:begin -->") : text.index("<!-- attacks:end -->")]


def test_each_attack_names_a_test_that_is_there() -> None:
    rows = _ROW.findall(section())
    lines = [line for line in section().splitlines() if line.startswith("|")]
    heads = [line for line in lines if line.startswith(("| attack |", "| --- |"))]
    assert len(rows) == len(lines) - len(heads), "a row is an attack, what happens, and a test"
    missing = [f"{path}::{name}" for _, _, path, name in rows if name not in names_in(path)]
    assert missing == []


def test_no_attack_is_there_twice_and_there_are_enough() -> None:
    attacks = [attack for attack, *_ in _ROW.findall(section())]
    assert len(set(attacks)) == len(attacks) >= FEWEST
