"""`GET /v1/stream`: lines of JSON and concatenated MessagePack, byte for byte."""

import msgpack
import orjson
import pytest

from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, Serve, trade, trades
from tests.fakes.stream_readers import ArrayReader, LineReader
from tests.fakes.wire import Ended

MSGPACK = "application/vnd.msgpack"


async def get(feed: Feed, query: str, accept: str | None = None) -> RawHttp:
    headers = {} if accept is None else {"Accept": accept}
    answer = await RawHttp.get((feed.host, feed.port), f"/v1/stream?{query}", headers)
    assert answer.status == 200, await answer.body()
    await feed.sessions_reach(len(feed.hub.sessions))
    if "after" not in query and "marks=0" not in query:
        assert b"mark" in await answer.chunk(), "where it begins"
    return answer


async def test_who_has_no_position_is_told_where_it_begins(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(*trades(1, 3))
    answer = await RawHttp.get((feed.host, feed.port), "/v1/stream?trades=AAPL")
    (mark,) = orjson.loads(await answer.chunk())
    assert (mark["T"], mark["pos"]) == ("mark", feed.position(3))


async def test_a_batch_is_a_line_of_one_array_with_the_mark_last(serve: Serve) -> None:
    feed = await serve()
    answer = await get(feed, "trades=AAPL")
    await feed.publish(trade(1), trade(2, "MSFT"))
    chunk = await answer.chunk()
    assert chunk.endswith(b"\n")
    assert chunk.count(b"\n") == 1
    tick, mark = orjson.loads(chunk)
    assert tick["i"] == 1
    assert mark.keys() == {"T", "pos", "t"}
    assert (mark["T"], mark["pos"]) == ("mark", feed.position(2))


async def test_the_bytes_without_marks_are_the_array_alone(serve: Serve) -> None:
    feed = await serve()
    answer = await get(feed, "trades=AAPL&marks=0")
    await feed.publish(trade(1))
    assert await answer.chunk() == (
        b'[{"T":"t","S":"AAPL","i":1,"x":"V","p":100.25,"s":2.0,"c":["@"],"z":"C",'
        b'"t":"2020-02-22T00:00:00.000000001Z"}]\n'
    )


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        (None, "application/x-ndjson"),
        ("*/*", "application/x-ndjson"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/json", "application/x-ndjson"),
        (MSGPACK, MSGPACK),
        (f"application/json;q=0.5, {MSGPACK}", MSGPACK),
        (f"{MSGPACK};q=0, */*", "application/x-ndjson"),
    ],
)
async def test_accept_chooses_the_codec(
    serve: Serve, accept: str | None, content_type: str
) -> None:
    feed = await serve()
    answer = await get(feed, "trades=AAPL", accept)
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Cache-Control"] == "no-cache, no-transform"
    await feed.publish(trade(1))
    chunk = await answer.chunk()
    decoded = msgpack.unpackb(chunk) if content_type == MSGPACK else orjson.loads(chunk)
    assert [message["T"] for message in decoded] == ["t", "mark"]


async def test_accept_that_names_nothing_served_is_told_what_is(serve: Serve) -> None:
    feed = await serve()
    answer = await RawHttp.get(
        (feed.host, feed.port), "/v1/stream?trades=*", {"Accept": "text/csv"}
    )
    assert answer.status == 406
    assert answer.headers["Content-Type"] == "application/problem+json"
    detail = (await answer.document())["detail"]
    assert "'text/csv'" in detail
    assert "application/x-ndjson" in detail


async def test_messagepack_arrays_follow_each_other_with_nothing_between(serve: Serve) -> None:
    feed = await serve()
    answer = await get(feed, "trades=*", MSGPACK)
    await feed.publish(trade(1))
    await feed.publish(*trades(2, 3))
    data = await answer.chunk() + await answer.chunk()
    unpacker = msgpack.Unpacker()
    unpacker.feed(data)
    arrays = list(unpacker)
    assert [[message.get("i") for message in array] for array in arrays] == [
        [1, None],
        [2, 3, None],
    ]
    assert unpacker.tell() == len(data)
    assert [array[-1]["pos"] for array in arrays] == [feed.position(1), feed.position(3)]
    assert arrays[0][0]["t"] == msgpack.Timestamp(1_582_329_600, 1)


async def test_silence_is_marked(serve: Serve) -> None:
    feed = await serve(keepalive_s=0.05)
    reader = LineReader(await get(feed, "trades=MSFT"))
    await feed.publish(*trades(1, 5))
    while (await reader.read())[1] != feed.position(5):
        pass  # a mark alone in its line, of the same or a later position


async def test_resume_gap_and_snapshot_are_messages_in_arrays_of_their_own(serve: Serve) -> None:
    feed = await serve(ring=8)
    for number in range(1, 21):
        await feed.publish(trade(number))
    reader = LineReader(await get(feed, f"trades=*&after={feed.position(5)}"))
    await feed.publish(trade(21))
    assert await reader.read() == (
        [
            {
                "T": "gap",
                "from": feed.position(6),
                "to": feed.position(20),
                "reason": "overrun",
            }
        ],
        None,
    )
    begin, _ = await reader.read()
    state, within = await reader.read()
    end, position = await reader.read()
    assert begin == [{"T": "snapshot", "state": "begin", "pos": feed.position(20)}]
    assert ([tick["i"] for tick in state], within) == ([20], None)
    assert end == [{"T": "snapshot", "state": "end", "pos": feed.position(20)}]
    assert position == feed.position(20)
    ticks, position = await reader.read()
    assert [tick["i"] for tick in ticks[:-1]] == [21]
    assert position == feed.position(21)


async def test_goodbye_is_the_last_line(serve: Serve) -> None:
    feed = await serve()
    reader = LineReader(await get(feed, "trades=*"))
    await feed.server.close()
    ((leaving,), _) = await reader.read()
    assert leaving.keys() == {"T", "retry_ms"}
    ((bye,), _) = await reader.read()
    assert (bye["T"], bye["reason"], bye["reconnect"]) == ("bye", "shutdown", True)
    with pytest.raises(Ended):
        await reader.read()


async def test_goodbye_is_the_last_array(serve: Serve) -> None:
    feed = await serve()
    reader = ArrayReader(await get(feed, "trades=*", MSGPACK))
    await feed.server.close()
    ((leaving,), _) = await reader.read()
    assert leaving.keys() == {"T", "retry_ms"}
    ((bye,), _) = await reader.read()
    assert (bye["T"], bye["reason"], bye["reconnect"]) == ("bye", "shutdown", True)
    with pytest.raises(Ended):
        await reader.read()


async def test_a_client_of_http_1_0_gets_bare_lines(serve: Serve) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), "/v1/stream?trades=*", version="1.0")
    assert answer.headers["Connection"] == "close"
    assert "Transfer-Encoding" not in answer.headers
    await feed.sessions_reach(1)
    await feed.publish(trade(1))
    assert orjson.loads(await answer.up_to(b"\n"))[0]["T"] == "mark"
    assert orjson.loads(await answer.up_to(b"\n"))[0]["i"] == 1
    await feed.server.close()
    last = [orjson.loads(line)[0]["T"] for line in (await answer.wire.rest()).splitlines()]
    assert last == ["leaving", "bye"]
