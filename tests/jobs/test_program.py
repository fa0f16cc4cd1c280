"""The program that writes a file, in the test's own process."""

import csv
import hashlib
import io
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest

from feed.jobs import program
from feed.jobs.child import PROGRAM
from feed.jobs.chunks import END, Chunk, read_chunks
from feed.jobs.order import Order, RecordingOrder, Report
from feed.jobs.output import Output
from feed.jobs.rows import columns_of
from feed.market.ticks import Channel, Tick
from feed.wire.json_codec import JSON
from feed.wire.rfc3339 import rfc3339
from tests.fakes.patience import PROGRAM_PATIENCE_S
from tests.fakes.servers import EVENT_NS, quote, trade, trades

CHANNELS = ("trades", "quotes")
GAP = b'{"T":"gap","from":"e-1","to":"e-4","reason":"overrun"}'


def order(folder: Path, format_: str, **more: Any) -> Order:
    said: dict[str, Any] = {"epoch": "e", "start": "", "end": "", "most_bytes": 1 << 20, **more}
    part, whole = str(folder / "part"), str(folder / "whole")
    return Order(part=part, whole=whole, format=format_, channels=CHANNELS, **said)


def chunk(ticks: Sequence[Tick], first: int, gap: bytes = b"") -> bytes:
    numbers = range(first, first + len(ticks))
    return Chunk(numbers[-1], JSON.encode(ticks), numbers, gap).pack()


def write(order: Order, *chunks: bytes, ends: bool = True) -> Report | None:
    said = io.BytesIO()
    given = io.BytesIO(order.line() + b"".join(chunks) + (END if ends else b""))
    status = program.main(given, said)
    reports = [Report.of(line) for line in said.getvalue().splitlines()]
    last = reports[-1] if reports else None
    assert status == (0 if last is not None and last.sha256 else 1)
    return last


def test_ndjson_has_the_objects_of_the_wire_with_their_positions(tmp_path: Path) -> None:
    ticks: list[Tick] = [trade(1), quote(2)]
    report = write(order(tmp_path, "ndjson"), chunk(ticks, 5, GAP))
    data = (tmp_path / "whole").read_bytes()
    gap, *lines = map(orjson.loads, data.splitlines())
    assert gap == orjson.loads(GAP)
    shown = orjson.loads(JSON.join(JSON.encode(ticks)))
    assert lines == [{**shown[0], "pos": "e-5"}, {**shown[1], "pos": "e-6"}]
    digest = hashlib.sha256(data).hexdigest()
    assert report == Report(2, len(data), 6, digest)
    assert not (tmp_path / "part").exists()


def test_csv_has_a_column_for_each_field(tmp_path: Path) -> None:
    write(order(tmp_path, "csv"), chunk([trade(1), quote(2)], 5))
    with (tmp_path / "whole").open(newline="") as file:
        first, second = csv.DictReader(file)
    assert list(first) == list(columns_of([Channel(name) for name in CHANNELS], positions=True))
    assert (first["pos"], first["channel"], first["price"]) == ("e-5", "trades", "100.25")
    assert (first["conditions"], first["bid_price"]) == ('["@"]', "")
    assert (second["channel"], second["bid_price"], second["price"]) == ("quotes", "99.5", "")
    assert second["time"] == rfc3339(EVENT_NS + 2)


def test_a_table_without_events_has_its_header(tmp_path: Path) -> None:
    report = write(order(tmp_path, "csv"))
    assert report is not None
    assert report.done == 0
    assert (tmp_path / "whole").read_text().startswith("pos,channel,symbol,time,")


