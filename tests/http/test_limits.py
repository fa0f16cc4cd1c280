"""The limits: each has an effect, is told by name, and hits nobody but who exceeds it."""

import asyncio
from typing import Any

import orjson
import pytest

from feed.hub.session import Session
from feed.wire.disconnect import Reason
from tests.fakes.complaints import complaints
from tests.fakes.patience import PATIENCE_S, until
from tests.fakes.raw_http import RawHttp
from tests.fakes.servers import Feed, ScriptedSource, Serve, trade
from tests.fakes.sse_reader import SseReader
from tests.fakes.websocket_reader import CLOSE, PING, PONG, TEXT, WebSocketReader

HIGH_WATER_BYTES = 16 * 1024
MANY = [f"S{number}" for number in range(4_999)]  # an acknowledgement of them is 40 kB
PATIENT: Any = {"max_control_messages_per_s": 1_000, "max_control_ms_per_s": 10_000}
QUESTIONS = 400  # more answers than the kernel takes for a reader that reads nothing


async def connect(feed: Feed) -> WebSocketReader:
    reader = await WebSocketReader.connect((feed.host, feed.port))
    return await reader.begin()


async def test_one_websocket_too_many_is_told_406_and_may_come_back(serve: Serve) -> None:
    feed = await serve(max_connections=2)
    first, second = await connect(feed), await connect(feed)
    refused = await connect(feed)
    assert await refused.message() == {
        "T": "error",
        "code": 406,
        "msg": "connection limit exceeded",
    }
    frame = await refused.frame()
    assert (frame.opcode, frame.close_code) == (CLOSE, 1013)
    assert await refused.wire.rest() == b""
    await first.subscribe(trades=["*"])
    await feed.publish(trade(1))
    assert (await first.read())[0][0]["i"] == 1
    second.abort()
    await until(lambda: len(feed.hub.sessions) == 1)
    await (await connect(feed)).subscribe(trades=["*"])


async def test_one_event_source_too_many_is_accepted_told_and_let_go(serve: Serve) -> None:
    feed = await serve(max_connections=1)
    await connect(feed)
    for path in ("/v1/sse", "/v1/stream"):
        answer = await RawHttp.get((feed.host, feed.port), f"{path}?trades=*")
        assert answer.status == 200, "an EventSource would not come back from 429 or 503"
        body = b""
        while chunk := await answer.chunk():
            body += chunk
        bye = orjson.loads(body[body.index(b"{") : body.rindex(b"}") + 1])
        assert (bye["T"], bye["reason"]) == ("bye", "too_many_connections")
        assert bye["reconnect"] is True
    assert len(feed.hub.sessions) == 1


async def test_an_event_source_that_is_refused_reads_retry_and_bye(serve: Serve) -> None:
    feed = await serve(max_connections=1)
    await connect(feed)
    answer = await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=*")
    event = await SseReader(answer).event()
    assert event.name == "bye"
    assert event.retry_ms is not None


async def test_too_many_symbols_of_one_connection_are_405_and_change_nothing(
    serve: Serve,
) -> None:
    feed = await serve(ScriptedSource(lists="ABCD"), max_symbols_per_connection=3)
    reader = await connect(feed)
    await reader.subscribe(trades=["A", "B"], quotes=["*"])
    reader.say({"action": "subscribe", "trades": ["C"], "bars": ["D"]})
    refusal = await reader.message()
    assert (refusal["T"], refusal["code"]) == ("error", 405)
    assert "5" in refusal["msg"]
    assert "3" in refusal["msg"]
    await feed.publish(trade(1, "A"), trade(2, "C"))
    assert [tick["i"] for tick in (await reader.read())[0]] == [1]
    reader.say({"action": "unsubscribe", "trades": ["A"]})
    assert (await reader.message())["trades"] == ["B"]
    assert (await reader.subscribe(trades=["C"]))["trades"] == ["B", "C"]


