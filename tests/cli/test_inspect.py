"""`feed inspect`: what a file is; and files that are none, each told in one line with status 2."""

import gzip
import json
import re
from pathlib import Path

import pytest
import zstandard

from feed.cli.commands import run
from tests.sources.replay.formats.vendor_files import FILES
from tests.sources.replay.recordings import trade_row

HTML = b"<!doctype html>\n<html><body>403: sign in to download</body></html>\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01"
MANY = "".join(f"{trade_row(at, i=at * at)}\n" for at in range(3_000)).encode()
WRONG: dict[str, tuple[bytes, str]] = {
    "picture.csv": (
        PNG,
        "is no text, but binary: it begins with 89 50 4e 47 0d 0a",
    ),
    "empty.csv": (b"", "is empty; accepted: a header"),
    "empty.csv.gz": (gzip.compress(b""), "is empty; accepted: a header"),
    "others.csv": (b"name,age\nme,7\n", "line 1: the columns 'name,age' are those of neither"),
    "half.ndjson.gz": (gzip.compress(MANY)[:9_000], "cannot be read after line "),
    "stub.csv.gz": (
        gzip.compress(MANY)[:12],
        "after line 0: the compressed data is cut off",
    ),
    "utf16.csv": ("symbol,price\nÄ,1\n".encode("utf-16"), "is text in UTF-16, not UTF-8"),
    "utf16.le.csv": (
        "symbol,price\n".encode("utf-16-le"),
        "is no text, but binary: it begins with",
    ),
    "latin.csv": ("Börse,price\n".encode("latin-1"), "is no text in UTF-8: it begins with 42 f6"),
    "zeros.csv": (b"\0" * 5_000, "holds nothing but zeros or spaces"),
    "page.csv.gz": (HTML, "is a page in HTML or XML, such as an error in place of a file"),
    "array.json": (b"[[1700000000,1.5],[1700000001,1.6]]", "line 1: [1700000000, 1.5] is no tick"),
    "error.json": (b'{"error":"no such file"}', "line 1: T None is not accepted"),
    "book.csv": (
        b"exchange,symbol,timestamp,local_timestamp,is_snapshot,side,price,amount\n",
        "the columns are those of changes of an order book",
    ),
    "no.zip": (b"PK\x03\x04 and no more", "cannot be opened: File is not a zip file"),
    "header.csv": (b"symbol,timestamp,price,amount\n", "is empty; accepted"),
    "spoilt.zst": (zstandard.compress(MANY)[:5] + PNG, "cannot be read after line 0"),
    "long.ndjson": (b"{" * 3_000_000, "longer than a line may be"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_told_in_one_line(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    data, words = WRONG[name]
    (tmp_path / name).write_bytes(data)
    status = run(["inspect", str(tmp_path / name)])
    out, err = capfd.readouterr()
    assert (status, out) == (2, "")
    [line] = err.splitlines()
    assert line.startswith(f"feed: {tmp_path / name}")
    assert words in line
    assert line.isprintable()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gone.csv", "cannot be opened: No such file or directory"),
        ("", "cannot be opened: Is a directory"),
        ("*.csv", "no file is named so"),
        ("\0", "cannot be opened: embedded null byte"),
    ],
)
def test_a_place_without_a_file_is_told_in_one_line(
    name: str, words: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run(["inspect", f"{tmp_path}/{name}"]) == 2
    out, err = capfd.readouterr()
    assert (out, len(err.splitlines())) == ("", 1)
    assert words in err


def test_a_file_that_may_not_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:  # root may read everything
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert run(["inspect", str(tmp_path / "a.csv")]) == 2
    assert capfd.readouterr().err == (
        f"feed: {tmp_path}/a.csv: cannot be opened: Permission denied\n"
    )


def test_it_says_what_a_file_is_and_what_would_be_skipped(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = FILES["massive trades"]()
    path = tmp_path / f"{file.name}.gz"
    spoilt = [*file.lines[:200], "AAPL,,0,4,1,1,free,1,1,1,1,0,0", '"', *file.lines[200:]]
    path.write_bytes(gzip.compress("\n".join(spoilt).encode()))
    assert run(["inspect", str(path), "--first", "2"]) == 0
    out, err = capfd.readouterr()
    assert err == ""
    head, columns, label, one, two, rows, times, symbols, skipped, first, second = out.splitlines()
    assert head == f"{path}: trades of Massive (Polygon), CSV in gzip, sorted by time"
    assert columns.startswith("columns: symbol=ticker, timestamp=sip_timestamp, price=price, size=")
    assert label == "first ticks:"
    assert [json.loads(row)["i"] for row in (one, two)] == [1_000_000, 1_000_001]
    assert rows == "rows: 302: 300 trades"
    assert times.startswith("times: 2025-01-02T14:30:0")
    assert times.endswith(", in order")
    assert symbols == "symbols: 1: AAPL (300)"
    assert skipped == "skipped: 1 invalid, 1 unreadable"
    assert first.startswith(f"  {path}, line 201: price 'free' is not accepted; accepted: a number")
    assert second.startswith(f"  {path}, line 202: no CSV")


def test_options_are_those_of_a_replay(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("at,last,n\n1,1,1\n2,2,1\n3,3,1\n")
    words = ["--columns", "timestamp=at,price=last,size=n", "--time-unit", "ms", "--symbol", "BTC"]
    bounds = ["--from", "1970-01-01T00:00:00.002Z", "--to", "1970-01-01T00:00:00.003Z"]
    assert run(["inspect", str(path), *words, *bounds]) == 0
    out, _ = capfd.readouterr()
    assert "rows: 3: 1 trades\n" in out
    assert "1970-01-01T00:00:00.002000000Z to 1970-01-01T00:00:00.002000000Z, in order" in out
    assert run(["inspect", str(path), "--columns", "price=last", "--time-unit", "h"]) == 2
    _, err = capfd.readouterr()
    assert [line.partition(" is not")[0] for line in err.splitlines()] == [
        "feed: --columns: 'price=last'",
        "feed: --time-unit: 'h'",
    ]
    assert run(["inspect", str(path), "--from", bounds[3], "--to", bounds[1]]) == 2
    assert "after --from" in capfd.readouterr().err


def test_several_files_are_inspected_as_one(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("tardis trades", "tardis quotes"):
        file = FILES[name]()
        (tmp_path / file.name).write_bytes(file.data)
    assert run(["inspect", f"{tmp_path}/*.csv", "--first", "0"]) == 0
    out, _ = capfd.readouterr()
    assert "bitmex_trades_2025-01-02_XBTUSD.csv: trades of Tardis, CSV\n" in out
    assert "rows: 600: 300 " in out
    assert re.search(r"Z, \d+ ticks behind the largest so far\n", out)
    assert "symbols: 2: XBTUSD (300), BTC-PERPETUAL (300)\n" in out
