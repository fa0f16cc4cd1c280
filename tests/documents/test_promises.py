"""Each promise names a test that holds it, and that test is there."""

import ast
import re
from functools import cache

from tests.documents.markdown import ROOT

DOCUMENT = ROOT / "feed" / "README.md"
TOPICS = (
    "Delivery",
    "Order and duplicates",
    "Freshness",
    "Conflation",
    "Gaps",
    "Limits of durability",
    "Over a takeover, in a cluster",
    "What a grant reveals",
    "Security",
)
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def section() -> str:
    text = DOCUMENT.read_text()
    return text[text.index("<!-- promises:begin -->") : text.index("<!-- promises:end -->")]


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text())
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def promises() -> list[str]:
    return re.split(r"^- ", section(), flags=re.MULTILINE)[1:]


def test_each_promise_names_a_test_that_is_there() -> None:
    held = {promise: _TEST.findall(promise) for promise in promises()}
    assert [promise for promise, named in held.items() if not named] == []
    named = [(path, name) for tests in held.values() for path, name in tests]
    assert [f"{path}::{name}" for path, name in named if name not in names_in(path)] == []


def test_every_topic_has_a_promise() -> None:
    parts = re.split(r"^\*\*(.+)\*\*$", section(), flags=re.MULTILINE)
    topics = dict(zip(parts[1::2], parts[2::2], strict=True))
    assert tuple(topics) == TOPICS
    assert [topic for topic, text in topics.items() if "\n- " not in text] == []
