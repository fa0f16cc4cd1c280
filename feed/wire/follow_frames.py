"""The frames of a server that is followed: its ring, sequence by sequence, for servers of our own.

A follow stream is NDJSON, and each line a JSON array. A *cut* is an array of events with sequences
that follow each other; its last element says which, and when each event was ingested:

    {"T":"cut","pos":"k3f9-105","first":101,"n":5,"at":81200345,"in":[3,0,2,1200],
     "now":81300345,"newest":105}

`at` is a time of its sender's monotonic clock, in nanoseconds, and `in` says in pairs how many
events were ingested how long after it; `now` is when that was said. The first message tells how
that clock goes with the time of day. Where batches of producers end among the events, `receipts`
has a row for each (`feed.market.receipts.Receipt.row`): whoever takes up these events then knows
what was applied. What has no cut at its end are the feed's own words, one an
array (`follow`, `mark`, `gap`, `feed`, `instruments`, `bye` …), or ticks between `snapshot` begin
and end. Knows no socket; whether sequences add up is another question (`feed.wire.reckoning`).
"""

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import orjson

from feed.errors import FeedError, InvalidMessage
from feed.market.receipts import Receipt, receipt_of
from feed.market.ticks import Tick
from feed.market.words import is_other
from feed.wire.json_ticks import TickReader
from feed.wire.messages import Message
from feed.wire.position import Position

VERSION = 1  # of these frames; a server of another one is not followed
_MOST_SHOWN = 200


def follow_message(
    newest: Position,
    oldest: int,
    *,
    whole: bool,
    live: bool,
    keepalive_ms: int,
    mono_ns: int,
    wall_ns: int,
    feeds: Iterable[Message],
    carried: Sequence[str] = (),
) -> Message:
    """Return the first message of a follow stream.

    Args:
        newest: the newest event that was cut.
        oldest: the first sequence that it holds.
        whole: nothing came before that: it is the first of all.
        live: its events happen now.
        keepalive_ms: after so much silence there is a mark.
        mono_ns: now, monotonic.
        wall_ns: the time of day now.
        feeds: what was told last of each source, if anything was.
        carried: the codecs whose fragments come along.
    """
    told = {"carried": list(carried)} if carried else {}
    return {
        "T": "follow",
        "v": VERSION,
        "pos": str(newest),
        "oldest": oldest,
        "whole": whole,
        "live": live,
        "keepalive_ms": keepalive_ms,
        "mono": mono_ns,
        "wall": wall_ns,
        "feeds": list(feeds),
        **told,
    }


def instruments_message(instruments: Iterable[object]) -> Message:
    """Return the message that lists instruments, new ones or with new words, as JSON has them."""
    return {"T": "instruments", "instruments": list(instruments)}


def cut_message(
    last: Position,
    ingested_ns: Sequence[int],
    mono_ns: int,
    newest: int,
    receipts: Sequence[Receipt] = (),
) -> Message:
    """Return what stands at the end of a cut.

    Args:
        last: the position of its last event.
        ingested_ns: when each of its events was ingested, monotonic, ascending; at least one.
        mono_ns: now.
        newest: the newest sequence that the ring has by now.
        receipts: of the batches of producers that end among its events.
    """
    told = {"receipts": [each.row for each in receipts]} if receipts else {}
    first_ns, count = ingested_ns[0], len(ingested_ns)
    runs: list[int] = []
    for stamp_ns, run in groupby(ingested_ns):
        runs += (sum(1 for _ in run), stamp_ns - first_ns)
    return {
        "T": "cut",
        "pos": str(last),
        "first": last.sequence - count + 1,
        "n": count,
        "at": first_ns,
        "in": runs,
        "now": mono_ns,
        "newest": newest,
        **told,
    }


@dataclass(frozen=True, slots=True)
class Cut:
    """Events with consecutive sequences.

    Attributes:
        position: of the last of them.
        first: the sequence of the first.
        count: how many there are, as their sender says.
        events: the events.
        ingested_ns: when each was ingested, by their sender's monotonic clock.
        said_ns: when it was said, by the same.
        newest: the newest sequence that their sender had.
        others: some of them are no ticks: words, or of kinds that are unknown here.
        carried: their fragments in each codec that the sender carries, if it does.
        receipts: of the batches of producers that end among them.
    """

    position: Position
    first: int
    count: int
    events: list[Tick]
    ingested_ns: "array[int]"
    said_ns: int
    newest: int
    others: bool
    carried: Sequence[list[bytes]] = ()
    receipts: Sequence[Receipt] = ()


@dataclass(frozen=True, slots=True)
class StateTicks:
    """Ticks of the last known state: between `snapshot` begin and end."""

    ticks: list[Tick]


@dataclass(frozen=True, slots=True)
class Word:
    """A message of the feed's own."""

    message: dict[str, Any]

    @property
    def kind(self) -> str:
        """Its `T`."""
        kind: str = self.message["T"]
        return kind


Frame = Cut | StateTicks | Word
WORDS = frozenset(
    {
        "bye",
        "error",
        "expiring",
        "feed",
        "follow",
        "gap",
        "instruments",
        "leaving",
        "mark",
        "snapshot",
        "subscription",
        "success",
        "warning",
    }
)


class FrameReader:
    """Reads the lines of a follow stream; the texts of ticks that are equal are one object."""

    def __init__(self) -> None:
        self._ticks = TickReader()

    def read(self, line: bytes) -> Frame:
        """Return what a line says.

        Raises:
            InvalidMessage: it is no line of a follow stream.
            InvalidTick: an event in it cannot be understood.
        """
        try:
            rows = orjson.loads(line)
            last = rows[-1]["T"]
        except (orjson.JSONDecodeError, TypeError, LookupError):
            raise _no_frame(line, "a JSON array of events or words") from None
        if last == "cut":
            end = rows.pop()
            events = self._ticks.events(rows)
            return cut_of(end, events, line, others=any(map(is_other, events)))
        if len(rows) == 1 and last in WORDS:
            return Word(rows[0])
        return StateTicks(self._ticks.events(rows))


def cut_of(
    end: dict[str, Any],
    events: list[Tick],
    frame: bytes,
    *,
    others: bool,
    carried: Sequence[list[bytes]] = (),
) -> Cut:
    """Return a cut of what stands at its end, and its events.

    Args:
        end: what `cut_message` returned there.
        events: in order.
        frame: all of it, for the words of an error.
        others: some events are no ticks.
        carried: their fragments by codec.

    Raises:
        InvalidMessage: the end is no such message.
    """
    try:
        position, first = Position.parse(end["pos"], "pos"), int(end["first"])
        count, newest, said_ns = int(end["n"]), int(end["newest"]), int(end["now"])
        stamps = array("q")
        runs = iter(end["in"])
        for times, later_ns in zip(runs, runs, strict=True):
            # One more than there are events is wrong enough.
            stamps.extend(array("q", [end["at"] + later_ns]) * min(times, len(events) + 1))
        receipts = [receipt_of(row) for row in end.get("receipts", ())]
    except (FeedError, ValueError, TypeError, LookupError, OverflowError) as error:
        raise _no_frame(frame[-_MOST_SHOWN:], f"a cut as of version {VERSION}: {error}") from None
    return Cut(position, first, count, events, stamps, said_ns, newest, others, carried, receipts)


def _no_frame(line: bytes, accepted: str) -> InvalidMessage:
    shown = line[:_MOST_SHOWN].decode(errors="replace")
    return InvalidMessage(f"{shown!r} is not a frame of a feed server; accepted: {accepted}")
