"""The timeframes of bars that are asked for, and the finished bars of each."""

from feed.broadcast.cut import Broadcast
from feed.market.bars import BarBuilder
from feed.market.day_bars import DAY_NS
from feed.market.ticks import KIND_OF_CHANNEL, MINUTE_NS, SECOND_NS, Bar, Channel

DAY = "1d"
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
    channel, length_ns = TIMEFRAMES[timeframe]
    if timeframe == DAY:
        finished = builder.days(symbol, limit)
    else:
        finished = builder.history(symbol, KIND_OF_CHANNEL[channel], limit)
    if not pace_ms:
        return finished
    snapshot = broadcast.pace(pace_ms).snapshot
    part_ns = MINUTE_NS if timeframe == DAY else length_ns
    told = snapshot.state({channel: frozenset([symbol])})
    told_ns = max([builder.recollection.until_ns, *(bar.event_ns + part_ns for bar in told)])
    return [bar for bar in finished if bar.event_ns + length_ns <= told_ns]
