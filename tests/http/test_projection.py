"""Ticks with some keys only, on every transport, and how many projections there may be."""

from typing import Any

from tests.fakes.messages import Message
from tests.fakes.patience import until
from tests.fakes.raw_http import RawHttp
from tests.fakes.readers import TRANSPORTS, Reader, open_reader
from tests.fakes.servers import Feed, Serve, quote, trade
from tests.fakes.websocket_reader import WebSocketReader
from tests.http.talk import connect, error

KEPT = {"T", "S", "p", "t"}


async def read_tick(reader: Reader) -> Message:
    """Read on until a tick; return it without what is not set."""
    while True:
        messages, _ = await reader.read()
        found = [message for message in messages if message["T"] in {"t", "q"}]
        if found:
            return {key: value for key, value in found[0].items() if value not in (0, "", [], 0.0)}


async def begin(feed: Feed, transport: str, fields: str, **options: Any) -> Reader:
    asked: Any = fields.split(",") if transport.startswith("websocket") else fields
    return await open_reader(transport, (feed.host, feed.port), fields=asked, **options)


async def get(feed: Feed, target: str, status: int = 200) -> Any:
    answer = await RawHttp.get((feed.host, feed.port), target)
    assert answer.status == status
    return await answer.document()


async def read_metric(feed: Feed, name: str) -> float:
    answer = await RawHttp.get((feed.host, feed.port), "/metrics")
    lines = (await answer.body()).decode().splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith(name))


async def test_every_transport_and_finite_answers_keep_the_same_keys(serve: Serve) -> None:
    feed = await serve()
    readers = [await begin(feed, transport, "t,p,t") for transport in TRANSPORTS]
    await feed.publish(trade(1))
    for reader, transport in zip(readers, TRANSPORTS, strict=True):
        assert (await read_tick(reader)).keys() == KEPT, transport
    for path in ("snapshot", "history"):
        [tick] = (await get(feed, f"/v1/{path}?trades=*&fields=p,t"))["ticks"]
        assert tick.keys() == KEPT
    assert await read_metric(feed, "feed_projections ") == 3  # one of each codec


async def test_a_websocket_changes_them_for_all_that_it_has(serve: Serve) -> None:
    feed = await serve()
    reader = await connect(feed)
    await reader.subscribe(trades=["*"])
    await reader.subscribe(quotes=["*"], fields=["p", "bp"])
    await feed.publish(trade(1), quote(2))
    messages, _ = await reader.read()
    assert [message.keys() for message in messages] == [{"T", "S", "p"}, {"T", "S", "bp"}]
    reader.say({"action": "subscribe", "fields": ["o"]})
    assert "on trades, quotes the keys" in (await error(reader))["msg"]
    reader.say({"action": "unsubscribe", "trades": ["*"]})
    await reader.message()
    await reader.subscribe(fields=["*"])
    await feed.publish(quote(3))
    assert len((await reader.read())[0][0]) > 8
    assert await read_metric(feed, "feed_projections ") == 0


async def test_a_key_that_nothing_selected_has_is_refused(serve: Serve) -> None:
    feed = await serve()
    for path in ("sse", "stream", "history"):
        answer = await get(feed, f"/v1/{path}?trades=*&fields=p,bp", 400)
        assert "on trades the keys S, T, c" in answer["detail"]


async def test_more_projections_than_there_may_be_are_refused_until_one_is_free(
    serve: Serve,
) -> None:
    feed = await serve(max_projections=2)
    first = await begin(feed, "websocket-json", "p")
    await begin(feed, "stream-json", "s")
    shared = await begin(feed, "sse-json", "s")  # it is there already

    answer = await RawHttp.get((feed.host, feed.port), "/v1/stream?trades=*&fields=t")
    assert (answer.status, answer.headers["retry-after"]) == (429, "5")
    assert "all 2 are in use" in (await answer.document())["detail"]
    events = await RawHttp.get((feed.host, feed.port), "/v1/sse?trades=*&fields=t")
    assert events.status == 200  # an EventSource would not come back otherwise
    body = (await events.body()).decode()
    assert body.startswith("retry: 5000\n")
    assert "come back in 5 s" in body
    late = await connect(feed)
    await late.subscribe(trades=["*"])
    late.say({"action": "subscribe", "trades": ["*"], "fields": ["t"]})
    assert "come back in 5 s" in (await error(late))["msg"]
    await feed.publish(trade(1))
    assert len(await read_tick(late)) > 5  # all stays as it was
    assert await read_metric(feed, 'feed_limited_total{limit="projections"}') == 3

    first.abort()
    await until(lambda: len(feed.hub.broadcast.lanes.projections) == 1)
    assert (await begin(feed, "stream-json", "t")) is not None
    assert (await read_tick(shared)).keys() == {"T", "S", "s"}


async def test_one_identity_may_use_two_of_them(serve: Serve) -> None:
    feed = await serve(trust_proxy=["127.0.0.1"])

    async def speak(place: str) -> WebSocketReader:
        headers = {"X-Forwarded-For": place}
        reader = await WebSocketReader.connect((feed.host, feed.port), "/v1/ws", headers=headers)
        return await reader.begin()

    one = [await speak("192.0.2.1") for _ in range(3)]
    await one[0].subscribe(trades=["*"], fields=["p"])
    await one[1].subscribe(trades=["*"], fields=["s"])
    one[2].say({"action": "subscribe", "trades": ["*"], "fields": ["t"]})
    assert "of one identity: all 2 are in use" in (await error(one[2]))["msg"]
    await one[1].subscribe(trades=["*"], fields=["t"])  # it gives one up for it
    await one[2].subscribe(trades=["*"], fields=["t"])
    await (await speak("192.0.2.2")).subscribe(trades=["*"], fields=["s"])