async def test_too_many_symbols_in_a_query_are_a_problem_naming_the_limit(serve: Serve) -> None:
    feed = await serve(max_symbols_per_connection=3)
    for path in ("/v1/sse", "/v1/stream"):
        answer = await RawHttp.get((feed.host, feed.port), f"{path}?symbols=A,B")
        assert answer.status == 400
        problem = await answer.document()
        assert problem["limit"] == "symbols per connection"
        assert (problem["value"], problem["accepted"]) == (4, "at most 3")
    answer = await RawHttp.get((feed.host, feed.port), "/v1/sse?symbols=*&bars=A")
    assert answer.status == 200, "a star is one"


async def test_index_entries_are_limited_over_all_and_given_back(serve: Serve) -> None:
    feed = await serve(max_index_entries=4)
    first, second = await connect(feed), await connect(feed)
    await first.subscribe(trades=["A", "B", "C"])
    second.say({"action": "subscribe", "trades": ["D", "E"]})
    refusal = await second.message()
    assert refusal["code"] == 405
    assert "all subscriptions" in refusal["msg"]
    answer = await RawHttp.get((feed.host, feed.port), "/v1/stream?trades=D,E")
    assert answer.status == 400
    assert (await answer.document())["limit"] == "symbols of all subscriptions"
    first.abort()
    await until(lambda: len(feed.hub.sessions) == 1)
    await second.subscribe(trades=["D", "E"])


async def test_symbols_beside_a_star_count_and_are_given_back(serve: Serve) -> None:
    """They are kept for one connection alone, and more could be added for ever."""
    feed = await serve(max_symbols_per_connection=4, max_index_entries=6)
    first, second = await connect(feed), await connect(feed)
    await first.subscribe(trades=["*"], quotes=["AAPL"])
    await first.subscribe(trades=["AAPL", "MSFT"])
    first.say({"action": "subscribe", "trades": ["BTC/USD"]})
    refusal = await first.message()
    assert refusal["code"] == 405
    assert "per connection" in refusal["msg"]
    await second.subscribe(trades=["*"])
    second.say({"action": "subscribe", "trades": ["AAPL"]})
    refusal = await second.message()
    assert refusal["code"] == 405
    assert "all subscriptions" in refusal["msg"]
    first.say({"action": "unsubscribe", "trades": ["MSFT"]})
    assert (await first.message())["trades"] == ["*", "AAPL"]
    assert (await second.subscribe(trades=["AAPL"]))["trades"] == ["*", "AAPL"]
    for reader in (first, second):
        reader.wire.abort()
    await until(lambda: not feed.hub.sessions)
    assert (feed.hub.audience._beside, feed.hub.audience._beside_entries) == ({}, 0)


async def test_too_many_control_messages_in_a_second_end_the_talk_with_1008(
    serve: Serve,
) -> None:
    feed = await serve(max_control_messages_per_s=5)
    reader = await connect(feed)
    for _ in range(20):  # more than twice five, lest a second begin in between
        reader.say({"action": "subscribe", "trades": ["A"]})
    answers = []
    while (frame := await reader.frame()).opcode != CLOSE:
        answers += orjson.loads(frame.data)
    assert 5 <= [answer["T"] for answer in answers].count("subscription") <= 10
    assert answers[-1]["code"] == 400
    assert "control messages" in answers[-1]["msg"]
    assert frame.close_code == 1008
    assert await reader.wire.rest() == b""


async def ask_without_reading(feed: Feed) -> tuple[WebSocketReader, Session]:
    """Ask again and again, until the socket holds more answers than its high water mark."""
    address = (feed.host, feed.port)
    reader = await WebSocketReader.connect(address, receive_buffer_bytes=4_096)
    await (await reader.begin()).subscribe(trades=MANY)
    (session,) = feed.hub.sessions.values()
    for _ in range(QUESTIONS):
        reader.say({"action": "subscribe", "quotes": ["AAPL"]})
    await until(lambda: session.connection.buffered_bytes() > HIGH_WATER_BYTES)
    return reader, session


