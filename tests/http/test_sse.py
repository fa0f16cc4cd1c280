"""`GET /v1/sse`, byte for byte."""

import base64
import re

import msgpack
import orjson
import pytest

from feed.market.ticks import Kind
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, bar, quote, status, trade, trades
from tests.fakes.sse_reader import Event, SseReader
from tests.fakes.wire import Ended

TRADE_1 = (
    b'{"T":"t","S":"AAPL","i":1,"x":"V","p":100.25,"s":2.0,"c":["@"],"z":"C",'
    b'"t":"2020-02-22T00:00:00.000000001Z"}'
)


async def get(feed: Feed, query: str, headers: dict[str, str] | None = None) -> RawHttp:
    """Ask, and read what comes before anything else: `retry`, and where it begins."""
    answer = await RawHttp.get((feed.host, feed.port), f"/v1/sse?{query}", headers)
    assert answer.status == 200, await answer.body()
    await feed.sessions_reach(len(feed.hub.sessions))
    assert (await answer.chunk()).startswith(b"retry: ")
    if "after" not in query and "snapshot" not in query and "vent" not in query and not headers:
        assert (await answer.chunk()).startswith(b"event: mark\n")
    return answer


async def events(feed: Feed, query: str, headers: dict[str, str] | None = None) -> SseReader:
    return SseReader(await get(feed, query, headers))


async def test_the_first_bytes_are_a_jittered_retry_without_a_blank_line(serve: Serve) -> None:
    feed = await serve()
    retries = set()
    for _ in range(12):
        answer = await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=AAPL")
        first = await answer.chunk()
        name, _, value = first.partition(b": ")
        assert (name, value[-1:]) == (b"retry", b"\n")
        retries.add(int(value))
        assert b"\n\n" not in first
    assert all(1_000 <= retry <= 3_000 for retry in retries)
    assert len(retries) > 1, "all who lost a server would return at the same moment"


async def test_who_has_no_position_is_told_where_it_begins(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 3))
    answer = await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=AAPL")
    await answer.chunk()
    event, at, data, *blank = (await answer.chunk()).split(b"\n")
    assert (event, at) == (b"event: mark", f"id: {feed.position(3)}".encode())
    assert orjson.loads(data.removeprefix(b"data: "))["pos"] == feed.position(3)
    assert blank == [b"", b""]


async def test_the_headers_forbid_storing_transforming_and_buffering(serve: Serve) -> None:
    feed = await serve()
    headers = (await get(feed, "trades=AAPL")).headers
    assert headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert headers["Cache-Control"] == "no-cache, no-transform"
    assert headers["X-Accel-Buffering"] == "no"
    assert "Content-Length" not in headers
    assert "Content-Encoding" not in headers


async def test_a_batch_is_one_unnamed_event_with_an_id_and_one_line_of_data(serve: Serve) -> None:
    feed = await serve()
    answer = await get(feed, "trades=AAPL")
    await feed.publish(trade(1))
    await feed.publish(trade(2), trade(3, "MSFT"), trade(4))
    assert await answer.chunk() == (b"id: %b-1\ndata: [%b]\n\n" % (feed.epoch.encode(), TRADE_1))
    second = await answer.chunk()
    head, data, *blank = second.split(b"\n")
    assert (head, blank) == (f"id: {feed.position(4)}".encode(), [b"", b""])
    assert [tick["i"] for tick in orjson.loads(data.removeprefix(b"data: "))] == [2, 4]


async def test_every_channel_is_heard_by_those_who_asked_for_it_alone(serve: Serve) -> None:
    feed = await serve()
    channels = {
        "trades": "t",
        "quotes": "q",
        "bars": "b",
        "updatedBars": "u",
        "secondBars": "b1s",
        "statuses": "s",
    }
    readers = {channel: await events(feed, f"{channel}=AAPL") for channel in channels}
    both = await events(feed, "symbols=AAPL")
    bars = (bar(kind=kind) for kind in (Kind.BAR, Kind.UPDATED_BAR, Kind.SECOND_BAR))
    await feed.publish(trade(1), quote(2), *bars, status())
    for channel, reader in readers.items():
        ticks, _ = await reader.read()
        assert [tick["T"] for tick in ticks] == [channels[channel]]
    ticks, _ = await both.read()
    assert [tick["T"] for tick in ticks] == ["t", "q"]


