"""The WebSocket conversation: what is said, in which order, in both codecs."""

import msgpack
import orjson
import pytest

from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import read_beginning
from tests.fakes.servers import Serve, quote, trade, trades
from tests.fakes.websocket_reader import BINARY, PING, PONG, TEXT, Frame, WebSocketReader
from tests.http.talk import connect, error

CHANNELS = ("trades", "quotes", "bars", "updatedBars", "secondBars", "statuses")
SILENT = (
    "dailyBars",
    "lulds",
    "orderbooks",
    "news",
    "corrections",
    "cancelErrors",
    "imbalances",
    "pricing",
)
CODECS = pytest.mark.parametrize("binary", [False, True], ids=["json", "msgpack"])


@CODECS
async def test_the_conversation_in_its_order(serve: Serve, binary: bool) -> None:
    feed = await serve()
    reader = await connect(feed, binary=binary)
    reader.say({"action": "auth", "key": "any", "secret": "any"})
    assert await reader.message() == {"T": "success", "msg": "authenticated"}
    reader.say({"action": "subscribe", "trades": ["AAPL"], "quotes": ["*"]})
    acknowledgement = await reader.message()
    assert acknowledgement == {
        "T": "subscription",
        **{channel: [] for channel in (*CHANNELS, *SILENT)},
        "trades": ["AAPL"],
        "quotes": ["*"],
    }
    await feed.publish(trade(1), trade(2, "MSFT"), quote(3, "MSFT"))
    ticks, position = await reader.read()
    assert position is None, "marks come to those who asked for them"
    assert [(tick["T"], tick["S"]) for tick in ticks] == [("t", "AAPL"), ("q", "MSFT")]
    assert {frame.opcode for frame in reader.frames} == {BINARY if binary else TEXT}
    assert {frame.rsv for frame in reader.frames} == {0}, "no extension was offered"


async def test_a_trade_in_json_byte_for_byte(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(trades=["AAPL"])
    await feed.publish(trade(1))
    assert (await reader.frame()).data == (
        b'[{"T":"t","S":"AAPL","i":1,"x":"V","p":100.25,"s":2.0,"c":["@"],"z":"C",'
        b'"t":"2020-02-22T00:00:00.000000001Z"}]'
    )


async def test_a_trade_in_messagepack_has_a_timestamp(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed, binary=True)
    await reader.subscribe(trades=["AAPL"])
    await feed.publish(trade(1))
    (tick,) = msgpack.unpackb((await reader.frame()).data)
    assert tick == {
        "T": "t",
        "S": "AAPL",
        "i": 1,
        "x": "V",
        "p": 100.25,
        "s": 2.0,
        "c": ["@"],
        "z": "C",
        "t": msgpack.Timestamp(1_582_329_600, 1),
    }


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/ws", "/v2/iex", "/v2/sip", "/v2/test"),
        *(f"/v1beta3/crypto/{location}" for location in ("us", "us-1", "eu-1")),
    ],
)
async def test_the_dialects_paths_all_lead_here(serve: Serve, path: str) -> None:
    feed = await serve()
    reader = await connect(feed, path=path)
    assert (await reader.subscribe(trades=["*"]))["trades"] == ["*"]


OF_PATH = {"/v1/ws": {"AAPL", "BTC/USD"}, "/v2/iex": {"AAPL"}, "/v1beta3/crypto/us": {"BTC/USD"}}


@pytest.mark.parametrize("path", OF_PATH)
@pytest.mark.parametrize("asked", [{}, {"after": "0"}, {"snapshot": True}], ids=str)
@pytest.mark.parametrize("conflate", [None, {"trades": "50ms"}], ids=str)
async def test_a_star_stands_for_the_asset_class_of_its_path(
    serve: Serve, path: str, asked: dict[str, object], conflate: dict[str, str] | None
) -> None:
    feed = await serve()
    await feed.publish(trade(1, "BTC/USD"), trade(1, "AAPL"))
    reader = await connect(feed, path=path)
    await reader.subscribe(trades=["*"], conflate=conflate, **asked)
    await feed.publish(trade(2, "BTC/USD"), trade(2, "AAPL"))
    heard: set[tuple[str, int]] = set()
    while not heard >= {(symbol, 2) for symbol in OF_PATH[path]}:
        ticks, _ = await reader.read()
        heard |= {(tick["S"], tick["i"]) for tick in ticks if tick["T"] == "t"}
    assert {symbol for symbol, _ in heard} == OF_PATH[path]


