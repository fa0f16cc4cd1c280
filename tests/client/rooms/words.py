"""Words of a room, as a server tells them."""

from typing import Any

from feed.client.rooms.words import RoomWord, word_of

ANN = {"from": "anonymous", "by": "own_a", "name": "Ann"}


def word(kind: str, number: int = 0, /, **fields: Any) -> RoomWord:
    """Return a word of the room desk, said at a second."""
    told = {"T": kind, "room": "desk", **ANN, "t": f"2026-01-02T00:00:{number:02}Z", **fields}
    if kind == "present":
        told = {"since": told["t"], "connections": 1, **told}
    made = word_of(told)
    assert made is not None
    return made


def message(id_: str, text: str = "x", number: int = 0, **fields: Any) -> RoomWord:
    return word("message", number, id=id_, text=text, **fields)


def entry(symbol: str, version: int = 1, place: float = 1, note: str = "") -> RoomWord:
    return word("entry", symbol=symbol, version=version, place=place, note=note)