async def test_codec_msgpack_is_base64_of_the_array(serve: Serve) -> None:
    feed = await serve()
    reader = await events(feed, "trades=*&codec=msgpack")
    await feed.publish(trade(1))
    event = await reader.event()
    assert event.id == feed.position(1)
    (tick,) = msgpack.unpackb(base64.b64decode(event.data, validate=True))
    assert tick["t"] == msgpack.Timestamp(1_582_329_600, 1)
    assert (tick["T"], tick["S"], tick["i"], tick["p"]) == ("t", "AAPL", 1, 100.25)


async def test_silence_is_kept_alive_by_a_comment_without_a_blank_line(serve: Serve) -> None:
    feed = await serve(keepalive_s=0.05)
    answer = await get(feed, "trades=AAPL")
    assert [await answer.chunk() for _ in range(3)] == [b":\n"] * 3
    await feed.publish(trade(1))
    while (chunk := await answer.chunk()) == b":\n":
        pass
    assert chunk.startswith(b"id: ")


async def test_a_mark_is_a_named_event_with_id_and_data(serve: Serve) -> None:
    feed = await serve(mark_interval_s=0.05)
    reader = await events(feed, "trades=MSFT")
    await feed.publish(*trades(1, 3))
    while True:
        event = await reader.event()
        assert event.name == "mark"
        mark = orjson.loads(event.data)
        assert mark.keys() == {"T", "pos", "t"}
        assert event.id == mark["pos"]
        if event.id == feed.position(3):  # it moves a reader of whom nothing was selected
            break


async def test_last_event_id_resumes_where_it_says(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 10))
    reader = await events(feed, "trades=*", {"Last-Event-ID": feed.position(7)})
    ticks, position = await reader.read()
    assert [tick["i"] for tick in ticks] == [8, 9, 10]
    assert position == feed.position(10)
    await feed.publish(trade(11))
    ticks, position = await reader.read()
    assert ([tick["i"] for tick in ticks], position) == ([11], feed.position(11))


async def test_last_event_id_beats_after_and_suppresses_the_snapshot(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 10))
    reader = await events(
        feed,
        f"trades=*&after={feed.position(2)}&snapshot=1",
        {"Last-Event-ID": feed.position(9)},
    )
    await feed.publish(trade(11))
    first, second = await reader.read(), await reader.read()
    assert [tick["i"] for tick in first[0]] == [10]
    assert [tick["i"] for tick in second[0]] == [11]


@pytest.mark.parametrize("name", ["lastEventId", "Last-Event-ID"])
async def test_a_last_event_id_in_the_query_counts_like_the_header(serve: Serve, name: str) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 10))
    begin = f"trades=*&after={feed.position(2)}&snapshot=1&_=17&r=0.5"
    reader = await events(feed, f"{begin}&{name}={feed.position(8)}")
    await feed.publish(trade(11))
    first, second = await reader.read(), await reader.read()
    assert [tick["i"] for tick in first[0]] == [9, 10], "it beats after, and the snapshot is told"
    assert [tick["i"] for tick in second[0]] == [11]


@pytest.mark.parametrize(
    ("query", "header", "begin"),
    [
        ("lastEventId={4}&lastEventId={7}", None, 7),  # appended again and again: the newest counts
        ("lastEventId={4}", "{7}", 7),
        ("lastEventId={7}", "", 7),
        ("lastEventId=&after={7}", None, 7),
        ("lastEventId=&Last-Event-ID={7}", None, 7),
    ],
)
async def test_the_newest_of_several_last_ids_counts(
    serve: Serve, query: str, header: str | None, begin: int
) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 10))
    positions = [feed.position(number) for number in range(10)]
    headers = None if header is None else {"Last-Event-ID": header.format(*positions)}
    reader = await events(feed, f"trades=*&{query.format(*positions)}", headers)
    ticks, _ = await reader.read()
    assert [tick["i"] for tick in ticks] == list(range(begin + 1, 11))


