"""Words beside ticks, as the client hands them out: in order, each once, over lost connections."""

import asyncio
from collections import deque
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest

from feed.client import Batch, Gap, Stream, Word, Words, connect, connect_blocking
from feed.client.backoff import Backoff
from feed.client.events import Counters, Event, Mark, Snapshot
from feed.client.ledger import Ledger
from feed.client.parsers import Message
from feed.client.recording import RecordingWriter, record
from feed.client.subscription import AnyChannel, Subscription, Symbols
from feed.client.tail import tail
from feed.errors import InvalidParameter
from feed.http.contract.ticks import encoded
from feed.market.ticks import Channel
from feed.market.word_channels import WordChannel
from feed.sources.replay.reading import Reading
from feed.sources.replay.source import ReplaySource
from feed.wire.codec_name import CodecName
from feed.wire.disconnect import Reason
from feed.wire.position import Position
from feed.wire.transport import Transport
from tests.client.test_backoff import longest
from tests.fakes.clocks import ManualClock
from tests.fakes.said import KEYS, over, say, words_of
from tests.fakes.servers import Feed, Serve, trade
from tests.fakes.serving import pytest_asyncio_loop_factories, serve

__all__ = ["pytest_asyncio_loop_factories", "serve"]
KEY, OTHER, *_ = KEYS
TOKEN = {"T": "token", "id": KEY, "n": 1, "text": "a"}
TRADE = {"T": "t", "S": "A", "i": 1}


def mark(sequence: int) -> dict[str, Any]:
    return {"T": "mark", "pos": f"ab-{sequence}"}


def take(account: Ledger, *objects: dict[str, Any], position: str | None = None) -> list[Event]:
    events: deque[Event] = deque()
    assert account.enter(Message(list(objects), position), events)
    return list(events)


def ledger(after: str | None = None) -> Ledger:
    position = None if after is None else Position.parse(after)
    letters = frozenset({"T", "S"})
    return Ledger(Counters(), after=position, snapshot=False, conflated=False, letters=letters)


@pytest.mark.parametrize(("told", "beside"), [([mark(3)], None), ([], "ab-3")])
def test_words_move_the_position_and_are_whole(
    told: list[dict[str, Any]], beside: str | None
) -> None:
    account = ledger("ab-2")
    (words,) = take(account, TOKEN, *told, position=beside)
    assert isinstance(words, Words)
    assert (list(words), words.position, account.position) == ([TOKEN], "ab-3", "ab-3")
    assert (account.counters.words, account.counters.unknown) == (1, 0)


def test_ticks_and_words_of_one_message_come_apart_and_in_order() -> None:
    account = ledger("ab-2")
    events = take(account, TRADE, TOKEN, TOKEN, TRADE, mark(6))
    assert [type(event) for event in events] == [Batch, Words, Batch]
    assert events == [[{"T": "t", "S": "A"}], [TOKEN, TOKEN], [{"T": "t", "S": "A"}]]
    assert account.position == "ab-6"


def test_words_that_came_already_are_dropped() -> None:
    account = ledger("ab-5")
    events: deque[Event] = deque()
    account.enter(Message([TOKEN], "ab-4"), events)
    assert (list(events), account.counters.duplicates, account.position) == ([], 1, "ab-5")


def test_a_gap_says_which_channels_it_concerns() -> None:
    told = {"T": "gap", "from": "ab-4", "to": "ab-9", "reason": "overrun", "channels": ["trades"]}
    (gap,) = take(ledger("ab-3"), told)
    assert isinstance(gap, Gap)
    assert (gap.channels, gap.message()) == (("trades",), told)
    assert "of trades" in str(gap)


@pytest.mark.parametrize("wanted", ["*", "AAPL", [KEY, "nope"], KEY.upper(), [1], 1])
def test_what_is_no_id_is_refused_by_name(wanted: Any) -> None:
    with pytest.raises(InvalidParameter, match=r"^generations: .* gen_ and 32 hexadecimal digits"):
        subscription(wanted)


def subscription(generations: Symbols) -> Subscription:
    wanted: dict[AnyChannel, Symbols] = {Channel.TRADES: "*", WordChannel.GENERATIONS: generations}
    return Subscription.of(wanted)


