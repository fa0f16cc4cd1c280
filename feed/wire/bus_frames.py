"""The frames of the bus: what `feed.wire.follow_frames` says in lines, in rows of values.

A frame is an array of the bus codec. A cut ends with the message that says which sequences it has;
one message alone is a word of the feed's own; rows without such an end are of a state.
"""

from collections.abc import Sequence
from typing import Any, cast

import orjson

from feed.errors import InvalidMessage, InvalidTick
from feed.market.ticks import Kind, Opaque, Quote, Tick, Trade
from feed.wire.bus_codec import MAKERS, OTHER, BusCodec, Row
from feed.wire.follow_frames import WORDS, Frame, StateTicks, Word, cut_of
from feed.wire.json_codec import JSON
from feed.wire.messages import Message
from feed.wire.word_fields import WORD_TYPES, word_of

_MOST_SHOWN = 200
_CODEC = BusCodec()
_QUOTE, _TRADE = Kind.QUOTE.value, Kind.TRADE.value


def cut_frame(rows: Sequence[bytes], end: Message) -> bytes:
    """Return the frame of a cut: rows of the codec, and what `cut_message` says of them."""
    return _CODEC.join([*rows, _CODEC.fragment(end)])


class BusFrameReader:
    """Reads frames; the texts of ticks that are equal are one object."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}
        self._conditions: dict[tuple[str, ...], tuple[str, ...]] = {}

    def read(self, frame: bytes) -> Frame:
        """Return what a frame says.

        Raises:
            InvalidMessage: it is no frame of the bus.
            InvalidTick: an event in it cannot be understood.
        """
        rows = _CODEC.decode(frame)
        if not (isinstance(rows, tuple) and rows):
            raise _no_frame(frame)
        end = rows[-1]
        if not isinstance(end, dict):
            return StateTicks(self._events(rows)[0])
        if end.get("T") == "cut":
            events, carried, others = self._events(rows[:-1])
            return cut_of(end, events, frame, others=others, carried=carried)
        if len(rows) == 1 and end.get("T") in WORDS:
            return Word(cast("dict[str, Any]", end))
        raise _no_frame(frame)

    def _events(self, rows: Sequence[Row]) -> tuple[list[Tick], list[list[bytes]], bool]:
        """Return the events of rows, their fragments by codec, and whether some are no ticks.

        Where some are none there are no fragments: whoever follows encodes these by itself.

        Raises:
            InvalidTick: a row is none.
        """
        events: list[Tick] = []
        add, same, like = events.append, self._texts.setdefault, self._conditions.setdefault
        others = False
        try:
            for row in rows:  # nearly all are quotes and trades, so these are written out
                kind = row[0]
                if kind == _QUOTE:
                    _, s, bx, bp, bs, ax, ap, sizes, ns, c, z, _ = row
                    add(Quote(same(s, s), bx, bp, bs, ax, ap, sizes, ns, like(c, c), z))
                elif kind == _TRADE:
                    _, s, number, x, p, size, ns, c, z, tks, exact, _ = row
                    add(Trade(same(s, s), number, x, p, size, ns, like(c, c), z, tks, exact))
                elif kind == OTHER:
                    others = True
                    add(_other(row[-1]))
                else:
                    add(MAKERS[kind](*row[1:-1]))
            if others or not rows:
                return events, [], others
            told = [row[-1] for row in rows]
            columns = [told] if type(told[0]) is bytes else [*map(list, zip(*told, strict=True))]
        except (ValueError, TypeError, LookupError) as error:
            raise InvalidTick(f"{error!r} in what should be rows of the bus") from None
        return events, columns, others


def _other(fragments: bytes | Sequence[bytes]) -> Tick:
    """Return a word, or what is of an unknown kind; the ring has both among ticks."""
    fragment = fragments if isinstance(fragments, bytes) else fragments[0]
    row = orjson.loads(JSON.join([fragment]))[0]
    return cast("Tick", word_of(row) if row["T"] in WORD_TYPES else Opaque(fragment))


def _no_frame(frame: bytes) -> InvalidMessage:
    shown = frame[:_MOST_SHOWN]
    return InvalidMessage(f"{shown!r} is not a frame of the bus; accepted: rows, and what they are")
