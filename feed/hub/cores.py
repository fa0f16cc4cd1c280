"""The cores that this process may use: by its affinity, and by the quota of its control groups.

A machine may have many more. cgroups(7): version 2 says both in `cpu.max`, of each group up to the
root; version 1 in two files.
"""

import os
from collections.abc import Iterator
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_MEMBERSHIP = Path("/proc/self/cgroup")


def usable_cores(groups: Path = _GROUPS, membership: Path = _MEMBERSHIP) -> int:
    """Return how many cores may work for this process all the time; at least 1."""
    if hasattr(os, "sched_getaffinity"):
        cores = float(len(os.sched_getaffinity(0)))
    else:
        cores = float(os.cpu_count() or 1)
    return max(1, int(min([cores, *_quotas(groups, membership)])))


def _quotas(groups: Path, membership: Path) -> Iterator[float]:
    """Yield the quotas, in cores, of the groups that this process is in."""
    for line in _lines(membership):
        number, controllers, path = line.split(":", 2)
        if number == "0":
            # Inside a container the path may begin outside of what is mounted.
            inside = [Path(path), *Path(path).parents]
            for group in inside:
                yield from _quota(" ".join(_lines(groups / str(group).lstrip("/") / "cpu.max")))
        elif "cpu" in controllers.split(","):
            for folder in (groups / "cpu" / path.lstrip("/"), groups / "cpu"):
                quota = _lines(folder / "cpu.cfs_quota_us")
                yield from _quota(" ".join(quota + _lines(folder / "cpu.cfs_period_us")))


def _quota(text: str) -> Iterator[float]:
    """Yield the quota of "QUOTA PERIOD", in microseconds; nothing for "max", -1, or other texts."""
    words = text.split()
    if len(words) == 2 and all(word.isdecimal() for word in words) and int(words[1]):  # noqa: PLR2004 - both
        yield int(words[0]) / int(words[1])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:  # another version, another system
        return []
