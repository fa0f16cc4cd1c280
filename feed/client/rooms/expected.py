"""The list of a room as it will be once what waits has arrived. Knows no socket."""

from collections.abc import Iterable

from feed.client.rooms.actions import ChangeList, Unsent
from feed.client.rooms.words import Entry


def entries_with(
    entries: Iterable[Entry], unsent: Iterable[Unsent], room: str
) -> tuple[Entry, ...]:
    """Return a list of entries after what waits."""
    listed = list(entries)
    for held in unsent:
        if isinstance(held.action, ChangeList) and held.refused is None:
            listed = _after(listed, held.action, room)
    return tuple(listed)


def _after(listed: list[Entry], change: ChangeList, room: str) -> list[Entry]:
    """Return a list after one change."""
    earlier = next((entry for entry in listed if entry["symbol"] == change.symbol), None)
    others = [entry for entry in listed if entry["symbol"] != change.symbol]
    if change.op == "remove" or (earlier is None and change.op != "add"):
        return others
    entry: Entry = {**(earlier or _blank(change.symbol, room)), "version": change.version + 1}
    if change.note is not None:
        entry["note"] = change.note
    if earlier is not None and change.op != "move":
        return [entry if each is earlier else each for each in listed]
    places = (place for place, each in enumerate(others) if each["symbol"] == change.before)
    others.insert(next(places, len(others)), entry)
    return others


def _blank(symbol: str, room: str) -> Entry:
    return {
        "T": "entry",
        "room": room,
        "symbol": symbol,
        "version": 0,
        "place": 0.0,
        "note": "",
        "from": "",
        "by": "",
        "t": "",
    }
