"""The timeframes of bars that are asked for, and the finished bars of each."""

from feed.broadcast.cut import Broadcast
from feed.market.bars import BarBuilder
from feed.market.day_bars import DAY_NS
from feed.market.ticks import KIND_OF_CHANNEL, MINUTE_NS, SECOND_NS, Bar, Channel

DAY = "1d"
MOST_DAYS = 1 << 20  # more than are kept
TIMEFRAMES = {
    "1s": (Channel.SECOND_BARS, SECOND_NS),
    "1m": (Channel.BARS, MINUTE_NS),
    DAY: (Channel.BARS, DAY_NS),
}


def finished_bars(
    builder: BarBuilder,
    symbol: str,
    timeframe: str,
    limit: int,
    *,
    broadcast: Broadcast,
    pace_ms: int,
) -> list[Bar]:
    """Return the newest finished bars of a symbol, at most so many, oldest first.

    Args:
        builder: of its bars, whose past was told.
        symbol: whose bars.
        timeframe: one of `TIMEFRAMES`.
        limit: the most to return.
        broadcast: knows what was told at intervals.
        pace_ms: the interval at whose ends ticks are told; 0: each is, at once.
    """
    channel, _ = TIMEFRAMES[timeframe]
    if timeframe == DAY:
        finished = builder.days(symbol, limit)
    else:
        finished = builder.history(symbol, KIND_OF_CHANNEL[channel], limit)
    return _told(finished, builder, symbol, timeframe, broadcast, pace_ms)


def finished_bars_from(
    builder: BarBuilder,
    symbol: str,
    timeframe: str,
    start_ns: int,
    limit: int,
    *,
    broadcast: Broadcast,
    pace_ms: int,
) -> list[Bar]:
    """Return the first finished bars that start at a time or later, as `finished_bars` does."""
    channel, _ = TIMEFRAMES[timeframe]
    if timeframe == DAY:  # there are few
        days = builder.days(symbol, MOST_DAYS)
        finished = [bar for bar in days if bar.event_ns >= start_ns][:limit]
    else:
        finished = builder.history_from(symbol, KIND_OF_CHANNEL[channel], start_ns, limit)
    return _told(finished, builder, symbol, timeframe, broadcast, pace_ms)


def _told(  # noqa: PLR0917 - as above
    finished: list[Bar],
    builder: BarBuilder,
    symbol: str,
    timeframe: str,
    broadcast: Broadcast,
    pace_ms: int,
) -> list[Bar]:
    """Return those of some bars that were told, where that is at intervals."""
    if not pace_ms:
        return finished
    channel, length_ns = TIMEFRAMES[timeframe]
    snapshot = broadcast.pace(pace_ms).snapshot
    part_ns = MINUTE_NS if timeframe == DAY else length_ns
    told = snapshot.state({channel: frozenset([symbol])})
    told_ns = max([builder.recollection.until_ns, *(bar.event_ns + part_ns for bar in told)])
    return [bar for bar in finished if bar.event_ns + length_ns <= told_ns]