async def test_a_foreign_last_event_id_in_the_query_is_told_back_and_not_refused(
    serve: Serve,
) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 3))
    reader = await events(feed, "trades=*&lastEventId=of%20another")
    gap = orjson.loads((await reader.event()).data)
    assert (gap["from"], gap["reason"]) == ("of another", "epoch")


async def test_after_in_the_url_resumes_too_and_the_snapshot_follows_the_ticks(
    serve: Serve,
) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 10), trade(11, "MSFT"))
    reader = await events(feed, f"trades=AAPL&after={feed.position(8)}&snapshot=1")
    ticks, position = await reader.read()
    assert ([tick["i"] for tick in ticks], position) == ([9, 10], feed.position(11))
    assert await snapshot(reader) == ([10], feed.position(11))


async def test_a_snapshot_is_announced_first_and_closed_last(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 4), trade(5, "MSFT"), quote(6))
    reader = await events(feed, "trades=*&snapshot=1")
    await feed.publish(trade(7))
    position = feed.position(6)
    begin, state, end = await reader.event(), await reader.event(), await reader.event()
    assert (begin.name, begin.id) == ("snapshot", None)
    assert orjson.loads(begin.data) == {"T": "snapshot", "state": "begin", "pos": position}
    assert state.id is None, "a reader that is cut inside a snapshot has not seen all of it"
    assert [tick["i"] for tick in orjson.loads(state.data)] == [4, 5]
    assert (end.name, end.id) == ("snapshot", position)
    assert orjson.loads(end.data) == {"T": "snapshot", "state": "end", "pos": position}
    ticks, _ = await reader.read()
    assert [tick["i"] for tick in ticks] == [7]


async def test_after_0_is_all_that_the_ring_holds_and_tells_no_gap(serve: Serve) -> None:
    feed = await serve(ring=8)
    await feed.publish(*trades(1, 3))
    reader = await events(feed, "trades=*&after=0")
    assert [tick["i"] for tick in (await reader.read())[0]] == [1, 2, 3]
    for number in range(4, 21):
        await feed.publish(trade(number))
    reader = await events(feed, "trades=*&after=0")
    assert [tick["i"] for tick in (await reader.read())[0]] == list(range(13, 21))


@pytest.mark.parametrize("name", ["Last-Event-ID", "after"])
async def test_an_overrun_position_is_told_one_gap_with_its_numbers_then_the_snapshot(
    serve: Serve, name: str
) -> None:
    feed = await serve(ring=8)
    for number in range(1, 21):
        await feed.publish(trade(number))
    lost = feed.position(5)
    if name == "after":
        reader = await events(feed, f"trades=*&after={lost}")
    else:
        reader = await events(feed, "trades=*", {name: lost})
    await feed.publish(trade(21))
    gap = await reader.event()
    assert (gap.name, gap.id) == ("gap", None)
    assert orjson.loads(gap.data) == {
        "T": "gap",
        "from": feed.position(6),
        "to": feed.position(20),
        "reason": "overrun",
    }
    assert await snapshot(reader) == ([20], feed.position(20))
    assert [tick["i"] for tick in (await reader.read())[0]] == [21]


