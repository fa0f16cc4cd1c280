"""Heeding: when the server knows of what changes about papers, by the clock that ticks carry."""

import asyncio
import time
from dataclasses import dataclass, field


def mono_us() -> int:
    """Return the time by the clock that ticks carry, which all processes of a machine share."""
    return time.monotonic_ns() // 1_000


@dataclass(eq=False)
class Moment:
    """When something about papers changes.

    Attributes:
        version: of the keys file that has it.
        made_us: when it was decided.
        heeded_us: when the server had read of it; None: it has not.
    """

    version: int
    made_us: int = field(default_factory=mono_us)
    heeded_us: int | None = None

    def is_heeded_by(self, us: int) -> bool:
        """Tell whether the server had read of it by a time."""
        return self.heeded_us is not None and self.heeded_us <= us


class Heeded:
    """What the server has read of the keys file, by the versions of it.

    It tells, so that a machine that is slow is no fault of anybody, and a server that is slow is.

    Attributes:
        version: the newest that it has read.
        longest_us: the longest time that it took, but for that in which it had no processor.
    """

    def __init__(self) -> None:
        self.version = 0
        self.longest_us = 0
        self._written_us: dict[int, int] = {}
        self._moments: list[Moment] = []  # of what it has not read so far
        self._starved_us = 0
        self._news = asyncio.Event()

    def write(self, version: int, moments: list[Moment]) -> None:
        """Note that a version was written, and what changes with it."""
        self._written_us[version] = mono_us()
        self._moments += moments

    def hear(self, version: int, at_us: int, starved_us: int, *, has_begun: bool) -> None:
        """Hear from the server that it has read a version.

        Args:
            version: of the file.
            at_us: when.
            starved_us: how long it has had no processor so far.
            has_begun: it was there already when the file was written.
        """
        starved_us, self._starved_us = starved_us - self._starved_us, starved_us
        for written in [known for known in self._written_us if known <= version]:
            took_us = at_us - self._written_us.pop(written)
            if has_begun and written == version:
                self.longest_us = max(self.longest_us, took_us - starved_us)
        for moment in self._moments:
            if moment.version <= version:
                moment.heeded_us = at_us
        self._moments = [moment for moment in self._moments if moment.heeded_us is None]
        self.version = max(self.version, version)
        self._news.set()
        self._news = asyncio.Event()

    async def until(self, version: int) -> None:
        """Wait until the server has read a version."""
        while self.version < version:
            await self._news.wait()
