"""Ticks as frames of pandas and polars."""

import importlib
import sys
from typing import Any

import msgpack
import orjson
import pytest

from feed.client.errors import Malformed, MissingLibrary
from feed.client.events import Batch, Gap
from feed.client.stream import Stream
from feed.client.subscription import Subscription
from feed.client.tables import LIBRARIES, Library, event_ns, frame_of
from feed.client.ticks import Tick
from feed.errors import InvalidParameter
from feed.market.ticks import Bar, Channel, Kind, Quote, Trade
from feed.wire.json_codec import JSON
from feed.wire.messagepack_codec import MESSAGE_PACK
from tests.client.objects import as_tick
from tests.fakes.clocks import ManualClock
from tests.fakes.mini_feed import MiniFeed

TIME = "2026-01-02T14:30:00.123456789Z"
TIME_NS = 1_767_364_200_123_456_789
TRADES: list[Tick] = [
    {"T": "t", "S": "AAPL", "i": 1, "x": "V", "p": 1.5, "s": 10, "t": TIME, "c": ["@"], "z": "C"},
    as_tick(
        {
            "T": "t",
            "S": "MSFT",
            "i": 2,
            "x": "V",
            "p": 2.5,
            "s": 2,
            "t": TIME,
            "tks": "B",
            "new": 7,
        }
    ),
]


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> Library:
    pytest.importorskip(request.param, reason="not installed (the extra `clients`)")
    name: Library = request.param
    return name


def rows_of(frame: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        frame.to_dicts() if hasattr(frame, "to_dicts") else frame.to_dict("records")
    )
    return rows


def times_ns(frame: Any) -> list[int]:
    if hasattr(frame, "to_dicts"):
        numbers: list[int] = frame["time"].dt.timestamp("ns").to_list()
        return numbers
    return [time.value for time in frame["time"]]


def test_columns_are_words_and_times_are_exact(library: Library) -> None:
    frame = frame_of(TRADES, Kind.TRADE, library)
    assert list(frame["symbol"]) == ["AAPL", "MSFT"]
    assert list(frame["price"]) == [1.5, 2.5]
    assert list(frame["size"]) == [10, 2]
    assert list(frame["trade_id"]) == [1, 2]
    assert times_ns(frame) == [TIME_NS, TIME_NS]
    assert "UTC" in str(frame["time"].dtype)
    assert rows_of(frame)[1]["taker_side"] == "B"
    assert rows_of(frame)[1]["new"] == 7  # what we have no word for keeps its letters


@pytest.mark.parametrize(
    ("kind", "sizes"),
    [
        (Kind.TRADE, [Trade("A", 1, "V", 2.0, size, 1) for size in (100.0, 0.5)]),
        (Kind.TRADE, [Trade("A", 1, "V", 2.0, size, 1) for size in (100.0, 2.0)]),
        (Kind.QUOTE, [Quote("A", "V", 2.0, size, "Q", 3.0, 1.0, 1) for size in (0.5, 3.0)]),
        (Kind.BAR, [Bar(Kind.BAR, "A", 1.0, 1.0, 1.0, 1.0, v, 3, 1.0, 1) for v in (7.0, 7.5)]),
    ],
    ids=["mixed trades", "whole trades", "quotes", "bars"],
)
def test_columns_have_the_same_types_whichever_codec_they_came_in(
    library: Library, kind: Kind, sizes: list[Any]
) -> None:
    frames = [
        frame_of(decode(codec.join(codec.encode(sizes))), kind, library)
        for codec, decode in ((JSON, orjson.loads), (MESSAGE_PACK, msgpack.unpackb))
    ]
    assert rows_of(frames[0]) == rows_of(frames[1])
    types = [[str(frame[name].dtype) for name in sorted(frame.columns)] for frame in frames]
    assert types[0] == types[1]


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_words(library: Library, kind: Kind) -> None:
    tick = {"T": kind.value, "S": "AAPL", "t": TIME}
    assert set(frame_of([tick], kind, library).columns) == {"symbol", "time"}


@pytest.mark.parametrize(
    ("time", "nanoseconds"),
    [
        (TIME, TIME_NS),
        ("2026-01-02T14:30:00Z", TIME_NS - 123_456_789),
        ("2026-01-02t15:30:00.5+01:00", TIME_NS - 123_456_789 + 500_000_000),
        (msgpack.Timestamp(1_767_364_200, 123_456_789), TIME_NS),
        ("1969-12-31T23:59:59.999999999Z", -1),
    ],
)
def test_event_times_are_exact_in_any_codec(time: object, nanoseconds: int) -> None:
    assert event_ns({"T": "t", "t": time}) == nanoseconds


@pytest.mark.parametrize("time", [None, 7, "now", "2026-01-02", "2026-01-02T14:30:00"])
def test_what_is_no_time_is_malformed(time: object) -> None:
    with pytest.raises(Malformed, match="not a time"):
        event_ns({"T": "t", "t": time})


def stream_of(feed: MiniFeed) -> Stream:
    trades = Subscription.of({Channel.TRADES: "*"})
    return Stream(feed.url, trades, after="0", transport="stream", clock=ManualClock())


async def test_frames_come_with_at_least_the_rows_asked_for(library: Library) -> None:
    async with MiniFeed() as feed, stream_of(feed) as stream:
        await feed.publish(40)
        frames = stream.frames(library, rows=10)
        tables = await anext(frames)
        assert list(tables) == ["trades"]
        assert list(tables["trades"]["trade_id"]) == list(range(1, 15))
        assert tables.position == "aaaa-14"
        assert (tables.snapshot, tables.gaps) == (False, ())


async def test_frames_tell_gaps_and_keep_snapshots_apart(library: Library) -> None:
    async with MiniFeed() as feed:
        await feed.publish(9)
        feed.oldest = 6
        trades = Subscription.of({Channel.TRADES: "*"})
        async with Stream(feed.url, trades, after="aaaa-2", transport="stream") as stream:
            frames = stream.frames(library, rows=5)
            await stream.open()
            await feed.publish(7)
            restated, live = await anext(frames), await anext(frames)
    assert restated.snapshot
    assert restated.gaps == (Gap("aaaa-3", "aaaa-9", "overrun"),)
    assert list(restated["trades"]["trade_id"]) == [9]
    assert (live.snapshot, live.gaps) == (False, ())
    assert list(live["trades"]["trade_id"]) == list(range(10, 17))


async def test_without_a_library_frames_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in LIBRARIES:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    async with MiniFeed() as feed, stream_of(feed) as stream:
        with pytest.raises(MissingLibrary, match=r"pandas or polars: .* -m pip install pandas"):
            await anext(stream.frames())
        with pytest.raises(MissingLibrary, match="pip install polars"):
            await anext(stream.frames("polars"))


async def test_wrong_arguments_are_named() -> None:
    async with MiniFeed() as feed, stream_of(feed) as stream:
        with pytest.raises(InvalidParameter, match="rows"):
            await anext(stream.frames(rows=0))
        with pytest.raises(InvalidParameter, match="library"):
            await anext(stream.frames("excel"))  # type: ignore[arg-type]


def test_a_batch_is_a_list() -> None:
    assert Batch(TRADES) == TRADES