async def test_names_beside_a_star_are_taken_as_they_are(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed, path="/v2/iex")
    assert (await reader.subscribe(trades=["*", "BTC/USD"]))["trades"] == ["*", "BTC/USD"]
    await feed.publish(trade(1, "BTC/USD"), trade(1, "ETH/USD"), trade(1, "AAPL"))
    ticks, _ = await reader.read()
    assert [tick["S"] for tick in ticks] == ["BTC/USD", "AAPL"]


@pytest.mark.parametrize(
    ("path", "parameter", "accepted"),
    [
        ("/v2/opra", "feed", "iex, sip, test"),
        ("/v1beta3/crypto/moon", "location", "us, us-1, eu-1"),
    ],
)
async def test_another_feed_is_refused_by_name(
    serve: Serve, path: str, parameter: str, accepted: str
) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), path)
    assert answer.status == 400
    problem = await answer.document()
    assert (problem["parameter"], problem["accepted"]) == (parameter, accepted)


@pytest.mark.parametrize(
    ("offered", "chosen", "binary"),
    [
        ("feed.json", "feed.json", False),
        ("feed.msgpack", "feed.msgpack", True),
        ("chat, feed.msgpack, feed.json", "feed.msgpack", True),
        ("chat", None, False),
    ],
)
async def test_the_subprotocol_chooses_the_codec(
    serve: Serve, offered: str, chosen: str | None, binary: bool
) -> None:
    feed = await serve()
    reader = await WebSocketReader.connect(
        (feed.host, feed.port), headers={"Sec-WebSocket-Protocol": offered}
    )
    assert reader.http.headers.get("Sec-WebSocket-Protocol") == chosen
    reader.binary = binary
    await reader.begin()


async def test_a_plain_get_is_told_that_this_is_a_websocket(serve: Serve) -> None:
    feed = await serve()
    answer = await RawHttp.get((feed.host, feed.port), "/v1/ws")
    assert answer.status == 426
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "upgrade" in (await answer.document())["detail"].lower()


