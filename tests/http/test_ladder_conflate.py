"""The ladder's other rungs: conflated instead of a gap, and all of them for compressed readers."""

import asyncio
from collections.abc import Sequence

import orjson
import pytest

from feed.broadcast.deflated_lane import DeflatedLane
from feed.market.ticks import Tick, Trade
from feed.wire.disconnect import Reason
from tests.fakes.deflated_readers import (
    RSV1,
    DeflateReader,
    noisy_trades,
    open_deflated,
    salted_trades,
)
from tests.fakes.messages import Message
from tests.fakes.patience import PATIENCE_S, repeat_until, until
from tests.fakes.readers import TRANSPORTS, Reader
from tests.fakes.servers import Feed, Paces, Serve
from tests.fakes.websocket_reader import CLOSE
from tests.fakes.wire import Ended
from tests.metrics.test_families import metrics

pytestmark = pytest.mark.long

EACH = pytest.mark.parametrize("transport", TRANSPORTS)
COMPRESSED = pytest.mark.parametrize("compressed", [True, False], ids=["compressed", "plain"])
HIGH_WATER_BYTES = 8_192
SMALL_BUFFER_BYTES = 65_536  # SO_RCVBUF; with a smaller one the kernel drops segments of loopback
LONG_S = 60.0  # a stalled reader is waited for, however busy the machine is
BATCH = 50
PATIENT = Paces(last_words_s=PATIENCE_S)  # whoever takes little at a time reads its last words


async def open_slow(
    feed: Feed, transport: str, *, compressed: bool = True, on_lag: str | None = None
) -> Reader:
    """Open a reader that takes little, and does not read yet."""
    reader = await open_deflated(
        transport,
        (feed.host, feed.port),
        on_lag=on_lag,
        receive_buffer_bytes=SMALL_BUFFER_BYTES,
        compressed=compressed,
    )
    await until(lambda: feed.hub.sessions and not feed.hub.audience.behind)
    return reader


async def publish(feed: Feed, first: int, count: int) -> list[Tick]:
    """Publish batches; return what was published."""
    ticks = noisy_trades(first, first + count - 1)
    for start in range(0, count, BATCH):
        await feed.publish(*ticks[start : start + BATCH])
    return ticks


async def publish_until_behind(feed: Feed) -> list[Tick]:
    """Publish until somebody is behind for good, or was; return what was published."""
    published: list[Tick] = []
    for _ in repeat_until(lambda: feed.hub.ended or _is_behind_for_good(feed)):
        published += await publish(feed, len(published) + 1, BATCH)
    return published


def _is_behind_for_good(feed: Feed) -> bool:
    return any(subscriber.lag_ticks > 200 for subscriber in feed.hub.audience.behind)


