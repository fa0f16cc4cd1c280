"""The walk: over the files of a state, in which deleted messages are written over.

It is made by the thread that writes the log, in pieces, between which the log has its turn.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import BinaryIO

from feed.broadcast.log import Deletion
from feed.state.directory import Directory
from feed.state.erasing.redo import Overwrite, write_over
from feed.state.erasing.texts import LONGEST_BYTES, Name, deleted_in, records_without, texts_of
from feed.state.records import FILE_HEAD_BYTES, lengths

PIECE_BYTES = 1 << 18  # looked through at once: 0.3 ms


class Walk:
    """A walk over all files of the log, and over those that were put aside.

    Attributes:
        changed: the files in which something was written over.
        left: the names of those that may have a text still, in a place that cannot be read.
    """

    __slots__ = ("_directory", "_pause", "changed", "left")

    def __init__(self, directory: Directory, pause: Callable[[], object]) -> None:
        """Begin before the first file.

        Args:
            directory: of the state.
            pause: called between two pieces.
        """
        self._directory = directory
        self._pause = pause
        self.changed: set[Path] = set()
        self.left: set[str] = set()

    def erase(self, deletions: Sequence[Deletion]) -> None:
        """Write over the texts of deleted messages; all up to their deletions is in the log.

        Raises:
            OSError: it cannot be done.
        """
        self._directory.check()
        logs = self._directory.logs()
        for (first, path), following in zip_longest(logs, logs[1:]):
            upto = None if following is None else following[0]
            names = {
                (each.room, each.id)
                for each in deletions
                if first <= each.last and (upto is None or each.first < upto)
            }
            if names:
                self._erase_in_log(first, path, names)
        names = {(each.room, each.id) for each in deletions}
        for path in self._directory.asides():
            try:
                if blank(path, names, self._pause):
                    self.changed.add(path)
            except OSError:
                self.left.add(f"{path.parent.name}/{path.name}")

    def _erase_in_log(self, first: int, path: Path, deleted: Collection[Name]) -> None:
        """Walk over one file of the log, as far as it goes by now."""
        with path.open("rb", buffering=0) as file:
            for at, piece in self._pieces(file, path):
                found = list(records_without(piece, deleted))
                whole = [Overwrite(first, at + place, data) for place, data in found if data]
                if whole:
                    write_over(self._directory, whole)
                    self.changed.add(path)
                if len(whole) < len(found):
                    self.left.add(path.name)
                self._pause()

    def _pieces(self, file: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
        """Yield pieces of a file of the log that are whole records, with where they begin."""
        at, size = FILE_HEAD_BYTES, file.seek(0, 2)
        while at < size:
            piece = _read(file, at, min(PIECE_BYTES, size - at))
            whole = 0
            for length in lengths(piece):
                if whole + length > len(piece):
                    break
                whole += length
            if not whole:  # the first one is longer, or is none
                whole = next(lengths(piece), size)
                if at + whole > size:
                    self.left.add(path.name)
                    return
                piece = _read(file, at, whole)
            yield at, piece[:whole]
            at += whole


def blank(path: Path, deleted: Collection[Name], pause: Callable[[], object]) -> bool:
    """Write spaces over the texts of deleted messages, in a file that nobody takes up.

    A tail is deleted: what it had before may be cut off there anywhere.

    Args:
        path: of the file.
        deleted: which messages are.
        pause: called between two pieces.

    Returns:
        Whether something was written over.

    Raises:
        OSError: it cannot be done.
    """
    if path.name.startswith("tail"):
        path.unlink()
        return False
    is_changed = False
    with path.open("r+b") as file:
        for at, piece in _overlapping(file):
            for begin, end in texts_of(piece, deleted):
                file.seek(at + begin)
                file.write(b" " * (end - begin))
                is_changed = True
            pause()
    return is_changed


def blank_what_is_deleted(paths: Sequence[Path]) -> list[str]:
    """Blank the texts of messages in files that were put aside, where these say they are deleted.

    Returns:
        The names of files that cannot be read, or written over.
    """
    deleted: set[Name] = set()
    left: list[str] = []
    for path in paths:
        try:
            with path.open("rb") as file:
                for _, piece in _overlapping(file):
                    deleted.update(deleted_in(piece))
        except OSError:
            left.append(f"{path.parent.name}/{path.name}")
    for path in paths if deleted else ():
        try:
            blank(path, deleted, lambda: None)
        except OSError:
            left.append(f"{path.parent.name}/{path.name}")
    return left


def _overlapping(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Yield pieces of a file, with where they begin; whatever is short enough is in one whole."""
    at, size = 0, file.seek(0, 2)
    while at < size:
        yield at, _read(file, at, PIECE_BYTES + LONGEST_BYTES)
        at += PIECE_BYTES


def _read(file: BinaryIO, at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)
