"""The machine of a measurement: the facts without which its figures mean nothing."""

import os
import platform
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("feed-broadcaster", "aiohttp", "uvloop", "orjson", "msgpack", "websockets")
BUSY = "The machine was busy before this began: measure again when it is not."


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine at one time.

    Attributes:
        taken: when, in RFC 3339.
        processor, cores, memory_bytes: of the machine; cores are those that this process may use.
        kernel, python: versions.
        packages: versions of those that matter, by name.
        load: mean number of processes that wanted to run, over 1, 5 and 15 minutes.
    """

    taken: str
    processor: str
    cores: int
    memory_bytes: int
    kernel: str
    python: str
    packages: dict[str, str]
    load: tuple[float, float, float]

    @classmethod
    def here(cls) -> "Machine":
        """Return the facts of this machine, now."""
        packages = {}
        for name in _PACKAGES:
            with suppress(PackageNotFoundError):
                packages[name] = version(name)
        return cls(
            taken=datetime.now(UTC).isoformat(timespec="seconds"),
            processor=_field("/proc/cpuinfo", "model name") or platform.machine(),
            cores=len(os.sched_getaffinity(0)),
            memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            kernel=f"{platform.system()} {platform.release()}",
            python=f"{platform.python_implementation()} {platform.python_version()}",
            packages=packages,
            load=os.getloadavg(),
        )

    @property
    def is_busy(self) -> bool:
        """Whether other programs were so busy that figures will be poor."""
        return self.load[0] > self.cores / 2

    def words(self) -> str:
        """Return the facts in a line."""
        packages = ", ".join(f"{name} {found}" for name, found in self.packages.items())
        load = " ".join(f"{value:.2f}" for value in self.load)
        return (
            f"{self.processor}, {self.cores} cores, {self.memory_bytes / 2**30:.0f} GiB; "
            f"{self.kernel}; {self.python}; {packages}; load {load} at the start ({self.taken})"
        )


def is_supported() -> bool:
    """Tell whether the swarm works here: it needs epoll and /proc."""
    return sys.platform == "linux"


def _field(path: str, name: str) -> str:
    with suppress(OSError):
        for line in Path(path).read_text().splitlines():
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    return ""
