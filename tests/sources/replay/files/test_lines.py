import gzip
import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feed.errors import SourceError
from feed.sources.replay.files.lines import MAX_LINE_BYTES, Lines
from feed.sources.replay.files.packed import Packed, stem_of
from tests.fakes.strategies import examples

LINES = [f'{{"row":{row},"text":"{row * row}"}}'.encode() for row in range(5_000)]
TEXT = b"\n".join(LINES) + b"\n"
SKIPPABLE = b"\x50\x2a\x4d\x18\x04\x00\x00\x00abcd"  # RFC 8878 section 3.1.2: a frame to skip


def two_gzip_members(data: bytes) -> bytes:
    return gzip.compress(data[:30_001]) + gzip.compress(data[30_001:])


def two_zstd_frames(data: bytes) -> bytes:
    return (
        SKIPPABLE
        + zstandard.compress(data[:30_001])
        + SKIPPABLE
        + zstandard.compress(data[30_001:])
    )


def zipped(data: bytes, *names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        for name in names or ("ticks.csv",):
            archive.writestr(name, data)
    return file.getvalue()


def read(path: Path) -> tuple[list[bytes], SourceError | None]:
    """Return all lines that can be read, and what ended them if it was not the end."""
    found: list[bytes] = []
    packed = Packed(path)
    try:
        found.extend(Lines(packed))
    except SourceError as error:
        return found, error
    finally:
        packed.close()
    return found, None


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write_file(name: str, data: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write_file


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("ticks.ndjson", TEXT),
        ("ticks.ndjson", TEXT[:-1]),
        ("2024.05.01.AAPL.CSV", TEXT),
        ("ticks.ndjson.gz", gzip.compress(TEXT)),
        ("ticks.csv.GZ", two_gzip_members(TEXT)),
        ("ticks.ndjson.zst", zstandard.compress(TEXT)),
        ("ticks.csv.zst", two_zstd_frames(TEXT)),
        ("ticks.csv", gzip.compress(TEXT)),
        ("ticks.zip", zipped(TEXT)),
        ("ticks", zipped(TEXT, "folder/BTC.csv")),
    ],
)
def test_every_compression_gives_the_same_lines(
    name: str, data: bytes, write: Callable[[str, bytes], Path]
) -> None:
    lines = Lines(Packed(write(name, data)))
    assert lines.number == 0
    for number, (line, expected) in enumerate(zip(lines, LINES, strict=True), start=1):
        assert line == expected
        assert lines.number == number
    lines.close()
    lines.close()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", []),
        (b"\n", [b""]),
        (b"a", [b"a"]),
        (b"a\n\nb\r\n", [b"a", b"", b"b\r"]),
    ],
)
def test_lines_end_at_line_feeds(
    data: bytes, expected: list[bytes], write: Callable[[str, bytes], Path]
) -> None:
    assert read(write("a.csv", data)) == (expected, None)


@pytest.mark.parametrize("name", ["a.ndjson.gz", "a.ndjson.zst"])
@given(data=st.data())
@settings(max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_anywhere_gives_its_first_lines_and_says_after_which_it_broke(
    name: str, data: st.DataObject, write: Callable[[str, bytes], Path]
) -> None:
    whole = gzip.compress(TEXT) if name.endswith("gz") else zstandard.compress(TEXT)
    cut = data.draw(st.integers(4, len(whole) - 1))  # of fewer nobody knows
    path = write(name, whole[:cut])
    lines, error = read(path)
    assert lines == LINES[: len(lines)]
    assert error is not None
    assert str(error) == (
        f"{path}: cannot be read after line {len(lines)}: the compressed data is cut off"
    )


def test_most_lines_before_a_cut_are_given(write: Callable[[str, bytes], Path]) -> None:
    for name, whole in (
        ("a.ndjson.gz", gzip.compress(TEXT)),
        ("a.ndjson.zst", two_zstd_frames(TEXT)),
    ):
        lines, _ = read(write(name, whole[:-20]))
        assert len(lines) > 1_000


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.gz", gzip.compress(TEXT)[:2] + TEXT, "after line 0: .*unknown compression method"),
        ("a.zst", zstandard.compress(TEXT)[:4] + TEXT, "after line 0: "),
        ("a.ndjson.gz", gzip.compress(TEXT)[:-8] + b"\0" * 8, "incorrect data check"),
        ("a.ndjson.gz", gzip.compress(TEXT) + b"junk", "after line 5000: .*incorrect header"),
        ("a.ndjson.zst", zstandard.compress(TEXT) + b"junk", "after line 5000: .*Unknown frame"),
    ],
)
def test_broken_compression_is_told_with_its_place(
    name: str, data: bytes, words: str, write: Callable[[str, bytes], Path]
) -> None:
    path = write(name, data)
    _, error = read(path)
    assert error is not None
    assert str(error).startswith(f"{path}: cannot be read ")
    with pytest.raises(SourceError, match=words):
        raise error


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (zipped(b"")[:-20], "cannot be opened: File is not a zip file"),
        (zipped(b"", "a.csv", "b.csv"), r"a zip of 2 files \('a.csv', 'b.csv'\); accepted: .* one"),
        (zipped(b"", *"abcd"), r"a zip of 4 files \('a', 'b', 'c', …\)"),
    ],
)
def test_a_zip_of_anything_but_one_file_is_refused(
    data: bytes, words: str, write: Callable[[str, bytes], Path]
) -> None:
    with pytest.raises(SourceError, match=words):
        Packed(write("a.zip", data))


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("XBTUSD.csv.gz", "XBTUSD"),
        ("XBT.USD.CSV", "XBT.USD"),
        ("BTCUSDT-trades-2025-01-01.zip", "BTCUSDT-trades-2025-01-01"),
        (".csv", ".csv"),
    ],
)
def test_the_stem_of_a_name_is_without_what_tells_the_format(name: str, stem: str) -> None:
    assert stem_of(name) == stem


def test_a_file_that_cannot_be_opened_is_told_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.csv: cannot be opened: No such file"):
        Packed(tmp_path / "gone.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(SourceError, match=r"cannot be opened: Is a directory"):
        Packed(tmp_path / "folder.csv")


def test_a_line_without_an_end_takes_little_memory_and_shows_that_it_is_too_long(
    write: Callable[[str, bytes], Path],
) -> None:
    length = 16 * MAX_LINE_BYTES
    path = write("a.ndjson", b"first\n" + b"x" * length + b"\nlast\n")
    tracemalloc.start()
    try:
        lines, error = read(path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert error is None
    assert (lines[0], lines[2]) == (b"first", b"last")
    assert len(lines[1]) > MAX_LINE_BYTES
    assert peak_bytes < length / 2