async def test_auth_may_be_left_out_and_a_second_one_is_refused(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(trades=["AAPL"])
    reader.say({"action": "auth", "key": "", "secret": ""})
    assert (await reader.message())["msg"] == "authenticated"
    reader.say({"action": "auth", "key": "other", "secret": "other"})
    assert (await error(reader))["code"] == 403
    await feed.publish(trade(1))
    assert (await reader.read())[0][0]["i"] == 1


async def test_subscriptions_add_up_and_the_acknowledgement_has_the_full_state(
    serve: Serve,
) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(trades=["MSFT"], news=["*"])
    assert (await reader.message())["names"] == ["news"]
    state = await reader.subscribe(trades=["AAPL", "MSFT"], bars=["*"])
    assert state["trades"] == ["AAPL", "MSFT"]
    assert state["bars"] == ["*"]
    assert state["news"] == [], "this server has none"
    reader.say({"action": "unsubscribe", "trades": ["MSFT", "TSLA"], "bars": ["AAPL"]})
    state = await reader.message()
    assert state["trades"] == ["AAPL"]
    assert state["bars"] == ["*"], "a star is no list to take one symbol out of"
    await feed.publish(trade(1, "MSFT"), trade(2))
    assert [tick["i"] for tick in (await reader.read())[0]] == [2]
    reader.say({"action": "unsubscribe", "trades": ["*", "AAPL"], "bars": ["*"]})
    state = await reader.message()
    assert not any(state[channel] for channel in (*CHANNELS, *SILENT))


async def test_control_messages_never_share_an_array_with_ticks(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(trades=["*"], marks=True)
    await read_beginning(reader)
    for number in range(1, 40):
        reader.say({"action": "subscribe", "trades": ["AAPL"]})
        await feed.publish(trade(number))
    seen: list[int] = []
    while len(seen) < 39:
        messages, _ = await reader.read()
        kinds = {message["T"] for message in messages}
        assert kinds in ({"subscription"}, {"t", "mark"}, {"mark"})
        seen += [message["i"] for message in messages if message["T"] == "t"]
    assert seen == list(range(1, 40))


@CODECS
async def test_marks_come_last_in_each_frame_for_those_who_asked(
    serve: Serve, binary: bool
) -> None:
    feed = await serve(mark_interval_s=0.05)
    reader = await connect(feed, binary=binary)
    await reader.subscribe(trades=["AAPL"], marks=True)
    await feed.publish(trade(1), trade(2, "MSFT"))
    while (array := (await reader.read())[0])[0]["T"] == "mark":
        pass
    assert [message["T"] for message in array] == ["t", "mark"]
    assert array[-1].keys() == {"T", "pos", "t"}
    assert array[-1]["pos"] == feed.position(2)
    await feed.publish(trade(3, "MSFT"))
    while (await reader.read())[1] != feed.position(3):
        pass  # silence is marked too, and moves with what was not selected
    reader.say({"action": "subscribe", "marks": False})
    while (await reader.message())["T"] == "mark":
        pass  # until it is acknowledged
    await feed.publish(trade(4))
    assert [message["T"] for message in (await reader.read())[0]] == ["t"]


async def test_after_resumes_what_was_subscribed_and_leaves_the_rest_alone(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(trades=["AAPL"], marks=True)
    await read_beginning(reader)
    for number in range(1, 11):
        await feed.publish(trade(number, "AAPL" if number % 2 else "MSFT"))
        if number % 2:
            await reader.read()
    await reader.subscribe(trades=["MSFT"], after=feed.position(4))
    ticks, position = await reader.read()
    assert [tick["i"] for tick in ticks[:-1]] == [6, 8, 10]
    assert position == feed.position(10)
    await feed.publish(*trades(11, 11), trade(12, "MSFT"))
    assert [tick["i"] for tick in (await reader.read())[0][:-1]] == [11, 12]


@pytest.mark.parametrize("after", ["0", 0])
async def test_after_0_is_all_that_the_ring_holds(serve: Serve, after: object) -> None:
    feed = await serve(ring=8)
    for number in range(1, 21):
        await feed.publish(trade(number))
    reader = await connect(feed)
    await reader.subscribe(trades=["*"], after=after)
    assert [tick["i"] for tick in (await reader.read())[0]] == list(range(13, 21))


@CODECS
@pytest.mark.parametrize("reason", ["overrun", "epoch"])
async def test_a_gap_has_its_numbers_and_is_followed_by_the_snapshot(
    serve: Serve, binary: bool, reason: str
) -> None:
    feed = await serve(ring=8)
    for number in range(1, 21):
        await feed.publish(trade(number))
    after = feed.position(5) if reason == "overrun" else "zzzzzzzz-5"
    reader = await connect(feed, binary=binary)
    await reader.subscribe(trades=["*"], after=after, snapshot=True)
    await feed.sessions_reach(1)
    await feed.publish(trade(21))
    assert await reader.message() == {
        "T": "gap",
        "from": feed.position(6) if reason == "overrun" else "zzzzzzzz-6",
        "to": feed.position(20),
        "reason": reason,
    }
    assert await snapshot(reader) == ([20], feed.position(20))
    assert [tick["i"] for tick in (await reader.read())[0]] == [21]


async def test_a_snapshot_is_of_what_was_subscribed_with_it(serve: Serve) -> None:
    feed = await serve()
    await feed.publish(trade(1), trade(2, "MSFT"), quote(3), quote(4, "MSFT"))
    reader = await connect(feed)
    await reader.subscribe(trades=["AAPL"])
    await reader.subscribe(trades=["MSFT"], snapshot=True)
    assert await snapshot(reader) == ([2], feed.position(4))


async def snapshot(reader: WebSocketReader) -> tuple[list[int], str | None]:
    """Read a whole snapshot; return its trades' ids and the position of its end."""
    begin = await reader.message()
    assert (begin["T"], begin["state"]) == ("snapshot", "begin")
    ids: list[int] = []
    while True:
        messages, position = await reader.read()
        if messages[0]["T"] == "snapshot":
            assert messages == [{**begin, "state": "end"}]
            return ids, position
        ids += [tick["i"] for tick in messages]


async def test_a_fragmented_message_is_put_together(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    message = orjson.dumps({"action": "subscribe", "trades": ["AAPL"]})
    reader.send_frame(TEXT, message[:10], final=False)
    reader.send_frame(0, message[10:], final=False)
    reader.send_frame(PING, b"between")
    reader.send_frame(0, b"")
    assert await reader.frame() == Frame(PONG, b"between")
    assert (await reader.message())["trades"] == ["AAPL"]


async def test_5000_symbols_on_three_channels_fit_in_one_message(serve: Serve) -> None:
    feed = await serve(max_symbols_per_connection=15_000)
    symbols = [f"SYM{number:04d}" for number in range(5_000)]
    reader = await connect(feed)
    state = await reader.subscribe(trades=symbols, quotes=symbols, bars=symbols)
    assert state["bars"] == symbols


async def test_a_large_batch_is_split_into_messages_of_at_most_32_000_bytes(serve: Serve) -> None:
    feed = await serve(batch_ms=50)
    reader = await connect(feed)
    await reader.subscribe(trades=["*"], marks=True)
    await read_beginning(reader)
    for first in range(1, 12_001, 3_000):
        await feed.source.publish(trades(first, first + 2_999))
    seen: list[int] = []
    while len(seen) < 12_000:
        messages, position = await reader.read()
        seen += [message["i"] for message in messages if message["T"] == "t"]
        assert position == feed.position(seen[-1])
    assert seen == list(range(1, 12_001))
    sizes = [len(frame.data) for frame in reader.frames]
    assert 31_000 < max(sizes) <= 32_000


async def test_nothing_more_is_heard_of_what_was_unsubscribed_while_behind(serve: Serve) -> None:
    feed = await serve(high_water_bytes=4_096, slow_timeout_s=600)
    for first in range(1, 20_001, 500):
        await feed.publish(*trades(first, first + 499, "MSFT"))
    await feed.publish(trade(20_001))
    reader = await WebSocketReader.connect((feed.host, feed.port), receive_buffer_bytes=4_096)
    await reader.begin()
    await reader.subscribe(trades=["AAPL"])
    await reader.subscribe(trades=["MSFT"], after="0", snapshot=True)
    reader.say({"action": "unsubscribe", "trades": ["MSFT"]})
    symbols = set()
    while (messages := (await reader.read())[0])[0]["T"] != "subscription":
        symbols |= {message.get("S") for message in messages}
    assert symbols == {"MSFT"}, "some had come, and more were due"
    await feed.publish(trade(20_002), trade(20_003, "MSFT"))
    (tick,), _ = await reader.read()
    assert (tick["S"], tick["i"]) == ("AAPL", 20_002)


async def test_a_mark_never_says_more_than_was_sent(serve: Serve) -> None:
    feed = await serve(high_water_bytes=4_096, slow_timeout_s=600)
    for first in range(1, 20_001, 500):
        await feed.publish(*trades(first, first + 499, "MSFT"))
    reader = await WebSocketReader.connect((feed.host, feed.port), receive_buffer_bytes=4_096)
    await reader.begin()
    await reader.subscribe(trades=["AAPL"], marks=True)
    assert await read_beginning(reader) == feed.position(20_000)
    await reader.subscribe(trades=["MSFT"], after="0")
    reader.say({"action": "subscribe", "quotes": ["AAPL"]})  # it has no position: it is told one
    sent, told = 0, 0
    while sent < 20_000:
        messages, position = await reader.read()
        sent = max([sent, *(message["i"] for message in messages if message["T"] == "t")])
        if position is not None:
            told += 1
            assert int(position.partition("-")[2]) <= sent
    assert told > 10
