"""What `pyproject.toml` says: why each dependency is there, and the order of the rooms."""

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from tests.documents.markdown import ROOT

_TEXT = (ROOT / "pyproject.toml").read_text()
_REQUIREMENT = re.compile(r'^    "([A-Za-z][\w.-]*)([^"]*)",(?:  # (.+))?$', re.MULTILINE)
_OURSELVES = "feed-broadcaster"

PROJECT: dict[str, Any] = tomllib.loads(_TEXT)


@dataclass(frozen=True)
class Requirement:
    """A package that something of the project needs.

    Attributes:
        name: of the package.
        reason: why it is this one, from the comment beside it; "" where none stands there.
        group: "" for the base install, or the extra that brings it first.
    """

    name: str
    reason: str
    group: str


def requirements() -> list[Requirement]:
    """Return every requirement but build's own, in the order of the file.

    A package that several extras name has its reason where it stands first.
    """
    known: dict[str, Requirement] = {}
    for group, text in _lists():
        for name, version, reason in _REQUIREMENT.findall(text):
            if name != _OURSELVES:
                words = f"{reason} (not on Windows)" if "!= 'win32'" in version else reason
                known.setdefault(name, Requirement(name, words, group))
    return list(known.values())


def required_names() -> set[str]:
    """Return the names of all requirements, as a reader of TOML sees them."""
    project = PROJECT["project"]
    every = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        every += extra
    names = {re.split(r"[^\w.-]", requirement, maxsplit=1)[0] for requirement in every}
    return names - {_OURSELVES}


def layers() -> list[list[str]]:
    """Return the rooms from the outermost to the innermost; those of one layer stand together."""
    [contract] = [
        contract
        for contract in PROJECT["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers"
    ]
    return [layer.split(" | ") for layer in contract["layers"]]


def packages() -> list[str]:
    """Return the rooms that are folders, from the outermost to the innermost."""
    return [room for layer in layers() for room in layer if (ROOT / "feed" / room).is_dir()]


def _lists() -> list[tuple[str, str]]:
    """Return the text of each list of requirements, with the extra that it is of."""
    project = _TEXT[_TEXT.index("[project]") :]
    base = re.search(r"^dependencies = \[\n(.*?)^\]$", project, re.MULTILINE | re.DOTALL)
    assert base is not None
    extras = project[project.index("[project.optional-dependencies]") :]
    extras = extras[: extras.index("\n[", 1)]
    lists = re.findall(r"^([\w-]+) = \[\n(.*?)^\]$", extras, re.MULTILINE | re.DOTALL)
    return [("", base[1]), *lists]
