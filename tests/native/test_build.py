"""The build of the engine: what it makes and deletes, and the machines that have none."""

import shutil
import sys
import sysconfig
from pathlib import Path

import pytest

from feed.native import build as builder
from feed.native.build import LIBRARY, SOURCES, NotCompiledError, build, digest_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a copy of the sources, and a library that is stale."""
    for path in Path(builder.__file__).parent.glob("*.[ch]"):
        shutil.copy(path, tmp_path)
    (tmp_path / LIBRARY).write_bytes(b"stale")
    return tmp_path


@pytest.mark.programs
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_every_source_is_compiled_into_one_library(folder: Path) -> None:
    assert {path.name for path in folder.glob("*.c")} == set(SOURCES)
    library = build(folder).read_bytes()
    assert library[:4] == b"\x7fELF"
    assert digest_of(folder).encode() in library


def test_sources_that_change_have_another_digest(folder: Path) -> None:
    before = digest_of(folder)
    assert digest_of(Path(builder.__file__).parent) == before, "wherever they stand"
    (folder / "uring.h").write_text("")
    assert digest_of(folder) != before


@pytest.mark.programs
@pytest.mark.parametrize(
    ("compiler", "words"),
    [("/nonexistent/cc", "does not start"), ("false", "false failed")],
)
def test_without_a_compiler_there_is_no_library_and_no_stale_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch, compiler: str, words: str
) -> None:
    monkeypatch.setenv("CC", compiler)
    with pytest.raises(NotCompiledError, match=words):
        build(folder)
    assert not (folder / LIBRARY).exists()


def test_without_headers_there_is_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_paths", lambda: {"include": str(folder)})
    with pytest.raises(NotCompiledError, match=r"no Python\.h in "):
        build(folder)
    assert not (folder / LIBRARY).exists()


def test_a_python_without_its_lock_has_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _: 1)
    with pytest.raises(NotCompiledError, match="without the lock"):
        build(folder)


def test_windows_has_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(NotCompiledError, match="Windows"):
        build(folder)