async def test_a_client_that_reads_no_answers_is_not_heard_further(serve: Serve) -> None:
    source = ScriptedSource(lists=MANY)
    feed = await serve(source, high_water_bytes=HIGH_WATER_BYTES, **PATIENT)
    reader, session = await ask_without_reading(feed)
    answer_bytes = len(orjson.dumps(MANY))
    for _ in range(100):
        await asyncio.sleep(0)
        assert session.connection.buffered_bytes() < HIGH_WATER_BYTES + 2 * answer_bytes
    assert (await reader.message())["quotes"] == ["AAPL"], "it is answered as it reads"


async def test_a_client_that_is_ended_while_it_is_not_heard_is_not_answered(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    feed = await serve(
        paces={"last_words_s": PATIENCE_S}, high_water_bytes=HIGH_WATER_BYTES, **PATIENT
    )
    reader, session = await ask_without_reading(feed)
    feed.hub.disconnect(session, Reason.SHUTDOWN)
    while (frame := await reader.frame()).opcode != CLOSE:
        assert frame.opcode == TEXT
    reader.send_frame(CLOSE, frame.data[:2])
    assert await reader.wire.rest() == b"", "nothing follows a Close frame"
    assert complaints(caplog) == [], "an ended session is asked for nothing"


async def test_control_messages_that_are_too_much_work_end_the_talk_with_1008(
    serve: Serve,
) -> None:
    feed = await serve(max_control_messages_per_s=10_000, max_control_ms_per_s=1)
    reader, other = await connect(feed), await connect(feed)
    for _ in range(200):  # each of them is more than 0.1 ms of work
        reader.say({"action": "subscribe", "trades": MANY})
    while (frame := await reader.frame()).opcode != CLOSE:
        answer = orjson.loads(frame.data)[0]
    assert (answer["code"], frame.close_code) == (400, 1008)
    assert (await other.subscribe(trades=["A"]))["trades"] == ["A"], "nobody else is hit"


@pytest.mark.parametrize("opcode", [PING, PONG])
async def test_pings_and_pongs_are_control_messages_too(serve: Serve, opcode: int) -> None:
    feed = await serve(max_control_messages_per_s=5)
    reader = await connect(feed)
    for _ in range(20):
        reader.send_frame(opcode, b"")
    while (frame := await reader.frame()).opcode != CLOSE:
        assert frame.opcode in {PONG, TEXT}
    assert frame.close_code == 1008


@pytest.mark.long
async def test_of_many_pings_without_room_only_the_newest_is_answered(serve: Serve) -> None:
    feed = await serve(high_water_bytes=HIGH_WATER_BYTES, **PATIENT)
    reader, session = await ask_without_reading(feed)
    held = session.connection.buffered_bytes()
    reader.say({"action": "unsubscribe", "trades": MANY})  # behind those that wait
    for number in range(100):
        reader.send_frame(PING, b"%d" % number)
    for _ in range(100):
        await asyncio.sleep(0)
    assert session.connection.buffered_bytes() <= held + 100 * 1_024
    reader.wire.lead_to_programs()  # 500 answers through a small window: 10 s of acknowledgements
    pongs: list[bytes] = []
    while not pongs or pongs[-1] != b"99":
        frame = await reader.frame()
        if frame.opcode == PONG:
            pongs.append(frame.data)
    assert len(set(pongs)) == len(pongs)


async def test_a_full_socket_without_a_subscription_is_ended_as_slow(serve: Serve) -> None:
    feed = await serve(
        high_water_bytes=HIGH_WATER_BYTES, slow_timeout_s=0.2, ping_interval_s=0.1, **PATIENT
    )
    reader, session = await ask_without_reading(feed)
    reader.say({"action": "unsubscribe", "trades": MANY, "quotes": ["AAPL"]})
    assert await session.ended is Reason.SLOW
    assert feed.hub.audience.ladder.slow == 1
