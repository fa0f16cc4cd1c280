"""A replay of a file that is no recording: refused as a missing one is, with status 2."""

import gzip
from pathlib import Path

import pytest

from feed.cli.commands import run
from tests.fakes.restored_logs import restored_logs

NO_RECORDINGS: dict[str, bytes] = {
    "empty.ndjson": b"",
    "empty.csv.gz": gzip.compress(b""),
    "words.ndjson": b"these are words\n",
    "binary.ndjson": b"\x00\x01\xff\n",
    "marks.ndjson": b'[{"T":"mark","pos":"ab-1"}]\n',
    "columns.csv": b"name,age\nme,7\n",
    "not.csv.gz": b"symbol,timestamp,price,amount\n",
    "not.ndjson.zst": b"\x00\x01\xff\n",
    "page.html": b"<html></html>\n",
}


@pytest.mark.parametrize("on_bad_row", ["skip", "stop"])
@pytest.mark.parametrize("name", [*NO_RECORDINGS, "missing.ndjson", "folder.ndjson"])
def test_it_is_one_line_and_status_2(
    name: str,
    on_bad_row: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    file = Path(name)
    if name.startswith("folder"):
        file.mkdir()
    elif name in NO_RECORDINGS:
        file.write_bytes(NO_RECORDINGS[name])
    with restored_logs():
        status = run(["serve", "--source", f"replay:{file}", "--on-bad-row", on_bad_row])
    out, err = capfd.readouterr()
    assert (status, out) == (2, "")
    [line] = err.splitlines()
    assert line.startswith("feed: --source: ")
    assert name in line
