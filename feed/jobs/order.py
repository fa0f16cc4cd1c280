"""The order: what the program that writes a file is told first, as one line of JSON."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

import orjson


@dataclass(frozen=True, slots=True)
class RecordingOrder:
    """Which recording it reads by itself, and how.

    Attributes:
        place: of its files.
        reading: how they are to be read, as plain data.
        names: of its symbols, where they are told by others.
        prefix: of the names of all others.
        symbols: that are wanted on each channel, by the names that they are told by.
    """

    place: str
    reading: Mapping[str, Any]
    names: Mapping[str, str]
    prefix: str
    symbols: Mapping[str, list[str]]


@dataclass(frozen=True, slots=True)
class Order:
    """What it is to write.

    Attributes:
        part: the file that it writes.
        whole: the name that the file has once it is whole.
        format: of the file.
        channels: whose events come.
        epoch: of their positions; "": they have none.
        start: before which nothing is wanted, as the wire writes times; "": there is no such time.
        end: from which on nothing is wanted.
        most_bytes: that the file may have.
        done: rows of an earlier run.
        size_bytes: of that run's file that are kept; 0: it begins anew.
        recording: what it reads by itself; None: it is given chunks.
    """

    part: str
    whole: str
    format: str
    channels: tuple[str, ...]
    epoch: str
    start: str
    end: str
    most_bytes: int
    done: int = 0
    size_bytes: int = 0
    recording: RecordingOrder | None = None

    def line(self) -> bytes:
        """Return it as a line."""
        return orjson.dumps(asdict(self)) + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Self:
        """Read what `line` has written."""
        said = orjson.loads(line)
        recording = said.pop("recording")
        return cls(**said, recording=recording and RecordingOrder(**recording))


@dataclass(frozen=True, slots=True)
class Report:
    """What the program says, a line each.

    Attributes:
        done: rows that are written.
        size_bytes: of the file.
        reached: how far of what it was given is in the file.
        sha256: of the whole file; "": it is not whole yet.
        code: why it failed; "": it has not.
        words: the same for a person.
    """

    done: int = 0
    size_bytes: int = 0
    reached: int = 0
    sha256: str = ""
    code: str = ""
    words: str = field(default="")

    def line(self) -> bytes:
        """Return it as a line."""
        return orjson.dumps(asdict(self)) + b"\n"

    @classmethod
    def of(cls, line: bytes) -> Self | None:
        """Read what `line` has written; None: it is something else."""
        try:
            return cls(**orjson.loads(line))
        except (orjson.JSONDecodeError, TypeError):
            return None
