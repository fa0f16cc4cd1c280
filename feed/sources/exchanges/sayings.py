"""What the program that watches says on standard error: a line each, a word and a sentence.

What is said again and again is said once in a while, with the number of those left out.
"""

import contextlib
import os
from collections.abc import Callable
from typing import Literal, NamedTuple

Level = Literal["info", "warning", "error"]
LEVELS = frozenset({"info", "warning", "error"})
MAX_LENGTH = 600  # characters of a line
EVERY_NS = 10_000_000_000  # the least time between two lines of one kind
_MOST_KINDS = 256


class Saying(NamedTuple):
    """A line that was said."""

    level: str
    words: str

    @classmethod
    def of(cls, line: bytes) -> "Saying | None":
        """Return what a line says; None for an empty one. Another program's lines are warnings."""
        text = "".join(
            letter if letter.isprintable() else " " for letter in line.decode(errors="replace")
        ).strip()
        level, _, words = text.partition(" ")
        if not text:
            return None
        if level not in LEVELS or not words:
            level, words = "warning", text
        return cls(level, words if len(words) <= MAX_LENGTH else f"{words[: MAX_LENGTH - 1]}…")


class Sayings:
    """Says lines, each kind once in a while."""

    __slots__ = ("_clock_ns", "_kinds", "_write")

    def __init__(self, write: Callable[[bytes], None], clock_ns: Callable[[], int]) -> None:
        """Begin; `clock_ns` is monotonic."""
        self._write = write
        self._clock_ns = clock_ns
        self._kinds: dict[str, tuple[int, int]] = {}  # when said last, and how often left out since

    def say(self, level: Level, words: str, *, kind: str = "") -> None:
        """Say a line, unless one of its kind was said just now; by default that is the same one."""
        kind, now_ns = kind or words, self._clock_ns()
        said_ns, left_out = self._kinds.get(kind, (now_ns - EVERY_NS, 0))
        if now_ns - said_ns < EVERY_NS:
            self._kinds[kind] = said_ns, left_out + 1
            return
        if len(self._kinds) >= _MOST_KINDS:
            self._kinds.clear()
        self._kinds[kind] = now_ns, 0
        more = f" ({left_out} more like it)" if left_out else ""
        one_line = " ".join(words.split())
        if len(one_line) > MAX_LENGTH - len(more):
            one_line = f"{one_line[: MAX_LENGTH - len(more) - 1]}…"
        self._write(f"{level} {one_line}{more}\n".encode())


def write_to(descriptor: int) -> Callable[[bytes], None]:
    """Return what writes lines there, as long as somebody reads."""

    def write(line: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # whoever read has ended, and so do we
            os.write(descriptor, line)

    return write
