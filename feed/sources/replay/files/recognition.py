"""What a file is, by its content: the opening of a recording, of one file or of several."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from feed.errors import SourceError
from feed.sources.replay.bad_rows import BadRow, Flaw
from feed.sources.replay.files.blocks import Recording
from feed.sources.replay.files.line_rows import BYTE_ORDER_MARK
from feed.sources.replay.files.lines import Lines
from feed.sources.replay.files.merged import MergedRecording
from feed.sources.replay.files.packed import Packed
from feed.sources.replay.files.places import files_of
from feed.sources.replay.files.recording import CsvRecording, ObjectRecording
from feed.sources.replay.formats.columns import shown
from feed.sources.replay.listing import Listings
from feed.sources.replay.reading import Reading

FILE_SHAPE = (
    "NDJSON as feed record writes it, CSV with a header or of a known vendor, Parquet, or DBN of "
    "Databento; as it is, or as gzip, zstd or a zip of one file"
)
_OBJECT_SUFFIXES = frozenset({".ndjson", ".jsonl"})
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_PARQUET = b"PAR1"
_DBN = b"DBN"
_BLANK = b" \t\r\n\0"


def open_place(place: str, reading: Reading) -> tuple[Recording, list[tuple[Path, str]]]:
    """Open all files that a text names; return them as one, and what each was taken for.

    Raises:
        SourceError: one of them cannot be opened, or is no recording.
    """
    paths = files_of(place)
    if len(paths) == 1:
        recording = open_recording(paths[0], reading, Listings())
        return recording, [(paths[0], recording.words)]
    as_it_is = replace(reading, sorts=False)
    merged = MergedRecording(
        paths,
        lambda path, listings: open_recording(path, as_it_is, listings),
        lambda path, listings: open_recording(path, reading, listings),
    )
    return merged, merged.taken


def version_of(place: str, reading: Reading) -> list[Any]:
    """Return what tells these files and their reading from others, and from themselves later."""
    bounds = (reading.unit_ns, reading.begin_ns, reading.end_ns)
    version: list[Any] = [reading.symbol, *(-1 if number is None else number for number in bounds)]
    if reading.chosen is not None:
        version.append(shown(reading.chosen.columns))
    try:
        for path in files_of(place):
            known = path.stat()
            version += [str(path.absolute()), known.st_size, known.st_mtime_ns]
    except (OSError, SourceError):
        return [place, 0, 0]
    return version


def open_recording(path: Path, reading: Reading, listings: Listings) -> Recording:
    """Open a file, and say what it is.

    Raises:
        SourceError: it cannot be opened, or is no recording; the message says what it is instead.
    """
    packed = Packed(path)
    try:
        return _recording_of(packed, Lines(packed), reading, listings)
    except SourceError:
        packed.close()
        raise


def _recording_of(packed: Packed, lines: Lines, reading: Reading, listings: Listings) -> Recording:
    packing = f" in {packed.packing}" if packed.packing else ""
    if lines.head.startswith(_PARQUET):
        if packing:
            raise SourceError(f"{packed.path}: is Parquet{packing}; accepted: Parquet as it is")
        from feed.sources.replay.files.parquet import ParquetRecording  # noqa: PLC0415 - an extra

        packed.close()
        return ParquetRecording(packed.path, reading, listings)
    if lines.head.startswith(_DBN):
        from feed.sources.replay.files.dbn import DbnRecording  # noqa: PLC0415 - an extra

        return DbnRecording(lines, reading, listings, packing)
    if _is_of_objects(lines, packed.path):
        return ObjectRecording(lines, reading, listings, f"NDJSON{packing}")
    return CsvRecording(lines, reading, listings, packed.stem, packing)


def no_tick(
    place: str,
    reading: Reading,
    *,
    rows: int,
    beside: int,
    skipped: Mapping[str, int],
    first_bad: BadRow | None,
) -> SourceError:
    """Return why a recording that was read to its end is none.

    Args:
        place: its files.
        reading: how they were read.
        rows: how many rows it has.
        beside: how many of them only accompany ticks.
        skipped: how many of them are bad, by flaw.
        first_bad: the first of these.
    """
    if rows == 0:
        return SourceError(f"{place}: is empty; accepted: {FILE_SHAPE}")
    bounded = reading.begin_ns is not None or reading.end_ns is not None
    between = " between --from and --to" if bounded else ""
    bad = ", ".join(f"{skipped.get(flaw, 0)} {flaw}" for flaw in Flaw)
    first = "" if first_bad is None else f"; {first_bad}"
    return SourceError(
        f"{place}: holds no tick{between}; of {rows} rows {beside} only accompany ticks, and bad "
        f"are: {bad}{first}"
    )


def _is_of_objects(lines: Lines, path: Path) -> bool:
    """Tell NDJSON from CSV.

    Raises:
        SourceError: it is neither.
    """
    head = lines.head
    named = not _OBJECT_SUFFIXES.isdisjoint(suffix.lower() for suffix in path.suffixes)
    first = head.removeprefix(BYTE_ORDER_MARK).lstrip(_BLANK).partition(b"\n")[0].rstrip(_BLANK)
    if not first:
        if not head.strip(_BLANK) and len(head) > 0 and b"\n" not in head:
            raise _not_accepted(path, "holds nothing but zeros or spaces")
        return named
    if head.startswith(_UTF_16):
        raise _not_accepted(path, "is text in UTF-16, not UTF-8")
    if b"\0" in first:
        raise _not_accepted(path, f"is no text, but binary: it begins with {_shown(head)}")
    try:
        first.decode()
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":  # where the head ends amid a letter
            what = "no text, but binary" if b"\0" in head else "no text in UTF-8"
            raise _not_accepted(path, f"is {what}: it begins with {_shown(head)}") from None
    if first.startswith(b"<"):
        raise _not_accepted(path, "is a page in HTML or XML, such as an error in place of a file")
    return named or first.startswith((b"{", b"["))


def _shown(head: bytes) -> str:
    return head[:8].hex(" ")


def _not_accepted(path: Path, words: str) -> SourceError:
    return SourceError(f"{path}: {words}; accepted: {FILE_SHAPE}")
