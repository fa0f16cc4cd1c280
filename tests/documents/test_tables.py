"""No table of a document is stale, none is missing, and a row that is gone is noticed."""

import inspect
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.documents import tables, wire_tables
from tests.documents.__main__ import main, run_cog
from tests.documents.markdown import documents

TABLES: dict[str, Callable[[], str]] = {
    f"{module.__name__.rpartition('.')[2]}.{name}": function
    for module in (tables, wire_tables)
    for name, function in vars(module).items()
    if inspect.isfunction(function)
    and function.__module__ == module.__name__
    and not name.startswith("_")
}


def test_no_table_is_stale() -> None:
    assert main(["--check"]) == 0, "`python -m tests.documents` writes the tables anew"


@pytest.mark.parametrize("name", TABLES)
def test_every_table_stands_in_a_document(name: str) -> None:
    assert any(f"[[[cog cog.out({name}()) ]]]" in it.text for it in documents().values())


@pytest.mark.parametrize("name", TABLES)
def test_a_document_without_the_last_line_of_a_table_is_stale(name: str, tmp_path: Path) -> None:
    whole = f"<!-- [[[cog cog.out({name}()) ]]] -->\n{TABLES[name]()}<!-- [[[end]]] -->\n"
    document = tmp_path / "README.md"
    document.write_text(whole)
    assert run_cog(["--check"], [document]) == 0
    document.write_text(re.sub(r".*\n(?=<!-- \[\[\[end)", "", whole))
    assert run_cog(["--check"], [document]) != 0


def test_bad_arguments_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--force"]) == 2
    assert "usage" in capsys.readouterr().err