class Told:
    """What one reader was told, in order, by kind."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.ids: list[int] = []  # of single trades
        self.gaps: list[Message] = []
        self.conflated: list[Message] = []
        self.state: list[Message] = []
        self._in_snapshot = False

    async def read(self, reader: Reader, last: int) -> "Told":
        """Read until the single trade with this number."""
        while last not in self.ids[-BATCH:]:
            messages, _ = await reader.read()
            for message in messages:
                self._take(message)
        return self

    def _take(self, message: Message) -> None:
        match message["T"]:
            case "snapshot":
                self._in_snapshot = message["state"] == "begin"
                self._note("snapshot")
            case "gap":
                self.gaps.append(message)
                self._note(f"gap {message['reason']}")
            case "t" if self._in_snapshot:
                self.state.append(message)
            case "t" if "n" in message:
                self.conflated.append(message)
                self._note("conflated")
            case "t":
                self.ids.append(message["i"])
                self._note("ticks")

    def _note(self, kind: str) -> None:
        if self.order[-1:] != [kind]:
            self.order.append(kind)


def span(feed: Feed, gap: Message) -> range:
    """Return the sequences that a gap tells, which are also the numbers of the trades."""
    ends = []
    for key in ("from", "to"):
        epoch, _, sequence = gap[key].partition("-")
        assert epoch == feed.epoch
        ends.append(int(sequence))
    return range(ends[0], ends[1] + 1)


def check_stands_for(conflated: Sequence[Message], ticks: Sequence[Tick]) -> None:
    """See that conflated trades stand for just these trades, with all that they say."""
    trades = [tick for tick in ticks if isinstance(tick, Trade)]
    by_symbol: dict[str, list[Trade]] = {}
    for trade in trades:
        by_symbol.setdefault(trade.symbol, []).append(trade)
    assert sorted(one["S"] for one in conflated) == sorted(by_symbol), "one of each"
    for one in conflated:
        mine = by_symbol[one["S"]]
        assert (one["n"], one["fi"], one["i"]) == (len(mine), mine[0].trade_id, mine[-1].trade_id)
        assert one["v"] == sum(trade.size for trade in mine)
        assert one["h"] == max(trade.price for trade in mine)
        assert one["l"] == min(trade.price for trade in mine)
        assert one["p"] == mine[-1].price


async def let_read(feed: Feed, reader: Reader, published: list[Tick]) -> Told:
    """Let a slow reader read on; one more tick is published when it is live again."""
    last = len(published) + 1
    reading = asyncio.create_task(Told().read(reader, last))
    await until(lambda: not feed.hub.audience.behind)
    await publish(feed, last, 1)
    return await reading


@COMPRESSED
@EACH
async def test_who_lags_too_far_is_told_so_then_the_conflated_ticks_and_then_is_live(
    serve: Serve, transport: str, compressed: bool
) -> None:
    feed = await serve(high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=LONG_S, lag_max_ticks=500)
    slow = await open_slow(feed, transport, compressed=compressed, on_lag="conflate")
    published = await publish_until_behind(feed)
    published += await publish(feed, len(published) + 1, 1_000)
    told = await let_read(feed, slow, published)
    assert told.order == ["ticks", "gap conflated", "conflated", "ticks"]
    (gap,) = told.gaps
    missing = span(feed, gap)
    assert told.ids == [*range(1, missing[0]), len(published) + 1]
    assert missing[-1] == len(published)
    check_stands_for(told.conflated, published[missing[0] - 1 :])
    assert (feed.hub.audience.ladder.conflated, feed.hub.audience.ladder.gap) == (1, 0)


@COMPRESSED
@EACH
async def test_what_the_ring_lost_is_told_apart_from_what_is_conflated(
    serve: Serve, transport: str, compressed: bool
) -> None:
    feed = await serve(high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=LONG_S, ring=512)
    slow = await open_slow(feed, transport, compressed=compressed, on_lag="conflate")
    published = await publish_until_behind(feed)
    published += await publish(feed, len(published) + 1, 1_000)
    told = await let_read(feed, slow, published)
    assert told.order == [
        *("ticks", "gap overrun", "gap conflated", "conflated", "snapshot", "ticks"),
    ]
    lost, missing = (span(feed, gap) for gap in told.gaps)
    assert told.ids == [*range(1, lost[0]), len(published) + 1]
    assert missing == range(lost[-1] + 1, len(published) + 1)
    assert len(missing) == 512
    check_stands_for(told.conflated, published[missing[0] - 1 :])
    assert {one["S"]: one["i"] for one in told.state} == {
        tick.symbol: tick.trade_id for tick in published if isinstance(tick, Trade)
    }
    ladder = feed.hub.audience.ladder
    assert (ladder.overruns, ladder.gap, ladder.conflated) == (1, 1, 1)
    assert ladder.gap_ticks == len(lost)


@EACH
async def test_a_compressed_reader_that_was_overrun_is_told_the_gap_and_the_state(
    serve: Serve, transport: str
) -> None:
    feed = await serve(high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=LONG_S, ring=512)
    slow = await open_slow(feed, transport)
    published = await publish_until_behind(feed)
    published += await publish(feed, len(published) + 1, 1_000)
    told = await let_read(feed, slow, published)
    assert told.order == ["ticks", "gap overrun", "snapshot", "ticks"]
    missing = span(feed, told.gaps[0])
    assert told.ids == [*range(1, missing[0]), len(published) + 1]
    assert missing[-1] == len(published)
    assert {one["S"]: one["i"] for one in told.state} == {
        tick.symbol: tick.trade_id for tick in published if isinstance(tick, Trade)
    }


@EACH
async def test_a_compressed_reader_that_was_paused_is_complete_and_holds_little(
    serve: Serve, transport: str
) -> None:
    feed = await serve(high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=LONG_S)
    slow = await open_slow(feed, transport)
    (stalled,) = feed.hub.sessions.values()
    others = [await open_deflated(transport, (feed.host, feed.port)) for _ in range(3)]
    await feed.sessions_reach(4)
    lane = stalled.subscriber.lane
    assert isinstance(lane, DeflatedLane)
    published: list[Tick] = []
    held_bytes = 0
    hearing = [Told() for _ in others]
    for _ in range(100):
        published += await publish(feed, len(published) + 1, BATCH)
        for told, other in zip(hearing, others, strict=True):
            await told.read(other, len(published))
        held_bytes = max(held_bytes, stalled.connection.buffered_bytes())
    assert list(feed.hub.audience.behind) == [stalled.subscriber]
    assert HIGH_WATER_BYTES < held_bytes < HIGH_WATER_BYTES + 64 * 1024
    assert stalled.subscriber not in lane.live
    assert len(lane.live) == 3, "who stalls pushes nobody out of the context"
    told = await let_read(feed, slow, published)
    for heard in (told, *hearing):
        assert heard.ids[: len(published)] == list(range(1, len(published) + 1))
        assert heard.order == ["ticks"]
    assert feed.hub.audience.ladder.caught_up == feed.hub.audience.ladder.paused >= 1


@EACH
async def test_on_lag_disconnect_says_so_in_a_compressed_stream(
    serve: Serve, transport: str
) -> None:
    feed = await serve(
        paces=PATIENT, high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=LONG_S, ring=512
    )
    slow = await open_slow(feed, transport, on_lag="disconnect")
    published = await publish_until_behind(feed)
    await publish(feed, len(published) + 1, 1_000)
    last = await last_words(slow)
    await until(lambda: not feed.hub.sessions)
    assert dict(feed.hub.ended) == {Reason.LAGGING: 1}
    if isinstance(slow, DeflateReader):
        (error,) = last
        assert (error["T"], error["code"]) == ("error", 407)
        assert slow.frames[-1].close_code == 1013
        slow.send_frame(CLOSE, slow.frames[-1].data[:2])
        assert await slow.wire.rest() == b"", "nothing follows a Close frame"
        assert RSV1 in {block.rsv for block in slow.blocks}
        assert [block.rsv for block in slow.blocks[-2:]] == [0, 0]
    else:
        assert (last[0]["T"], last[0]["reason"], last[0]["reconnect"]) == ("bye", "lagging", True)


async def test_a_compressed_websocket_that_was_too_slow_hears_407_and_nothing_after_close(
    serve: Serve,
) -> None:
    feed = await serve(paces=PATIENT, high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=0.2)
    slow = await open_slow(feed, "websocket-json")
    assert isinstance(slow, DeflateReader)
    published = await publish_until_behind(feed)
    await until(lambda: feed.hub.ended)
    slow.say({"action": "subscribe", "quotes": ["*"]})
    await publish(feed, len(published) + 1, BATCH)
    while (frame := await slow.frame()).opcode != CLOSE:
        pass
    assert frame.close_code == 1013
    assert orjson.loads(slow.frames[-2].data)[0]["code"] == 407
    slow.send_frame(CLOSE, frame.data[:2])
    assert await slow.wire.rest() == b""


@EACH
async def test_a_compressed_reader_that_takes_nothing_is_cut_off_and_gives_its_memory_back(
    serve: Serve, transport: str
) -> None:
    feed = await serve(
        paces={"last_words_s": 0.1}, high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=0.6
    )
    await open_slow(feed, transport)
    (session,) = feed.hub.sessions.values()
    await publish_until_behind(feed)
    await until(lambda: not feed.hub.sessions)
    assert dict(feed.hub.ended) == {Reason.SLOW: 1}
    await until(lambda: session.connection.closing and not session.connection.buffered_bytes())
    assert feed.hub.broadcast.lanes.budget.used_bytes == 0


async def test_every_rung_is_counted_where_operators_look(serve: Serve) -> None:
    feed = await serve(high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=LONG_S, lag_max_ticks=500)
    readers = [
        await open_slow(feed, transport, on_lag=on_lag)
        for transport, on_lag in (
            ("websocket-json", "conflate"),
            ("sse-json", "gap"),
            ("stream-json", "disconnect"),
        )
    ]
    published: list[Tick] = []
    for _ in repeat_until(lambda: len(feed.hub.audience.behind) == 3 and _least_lag(feed) > 500):
        published += await publish(feed, len(published) + 1, BATCH)
    reading = [
        asyncio.create_task(Told().read(reader, len(published) + 1)) for reader in readers[:2]
    ]
    with pytest.raises(Ended):
        await Told().read(readers[2], len(published) + 1)
    await until(lambda: not feed.hub.audience.behind)
    await publish(feed, len(published) + 1, 1)
    conflated, gap = await asyncio.gather(*reading)
    assert conflated.order == ["ticks", "gap conflated", "conflated", "ticks"]
    assert gap.order == ["ticks", "gap overrun", "snapshot", "ticks"]
    seen = await metrics(feed)
    for step, count in (("conflated", 1), ("gap", 1), ("lagging", 1), ("slow", 0)):
        assert seen("feed_ladder_steps_total", step=step) == count
    assert seen("feed_ladder_steps_total", step="paused") >= 3
    assert seen("feed_ladder_steps_total", step="caught_up") >= 2
    assert seen("feed_ring_overruns_total") == 3
    assert seen("feed_gap_ticks_total") == len(span(feed, gap.gaps[0]))
    assert seen("feed_disconnects_total", reason="lagging") == 1


async def last_words(reader: Reader) -> list[Message]:
    """Read until the server ends the connection; return the last messages."""
    last: list[Message] = []
    try:
        while True:
            last, _ = await reader.read()
    except Ended:
        return last


def _least_lag(feed: Feed) -> int:
    return min(subscriber.lag_ticks for subscriber in feed.hub.audience.behind)


async def test_a_slow_reader_leaves_the_context_of_others_as_it_is(serve: Serve) -> None:
    feed = await serve(high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=LONG_S)
    slow = await open_slow(feed, "websocket-json")
    others = [await open_deflated("websocket-json", (feed.host, feed.port)) for _ in range(2)]
    await feed.sessions_reach(3)
    published: list[Tick] = []
    for _ in repeat_until(lambda: _is_behind_for_good(feed)):
        published += await publish(feed, len(published) + 1, BATCH)
        for other in others:  # who is not read is slow, too, and joins anew
            await Told().read(other, len(published))
    # Who has all may have been given the end of it by itself: the others' frames come when live.
    await until(lambda: sum(reader.live for reader in feed.hub.sessions) == len(others))
    frames = 20
    for first in range(len(published) + 1, len(published) + 3 * frames, 3):
        await feed.publish(*salted_trades(first, first + 2))
    for other in others:
        await Told().read(other, len(published) + 3 * frames)
    blocks = [other.blocks[-frames:] for other in others if isinstance(other, DeflateReader)]
    assert blocks[0] == blocks[1]
    assert max(len(block.data) for block in blocks[0][:-1]) < 400, "they refer to those before"
    await Told().read(slow, len(published) + 3 * frames)
