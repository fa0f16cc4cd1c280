"""The flight record of a subscriber: what happened to it, in a few bytes, for "why did I miss it?".

Theory of operation: an event is 22 bytes, and a record is one bytes object, 33 bytes and its
events: 80 bytes for most subscribers, for as long as they stay. It grows only when something
happens, never with a frame. The newest events are kept, and how many were forgotten. Whoever falls
behind again and again in short order has one event for it, and their number. Some events happen
where nobody knows the time: they are noted without one, and get it at the end of the same turn.
Knows neither subscriber nor clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

from feed.market.word_channels import WORD_CHANNELS, WordChannel
from feed.wire.messages import GapReason, WarningReason

MOST_EVENTS = 20
AGAIN_NS = 10_000_000_000  # who falls behind so soon after it had caught up, did so again
GAP_REASONS = tuple(GapReason)  # a record has their places
WARNING_REASONS = tuple(WarningReason)
_EVENT = Struct("<BBQIQ")  # what, detail, sequence, count, monotonic time
_BYTES = _EVENT.size
_UNTIMED = bytes(8)
_MOST_COUNTED = (1 << 32) - 1


class Happened(IntEnum):
    """What happened to a subscriber; what its numbers mean."""

    FORGOTTEN = 0  # as many older events as its count says
    SUBSCRIBED = 1  # from its sequence on, as its detail says (`From`), to as many symbols
    CHANGED = 2  # its subscription is of as many symbols; detail 1: since its grants changed
    BEHIND = 3  # after its sequence; so often in short order
    CAUGHT_UP = 4  # it is live from its sequence on
    GAP = 5  # up to its sequence, of as many ticks; the detail is its reason's place
    WARNED = 6  # of as many names; the detail is its reason's place
    IDENTIFIED = 7  # it had not shown who it is before
    READS = 8  # a key of words, whose mark its sequence is, as its detail says (`reads_of`)


class From(IntEnum):
    """Where a subscription begins."""

    NOW = 0
    POSITION = 1
    OTHER_EPOCH = 2  # told as a gap
    BEGINNING = 3
    TIME = 4
    LAST = 5  # after so many ticks back from its sequence


class Reads(IntEnum):
    """What a reader of words is given; the count of the event is a number of words, or parts."""

    REST = 0  # what follows so many, which it has
    STATE = 1  # the state that so many make, and what follows


def reads_detail(channel: WordChannel, reads: Reads) -> int:
    """Return the detail of READS."""
    return len(Reads) * WORD_CHANNELS.index(channel) + reads


def reads_of(detail: int) -> tuple[WordChannel, Reads]:
    """Return what the detail of READS says."""
    place, reads = divmod(detail, len(Reads))
    return WORD_CHANNELS[place], Reads(reads)


# Numbers, since subscribers fall behind by the thousand: with objects an event took three times as
# long.
_SUBSCRIBED, _CHANGED = int(Happened.SUBSCRIBED), int(Happened.CHANGED)
_BEHIND, _CAUGHT_UP = int(Happened.BEHIND), int(Happened.CAUGHT_UP)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened.

    Attributes:
        what: it was.
        detail, sequence, count: as `Happened` says.
        mono_ns: when; 0: not known.
    """

    what: Happened
    detail: int = 0
    sequence: int = 0
    count: int = 0
    mono_ns: int = 0


def noted(
    record: bytes,
    what: Happened,
    detail: int = 0,
    sequence: int = 0,
    count: int = 0,
    *,
    mono_ns: int = 0,
) -> bytes:
    """Return a record with one event more; one without a time gets it from `timed`."""
    last = record[-_BYTES] if record else None
    if last == _CHANGED and what == _SUBSCRIBED and is_untimed(record):
        record = record[:-_BYTES]  # it says the same, and more
    elif last == _CAUGHT_UP and what == _BEHIND and len(record) > _BYTES:
        before, _, first, times, began_ns = _EVENT.unpack_from(record, len(record) - 2 * _BYTES)
        *_, ended_ns = _EVENT.unpack_from(record, len(record) - _BYTES)
        if before == _BEHIND and mono_ns - ended_ns < AGAIN_NS:
            again = _EVENT.pack(_BEHIND, 0, first, min(times + count, _MOST_COUNTED), began_ns)
            return record[: -2 * _BYTES] + again
    record += _EVENT.pack(what, detail, sequence, min(count, _MOST_COUNTED), mono_ns)
    return record if len(record) <= MOST_EVENTS * _BYTES else _shortened(record)


def is_untimed(record: bytes) -> bool:
    """Tell whether the newest event has no time yet."""
    return record.endswith(_UNTIMED)


def timed(record: bytes, mono_ns: int) -> bytes:
    """Return a record whose newest events, as far as they have no time, happened at one."""
    end = len(record)
    while end and record.endswith(_UNTIMED, 0, end):
        end -= _BYTES
    newest = (_EVENT.pack(*event, mono_ns) for *event, _ in _EVENT.iter_unpack(record[end:]))
    return record[:end] + b"".join(newest)


def events(record: bytes) -> Iterator[Event]:
    """Yield the events of a record, oldest first."""
    for what, *numbers in _EVENT.iter_unpack(record):
        yield Event(Happened(what), *numbers)


def _shortened(record: bytes) -> bytes:
    """Return a record without its oldest event; the first one counts those."""
    oldest, second = events(record[: 2 * _BYTES])
    count = oldest.count + 1 if oldest.what is Happened.FORGOTTEN else 2
    return (
        noted(b"", Happened.FORGOTTEN, 0, 0, count, mono_ns=second.mono_ns) + record[2 * _BYTES :]
    )
