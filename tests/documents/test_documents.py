"""Links lead somewhere, paths that are named are there, and the front page stays a front door."""

import json
import re

import pytest

from tests.documents.markdown import ROOT, Document, documents

DOCUMENTS = documents()
FRONT = "README.md"
FRONT_LINES = 250
_PATH = re.compile(r"`((?:feed|tests|benchmarks|grafana|\.ci|\.github)/[\w./-]*)`")

every_document = pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)


def test_the_front_page_is_a_front_door() -> None:
    assert len(DOCUMENTS[FRONT].text.splitlines()) <= FRONT_LINES


@every_document
def test_links_lead_to_files_and_headings_that_are_there(document: Document) -> None:
    broken = []
    for path, anchor in document.links:
        target = (document.path.parent / path).resolve() if path else document.path
        if target.is_dir():
            target /= "README.md"
        found = target.is_file() and target.is_relative_to(ROOT)
        if found and anchor:
            found = anchor in DOCUMENTS[target.relative_to(ROOT).as_posix()].anchors
        if not found:
            broken.append(f"{path}#{anchor}")
    assert not broken


@every_document
def test_paths_that_are_named_are_there(document: Document) -> None:
    named = _PATH.findall(document.text)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_document_is_reached_from_the_front_page() -> None:
    reached: set[str] = set()
    waiting = [FRONT]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in DOCUMENTS:
            continue
        reached.add(name)
        folder = (ROOT / name).parent
        waiting += [
            (folder / path).resolve().relative_to(ROOT).as_posix()
            for path, _ in DOCUMENTS[name].links
            if path
        ]
    assert reached == set(DOCUMENTS)


def test_the_browser_clients_document_says_what_each_package_is_for() -> None:
    web = ROOT / "feed" / "web"
    package = json.loads((web / "package.json").read_text())
    text = DOCUMENTS["feed/web/README.md"].text.lower()
    names = [*package["dependencies"], *package["devDependencies"]]
    wanted = {
        name: name.rpartition("/")[2] if name.startswith("@biomejs") else name
        for name in names
        if not name.startswith("@types/")
    }
    assert [name for name, word in wanted.items() if word not in text] == []