@pytest.mark.parametrize("foreign", ["zzzzzzzz-3", "above the newest", "nonsense", "a-b-c", "-1"])
async def test_a_position_that_is_none_of_ours_is_a_gap_by_epoch_and_never_refused(
    serve: Serve, foreign: str
) -> None:
    feed = await serve(new_epoch_ticks=0)
    await feed.publish(*trades(1, 3))
    if foreign == "above the newest":
        foreign = feed.position(4)
    reader = await events(feed, "trades=*&snapshot=1", {"Last-Event-ID": foreign})
    await feed.publish(trade(4))
    gap = await reader.event()
    assert gap.name == "gap"
    assert orjson.loads(gap.data) == {
        "T": "gap",
        "from": "zzzzzzzz-4" if foreign == "zzzzzzzz-3" else foreign,
        "to": feed.position(3),
        "reason": "epoch",
    }
    assert await snapshot(reader) == ([3], feed.position(3))
    assert [tick["i"] for tick in (await reader.read())[0]] == [4], "the snapshot comes once"


async def test_after_of_another_epoch_with_snapshot_sends_one_snapshot(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 3))
    reader = await events(feed, "trades=*&snapshot=1&after=zzzzzzzz-3")
    assert (await reader.event()).name == "gap"
    assert [tick["i"] for tick in (await reader.read())[0]] == [1, 2, 3], "the new epoch whole"
    assert await snapshot(reader) == ([3], feed.position(3))
    await feed.publish(trade(4))
    assert [tick["i"] for tick in (await reader.read())[0]] == [4]


async def test_an_empty_last_event_id_is_none(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(trade(1))
    reader = await events(feed, f"trades=*&after={feed.position(0)}", {"Last-Event-ID": ""})
    assert [tick["i"] for tick in (await reader.read())[0]] == [1]


async def test_goodbye_is_an_event_and_then_the_body_is_complete(serve: Serve) -> None:
    feed = await serve()
    reader = await events(feed, "trades=*")
    await feed.publish(trade(1))
    await feed.server.close()
    await reader.read()
    leaving, bye = await reader.event(), await reader.event()
    assert leaving == Event("leaving", leaving.data, retry_ms=leaving.retry_ms)
    assert orjson.loads(leaving.data) == {"T": "leaving", "retry_ms": leaving.retry_ms}
    assert bye == Event("bye", bye.data)
    message = orjson.loads(bye.data)
    assert message.keys() == {"T", "reason", "msg", "reconnect"}
    assert (message["T"], message["reason"], message["reconnect"]) == ("bye", "shutdown", True)
    with pytest.raises(Ended):  # the last chunk, not a cut-off body
        await reader.event()
    assert await reader.http.wire.rest() == b""


async def test_a_client_of_http_1_0_gets_a_bare_body(serve: Serve) -> None:
    feed = await serve(keepalive_s=0.05)
    answer = await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=*", version="1.0")
    assert answer.status == 200
    assert answer.headers["Connection"] == "close"
    assert "Transfer-Encoding" not in answer.headers
    assert (await answer.up_to(b"\n")).startswith(b"retry: ")
    assert (await answer.up_to(b"\n\n")).startswith(b"event: mark\n")
    assert await answer.up_to(b"\n") == b":\n"
    await feed.publish(trade(1))
    expected = b"id: %b-1\ndata: [%b]\n\n" % (feed.epoch.encode(), TRADE_1)
    body = await answer.up_to(b"\n\n")
    assert body.replace(b":\n", b"") == expected.replace(b":\n", b"")
    await feed.server.close()
    rest = (await answer.wire.rest()).replace(b":\n", b"")
    assert re.match(rb"retry: \d+\nevent: leaving\ndata: \{.*\}\n\nevent: bye\ndata: \{", rest)
    assert rest.endswith(b"}\n\n"), "neither chunk sizes nor anything else after the goodbye"


async def snapshot(reader: SseReader) -> tuple[list[int], str | None]:
    """Read a whole snapshot; return its trades' ids and the position of its end."""
    messages, _ = await reader.read()
    assert (messages[0]["T"], messages[0]["state"]) == ("snapshot", "begin")
    ids: list[int] = []
    while True:
        messages, position = await reader.read()
        if messages[0]["T"] == "snapshot":
            assert messages[0]["state"] == "end"
            return ids, position
        ids += [tick["i"] for tick in messages]
