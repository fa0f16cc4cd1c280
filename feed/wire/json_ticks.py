"""Our own JSON back into ticks: what a server keeps over a restart is what it has sent.

The wire's JSON says everything of a tick, so that what is read back is equal to what was written.
Of files of others nothing is read here: `feed.sources.replay` judges what is in them.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

import orjson

from feed.errors import InvalidTick
from feed.market.ticks import SECOND_NS, Bar, Kind, Opaque, Quote, Status, Tick, Trade
from feed.wire.json_codec import JSON
from feed.wire.letters import names_by_letter
from feed.wire.rfc3339 import unix_ns
from feed.wire.word_fields import WORD_TYPES, word_of

_NAMES = {kind: names_by_letter(kind) for kind in Kind}
_PREFIX_LENGTH = len("2020-02-22T00:00:00.")
_KINDS = frozenset(kind.value for kind in Kind)
NO_TICKS = b"[]"


def array_of(ticks: Sequence[Tick]) -> bytes:
    """Return ticks as a JSON array."""
    return JSON.join(JSON.encode(ticks)) if ticks else NO_TICKS


class TickReader:
    """Reads ticks, 3 µs each; the same few texts come all the time, and equal ones are one object.

    A ring of the usual size is read while nobody is served, so trades and quotes, which are nearly
    all of it, are written out here.
    """

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._conditions: dict[tuple[str, ...], tuple[str, ...]] = {}

    def read(self, data: bytes) -> list[Tick]:
        """Return the ticks of an array.

        Raises:
            InvalidTick: it holds something else.
        """
        try:
            return [self._tick(row) for row in orjson.loads(data)]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidTick(f"{error} in what should be ticks of our own") from None

    def events(self, rows: Sequence[dict[str, Any]]) -> list[Tick]:
        """Return the events of rows that are decoded: ticks, words, `Opaque` for unknown kinds.

        Raises:
            InvalidTick: one of them is no event, or a kind that is known looks otherwise.
        """
        try:
            return [self._tick(row) if row["T"] in _KINDS else _other(row) for row in rows]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise InvalidTick(f"{error!r} in what should be events of a feed server") from None

    def _tick(self, row: dict[str, Any]) -> Tick:
        kind, time = row["T"], row["t"]
        if kind in WORD_TYPES:
            return cast("Tick", word_of(row))  # the ring has it among ticks
        event_ns = _second_ns(time[:_PREFIX_LENGTH]) + int(time[_PREFIX_LENGTH:-1])
        same = self._texts.setdefault
        symbol = row["S"]
        symbol = same(symbol, symbol)
        if kind == Kind.QUOTE:
            bid_exchange, ask_exchange, tape = row["bx"], row["ax"], row["z"]
            return Quote(
                symbol,
                same(bid_exchange, bid_exchange),
                row["bp"],
                row["bs"],
                same(ask_exchange, ask_exchange),
                row["ap"],
                row["as"],
                event_ns,
                self._same_conditions(row["c"]),
                same(tape, tape),
            )
        if kind == Kind.TRADE:
            exchange, tape = row["x"], row["z"]
            return Trade(
                symbol,
                row["i"],
                same(exchange, exchange),
                row["p"],
                row["s"],
                event_ns,
                self._same_conditions(row["c"]),
                same(tape, tape),
                row.get("tks", ""),
                row.get("xi", ""),
            )
        names = _NAMES[Kind(kind)]
        # Letters of a newer server are left out, as above.
        fields = {names[letter]: value for letter, value in row.items() if letter in names}
        fields |= {"symbol": symbol, "event_ns": event_ns}
        return Status(**fields) if kind == Kind.STATUS else Bar(kind=Kind(kind), **fields)

    def _same_conditions(self, conditions: list[str]) -> tuple[str, ...]:
        read = tuple(conditions)
        return self._conditions.setdefault(read, read)


def _other(row: dict[str, Any]) -> Tick:
    """Return a word, or what is of an unknown kind, as it came; the ring has both among ticks."""
    kind = row["T"]
    if kind in WORD_TYPES:
        return cast("Tick", word_of(row))
    if not isinstance(kind, str):
        raise TypeError(f"kind {kind!r}")
    if next(iter(row)) != "T":
        row = dict([("T", kind), *row.items()])  # as fragments begin
    return cast("Tick", Opaque(JSON.fragment(row)))


@lru_cache(maxsize=64)
def _second_ns(prefix: str) -> int:
    """Return when a second began that times begin with: `2020-02-22T00:00:00.`."""
    return unix_ns(f"{prefix}0Z") // SECOND_NS * SECOND_NS
