"""CPU time and memory of a process, as the kernel tells them in /proc (Linux)."""

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_NS_PER_TICK = 10**9 // os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_LISTEN = "0A"  # of /proc/net/tcp
# The errors at files under /proc whose process has just ended.
_GONE = (FileNotFoundError, ProcessLookupError, PermissionError)


@dataclass(frozen=True, slots=True)
class Usage:
    """The resources that processes have used until now.

    Attributes:
        cpu_ns: user and system time of all their threads.
        memory_bytes: proportional set size: pages shared between them are counted once.
    """

    cpu_ns: int
    memory_bytes: int

    @classmethod
    def of(cls, pids: Iterable[int]) -> "Usage":
        """Read the usage of these processes; one that has ended counts as nothing."""
        listed = list(pids)
        return cls(sum(map(cpu_ns, listed)), sum(map(memory_bytes, listed)))


def cpu_ns(pid: int) -> int:
    """Return the CPU time of a process so far, user and system.

    The scheduler's own nanoseconds where it tells them: /proc/PID/stat has steps of 10 ms.
    """
    with suppress(*_GONE):
        told = [
            int(text.split()[0])
            for task in (_PROC / str(pid) / "task").iterdir()
            if (text := _read(task / "schedstat"))  # a thread may have just ended
        ]
        if told:
            return sum(told)
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * _NS_PER_TICK
    return 0


def _read(path: Path) -> bytes:
    """Return what a file under /proc says; b"" where it is gone, or the kernel has none."""
    with suppress(*_GONE):
        return path.read_bytes()
    return b""


def memory_bytes(pid: int) -> int:
    """Return the proportional set size, or the resident one where that is not told."""
    with suppress(*_GONE):
        with suppress(*_GONE):
            for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    return int(line.split()[1]) * 1024
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * _PAGE_BYTES
    return 0


def family(pid: int) -> list[int]:
    """Return a process and all that it started, directly or not, and that still run."""
    parents: dict[int, int] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(*_GONE):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
    members = [pid]
    for member in members:
        members.extend(child for child, parent in parents.items() if parent == member)
    return members


def listener(port: int) -> int | None:
    """Return the process that listens on a TCP port of this machine, if we may know it."""
    inodes = set()
    for table in ("tcp", "tcp6"):
        with suppress(*_GONE):
            for line in (_PROC / "net" / table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    if not inodes:
        return None
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            with suppress(*_GONE):
                for descriptor in (entry / "fd").iterdir():
                    with suppress(*_GONE):
                        if str(descriptor.readlink()) in inodes:
                            return int(entry.name)
    return None
