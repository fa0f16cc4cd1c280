"""Kinds of sources: those of this package by a table, others by entry points."""

from pathlib import Path

import pytest

from feed.errors import SourceError
from feed.settings.load import InvalidSettings, load_settings
from feed.sources import catalog
from feed.sources.options import SourceOptions
from feed.sources.source import Source


class ElsewhereOptions(SourceOptions):
    """Of somebody else."""

    usage = "elsewhere"

    def make(self) -> Source:
        raise NotImplementedError

    def describe(self) -> str:
        return "something from elsewhere"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file in which installed entry points may be written."""
    monkeypatch.syspath_prepend(tmp_path)
    info = tmp_path / "elsewhere-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: elsewhere\nVersion: 1\n")
    return info / "entry_points.txt"


def entry(name: str, kind: str) -> str:
    return f"[feed.sources]\n{name} = {__name__}:{kind}\n"


def test_built_in_kinds_are_called_as_the_table_calls_them() -> None:
    assert [kind.source_name() for kind in catalog.built_in_kinds()] == list(catalog.BUILT_IN)
    assert next(iter(catalog.BUILT_IN)) == catalog.DEFAULT


def test_entry_points_are_not_asked_for_what_is_built_in(
    install: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install.write_text(entry("sim", "ElsewhereOptions"))
    monkeypatch.setattr(catalog, "entry_points", lambda **_: pytest.fail("asked"))
    assert [catalog.find_kind(name) for name in catalog.BUILT_IN] == catalog.built_in_kinds()


def test_a_kind_of_others_is_found_by_its_entry_point(install: Path) -> None:
    install.write_text(entry("elsewhere", "ElsewhereOptions"))
    assert catalog.find_kind("elsewhere") is ElsewhereOptions
    assert catalog.find_kind("nowhere") is None
    _, [source] = load_settings({"source": "elsewhere"})
    assert (source.name, source.options) == ("elsewhere", ElsewhereOptions())


def test_another_name_is_refused_with_those_that_are_installed(install: Path) -> None:
    install.write_text(entry("elsewhere", "ElsewhereOptions"))
    for text in ("nowhere", "elsewhere:place"):
        with pytest.raises(InvalidSettings, match=r"accepted: sim, or replay:FILE.*, or elsewhere"):
            load_settings({"source": text})


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("elsewhere", "NoSuchOptions", "cannot be loaded: .*NoSuchOptions"),
        ("elsewhere", "Path", "is not a subclass of SourceOptions"),
        ("other", "ElsewhereOptions", "calls itself elsewhere"),
    ],
)
def test_an_entry_point_without_a_kind_is_an_error_that_names_it(
    install: Path, name: str, kind: str, words: str
) -> None:
    install.write_text(entry(name, kind))
    with pytest.raises(SourceError, match=f"source {name}: {__name__}:{kind} {words}"):
        load_settings({"source": name})
