"""Lines in the order of their times, of a file that is in another: by sorted runs on a disk.

Memory holds one run, whatever the size of the file; a disk holds it once more, in files without a
name. Rows of one time stay in the order of the file. Knows no tick.
"""

import heapq
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from tempfile import TemporaryFile
from typing import IO

from feed.errors import SourceError

RUN_BYTES = 32 << 20  # of lines that are sorted at once: 150 MB as Python holds them
_HEAD = struct.Struct("<qqI")  # time, number of the line, bytes of it
Entry = tuple[int, int, bytes]


def in_time_order(
    entries: Iterable[tuple[int, bytes]],
    time_of: Callable[[bytes], int | None],
    run_bytes: int = RUN_BYTES,
) -> Iterator[tuple[int, bytes]]:
    """Yield lines with their numbers, by their times.

    Args:
        entries: numbers and lines, in the order of the file. Should they end with a SourceError, it
            is raised behind all lines.
        time_of: the time of a line; None: it has none, and stays with the line before it.
        run_bytes: that are sorted at once.

    Raises:
        OSError: a disk does not take the runs.
    """
    with ExitStack() as files:
        runs: list[Iterator[Entry]] = []
        run: list[Entry] = []
        held_bytes, time_ns = 0, 0
        fault: SourceError | None = None
        try:
            for number, line in entries:
                own_ns = time_of(line)
                time_ns = time_ns if own_ns is None else own_ns
                run.append((time_ns, number, line))
                held_bytes += len(line)
                if held_bytes >= run_bytes:
                    runs.append(_on_disk(run, files))
                    run, held_bytes = [], 0
        except SourceError as error:
            fault = error
        run.sort()
        for _, number, line in heapq.merge(*runs, run):
            yield number, line
        if fault is not None:
            raise fault


def _on_disk(run: list[Entry], files: ExitStack) -> Iterator[Entry]:
    run.sort()
    file: IO[bytes] = files.enter_context(TemporaryFile())  # noqa: SIM115 - it is one
    for time_ns, number, line in run:
        file.write(_HEAD.pack(time_ns, number, len(line)))
        file.write(line)
    file.seek(0)
    return _read(file)


def _read(file: IO[bytes]) -> Iterator[Entry]:
    while head := file.read(_HEAD.size):
        time_ns, number, length = _HEAD.unpack(head)
        yield time_ns, number, file.read(length)
