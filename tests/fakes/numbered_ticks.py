"""Numbered ticks: the event time of each is its sequence, so that what arrives tells what it is."""

from datetime import UTC, datetime

import msgpack

from feed.market.ticks import Bar, Kind, Quote, Status, Tick, Trade


def numbered(sequence: int, kind: Kind = Kind.TRADE, symbol: str = "AAPL") -> Tick:
    """Make a tick whose event time is its sequence."""
    if kind is Kind.TRADE:
        return Trade(symbol, sequence, "V", 10.5, 100.0, sequence, ("@",), "C")
    if kind is Kind.QUOTE:
        return Quote(symbol, "V", 10.0, 1.0, "Q", 11.0, 2.0, sequence, ("R",), "C")
    if kind is Kind.STATUS:
        return Status(symbol, "H", 'Halt "T1"', "T1", "News pending", sequence, "C")
    return Bar(kind, symbol, 1.0, 3.0, 0.5, 2.0, 10.0, 4, 1.25, sequence)


def nanoseconds(time: object) -> int:
    """Read a tick's time as either codec has it."""
    if isinstance(time, msgpack.Timestamp):
        unix_ns: int = time.to_unix_nano()
        return unix_ns
    assert isinstance(time, str)
    assert len(time) == len("1970-01-01T00:00:00.000000000Z")
    second = datetime.strptime(time[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return int(second.timestamp()) * 1_000_000_000 + int(time[20:29])
