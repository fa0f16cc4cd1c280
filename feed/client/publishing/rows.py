"""Rows: ticks as they are sent, each checked and packed once.

A row is one tick in the wire's own shape, as MessagePack or JSON. A batch is an envelope around
rows that were packed before: `{"sequence": N, "ticks": [row, …]}`. A tick that tells no time gets
that of its publication here, since it may wait for a connection; a trade without an id gets one
from the server, which knows the last one of the symbol. Knows no clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

import msgpack
import orjson

from feed.errors import InvalidTick, shorten
from feed.market.submissions import Submission
from feed.market.submissions import Trade as SubmittedTrade
from feed.market.ticks import SECOND_NS
from feed.wire.letters import fields_of
from feed.wire.messagepack_codec import MESSAGE_PACK
from feed.wire.rfc3339 import rfc3339

PublishCodecName = Literal["msgpack", "json"]
Publishable = Submission | Mapping[str, Any]
MAX_ROW_BYTES = 1 << 16  # of one tick; the longest that is accepted has a few thousand

_ACCEPTED = "feed.Trade, feed.Quote or feed.Status, or a map as on the wire with T, S and more"


class RowFormat(Protocol):
    """Packs rows, and envelopes around them."""

    is_text: bool

    def pack(self, fields: dict[str, Any], event_ns: int | None) -> bytes:
        """Return a row; a time that is given is none of the fields yet.

        Raises:
            TypeError, ValueError, OverflowError: a value cannot be written.
        """

    def envelope(self, sequence: int, rows: Sequence[bytes]) -> bytes:
        """Return a batch."""


class MessagePackRows:
    """Maps of MessagePack, the time as the Timestamp extension (type −1, 64 bits)."""

    is_text = False
    _TIME = b"\xa1t\xd7\xff"  # key "t", fixext 8, type −1 (MessagePack specification)
    _MOST_OF_FIXMAP = 14  # fields, so that one more fits into the header's only byte

    def pack(self, fields: dict[str, Any], event_ns: int | None) -> bytes:
        """Return a row."""
        if event_ns is None or len(fields) > self._MOST_OF_FIXMAP:
            if event_ns is not None:
                fields = fields | {"t": msgpack.Timestamp.from_unix_nano(event_ns)}
            packed: bytes = msgpack.packb(fields, datetime=True)
            return packed
        packed = msgpack.packb(fields, datetime=True)
        second, nanosecond = divmod(event_ns, SECOND_NS)
        stamp = (nanosecond << 34 | second).to_bytes(8, "big")
        return b"%c%b%b%b" % (packed[0] + 1, packed[1:], self._TIME, stamp)

    def envelope(self, sequence: int, rows: Sequence[bytes]) -> bytes:
        """Return a batch."""
        number: bytes = msgpack.packb(sequence)
        return b"\x82\xa8sequence%b\xa5ticks%b" % (number, MESSAGE_PACK.join(rows))


class JsonRows:
    """Objects of JSON, the time as RFC 3339 with nine digits."""

    is_text = True

    def pack(self, fields: dict[str, Any], event_ns: int | None) -> bytes:
        """Return a row."""
        if event_ns is not None:
            fields = fields | {"t": rfc3339(event_ns)}
        return orjson.dumps(fields, default=_json_of)

    def envelope(self, sequence: int, rows: Sequence[bytes]) -> bytes:
        """Return a batch."""
        return b'{"sequence":%d,"ticks":[%b]}' % (sequence, b",".join(rows))


def _json_of(value: object) -> str:
    if isinstance(value, msgpack.Timestamp):
        return rfc3339(value.to_unix_nano())
    raise TypeError(f"{type(value).__name__} is none of JSON's")


FORMATS: dict[PublishCodecName, RowFormat] = {"msgpack": MessagePackRows(), "json": JsonRows()}


def listed(ticks: object) -> Iterable[object]:
    """Return what a caller gave as something to go through: one tick may come alone.

    Raises:
        InvalidTick: it is neither a tick nor something of ticks.
    """
    if isinstance(ticks, Submission | Mapping):
        return (ticks,)
    if isinstance(ticks, str | bytes) or not isinstance(ticks, Iterable):
        raise InvalidTick(f"{shorten(ticks)} is no tick; accepted: {_ACCEPTED}; a list of them")
    return ticks


def rows_of(ticks: Iterable[object], form: RowFormat, wall_ns: int, start: int = 0) -> list[bytes]:
    """Return the rows of ticks, all or none.

    Of maps only what makes them ticks at all is looked at; the server judges their fields.

    Args:
        ticks: submissions, or maps in the wire's shape.
        form: packs them.
        wall_ns: the time of those that tell none.
        start: the place that errors give to the first of them.

    Raises:
        InvalidTick: one of them is not accepted; the message says which, and what is.
    """
    rows = []
    for index, tick in enumerate(ticks, start):
        try:
            row = _row(tick, form, wall_ns)
        except InvalidTick as error:
            raise InvalidTick(f"ticks[{index}]: {error}") from None
        except (TypeError, ValueError, OverflowError) as error:
            raise InvalidTick(f"ticks[{index}]: {shorten(tick)} cannot be sent: {error}") from None
        if len(row) > MAX_ROW_BYTES:
            raise InvalidTick(
                f"ticks[{index}]: {shorten(tick)} has {len(row)} bytes; accepted: at most "
                f"{MAX_ROW_BYTES}"
            )
        rows.append(row)
    return rows


def _row(tick: object, form: RowFormat, wall_ns: int) -> bytes:
    if isinstance(tick, Submission):
        made = tick.tick(wall_ns)
        fields = fields_of(made)
        if isinstance(tick, SubmittedTrade):
            fields["i"] = tick.trade_id
            if tick.trade_id is None:
                del fields["i"]
        return form.pack(fields, made.event_ns)
    if not isinstance(tick, Mapping):
        raise InvalidTick(f"{shorten(tick)} is no tick; accepted: {_ACCEPTED}")
    fields = dict(tick)
    for key in ("T", "S"):
        if not isinstance(fields.get(key), str):
            raise InvalidTick(
                f"{key} {shorten(fields.get(key))} is not accepted; accepted: {_ACCEPTED}"
            )
    time = fields.get("t")
    if isinstance(time, datetime) and time.tzinfo is None:
        raise InvalidTick(f"t {shorten(time)} has no time zone; accepted: a time with one")
    if time is None:
        fields.pop("t", None)
        return form.pack(fields, wall_ns)
    return form.pack(fields, None)
