"""The list that a room keeps together: what becomes of it by a change, and where entries stand.

Entries stand in the order of their places, numbers between which there is room for others. An entry
has a version; whoever changes it may say which one they saw, and is refused where it is another by
now. What is so already is no change, whoever asks for it once more. Knows no clock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from feed.errors import Clash, LimitExceeded, Missing
from feed.market.room_words import EntryWord, RoomType

MOST_ENTRIES = 500
_CLOSEST = 1e-6  # of two places that something is put between


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants of an entry; None: that it stays as it is.

    Attributes:
        symbol: which entry.
        here: whether it stands in the list; None: that has to be so already.
        moves: whether it goes before another one, or to the end.
        before: the symbol of the other one; None: to the end.
        note: on it.
        version: of the entry as its author saw it, 0: none.
    """

    symbol: str
    here: bool | None = None
    moves: bool = False
    before: str | None = None
    note: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one entry."""

    symbol: str
    type: RoomType
    version: int
    place: float = 0.0
    note: str = ""


def in_order(entries: Mapping[str, EntryWord]) -> list[EntryWord]:
    """Return the entries that stand in a list, in order."""
    here = (entry for entry in entries.values() if not entry.is_gone)
    return sorted(here, key=lambda entry: (entry.place, entry.entry))


def changes(entries: Mapping[str, EntryWord], wanted: Wanted) -> list[Change]:
    """Return what becomes of a list; nothing, where it is as is wanted.

    Args:
        entries: by their symbols; those that were removed too.
        wanted: of one of them.

    Raises:
        Clash: it is another version by now.
        Missing: it does not stand in the list.
        LimitExceeded: there are as many as may be.
    """
    entry = entries.get(wanted.symbol)
    here = None if entry is None or entry.is_gone else entry
    listed = in_order(entries)
    if _is_so(listed, here, wanted):
        return []
    version = 0 if entry is None else entry.version
    if wanted.version is not None and wanted.version != version:
        words = f"{wanted.symbol} has version {version} by now, not {wanted.version}"
        raise Clash(words, version=version)
    if wanted.here is False:
        return [Change(wanted.symbol, RoomType.REMOVED, version + 1)]
    if here is None and wanted.here is None:
        raise Missing(f"{wanted.symbol} does not stand in the list; accepted: one that does")
    if here is None and len(listed) >= MOST_ENTRIES:
        raise LimitExceeded("entries of a list", len(listed) + 1, MOST_ENTRIES)
    others = [each for each in listed if each.entry != wanted.symbol]
    place = here.place if here is not None and not wanted.moves else None
    moved: list[Change] = []
    if place is None:
        place, moved = _make_room(others, _index(others, wanted.before))
    note = wanted.note if wanted.note is not None else "" if here is None else here.note
    return [*moved, Change(wanted.symbol, RoomType.ENTRY, version + 1, place, note)]


def _is_so(listed: Sequence[EntryWord], here: EntryWord | None, wanted: Wanted) -> bool:
    """Tell whether nothing has to change."""
    if wanted.here is False:
        return here is None
    if here is None or (wanted.note is not None and wanted.note != here.note):
        return False
    return not wanted.moves or _follower(listed, here) == wanted.before


def _follower(listed: Sequence[EntryWord], entry: EntryWord) -> str | None:
    """Return the symbol behind an entry; None: it is the last one."""
    index = listed.index(entry) + 1
    return listed[index].entry if index < len(listed) else None


def _index(others: Sequence[EntryWord], before: str | None) -> int:
    """Return where something stands that goes before a symbol, or to the end."""
    if before is None:
        return len(others)
    for index, each in enumerate(others):
        if each.entry == before:
            return index
    raise Missing(f"{before} does not stand in the list; accepted: one that does, or null")


def _make_room(others: Sequence[EntryWord], index: int) -> tuple[float, list[Change]]:
    """Return a place at an index, and whatever else has to move for it."""
    if index == len(others):
        return (others[-1].place + 1 if others else 1.0), []
    after = others[index].place
    before = others[index - 1].place if index else after - 2
    if after - before > _CLOSEST:
        return (before + after) / 2, []
    # There is no room: all stand at whole numbers from now on.
    moved = [
        Change(
            each.entry, RoomType.ENTRY, each.version, float(number + (number > index)), each.note
        )
        for number, each in enumerate(others, 1)
    ]
    return float(index + 1), moved
