"""A user's program, as type checkers see it: `test_types` has them look at it, nothing runs it.

A line that must be an error says so to each checker; both complain about an ignore that is not
needed.
"""

from pathlib import Path
from typing import assert_type

import feed
from feed.client import (
    Alert,
    Alerts,
    Answer,
    Bar,
    Batch,
    ConflatedTrade,
    Gap,
    Quote,
    Room,
    Rule,
    Sent,
    Status,
    Stream,
    Trade,
    Usage,
    connect,
    connect_blocking,
    event_ns,
)
from feed.client.alerting.blocking import BlockingAlerts
from feed.client.blocking import BlockingStream
from feed.client.generating.blocking import BlockingAnswer
from feed.client.rooms.blocking import BlockingRoom

URL = "http://127.0.0.1:8080"


async def follow() -> None:
    async with feed.connect(URL, trades=["AAPL"], on_lag="conflate", codec="msgpack") as stream:
        assert_type(stream, Stream)
        async for batch in stream:
            assert_type(batch, Batch)
            for tick in batch:
                if tick["T"] == "t":
                    assert_type(tick, Trade | ConflatedTrade)
                    assert_type(tick["p"], float)
                    if "n" in tick:
                        assert_type(tick, ConflatedTrade)
                elif tick["T"] == "q":
                    assert_type(tick, Quote)
                    assert_type(tick["as"], float)
                    del tick["p"]  # type: ignore[typeddict-item]  # pyright: ignore[reportGeneralTypeIssues]
                elif tick["T"] == "s":
                    assert_type(tick, Status)
                else:
                    assert_type(tick, Bar)
                assert_type(tick["S"], str)
                assert_type(event_ns(tick), int)
            if batch.gap is not None:
                assert_type(batch.gap, Gap)


def follow_without_async() -> None:
    with feed.connect_blocking(URL, quotes="*", transport="sse") as stream:
        assert_type(stream, BlockingStream)
        for batch in stream:
            assert_type(batch, Batch)


async def ask() -> None:
    async with feed.generate(URL, "what moved?", symbols="*", share=True) as answer:
        assert_type(answer, Answer)
        async for piece in answer:
            assert_type(piece, str)
        assert_type(answer.usage, Usage | None)
        async with feed.watch_answer(URL, answer.id) as watched:
            assert_type(watched, Answer)


def ask_without_async() -> None:
    with feed.generate_blocking(URL, [{"role": "user", "content": "x"}], key="k") as answer:
        assert_type(answer, BlockingAnswer)
        assert_type(list(answer), list[str])


async def talk() -> None:
    async with feed.room(URL, "desk", name="Ann") as room:
        assert_type(room, Room)
        assert_type(await room.say("x"), Sent)
        assert_type(await room.list.add("AAPL", note="x"), Sent)
        async for event in room:
            if event["T"] == "message":
                assert_type(event["text"], str)
            elif event["T"] == "unpublished":
                room.discard(event["id"])
            else:
                assert_type(event["by"], str)


async def have_a_file_written() -> None:
    assert_type(await feed.export(URL, to="x.csv", symbols={"trades": "AAPL"}), Path)


def talk_without_async() -> None:
    with feed.room_blocking(URL, "desk") as room:
        assert_type(room, BlockingRoom)
        assert_type(room.say("x"), Sent)


async def watch_with_rules() -> None:
    async with feed.alerts(URL, key="k") as alerts:
        assert_type(alerts, Alerts)
        assert_type(await alerts.create("AAPL", "price", ">=", 200), Rule)
        assert_type(await alerts.list(), tuple[Rule, ...])
        await alerts.change("rule_a", value=201, window=None)
        async for firing in alerts:
            assert_type(firing, Alert)
            await alerts.acknowledge(firing["id"])
        await alerts.create("AAPL", "prize", ">=", 200)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def watch_with_rules_without_async() -> None:
    with feed.alerts_blocking(URL) as alerts:
        assert_type(alerts, BlockingAlerts)
        assert_type(next(alerts), Alert)


def by_the_longer_name() -> None:
    assert_type(connect(URL, bars="*"), Stream)
    assert_type(connect_blocking(URL, statuses="*"), BlockingStream)


def mistakes() -> None:
    feed.connect(URL, trades="*", on_lag="gaps")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    feed.connect(URL, trades="*", codec="xml")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    feed.connect(URL, trades="*", transport="ftp")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    feed.connect_blocking(URL, tardes="*")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    feed.generate(URL, "x", shared=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    feed.room(URL, "desk", nick="Ann")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    feed.disconnect()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
