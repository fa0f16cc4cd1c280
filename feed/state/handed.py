"""What a process hands on to the one that takes over from it: told, and not left in a directory."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from feed.sources.source import ReadsDescriptor
from feed.state.directory import Directory
from feed.state.recovery import Recovery
from feed.state.restore import Found, Restored


@dataclass(frozen=True, slots=True)
class Handed:
    """What was handed on.

    Attributes:
        restored: the ring and all that was known as of its end.
        lock: a descriptor of the lock of the directory of the state; None: there was no state.
        is_whole: the log and the checkpoint in that directory are.
        pipes: descriptors that sources read on from, by their names, with the headers that came.
    """

    restored: Restored
    lock: int | None = None
    is_whole: bool = False
    pipes: Mapping[str, tuple[int, bytes]] = field(default_factory=dict)

    def give_pipes(self, sources: Iterable[tuple[str, object]]) -> None:
        """Let sources read on, by their names; pipes that none of them reads are closed."""
        left = dict(self.pipes)
        for name, source in sources:
            if name in left and isinstance(source, ReadsDescriptor):
                source.adopt(*left.pop(name))
        for descriptor, _ in left.values():
            os.close(descriptor)

    def found_in(self, directory: Directory) -> Found:
        """Return what is taken up; a state of another server that is there is put aside."""
        aside = None
        if self.lock is None and any(directory.files()):
            aside = directory.put_aside()
        return Found(Recovery.CLEAN, self.restored, aside=aside)
