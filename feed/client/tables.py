"""Tables: ticks as columns, in pandas or polars, whichever is installed.

Knows the dialect's letters and what they mean in words. Both libraries are optional, and imported
when they are asked for.
"""

import importlib
import importlib.util
import re
import shlex
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

import msgpack

from feed.client.errors import Malformed, MissingLibrary
from feed.client.events import Batch, Gap
from feed.errors import InvalidParameter, shorten
from feed.market.ticks import CHANNEL_OF_KIND, SECOND_NS, Bar, ConflatedTrade, Kind, Quote
from feed.wire.letters import LETTERS, names_by_letter

Library = Literal["pandas", "polars"]
LIBRARIES: tuple[Library, ...] = ("pandas", "polars")

_LETTER_COLUMNS = {"fi", "xfi"}  # callers know these columns by their letters
_COLUMNS = {
    kind: {
        letter: "time" if name == "event_ns" else name
        for letter, name in names_by_letter(kind).items()
        if letter not in _LETTER_COLUMNS
    }
    for kind in Kind
}
# MessagePack has whole sizes as integers, and polars lets a column be of one type only.
_FLOATS = {
    LETTERS[field.name]
    for each in (ConflatedTrade, Quote, Bar)
    for field in fields(each)
    if field.type is float
}
_TIME = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)")

_PIP = f"{shlex.quote(sys.executable)} -m pip"


class Tables(dict[str, Any]):
    """One frame per channel that had ticks: `tables["trades"]`.

    The columns are named in words, `time` is in nanoseconds and UTC.

    Attributes:
        position: where the stream stands after these ticks.
        snapshot: the ticks restate the last known state and are not new.
        gaps: told before or between these ticks, in order.
    """

    def __init__(self, position: str | None, *, snapshot: bool, gaps: tuple[Gap, ...]) -> None:
        super().__init__()
        self.position = position
        self.snapshot = snapshot
        self.gaps = gaps


def event_ns(tick: Mapping[str, object]) -> int:
    """Return a tick's event time in nanoseconds since the Unix epoch, whichever codec it came in.

    Raises:
        Malformed: its `t` is neither RFC 3339 nor a MessagePack Timestamp.
    """
    time = tick.get("t")
    if isinstance(time, msgpack.Timestamp):
        nanoseconds: int = time.to_unix_nano()
        return nanoseconds
    match = _TIME.fullmatch(time) if isinstance(time, str) else None
    if match is None:
        raise Malformed(f"t {shorten(time)} is not a time of the protocol")
    second, fraction, offset = match.groups("")
    return _second_ns(second, offset) + int(fraction.ljust(9, "0") or 0)


def frame_of(ticks: Iterable[Mapping[str, object]], kind: Kind, library: Library) -> Any:  # noqa: ANN401 - of an optional library
    """Return a frame of ticks that are all of one kind.

    Raises:
        MissingLibrary: the library is not installed.
        Malformed: a time is not one of the protocol.
    """
    ticks = list(ticks)
    letters = dict.fromkeys(letter for tick in ticks for letter in tick if letter != "T")
    names = _COLUMNS[kind]
    columns = {
        names.get(letter, letter): _column(ticks, letter) for letter in letters if letter != "t"
    }
    module = _load(library)
    if "t" not in letters and ticks:  # it was not asked for
        return module.DataFrame(columns)
    times_ns = [event_ns(tick) for tick in ticks]
    if library == "pandas":
        columns["time"] = module.to_datetime(times_ns, unit="ns", utc=True)
        return module.DataFrame(columns)
    columns["time"] = module.Series(times_ns).cast(module.Datetime("ns", "UTC"))
    return module.DataFrame(columns)


def _column(ticks: Iterable[Mapping[str, object]], letter: str) -> list[object]:
    values = [tick.get(letter) for tick in ticks]
    if letter in _FLOATS:
        return [float(value) if type(value) is int else value for value in values]
    return values


def tables_of(
    batches: AsyncIterator[Batch], library: Library | None, *, rows: int
) -> AsyncIterator[Tables]:
    """Return an iterator over tables of at least `rows` ticks each; see `Stream.frames`."""
    if not isinstance(rows, int) or isinstance(rows, bool) or rows < 1:
        raise InvalidParameter("rows", rows, "a whole number from 1")
    return _collect(batches, _choose(library), rows)


async def _collect(
    batches: AsyncIterator[Batch], library: Library, rows: int
) -> AsyncIterator[Tables]:
    waiting: list[Batch] = []
    ticks = 0
    async for batch in batches:
        if waiting and batch.snapshot != waiting[0].snapshot:
            yield _tables(waiting, library)
            waiting, ticks = [], 0
        waiting.append(batch)
        ticks += len(batch)
        if ticks >= rows:
            yield _tables(waiting, library)
            waiting, ticks = [], 0
    if waiting:
        yield _tables(waiting, library)


def _tables(batches: list[Batch], library: Library) -> Tables:
    by_kind: dict[str, list[Mapping[str, object]]] = {}
    for batch in batches:
        for tick in batch:
            by_kind.setdefault(tick["T"], []).append(tick)
    gaps = tuple(batch.gap for batch in batches if batch.gap is not None)
    tables = Tables(batches[-1].position, snapshot=batches[0].snapshot, gaps=gaps)
    for kind in Kind:
        if kind in by_kind:
            tables[CHANNEL_OF_KIND[kind].value] = frame_of(by_kind[kind], kind, library)
    return tables


def _choose(library: Library | None) -> Library:
    """Return the library that was asked for, or the first one installed."""
    if library is not None:
        if library not in LIBRARIES:
            raise InvalidParameter("library", library, ", ".join(LIBRARIES))
        _load(library)
        return library
    for installed in LIBRARIES:
        if importlib.util.find_spec(installed) is not None:
            return installed
    raise MissingLibrary(f"frames need pandas or polars: {_PIP} install pandas")


def _load(library: Library) -> Any:  # noqa: ANN401 - an optional library
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise MissingLibrary(f"frames need {library}: {_PIP} install {library} ({error})") from None


@lru_cache(maxsize=256)
def _second_ns(second: str, offset: str) -> int:
    return int(datetime.fromisoformat(second + offset.upper()).timestamp()) * SECOND_NS
