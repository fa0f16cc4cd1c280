"""Documents in Markdown: which there are, and the blocks, links and headings in them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]

_FENCED = re.compile(r"^( *)```.*?^\1```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_NOT_IN_ANCHORS = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Document:
    """One file, as it is on the disk.

    Attributes:
        path: where it is.
        text: what is in it.
    """

    path: Path
    text: str

    @property
    def name(self) -> str:
        """Its path within the project."""
        return self.path.relative_to(ROOT).as_posix()

    def blocks(self, language: str) -> list[str]:
        """Return its fenced blocks of one language, in order; those of a list are indented."""
        found = re.findall(
            rf"^( *)```{language}\n(.*?)^\1```$", self.text, re.MULTILINE | re.DOTALL
        )
        return [dedent(block) for _, block in found]

    @property
    def commands(self) -> list[str]:
        """Its commands: the lines of its `sh` blocks, without what `#` explains."""
        lines = (line for block in self.blocks("sh") for line in block.splitlines())
        return [line.partition("  #")[0].rstrip() for line in lines]

    @cached_property
    def prose(self) -> str:
        """Its text without what is fenced."""
        return _FENCED.sub("", self.text)

    @property
    def links(self) -> Iterator[tuple[str, str]]:
        """Its links to files of the project: the path, "" for itself, and the anchor or ""."""
        for target in _LINK.findall(self.prose):
            if "://" not in target:
                path, _, anchor = target.partition("#")
                yield path, anchor

    @cached_property
    def anchors(self) -> frozenset[str]:
        """What links can point at in it: its headings, as GitHub writes them in addresses."""
        return frozenset(map(_anchor, _HEADING.findall(self.prose)))


def documents() -> dict[str, Document]:
    """Return every document that is ours, by its name."""
    paths = [
        *ROOT.glob("*.md"),
        *ROOT.glob(".github/*.md"),
        *(
            path
            for folder in ("feed", "tests", "benchmarks", "grafana")
            for path in (ROOT / folder).rglob("*.md")
            if "node_modules" not in path.parts
        ),
    ]
    found = (Document(path, path.read_text()) for path in sorted(paths))
    return {document.name: document for document in found}


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in GitHub's Markdown, with a line feed after each row."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"|{'|'.join(map(_cell, line))}|\n" for line in lines)


def code(words: object) -> str:
    """Return words as they are typed: `so`."""
    return f"`{words}`"


def _cell(text: str) -> str:
    escaped = text.replace("|", r"\|")
    return f" {escaped} " if text else " "


def _anchor(heading: str) -> str:
    return _NOT_IN_ANCHORS.sub("", heading.lower()).replace(" ", "-")
