"""Our own JSON back into ticks: what a server keeps over a restart is what it has sent.

The wire's JSON says everything of a tick, so that what is read back is equal to what was written.
Of files of others nothing is read here: `feed.sources.replay` judges what is in them.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson

from feed.errors import InvalidTick
from feed.market.ticks import SECOND_NS, Bar, Kind, Quote, Status, Tick, Trade
from feed.wire.json_codec import JSON
from feed.wire.letters import names_by_letter
from feed.wire.rfc3339 import unix_ns

_CLASSES: dict[Kind, type[Tick]] = {
    Kind.TRADE: Trade,
    Kind.QUOTE: Quote,
    Kind.BAR: Bar,
    Kind.UPDATED_BAR: Bar,
    Kind.SECOND_BAR: Bar,
    Kind.STATUS: Status,
}
_NAMES = {kind: names_by_letter(kind) for kind in Kind}
_PREFIX_LENGTH = len("2020-02-22T00:00:00.")
NO_TICKS = b"[]"


def array_of(ticks: Sequence[Tick]) -> bytes:
    """Return ticks as a JSON array."""
    return JSON.join(JSON.encode(ticks)) if ticks else NO_TICKS


class TickReader:
    """Reads ticks; the same few texts come all the time, and equal ones are one object."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    def read(self, data: bytes) -> list[Tick]:
        """Return the ticks of an array.

        Raises:
            InvalidTick: it holds something else.
        """
        try:
            return [self._tick(row) for row in orjson.loads(data)]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidTick(f"{error} in what should be ticks of our own") from None

    def _tick(self, row: dict[str, Any]) -> Tick:
        kind = Kind(row.pop("T"))
        time = row.pop("t")
        same = self._texts.setdefault
        names = _NAMES[kind]
        fields: dict[str, Any] = {
            names[letter]: same(value, value) if type(value) is str else value
            for letter, value in row.items()
        }
        fields["event_ns"] = _second_ns(time[:_PREFIX_LENGTH]) + int(time[_PREFIX_LENGTH:-1])
        if kind in (Kind.TRADE, Kind.QUOTE):
            fields["conditions"] = tuple(same(each, each) for each in fields["conditions"])
        elif kind is not Kind.STATUS:
            fields["kind"] = kind
        return _CLASSES[kind](**fields)


@lru_cache(maxsize=64)
def _second_ns(prefix: str) -> int:
    """Return when a second began that times begin with: `2020-02-22T00:00:00.`."""
    return unix_ns(f"{prefix}0Z") // SECOND_NS * SECOND_NS
