"""What a process hands on to the one that takes over from it: told, and not left in a directory."""

from dataclasses import dataclass

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
    """

    restored: Restored
    lock: int | None = None
    is_whole: bool = False

    def found_in(self, directory: Directory) -> Found:
        """Return what is taken up; a state of another server that is there is put aside."""
        aside = None
        if self.lock is None and any(directory.files()):
            aside = directory.put_aside()
        return Found(Recovery.CLEAN, self.restored, aside=aside)
