"""Conflated selections, their ticks, and time that passes on a stage until they are due."""

from collections.abc import Iterable, Mapping

from feed.market.conflation import Conflation
from feed.market.ticks import Channel, Quote, Tick, Trade
from feed.wire.selection import Selection
from tests.fakes.stage import Member, Stage

MS = 1_000_000


def conflate(ticks: Iterable[Tick]) -> list[Tick]:
    """Return the newest per symbol of a batch that is conflated as a whole."""
    conflation = Conflation()
    conflation.add([*ticks])
    return conflation.take()


def conflated(intervals_ms: Mapping[str, int], **symbols: Iterable[str]) -> Selection:
    """Make a selection: `conflated({"trades": 50}, trades="*", quotes=["A"])`."""
    return Selection.of(
        {Channel(channel): some for channel, some in symbols.items()},
        {Channel(channel): interval_ms for channel, interval_ms in intervals_ms.items()},
    )


TRADES = conflated({"trades": 100}, trades="*")
QUOTES_BESIDE_TRADES = conflated({"quotes": 100}, trades="*", quotes="*")


def trade(sequence: int, symbol: str = "A", price: float = 10.0, size: float = 1.0) -> Trade:
    """Make a trade whose number and event time are its sequence."""
    return Trade(symbol, sequence, "V", price, size, sequence, ("@",), "C")


def quote(sequence: int, symbol: str = "A") -> Quote:
    """Make a quote whose bid and event time are its sequence."""
    return Quote(symbol, "V", float(sequence), 1.0, "Q", sequence + 1.0, 2.0, sequence, (), "C")


def publish(stage: Stage, *ticks: Tick) -> None:
    """Publish and cut."""
    stage.publish_ticks(list(ticks))
    stage.cut()


def pass_time(stage: Stage, until_ms: int) -> None:
    """Let time pass, with a cut whenever conflated ticks are due."""
    while (due_ns := stage.broadcast.conflated_due_ns) is not None and due_ns <= until_ms * MS:
        stage.now_ns = max(stage.now_ns, due_ns)
        stage.cut()
    stage.now_ns = max(stage.now_ns, until_ms * MS)


def subscribe_again(stage: Stage, member: Member, *, snapshot: bool) -> None:
    """Subscribe to the same again, as a WebSocket can; the member is held after it."""
    subscriber = member.subscriber
    stage.move(member, subscriber.selection)
    if snapshot:
        subscriber.due.request_snapshot(subscriber.selection)


def change(stage: Stage, member: Member, selection: Selection) -> None:
    """Change what a member selects, and how, as a WebSocket's subscribe does."""
    stage.move(member, selection)
    stage.catch_up(member)
