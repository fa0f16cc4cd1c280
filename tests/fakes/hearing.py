"""What a member of a stage hears, in short."""

from collections.abc import Iterable

from feed.wire.position import Position
from tests.fakes.frame_reader import Object
from tests.fakes.numbered_ticks import nanoseconds
from tests.fakes.stage import EPOCH, Member


def at(sequence: int) -> Position:
    """Return the position of a sequence on a stage."""
    return Position(EPOCH, sequence)


def is_live(member: Member) -> bool:
    """Tell whether a member is live; mypy would take the property for what it was before."""
    return member.subscriber.live


def told(objects: Iterable[Object]) -> list[str | int]:
    """Return objects in short: ticks by their sequence, messages in words."""
    words: list[str | int] = []
    for item in objects:
        match item["T"]:
            case "gap":
                words.append(f"gap {item['from']} {item['to']} {item['reason']}")
            case "snapshot":
                words.append(f"{item['state']} {item['pos']}")
            case "mark":
                words.append(f"mark {item['pos']}")
            case _:
                words.append(nanoseconds(item["t"]))
    return words


def hears(member: Member) -> list[str | int]:
    """Return in short what a member was told since it was last asked."""
    return told(member.take_objects())