def test_parquet_has_types_and_tells_gaps(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    report = write(order(tmp_path, "parquet"), chunk([trade(1), quote(2)], 5, GAP))
    assert report is not None
    assert report.done == 2
    first, second = parquet.read_table(tmp_path / "whole").to_pylist()
    assert (first["pos"], first["price"], first["conditions"]) == ("e-5", 100.25, ["@"])
    assert second["time"].value == EVENT_NS + 2
    gaps = parquet.read_metadata(tmp_path / "whole").metadata[b"feed.gaps"]
    assert orjson.loads(gaps) == [orjson.loads(GAP)]


def test_times_are_filtered_to_the_nanosecond(tmp_path: Path) -> None:
    start, end = rfc3339(EVENT_NS + 3), rfc3339(EVENT_NS + 6)
    report = write(order(tmp_path, "ndjson", start=start, end=end), chunk(trades(1, 9), 1))
    assert report is not None
    lines = (tmp_path / "whole").read_bytes().splitlines()
    assert [orjson.loads(line)["i"] for line in lines] == [3, 4, 5]
    assert (report.done, report.reached) == (3, 9)


@pytest.mark.parametrize("format_", ["csv", "ndjson"])
def test_an_earlier_run_goes_on_where_it_was_kept(tmp_path: Path, format_: str) -> None:
    whole = order(tmp_path, format_)
    write(whole, chunk(trades(1, 9), 1))
    expected = (tmp_path / "whole").read_bytes()

    with Output(tmp_path / "part", 1 << 20) as output:
        output.write(expected)
    kept = expected.index(b"e-5" if format_ == "csv" else b'{"T":"t","S":"AAPL","i":5')
    again = order(tmp_path, format_, done=4, size_bytes=kept)
    report = write(again, chunk(trades(5, 9), 5))
    assert report is not None
    assert (report.done, report.sha256) == (9, hashlib.sha256(expected).hexdigest())
    assert (tmp_path / "whole").read_bytes() == expected


def test_a_file_that_is_shorter_than_it_was_or_gone_is_told(tmp_path: Path) -> None:
    (tmp_path / "part").write_bytes(b"1234")
    for _ in range(2):
        report = write(order(tmp_path, "ndjson", size_bytes=5))
        assert report is not None
        assert report.code == "not_the_same"
        (tmp_path / "part").unlink(missing_ok=True)


def test_a_file_that_would_be_too_large_is_told(tmp_path: Path) -> None:
    report = write(order(tmp_path, "ndjson", most_bytes=200), chunk(trades(1, 9), 1))
    assert report is not None
    assert report.code == "too_large"
    assert not (tmp_path / "whole").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "part").symlink_to("/dev/full")
    report = write(order(tmp_path, "ndjson"), chunk(trades(1, 9), 1))
    assert report is not None
    assert report.code == "disk_full"


def test_a_torn_input_leaves_no_whole_file(tmp_path: Path) -> None:
    assert write(order(tmp_path, "ndjson"), chunk(trades(1, 9), 1)[:-5], ends=False) is None
    report = write(order(tmp_path, "ndjson"), chunk(trades(1, 9), 1), ends=False)
    assert report is not None
    assert (report.done, report.sha256) == (9, "")
    assert not (tmp_path / "whole").exists()


class Unread(io.BytesIO):
    """A pipe that nobody reads any more."""

    def flush(self) -> None:
        raise BrokenPipeError


@pytest.mark.parametrize("lost", ["order", "line", "chunk", "end", "report", "fault"])
def test_a_server_that_has_gone_is_told_of_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lost: str
) -> None:
    folder = tmp_path / "gone" if lost == "fault" else tmp_path
    line, data = order(folder, "ndjson").line(), chunk(trades(1, 9), 1)
    given = {
        "order": b"",
        "line": line[:-5],
        "chunk": line + data[:-5],
        "end": line + data,
    }.get(lost, line + data + END)
    said = Unread() if lost in {"report", "fault"} else io.BytesIO()
    assert program.main(io.BytesIO(given), said) == 1
    assert capsys.readouterr().err == program.GONE
    assert not (tmp_path / "whole").exists()


@pytest.mark.programs
@pytest.mark.parametrize("given", ["nothing", "everything"])
def test_the_program_of_a_server_that_was_killed_ends_with_a_line(
    tmp_path: Path, given: str
) -> None:
    said = order(tmp_path, "ndjson").line() + chunk(trades(1, 9), 1) + END
    reader, reports = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            PROGRAM,
            input=b"" if given == "nothing" else said,
            stdout=reports,
            stderr=subprocess.PIPE,
            timeout=PROGRAM_PATIENCE_S,
            check=False,
        )
    finally:
        os.close(reports)
    assert (ended.returncode, ended.stderr.decode()) == (1, program.GONE)


def test_chunks_are_read_as_they_were_packed() -> None:
    given = [Chunk(7, [b"a", b"b"], (3, 7)), Chunk(9), Chunk(12, gap=GAP), Chunk(1, [b"x"])]
    pipe = io.BytesIO(b"".join(each.pack() for each in given) + END)
    read = list(read_chunks(pipe))
    assert [
        each and (each.reached, list(each.fragments), list(each.sequences)) for each in read
    ] == [(each.reached, list(each.fragments), list(each.sequences)) for each in given]
    assert [each and each.gap for each in read] == [each.gap for each in given]


def test_a_recording_is_read_by_the_program_itself(tmp_path: Path) -> None:
    recorded = tmp_path / "trades.ndjson"
    lines = [
        b'{"T":%b}\n' % fragment for fragment in JSON.encode([*trades(1, 9), *trades(1, 3, "MSFT")])
    ]
    recorded.write_bytes(b"".join(lines))
    reading = {"on_bad_row": "skip", "chosen": "", "symbol": "", "sorts": True}
    reading |= {"unit_ns": None, "begin_ns": None, "end_ns": None}
    recording = RecordingOrder(str(recorded), reading, {"AAPL": "APPLE"}, "", {"trades": ["APPLE"]})
    report = write(order(tmp_path, "ndjson", epoch="", recording=recording))
    assert report is not None
    assert (report.done, report.code) == (9, "")
    first = orjson.loads((tmp_path / "whole").read_bytes().splitlines()[0])
    assert (first["S"], first["i"], "pos" in first) == ("APPLE", 1, False)
