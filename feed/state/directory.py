"""The directory of a state: its files, its lock, and the place for files that are of no use.

One server at a time: whoever has the lock of the file `lock` may touch the others. The kernel lets
go of it when the process ends, however it ends. A lock is of a file, and not of its name: where the
directory is deleted or moved, or the file is, it keeps nobody out any more, which has to be seen.
"""

import errno
import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from feed.errors import InvalidParameter

MOST_ASIDE = 3  # of the folders with what was refused
_LOG = re.compile(r"log-([0-9]{20})")
_NAMES = ("cell", "checkpoint", "tail", "redo")
_KEPT = tuple(name + end for name in _NAMES for end in ("", ".new"))
GONE = "the directory is gone, or another server has it"


class Directory:
    """A directory that is locked for us."""

    def __init__(self, path: Path, lock: int | None = None) -> None:
        """Make the directory where there is none, and lock it.

        Args:
            path: of it.
            lock: a descriptor of its lock that another process has handed on, locked; None: it is
                locked here.

        Raises:
            InvalidParameter: it cannot be written to, or another server has it.
        """
        self.path = path
        self.cell = path / "cell"
        self.tail = path / "tail"
        self.checkpoint = path / "checkpoint"
        self.new_checkpoint = path / "checkpoint.new"
        self.redo = path / "redo"
        try:
            self._lock = self._open_lock() if lock is None else lock
        except OSError as error:
            raise unwritable(path, error) from error
        if not _lock(self._lock):
            holder = os.read(self._lock, 32).decode(errors="replace").strip()
            os.close(self._lock)
            accepted = f"a directory of its own: another server uses this one (process {holder})"
            raise InvalidParameter("--state", str(path), accepted)
        try:
            _sign(self._lock)
        except OSError as error:  # the disk is full, or it is a pipe
            os.close(self._lock)
            raise unwritable(path, error) from error

    def is_ours(self) -> bool:
        """Tell whether it is locked for us still; for a thread, since a disk may hang.

        It is not once it was let go of, which may be while the thread looks.
        """
        try:
            there, held = (self.path / "lock").stat(), os.fstat(self._lock)
        except OSError:
            return False
        return os.path.samestat(there, held)

    def check(self) -> None:
        """See that what is about to be written is written to our own directory.

        Raises:
            OSError: it would not be.
        """
        if not self.is_ours():
            raise OSError(errno.ESTALE, GONE)

    def take_again(self) -> bool:
        """Make it anew, and lock it, where it is not ours any more; False: another server has it.

        Files of a state that stand there are nobody's, and are put aside.

        Raises:
            OSError: it cannot be made, or not be written to.
        """
        lock = self._open_lock()
        try:
            if not _lock(lock):
                os.close(lock)
                return False
            _sign(lock)
        except OSError:
            os.close(lock)
            raise
        os.close(self._lock)
        self._lock = lock
        if any(self.files()):
            self.put_aside()
        return True

    def _open_lock(self) -> int:
        self.path.mkdir(mode=0o700, exist_ok=True)
        return os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)

    def log(self, first: int) -> Path:
        """Return the file of the log that begins with a sequence."""
        return self.path / f"log-{first:020}"

    def logs(self) -> list[tuple[int, Path]]:
        """Return the files of the log, with the sequences that they begin with, oldest first."""
        found = [(_LOG.fullmatch(path.name), path) for path in self.path.iterdir()]
        return sorted((int(name[1]), path) for name, path in found if name)

    def files(self) -> Iterator[Path]:
        """Yield all files of the state that there are."""
        yield from (path for name in _KEPT if (path := self.path / name).exists())
        yield from (path for _, path in self.logs())

    def put_aside(self) -> Path:
        """Move all files to a folder of their own, and return it; older ones go, but for a few."""
        aside = self.path / f"refused-{time.time_ns()}"
        aside.mkdir()
        for path in list(self.files()):
            path.rename(aside / path.name)
        for old in sorted(self.path.glob("refused-*"))[:-MOST_ASIDE]:
            shutil.rmtree(old, ignore_errors=True)  # whatever else is there stops no server
        return aside

    def asides(self) -> list[Path]:
        """Return all files that were put aside, the oldest first."""
        return sorted(path for path in self.path.glob("refused-*/*") if path.is_file())

    def clear(self) -> None:
        """Delete all files."""
        for path in list(self.files()):
            path.unlink()

    def sync(self) -> None:
        """Have the kernel write the directory itself to the disk, where it can be told to."""
        if sys.platform == "win32":
            return
        fd = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    @property
    def lock(self) -> int:
        """The descriptor of the lock, for another process to have it as well."""
        return self._lock

    def unlock(self) -> None:
        """Let others have it."""
        lock, self._lock = self._lock, -1  # its number may soon be another file's
        os.close(lock)


def unwritable(path: Path, error: OSError) -> InvalidParameter:
    """Return the error of a directory in which something cannot be written."""
    accepted = f"a directory that can be written to ({error.strerror})"
    return InvalidParameter("--state", str(path), accepted)


def boot_id() -> str:
    """Return the name of this run of the machine; "" where it has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _sign(lock: int) -> None:
    """Write into a lock who has it."""
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)


def _lock(fd: int) -> bool:
    """Lock a file; tell whether nobody else has."""
    try:
        import fcntl  # noqa: PLC0415 - not on Windows
    except ImportError:
        import msvcrt  # noqa: PLC0415 - on Windows only

        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            return False
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