async def open_feed(serve: Serve) -> Feed:
    feed = await serve()
    feed.hub.key_gate.open(WordChannel.GENERATIONS, lambda *_: True, lambda _: True)
    return feed


def told_of(words: list[Word]) -> list[tuple[str, int, str]]:
    return [(word["T"], word["n"], str(word.get("text", ""))) for word in words]


@pytest.mark.parametrize("codec", get_args(CodecName))
@pytest.mark.parametrize("transport", [each.value for each in Transport])
async def test_who_comes_late_and_loses_the_line_has_each_word_once(
    serve: Serve, transport: Any, codec: Any
) -> None:
    feed = await open_feed(serve)
    await say(feed.hub, words_of(KEY, ["", "one "]))
    stream = Stream(
        feed.url(""),
        subscription(KEY),
        transport=transport,
        codec=codec,
        snapshot=True,
        clock=ManualClock(),
        backoff=Backoff(longest),
    )
    seen: list[Word] = []
    ticks = 0
    async with stream:
        async for event in stream.events():
            if isinstance(event, Batch):
                ticks += len(event)
            elif isinstance(event, Words):
                seen += event
                last = event[-1]
                if event.snapshot or last["n"] == 2:
                    number = last["n"] + 1
                    await feed.publish(trade(number))
                    await say(feed.hub, words_of(KEY, [f"{number} "], number))
                    for session in list(feed.hub.sessions.values()):
                        feed.hub.disconnect(session, Reason.ADMIN)
                elif last["n"] == 3:
                    await say(feed.hub, [over(KEY, 4)])
                elif last["T"] == "generated":
                    break
    assert told_of(seen) == [
        ("generation", 1, "one "),
        ("token", 2, "2 "),
        ("token", 3, "3 "),
        ("generated", 4, ""),
    ]
    assert (ticks, stream.counters.words, stream.counters.gaps) == (2, 4, 0)
    assert stream.counters.unknown == 0


async def test_words_alone_are_an_iteration_of_their_own(serve: Serve) -> None:
    feed = await open_feed(serve)
    await say(feed.hub, [*words_of(KEY, ["", "one "]), *words_of(OTHER, ["", "else"])])
    await feed.publish(trade(1))
    url = feed.url("")

    def wait_for_words() -> list[Word]:
        with connect_blocking(url, trades="*", generations=[KEY], after="0") as stream:
            return list(next(stream.words()))

    async with connect(url, trades="*", generations=KEY, after="0") as stream:
        words = await anext(stream.words())
        assert list(words) == encoded(*words_of(KEY, ["", "one "]))
        assert stream.position == words.position
    assert await asyncio.to_thread(wait_for_words) == list(words)


async def test_tails_and_recordings_have_the_words_that_are_asked_for(
    serve: Serve, tmp_path: Path
) -> None:
    feed = await open_feed(serve)
    await say(feed.hub, [*words_of(KEY, ["", "one "]), *words_of(OTHER, ["", "else"])])
    await feed.publish(trade(1))
    said = encoded(*words_of(KEY, ["", "one "]))
    lines = bytearray()
    async with connect(feed.url(""), trades="*", generations=KEY, after="0") as stream:
        await tail(stream, lines.extend, ignore, count=1)
    assert [orjson.loads(line) for line in lines.splitlines()] == [*said, *encoded(trade(1))]
    path = tmp_path / "both.ndjson"
    async with connect(feed.url(""), trades="*", generations=KEY, after="0") as stream:
        with RecordingWriter(path) as recording:
            await record(stream, recording, ignore, count=1)
    connected, acknowledged, *rest = map(orjson.loads, path.read_bytes().splitlines())
    assert (connected["T"], acknowledged["generations"]) == ("success", [KEY])
    assert rest == [*said, *encoded(trade(1))]
    source = ReplaySource(path, reading=Reading(on_bad_row="stop"), speed="max")
    await source.open()
    batches = [list(batch) async for batch in source.batches()]
    await source.close()
    assert [tick.symbol for batch in batches for tick in batch] == ["AAPL"]
    assert sum(source.rows_skipped.values()) == 0


def ignore(event: Event) -> None:
    assert not isinstance(event, Mark | Snapshot)
